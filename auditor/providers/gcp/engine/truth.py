"""Three-valued logic: True, False, and None for what nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

Truth: TypeAlias = bool | None


def both(*parts: Truth) -> Truth:
    """Return whether all hold: one that does not decides, whatever is unknown."""
    if False in parts:
        return False
    return None if None in parts else True


def either(parts: Iterable[Truth]) -> Truth:
    """Return whether any holds: one that does decides, whatever is unknown."""
    found = tuple(parts)
    if True in found:
        return True
    return None if None in found else False


def negated(part: Truth) -> Truth:
    """Return whether it does not hold."""
    return None if part is None else not part
