"""Lines of a score, and adding them up so that they always give it exactly.

An audit makes some hundred thousand lines of a few hundred different ones, so equal lines are one
object.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from auditor.models import Reason

MEMORY = 16_384
"""Different inputs whose answer is remembered, here and in the modules that build on it."""


@lru_cache(maxsize=MEMORY)
def reason(points: int, text: str) -> Reason:
    """Return the line with these points and words, the same object every time."""
    return Reason(points, text)


def points(reasons: Iterable[Reason]) -> int:
    """Return the sum of the lines."""
    return sum(one.points for one in reasons)


def within(limit: int, reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Return the lines with no more points than keep their sum within the limit.

    The lines that come first get theirs; a line that brings nothing more stays, with 0 points.
    """
    kept: list[Reason] = []
    total = 0
    for one in reasons:
        given = min(one.points, limit - total)
        total += given
        kept.append(reason(given, one.text))
    return tuple(kept)
