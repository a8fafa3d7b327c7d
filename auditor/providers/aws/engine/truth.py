"""Three-valued truth, as numbers: `min` is "and", `max` is "or"."""

from __future__ import annotations

from typing import Final

Truth = int
NO: Final[Truth] = 0
MAYBE: Final[Truth] = 1
"""It depends on what is not known of the request."""
YES: Final[Truth] = 2


def opposite(truth: Truth) -> Truth:
    """Return "not": what is open stays open."""
    return YES - truth


def certain(known: bool) -> Truth:
    """Return YES or NO."""
    return YES if known else NO
