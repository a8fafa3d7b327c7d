"""Decodes JSON of other people, nested no deeper than anything that walks through it can go.

A walk of ours is a function that calls itself. Python ends one after a thousand calls or so, and
no reply, export or log of a vendor is nested even twenty deep.
"""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

T = TypeVar("T")
DEEPEST = 100
"""Levels of lists and objects."""
_WHY = f"it is nested more than {DEEPEST} levels deep"
_HOLDS = frozenset((dict, list))
_DECODER = json.JSONDecoder()
_MARK = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


class TooDeep(ValueError):
    """JSON that is nested too deeply. Says where, and nothing of what it holds."""


def loads(content: str | bytes) -> Any:
    """Return the value of a JSON text, as `json.loads` does. TooDeep, which is a ValueError."""
    try:
        found = json.loads(content)
    except RecursionError:
        found = None
    else:
        if is_shallow(found):
            return found
    text = content if isinstance(content, str) else content.decode("utf-8", "replace")
    raise _too_deep(text, 0)


def decode(text: str, at: int) -> tuple[Any, int]:
    """Return the JSON value that begins at a place, and where it ends. TooDeep."""
    try:
        found, end = _DECODER.raw_decode(text, at)
    except RecursionError:
        raise _too_deep(text, at) from None
    if not is_shallow(found):
        raise _too_deep(text, at)
    return found, end


def checked(value: T) -> T:
    """Return decoded JSON. TooDeep."""
    if not is_shallow(value):
        raise TooDeep(_WHY)
    return value


def is_shallow(value: Any) -> bool:
    """Return whether decoded JSON is nested no deeper than `DEEPEST`."""
    level = [value] if type(value) in _HOLDS else []
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) in _HOLDS  # much faster than isinstance, and decoding makes no others
        ]
        if not level:
            return True
    return False


def _too_deep(text: str, at: int) -> TooDeep:
    return TooDeep(f"{_WHY}, line {_line(text, at)}")


def _line(text: str, at: int) -> int:
    """Return the line, from 1, on which the value that begins at a place becomes too deep."""
    depth = 0
    for mark in _MARK.finditer(text, at):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(mark[0], 0)
        if depth > DEEPEST:
            return text.count("\n", 0, mark.start()) + 1
    return text.count("\n") + 1
