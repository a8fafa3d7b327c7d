"""When to ask again: what the server asks for, back-off where it says nothing, one shared pause.

CircleCI publishes no rate limits; it answers 429 with Retry-After, with RateLimit-Reset, or with
neither (https://github.com/circleci/circleci-docs/issues/6861).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

_RESETS = ("RateLimit-Reset", "X-RateLimit-Reset")
_EPOCH = 1_000_000_000
"""A reset above this is a point in time; below, a number of seconds from now."""
_FIRST_BACKOFF = 1.0
_LONGEST_BACKOFF = 30.0


class Pause:
    """Until when no worker may ask: one refusal for haste slows all of them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Use this clock, in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._until = 0.0

    def extend(self, seconds: float) -> None:
        """Let nobody ask for so many seconds from now."""
        with self._lock:
            self._until = max(self._until, self._clock() + seconds)

    def remaining(self) -> float:
        """Return the seconds left to wait, 0 when none."""
        with self._lock:
            return max(0.0, self._until - self._clock())


def asked_wait(status: int, headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds a reply asks to wait, None where it says nothing readable.

    `headers` must find names in any case; `now` is seconds since 1970. A reset counts on a 429
    only: on any other reply it tells when the allowance is renewed, not that it is used up.
    """
    names = ("Retry-After", *(_RESETS if status == HTTPStatus.TOO_MANY_REQUESTS else ()))
    found = (_seconds(headers[name], now) for name in names if name in headers)
    return next((wait for wait in found if wait is not None), None)


def clock_ahead(headers: Mapping[str, str], now: float) -> float | None:
    """Return the seconds that `now` is ahead of the time a reply tells, if it tells one."""
    try:
        return now - parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError, OverflowError):
        return None


def backoff(attempt: int, jitter: float) -> float:
    """Return the seconds to wait before the next attempt (0 is the first), `jitter` in 0..1."""
    most = min(_LONGEST_BACKOFF, _FIRST_BACKOFF * 2.0**attempt)
    return most * (0.5 + jitter / 2)


def _seconds(text: str, now: float) -> float | None:
    text = text.strip()
    if text.isascii() and text.replace(".", "", 1).isdigit():
        number = float(text)
        return max(0.0, number - now) if number > _EPOCH else number
    try:
        date = parsedate_to_datetime(text)
        date = date if date.tzinfo else date.replace(tzinfo=UTC)
        return max(0.0, date.timestamp() - now)
    except (ValueError, OverflowError):
        return None
