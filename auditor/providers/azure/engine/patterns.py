"""What two wildcard patterns of actions have in common.

`*` stands for any run of characters, "/" and none at all included, and letters have no case:
https://learn.microsoft.com/azure/role-based-access-control/role-definitions#actions-format
A plain action is a pattern without a wildcard.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from functools import lru_cache

MEMORY = 200_000
"""Pairs of patterns whose answer is remembered: the same few roles meet the same few actions."""


class Share(IntEnum):
    """How much of what a pattern matches is meant."""

    NONE = 0
    PART = 1
    ALL = 2


@lru_cache(maxsize=MEMORY)
def covers(pattern: str, other: str) -> bool:
    """Return whether everything that `other` matches is matched by `pattern`.

    A wildcard of `other` is taken for one character that no action has: only a wildcard of
    `pattern` matches that, and then it matches whatever else may stand there.
    """
    return _matches(pattern.lower(), other.lower().replace("*", "\0"))


@lru_cache(maxsize=MEMORY)
def overlaps(one: str, other: str) -> bool:
    """Return whether some action is matched by both patterns."""
    one, other = one.lower(), other.lower()
    if "*" not in one or "*" not in other:
        return covers(one, other) if "*" not in other else covers(other, one)
    # With a wildcard in both, only the fixed beginnings and ends can disagree.
    heads = (one.partition("*")[0], other.partition("*")[0])
    ends = (one.rpartition("*")[2], other.rpartition("*")[2])
    return (heads[0].startswith(heads[1]) or heads[1].startswith(heads[0])) and (
        ends[0].endswith(ends[1]) or ends[1].endswith(ends[0])
    )


def share(asked: str, given: Iterable[str], taken: Iterable[str]) -> tuple[Share, str]:
    """Return how much of `asked` is matched by one of `given` and by none of `taken`.

    With the pattern of `given` that matches most. Where `asked` has a wildcard and overlaps
    neither wholly nor not at all, PART is answered although nothing at all may be left.
    """
    cut = [pattern for pattern in taken if overlaps(pattern, asked)]
    best, by = Share.NONE, ""
    for pattern in given:
        found = _share(asked, pattern, cut)
        if found > best:
            best, by = found, pattern
        if best is Share.ALL:
            break
    return best, by


def _share(asked: str, pattern: str, cut: list[str]) -> Share:
    if not overlaps(pattern, asked):
        return Share.NONE
    whole = covers(pattern, asked)
    left = (asked,) if whole else (asked, pattern)
    if any(covers(taken, rest) for taken in cut for rest in left):
        return Share.NONE
    return Share.ALL if whole and not cut else Share.PART


def _matches(pattern: str, text: str) -> bool:
    """Return whether a pattern matches a text, in one pass whatever the pattern.

    The leftmost place of each fixed part leaves the most for the parts behind it.
    """
    first, *others = pattern.split("*")
    if not others:
        return pattern == text
    last, at = others.pop(), len(first)
    end = len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for part in others:
        at = text.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True
