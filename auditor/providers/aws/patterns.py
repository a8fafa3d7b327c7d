"""Compares the wildcard patterns of policies: `*` is any text, `?` any one character.

Patterns come from outside and may be long and full of wildcards, so nothing here backtracks.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import re
from functools import lru_cache

_TOO_MUCH = 1_000_000
"""Product of two lengths beyond which the answer is the one that hides nothing."""
_WILD = re.compile(r"[*?]")


@lru_cache(maxsize=200_000)
def covers(pattern: str, other: str) -> bool:
    """Return whether a pattern matches a text, or everything that another pattern matches.

    A wildcard of the other is only taken by an equal or a wider one, which is exact but for odd
    spellings such as "?*" against "*?": those are not recognised as covered.
    """
    if len(pattern) * len(other) > _TOO_MUCH:
        return pattern == other
    at = in_other = 0
    star, resume = -1, 0
    while in_other < len(other):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, in_other
            at += 1
        elif at < len(pattern) and _takes(pattern[at], other[in_other]):
            at, in_other = at + 1, in_other + 1
        elif star >= 0:
            resume += 1
            at, in_other = star + 1, resume
        else:
            return False
    return pattern[at:].strip("*") == ""


def _takes(one: str, other: str) -> bool:
    return other != "*" and one in (other, "?")


@lru_cache(maxsize=200_000)
def overlaps(one: str, other: str) -> bool:
    """Return whether some text is matched by both patterns."""
    if not _could(one, other):
        return False
    if not _WILD.search(one):
        return covers(other, one)
    if not _WILD.search(other):
        return covers(one, other)
    return len(one) * len(other) > _TOO_MUCH or _meet(one, other)


def _could(one: str, other: str) -> bool:
    """Return whether the literal beginnings agree: most pairs end here."""
    length = min(_literal(one), _literal(other))
    return one[:length] == other[:length]


def _literal(pattern: str) -> int:
    found = _WILD.search(pattern)
    return found.start() if found else len(pattern)


def _meet(one: str, other: str) -> bool:
    """Return whether two patterns with wildcards meet, row by row over their prefixes."""
    row = [True, *(False for _ in other)]
    for i, right in enumerate(other):
        row[i + 1] = row[i] and right == "*"
    for left in one:
        above, row = row, [row[0] and left == "*", *row[1:]]
        for i, right in enumerate(other):
            if left == "*" or right == "*":
                row[i + 1] = above[i + 1] or row[i]
            else:
                row[i + 1] = above[i] and (left == right or "?" in (left, right))
    return row[-1]
