"""Builds the clients of one tenant: the only place of the product that does.

No token leaves for another host than the one that is configured, whatever a reply says where its
next page is, and no redirect is followed.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from auditor import __version__
from auditor.errors import MissingExtra
from auditor.providers.azure.settings import ARM, AUTHORITY, GRAPH, Settings

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential
    from azure.core.pipeline import PipelineRequest
    from azure.mgmt.authorization import AuthorizationManagementClient
    from azure.mgmt.core import ARMPipelineClient

AGENT = f"ci-secrets-auditor/{__version__}"
ROLES_VERSION = "2022-05-01-preview"
"""The one version of role definitions that tells their conditions."""
_CONNECT_SECONDS = 10
_CLI_SECONDS = 30


class ForeignLink(ValueError):
    """A reply that points its next page to another host."""


def refuse_other_host(url: str, base: str) -> None:
    """Raise ForeignLink unless an address is of the host, port and scheme of `base`."""
    told, own = urlsplit(url), urlsplit(base)
    if (told.scheme, told.netloc.lower()) != (own.scheme, own.netloc.lower()):
        raise ForeignLink(f"the next page is on another host, {told.hostname}: not followed")


@dataclass(frozen=True, slots=True)
class Clients:
    """The clients of one tenant; those of ARM may be used from many threads.

    `open_` closes every connection when it is closed.
    """

    credential: TokenCredential
    settings: Settings
    open_: ExitStack = field(default_factory=ExitStack)

    def authorization(
        self, subscription: str, version: str | None = None
    ) -> AuthorizationManagementClient:
        """Return the client for role assignments and definitions of a subscription."""
        from azure.mgmt.authorization import AuthorizationManagementClient  # noqa: PLC0415

        client: Any = AuthorizationManagementClient
        made = client(self.credential, subscription, api_version=version, **self._arm_options())
        self.open_.callback(made.close)
        return made  # type: ignore[no-any-return]

    def arm(self) -> ARMPipelineClient[Any, Any]:
        """Return the client for what has no package of its own."""
        from azure.core.pipeline import policies  # noqa: PLC0415
        from azure.mgmt.core import ARMPipelineClient  # noqa: PLC0415
        from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy  # noqa: PLC0415

        options = self._arm_options()
        chain = [
            policies.RequestIdPolicy(),
            policies.UserAgentPolicy(AGENT),
            policies.RetryPolicy(**options),
            ARMChallengeAuthenticationPolicy(self.credential, *options["credential_scopes"]),
        ]
        made: ARMPipelineClient[Any, Any] = ARMPipelineClient(policies=chain, **options)
        self.open_.callback(made.close)
        return made

    def _arm_options(self) -> dict[str, Any]:
        return {
            "base_url": self.settings.arm,
            "credential_scopes": [scope(self.settings.arm, ARM)],
            "per_call_policies": [_same_host(self.settings.arm)],
            "permit_redirects": False,
            "retry_total": self.settings.retries,
            "user_agent": AGENT,
            **_patience(self.settings),
            **_verify(self.settings),
        }


def connect(settings: Settings) -> Clients:
    """Return the clients of the configured tenant. MissingExtra without the SDKs."""
    try:
        import msgraph_core  # noqa: F401, PLC0415
        from azure.identity import (  # noqa: PLC0415
            AzureCliCredential,
            ChainedTokenCredential,
            EnvironmentCredential,
        )
    except ImportError as error:
        raise MissingExtra("Azure", "azure") from error
    found: Any = EnvironmentCredential
    environment = found(
        authority=settings.authority,
        # Only Microsoft's own clouds are known to the discovery that would be asked instead.
        disable_instance_discovery=settings.authority != AUTHORITY,
        retry_total=settings.retries,
        **_patience(settings),
        **_verify(settings),
    )
    command_line = AzureCliCredential(process_timeout=_CLI_SECONDS)
    made = Clients(ChainedTokenCredential(environment, command_line), settings)
    made.open_.callback(environment.close)
    return made


def scope(address: str, own: str) -> str:
    """Return the scope of tokens for an API: of the cloud that serves it, of Azure's for a lab."""
    host = urlsplit(address).hostname or ""
    return f"{own if host in ('127.0.0.1', 'localhost', '::1') else address}/.default"


def graph_scope(settings: Settings) -> str:
    """Return the scope of tokens for Graph."""
    return scope(settings.graph, GRAPH)


def _patience(settings: Settings) -> dict[str, Any]:
    """Return how long one call may take."""
    connect = min(_CONNECT_SECONDS, settings.timeout)
    return {"connection_timeout": connect, "read_timeout": settings.timeout}


def _verify(settings: Settings) -> dict[str, Any]:
    return {"connection_verify": settings.ca_bundle} if settings.ca_bundle else {}


def _same_host(base: str) -> Any:
    from azure.core.pipeline.policies import SansIOHTTPPolicy  # noqa: PLC0415

    class SameHost(SansIOHTTPPolicy[Any, Any]):
        """Refuses a request for another host before it gets a token."""

        def on_request(self, request: PipelineRequest[Any]) -> None:
            refuse_other_host(request.http_request.url, base)

    return SameHost()
