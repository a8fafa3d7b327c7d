"""Opens gRPC channels that tell `calls.jsonl` of every call: host, method and status, no value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from auditor import calls
from auditor.providers.gcp.settings import Settings

_MESSAGES = [("grpc.max_receive_message_length", -1)]
"""A full page of roles is close to the 4 MiB that a channel of one's own takes by default."""


def transport_of(kind: Any, settings: Settings) -> Callable[..., Any]:
    """Return what makes the transport of a client: to this machine in the clear, else over TLS."""
    made = kind.get_transport_class("grpc")

    def transport(**given: Any) -> Any:
        if settings.endpoint.startswith("http://"):
            return made(channel=_plain(settings.endpoint))
        return made(**given, channel=_secure(made))

    return transport


def _plain(endpoint: str) -> Any:
    import grpc  # noqa: PLC0415

    host = urlsplit(endpoint).netloc
    return _telling(grpc.insecure_channel(host, options=_MESSAGES), host)


def _secure(made: Any) -> Callable[..., Any]:
    """Return what the transport calls for its channel, with the credentials that it was given."""

    def channel(host: str, **given: Any) -> Any:
        return _telling(made.create_channel(host, **given), host)

    return channel


def _telling(channel: Any, host: str) -> Any:
    import grpc  # noqa: PLC0415

    class Telling(grpc.UnaryUnaryClientInterceptor):  # type: ignore[misc]
        """Tells of each attempt once it has ended: repetitions are calls of their own."""

        def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
            ended = continuation(details, request)
            name = host.removesuffix(":443")
            calls.told("gRPC", f"https://{name}{details.method}", ended.code().name)
            return ended

    return grpc.intercept_channel(channel, Telling())
