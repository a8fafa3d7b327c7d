"""Reads conditions of role assignments and definitions, as far as an action decides them.

    (!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'}))
    OR (@Request[…:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {8311e382-…})

Which action is asked for is known, so `ActionMatches` is decided; what a comparison of attributes
says is not, so it stays open.
https://learn.microsoft.com/azure/role-based-access-control/conditions-format
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from auditor.providers.azure.engine.patterns import covers, overlaps

_LONGEST = 8192
"""Characters that Azure takes: 8 KB."""
_DEEPEST = 60

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^'\\]|\\.|'')*')
      | (?P<attribute>@\w+\s*\[[^\]]*\])
      | (?P<word>[A-Za-z0-9_.:+-]+)
      | (?P<mark>&&|\|\||[(){},!])
    )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Matches:
    """`ActionMatches{'…'}`."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Something about attributes: true or false, who knows. `text` is the vendor's wording."""

    attribute: str
    operator: str
    values: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Negation:
    """What is true where its part is false."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Joined:
    """All of the parts, or any of them."""

    every: bool
    parts: tuple[Expression, ...]


Expression: TypeAlias = Matches | Comparison | Negation | Joined


@lru_cache(maxsize=10_000)
def parse(condition: str) -> Expression | None:
    """Return what a condition says, None where it cannot be read."""
    if len(condition) > _LONGEST:
        return None
    try:
        return _Parser(condition).whole()
    except _Unreadable:
        return None


def holds(expression: Expression, action: str) -> bool | None:
    """Return whether it is true for an action, None where attributes decide."""
    match expression:
        case Matches(pattern):
            return True if covers(pattern, action) else None if overlaps(pattern, action) else False
        case Comparison():
            return None
        case Negation(part):
            found = holds(part, action)
            return None if found is None else not found
        case Joined(every, parts):
            found_all = [holds(part, action) for part in parts]
            if (not every) in found_all:
                return not every
            return None if None in found_all else every


def open_parts(
    expression: Expression, action: str, *, negated: bool = False
) -> Iterator[tuple[Comparison, bool]]:
    """Yield the comparisons that decide for an action, each with whether it must be false."""
    if holds(expression, action) is not None:
        return
    match expression:
        case Comparison():
            yield expression, negated
        case Negation(part):
            yield from open_parts(part, action, negated=not negated)
        case Joined(_, parts):
            for part in parts:
                yield from open_parts(part, action, negated=negated)
        case Matches(pattern):
            yield (
                Comparison("", "ActionMatches", (pattern,), f"ActionMatches{{'{pattern}'}}"),
                (negated),
            )


class _Unreadable(Exception):
    pass


class _Parser:
    """Reads one condition: OR binds least, then AND, then NOT."""

    def __init__(self, condition: str) -> None:
        self._source = condition
        self._tokens = list(_tokens(condition))
        self._at = 0
        self._depth = 0

    def whole(self) -> Expression:
        found = self._any()
        if self._at < len(self._tokens):
            raise _Unreadable
        return found

    def _any(self) -> Expression:
        parts = [self._all()]
        while self._takes("OR", "||"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Joined(every=False, parts=tuple(parts))

    def _all(self) -> Expression:
        parts = [self._one()]
        while self._takes("AND", "&&"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Joined(every=True, parts=tuple(parts))

    def _one(self) -> Expression:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Unreadable
        try:
            if self._takes("!", "NOT"):
                return Negation(self._one())
            if self._takes("("):
                inner = self._any()
                self._expect(")")
                return inner
            return self._leaf()
        finally:
            self._depth -= 1

    def _leaf(self) -> Expression:
        start = self._at
        if self._takes("ActionMatches"):
            (pattern,) = self._values()
            return Matches(pattern)
        if self._takes("SubOperationMatches"):
            return Comparison("", "SubOperationMatches", self._values(), self._words(start))
        if self._takes("Exists"):
            return Comparison(self._next(), "Exists", (), self._words(start))
        left = self._operand()
        operator = self._next()
        right = self._operand()
        return _comparison(left, operator, right, self._words(start))

    def _operand(self) -> tuple[str, ...]:
        if self._peek() == "{":
            return self._values()
        return (_plain(self._next()),)

    def _values(self) -> tuple[str, ...]:
        self._expect("{")
        found = [_plain(self._next())]
        while self._takes(","):
            found.append(_plain(self._next()))
        self._expect("}")
        return tuple(found)

    # --- tokens ---

    def _peek(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token or token in {"(", ")", "{", "}", ",", "!", "&&", "||"}:
            raise _Unreadable
        self._at += 1
        return token

    def _takes(self, *words: str) -> bool:
        found = self._peek().lower() in {word.lower() for word in words}
        self._at += found
        return found

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            raise _Unreadable

    def _words(self, start: int) -> str:
        first, last = self._tokens[start], self._tokens[self._at - 1]
        return " ".join(self._source[first[1] : last[2]].split())


def _tokens(condition: str) -> Iterator[tuple[str, int, int]]:
    at, end = 0, len(condition.rstrip())
    while at < end:
        found = _TOKEN.match(condition, at)
        if found is None:
            raise _Unreadable
        kind = found.lastgroup or ""
        yield found[kind], found.start(kind), found.end()
        at = found.end()


def _plain(token: str) -> str:
    return token[1:-1] if token.startswith("'") else token


def _comparison(
    left: tuple[str, ...], operator: str, right: tuple[str, ...], text: str
) -> Comparison:
    """Return a comparison with its attribute on the left, wherever it was written."""
    if not left[0].startswith("@") and right[0].startswith("@"):
        left, right = right, left
    return Comparison(left[0], operator, right, text)
