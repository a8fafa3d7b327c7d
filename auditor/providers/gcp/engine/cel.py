"""Parses the part of the Common Expression Language that IAM conditions are written in.

https://cloud.google.com/iam/docs/conditions-attribute-reference
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

LONGEST = 12_000
"""Characters of an expression that are parsed; a policy with all its bindings has 64 KB."""
_DEEPEST = 40


class Unreadable(ValueError):
    """An expression that this parser does not understand."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, number, truth value or null."""

    value: Any


@dataclass(frozen=True, slots=True)
class Name:
    """A dotted attribute: "request.time"."""

    path: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operator, or a function, with the value it is called on as first part."""

    name: str
    parts: tuple[Node, ...]


Node: TypeAlias = Literal | Name | Call

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>[rR]?(?:"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_]\w*)
    | (?P<sign>&&|\|\||==|!=|<=|>=|[-<>!?:+*/%.,()\[\]])
    )""",
    re.VERBOSE,
)
_WORDS = {"true": True, "false": False, "null": None}
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("||",),
    ("&&",),
    ("==", "!=", "<=", ">=", "<", ">", "in"),
    ("+", "-"),
    ("*", "/", "%"),
)
"""Binary operators, those that bind loosest first."""


def parse(expression: str) -> Node:
    """Return the tree of an expression. Unreadable where it is none, too long or too deep."""
    if len(expression) > LONGEST:
        raise Unreadable("too long")
    parser = _Parser(_tokens(expression))
    node = parser.choice()
    if parser.next() is not None:
        raise Unreadable("more than one expression")
    return node


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if not match or match.lastgroup is None:
            raise Unreadable("a character that no expression has")
        found.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    return found


class _Parser:
    """Recursive descent over the tokens, a method for each kind of phrase."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0

    def next(self) -> tuple[str, str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, *wanted: str) -> str:
        """Return the next sign or word if it is one of these, "" if not."""
        token = self.next()
        if token and token[0] in ("sign", "name") and token[1] in wanted:
            self._at += 1
            return token[1]
        return ""

    def _need(self, wanted: str) -> None:
        if not self._take(wanted):
            raise Unreadable(f"{wanted} is missing")

    def _deeper(self, phrase: Callable[[], Node]) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable("too deep")
        node = phrase()
        self._depth -= 1
        return node

    def choice(self) -> Node:
        return self._deeper(self._choice)

    def _choice(self) -> Node:
        node = self._binary(0)
        if not self._take("?"):
            return node
        yes = self.choice()
        self._need(":")
        return Call("?:", (node, yes, self.choice()))

    def _binary(self, level: int) -> Node:
        if level == len(_LEVELS):
            return self._deeper(self._unary)
        node = self._binary(level + 1)
        while sign := self._take(*_LEVELS[level]):
            node = Call(sign, (node, self._binary(level + 1)))
        return node

    def _unary(self) -> Node:
        if self._take("!"):
            return Call("!", (self._deeper(self._unary),))
        if self._take("-"):
            return Call("-", (Literal(0), self._deeper(self._unary)))
        return self._member()

    def _member(self) -> Node:
        node = self._atom()
        while sign := self._take(".", "["):
            if sign == "[":
                node = Call("[]", (node, self.choice()))
                self._need("]")
                continue
            name = self._word()
            if self._take("("):
                node = Call(f".{name}", (node, *self._list(")")))
            else:
                node = Name(f"{node.path}.{name}") if isinstance(node, Name) else _no_name()
        return node

    def _word(self) -> str:
        token = self.next()
        if not token or token[0] != "name":
            raise Unreadable("a name is missing")
        self._at += 1
        return token[1]

    def _atom(self) -> Node:
        if self._take("("):
            node = self.choice()
            self._need(")")
            return node
        if self._take("["):
            return Call("list", self._list("]"))
        token = self.next()
        if token is None or token[0] == "sign":
            raise Unreadable("a value is missing")
        self._at += 1
        kind, text = token
        if kind == "text":
            return Literal(_unquoted(text))
        if kind == "number":
            return Literal(float(text) if "." in text else int(text[:30]))
        if text in _WORDS:
            return Literal(_WORDS[text])
        return Call(text, self._list(")")) if self._take("(") else Name(text)

    def _list(self, end: str) -> tuple[Node, ...]:
        parts: list[Node] = []
        while not self._take(end):
            if parts:
                self._need(",")
            parts.append(self.choice())
        return tuple(parts)


def _no_name() -> Node:
    raise Unreadable("a field of a value")


def _unquoted(text: str) -> str:
    if text[0] in "rR":
        return text[2:-1]
    return re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[1]), text[1:-1])


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
