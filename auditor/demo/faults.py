"""What a demo server can be told to do wrong, at any time while it runs.

`Faults` is the switchboard: the tests and the person at the demo flip it, the server asks it for
each request. Paths are shell patterns over the raw path ("/api/v2/context/*/restrictions"); one
with "{}" in it is a route instead, where "{}" stands for one segment ("/api/v2/context/{}").
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fnmatch import fnmatchcase


class Garbage(Enum):
    """The ways in which a reply can be no use, each with its content type and body."""

    HTML = ("text/html", b"<html><body><h1>502 Bad Gateway</h1></body></html>")
    TRUNCATED = ("application/json", b'{"items": [{"id": "7d1c')
    EMPTY = ("application/json", b"")
    SHAPE = ("application/json", b'[{"items": 7}, null, "x"]')
    BINARY = ("application/octet-stream", b"\x1f\x8b\xff\x00\xfe")
    NOTHING = ("application/json", b"{}")


class Kind(Enum):
    """What happens to a request instead of its answer."""

    DENY = "deny"
    THROTTLE = "throttle"
    DROP = "drop"
    RESET = "reset"
    HANG = "hang"
    CUT = "cut"
    BLANK = "blank"
    ENDLESS = "endless"
    GARBAGE = "garbage"


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong: every k-th matching request, a number of times or for ever."""

    kind: Kind
    path: str = "*"
    every: int = 1
    times: int | None = None
    status: int = 403
    message: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: int = 1
    seconds: float = 0.0
    garbage: Garbage = Garbage.HTML
    seen: int = 0
    fired: int = 0

    def strikes(self, path: str) -> bool:
        """Count the request and return whether it is one that goes wrong."""
        if not _matches(path, self.path):
            return False
        self.seen += 1
        if self.seen % self.every or self.fired == self.times:
            return False
        self.fired += 1
        return True


@dataclass(slots=True)
class Faults:
    """The switchboard; safe to use from any thread. The first fault that strikes decides."""

    latency: float = 0.0
    """Seconds that every request takes."""
    _faults: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def deny(
        self,
        path: str,
        status: int = 403,
        *,
        times: int | None = None,
        message: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer with an error status, and the vendor's message for it unless one is given."""
        self._add(
            Fault(
                Kind.DENY, path, status=status, times=times, message=message, headers=headers or {}
            )
        )

    def single_sign_on(self, path: str, url: str) -> None:
        """Answer as GitHub does to a token that nobody authorized for SAML single sign-on."""
        message = "Resource protected by organization SAML enforcement. You must grant your token"
        self.deny(path, 403, message=message, headers={"X-GitHub-SSO": f"required; url={url}"})

    def rate_limit(self, path: str, reset: int) -> None:
        """Answer as GitHub does when the requests of the hour are used up, until that time."""
        message = "API rate limit exceeded for user ID 1."
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(reset)}
        self.deny(path, 403, message=message, headers=headers)

    def throttle(self, every: int, path: str = "*", *, retry_after: int = 1) -> None:
        """Answer every k-th request with 429 and a Retry-After of so many seconds."""
        self._add(Fault(Kind.THROTTLE, path, every, retry_after=retry_after))

    def drop(self, path: str = "*", *, every: int = 1, times: int | None = None) -> None:
        """Close the connection without an answer."""
        self._add(Fault(Kind.DROP, path, every, times))

    def reset(self, path: str = "*", *, every: int = 1, times: int | None = None) -> None:
        """Reset the connection in place of an answer."""
        self._add(Fault(Kind.RESET, path, every, times))

    def hang(self, path: str, seconds: float, *, times: int | None = None) -> None:
        """Say nothing for so long, and then close the connection."""
        self._add(Fault(Kind.HANG, path, times=times, seconds=seconds))

    def cut(self, path: str = "*", *, every: int = 1, times: int | None = None) -> None:
        """Close the connection in the middle of the answer's body."""
        self._add(Fault(Kind.CUT, path, every, times))

    def blank(self, path: str) -> None:
        """Answer with a page without anything on it: Google's gRPC then has more, others end."""
        self._add(Fault(Kind.BLANK, path, garbage=Garbage.NOTHING))

    def endless(self, path: str) -> None:
        """Answer with the first page again and again, with a new token for a next one."""
        self._add(Fault(Kind.ENDLESS, path))

    def garbage(self, path: str, garbage: Garbage, *, times: int | None = None) -> None:
        """Answer 200 with something that is not the vendor's JSON."""
        self._add(Fault(Kind.GARBAGE, path, times=times, garbage=garbage))

    def clear(self) -> None:
        """Let everything go right again; the latency stays."""
        with self._lock:
            self._faults.clear()

    def strike(self, path: str) -> Fault | None:
        """Return what goes wrong with a request of that raw path, if anything."""
        with self._lock:
            return next((fault for fault in self._faults if fault.strikes(path)), None)

    def _add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)


def _matches(path: str, pattern: str) -> bool:
    if "{}" not in pattern:
        return fnmatchcase(path, pattern)
    return bool(re.fullmatch("[^/]+".join(map(re.escape, pattern.split("{}"))), path))
