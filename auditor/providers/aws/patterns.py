"""Compares the wildcard patterns of policies: `*` is any text, `?` any one character.

Patterns come from outside and may be long and full of wildcards, so nothing here backtracks.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

_TOO_MUCH = 1_000_000
"""Product of two lengths beyond which the answer is the one that hides nothing."""
_WILD = re.compile(r"[*?]")
_LITERAL = str.maketrans("*?", "\ufdd0\ufdd1")
_AS_WRITTEN = str.maketrans("\ufdd0\ufdd1", "*?")
_ARN_COLONS = 5


def literal(text: str) -> str:
    """Return a text as part of a pattern that matches it and nothing else.

    Its `*` and `?` become two characters that Unicode assigns to nothing.
    """
    return text.translate(_LITERAL) if has_wildcard(text) else text


def as_written(pattern: str) -> str:
    """Return a pattern as the text that it would be without wildcards."""
    return pattern.translate(_AS_WRITTEN)


def has_wildcard(text: str) -> bool:
    """Return whether a text, read as a pattern, matches more than itself."""
    return "*" in text or "?" in text


def matches(pattern: str, text: str) -> bool:
    """Return whether a pattern matches a plain text: a `*` in the text is a character like others.

    Takes time in proportion to the two lengths' product at the very worst, whatever the pattern.
    """
    text = literal(text)
    if "?" in pattern:
        return _regex(pattern, in_segments=False).fullmatch(text) is not None
    first, *rest = pattern.split("*")
    if not rest:
        return first == text
    *middle, last = rest
    at, end = len(first), len(text) - len(last)
    if at > end or not text.startswith(first) or not text.endswith(last):
        return False
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def matches_resource(pattern: str, arn: str) -> bool:
    """Return whether a Resource pattern matches an ARN.

    A `*` goes beyond a colon only where it ends a segment, or in the last segment.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
    """
    if keeps_in_segments(pattern):
        return _regex(pattern, in_segments=True).fullmatch(literal(arn)) is not None
    return matches(pattern, arn)


@lru_cache(maxsize=50_000)
def keeps_in_segments(pattern: str) -> bool:
    """Return whether a Resource pattern has a wildcard that must not go beyond its segment."""
    if not pattern.startswith("arn:"):
        return False
    segments = pattern.split(":", _ARN_COLONS)[:_ARN_COLONS]
    return any("*" in segment[:-1] or "?" in segment for segment in segments)


@lru_cache(maxsize=2_000)
def _regex(pattern: str, *, in_segments: bool) -> re.Pattern[str]:
    """Return an expression that never tries a second time what a `*` took (atomic groups)."""
    pieces, colons = [""], 0
    for here, after in pairwise(pattern + ":"):
        colons += here == ":"
        held = in_segments and colons < _ARN_COLONS
        if here == "*":
            pieces += ["[^:]*?" if held and after != ":" else ".*?", ""]
        else:
            single = "[^:]" if held else "."
            pieces[-1] += single if here == "?" else re.escape(here)
    expression = pieces[0]
    for star, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        last = piece is pieces[-1]
        expression += f"{star[:-1]}{piece}" if last else f"(?>{star}{piece})"
    return re.compile(expression, re.DOTALL)


@lru_cache(maxsize=200_000)
def covers(pattern: str, other: str) -> bool:
    """Return whether a pattern matches a text, or everything that another pattern matches.

    A wildcard of the other is only taken by an equal or a wider one, which is exact but for odd
    spellings such as "?*" against "*?": those are not recognised as covered.
    """
    if not _WILD.search(other):
        return matches(pattern, other)
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
