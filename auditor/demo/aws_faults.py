"""Lets the demo's AWS go wrong as told, and records what was asked: moto itself can do neither.

A call's path is "/service/Action" ("/iam/ListUsers"), and "/service/path?key" where the path on the
wire is what names it ("/s3/bucket?policy").
"""

from __future__ import annotations

import io
import json
import re
import threading
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs

from auditor.demo.aws_use import Application, Environ, Start
from auditor.demo.faults import Fault, Faults, Garbage, Kind
from auditor.demo.loopback import reset
from auditor.demo.wire import Recording, Reply

_LONGEST = 1_000_000
_SERVICE = re.compile(r"Credential=[^,]*/([a-z0-9-]+)/aws4_request")
_CODES = {
    401: "InvalidClientTokenId",
    403: "AccessDenied",
    404: "UnknownOperationException",
    429: "Throttling",
}


class Faulty:
    """A WSGI application that passes calls on, but for those that are to go wrong."""

    def __init__(self, behind: Application, faults: Faults, recording: Recording) -> None:
        """Stand in front of an application."""
        self._behind, self._faults, self._recording = behind, faults, recording
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Wake up whoever is told to say nothing for a while."""
        self._stopping.set()

    def __call__(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Answer one request."""
        found = _SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
        if not found:  # moto's own control, and how the demo is filled
            return self._behind(environ, start)
        path = _path(found[1], environ)
        fault = self._faults.strike(path)
        if fault is None or fault.kind is Kind.ENDLESS:
            return self._pass(path, environ, start)
        if fault.kind in (Kind.DROP, Kind.RESET, Kind.HANG):
            self._stopping.wait(fault.seconds)
            reset(environ["werkzeug.socket"])
            raise ConnectionResetError  # so that nobody tries to answer after all
        if fault.kind is Kind.CUT:
            return self._cut(environ, start)
        status, kind, body = _broken(fault, found[1], environ)
        self._recording.add("aws", "CALL", path, Reply(status, body))
        return _send(start, f"{status} {HTTPStatus(status).phrase}", kind, body)

    def _pass(self, path: str, environ: Environ, start: Start) -> Iterable[bytes]:
        def noted(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            self._recording.add("aws", "CALL", path, Reply(int(status[:3]), b""))
            return start(status, headers, *more)

        return self._behind(environ, noted)

    def _cut(self, environ: Environ, start: Start) -> Iterable[bytes]:
        """Send half of what the application behind answers, and close the connection."""
        told: list[Any] = []

        def keep(status: str, headers: list[tuple[str, str]], *_: Any) -> Callable[..., None]:
            told[:] = (status, headers)
            return lambda _: None

        body = b"".join(self._behind(environ, keep))
        status, headers = told
        length = ("Content-Length", str(len(body)))
        start(status, [pair for pair in headers if pair[0].lower() != "content-length"] + [length])
        return [body[: len(body) // 2]]


def _send(start: Start, status: str, kind: str, body: bytes) -> Iterable[bytes]:
    start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


def _path(service: str, environ: Environ) -> str:
    """Return what names a call, whatever the protocol of its service."""
    if target := environ.get("HTTP_X_AMZ_TARGET", ""):
        return f"/{service}/{target.rpartition('.')[2]}"
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        length = min(int(environ.get("CONTENT_LENGTH") or 0), _LONGEST)
        body = environ["wsgi.input"].read(length)
        environ["wsgi.input"] = io.BytesIO(body)
        if action := parse_qs(body.decode()).get("Action"):
            return f"/{service}/{action[0]}"
    query = parse_qs(environ.get("QUERY_STRING", ""), keep_blank_values=True)
    asked = f"?{next(iter(query))}" if query and service == "s3" else ""
    return f"/{service}{environ.get('PATH_INFO', '/')}{asked}"


def _broken(fault: Fault, service: str, environ: Environ) -> tuple[int, str, bytes]:
    """Return status, content type and body of a fault, as the service's protocol has them."""
    speaks_json = "HTTP_X_AMZ_TARGET" in environ or service in ("guardduty", "lambda")
    if fault.kind in (Kind.GARBAGE, Kind.BLANK):
        kind, body = fault.garbage.value
        if fault.garbage is Garbage.NOTHING and not speaks_json:
            kind, body = "text/xml", b"<Reply><Result></Result></Reply>"
        return HTTPStatus.OK, kind, body
    status = HTTPStatus.TOO_MANY_REQUESTS if fault.kind is Kind.THROTTLE else fault.status
    code = _CODES.get(status, "InternalFailure")
    if speaks_json:
        text = json.dumps({"__type": code, "message": "refused"})
        return status, "application/x-amz-json-1.1", text.encode()
    error = f"<Code>{code}</Code><Message>refused</Message>"
    inner = f"<Error>{error}</Error>"
    whole = inner if service == "s3" else f"<ErrorResponse>{inner}</ErrorResponse>"
    return status, "text/xml", whole.encode()
