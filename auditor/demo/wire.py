"""What goes over the wire of a demo server, and the record that is kept of it.

An application of the demo is a pure function from `Request` to `Reply`; `loopback` carries both.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from auditor.models import Json


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `path` is raw: nothing in it is decoded, so %2F is never a separator."""

    method: str
    path: str
    query: Mapping[str, str]
    token: str | None = None
    wants_json: bool = True
    endless: bool = False
    """Set by a fault: answer the first page and promise another."""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply: `body` is sent as JSON, or as it is when it is bytes."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json;charset=utf-8"

    def payload(self) -> bytes:
        """Return the bytes of the body. Text that is no Unicode goes as JSON escapes."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


_MESSAGES = {
    400: "Bad request.",
    401: "Invalid token provided.",
    403: "Permission denied.",
    404: "Not found.",
    405: "Method not allowed.",
    429: "Rate limit exceeded.",
    500: "Internal server error.",
}


def error(status: int, message: str = "", headers: Mapping[str, str] | None = None) -> Reply:
    """Return an error in CircleCI's words for it, unless others are given."""
    return Reply(status, {"message": message or _MESSAGES.get(status, "Error.")}, headers or {})


App: TypeAlias = Callable[[Request], Reply]


class Recording:
    """Every exchange as one line of JSON: what was asked and answered, and no header at all."""

    def __init__(self, *, keep: bool = True) -> None:
        """Keep the lines, or only count them."""
        self.keeps = keep
        self._lines: list[str] = []
        self._count = 0
        self._lock = threading.Lock()

    def add(self, provider: str, method: str, target: str, reply: Reply) -> None:
        """Write down one exchange; `target` is the raw path and query."""
        body = None if isinstance(reply.body, bytes) else reply.body
        exchange = {
            "provider": provider,
            "method": method,
            "path": target,
            "status": reply.status,
            "body": body,
        }
        line = json.dumps(exchange) if self.keeps else ""
        with self._lock:
            self._count += 1
            if self.keeps:
                self._lines.append(line)

    def __len__(self) -> int:
        """Return the number of exchanges, kept or not."""
        return self._count

    def lines(self) -> tuple[str, ...]:
        """Return the lines so far."""
        with self._lock:
            return tuple(self._lines)

    def __iter__(self) -> Iterator[Json]:
        """Yield the exchanges so far as JSON objects."""
        return (json.loads(line) for line in self.lines())
