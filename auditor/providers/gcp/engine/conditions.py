"""Decides conditions of bindings and deny rules: they hold, they do not, or nobody can tell.

Whatever is not understood or not known is unknown, never false: a grant behind it stays, as
conditional.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from auditor.providers.gcp.engine.cel import Call, Literal, Name, Node, Unreadable, parse
from auditor.providers.gcp.engine.truth import Truth

_HOST = re.compile(r"^//([^/]+)/(.*)$")
_SERVICE_LETTERS = re.compile(r"[a-z0-9.-]+")


class _Unknown:
    """What an expression comes to where nobody can tell."""


UNKNOWN = _Unknown()


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a condition may ask about.

    `attributes`: dotted names, each with a value, or None where it is not known. `tags`: the
    resource's tags by namespaced key, None where nobody read them.
    """

    resource: str
    now: datetime | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] | None = None


def holds(expression: str, about: Circumstances) -> Truth:
    """Return whether a condition holds; None where that cannot be told, or it cannot be read."""
    try:
        found = _value(_parsed(expression), about)
    except (Unreadable, RecursionError):
        return None
    return found if isinstance(found, bool) else None


@lru_cache(maxsize=10_000)
def _parsed(expression: str) -> Node:
    return parse(expression)


def _value(node: Node, about: Circumstances) -> Any:
    match node:
        case Literal(value):
            return value
        case Name(path):
            return _attribute(path, about)
        case Call("&&" | "||" as sign, (left, right)):
            return _logic(sign == "||", _value(left, about), _value(right, about))
        case Call("?:", (test, yes, no)):
            chosen = _value(test, about)
            return _value(yes if chosen else no, about) if isinstance(chosen, bool) else UNKNOWN
        case Call(".matchTag" | ".hasTagKey" as name, (Name("resource"), *parts)):
            return _tagged(name, [_value(part, about) for part in parts], about)
        case Call(name, parts):
            return _called(name, [_value(part, about) for part in parts])


def _logic(decisive: bool, left: Any, right: Any) -> Any:
    """Return "and" (decided by False) or "or" (decided by True) of two values."""
    if decisive in (left, right):
        return decisive
    return (not decisive) if left is right is (not decisive) else UNKNOWN


# --- attributes ------------------------------------------------------------------------------


class _Derived(str):
    """A resource name that we made from a full one: it may hold a project's id for its number."""

    __slots__ = ()


def _attribute(path: str, about: Circumstances) -> Any:
    if path in about.attributes:
        value = about.attributes[path]
        return UNKNOWN if value is None else value
    if path == "request.time":
        return about.now or UNKNOWN
    host = _HOST.match(about.resource)
    if host and path == "resource.name":
        return _Derived(_relative(host[1], host[2]))
    if host and path == "resource.service":
        return host[1]
    return UNKNOWN


def _relative(service: str, name: str) -> str:
    """Return the name that conditions see: of a bucket not the one of the asset inventory.

    https://cloud.google.com/iam/docs/conditions-resource-attributes
    """
    if service == "storage.googleapis.com" and not name.startswith("projects/"):
        bucket, _, rest = name.partition("/")
        return f"projects/_/buckets/{bucket}{f'/{rest}' if rest else ''}"
    return name


def _tagged(name: str, parts: list[Any], about: Circumstances) -> Any:
    if about.tags is None or not all(isinstance(part, str) for part in parts):
        return UNKNOWN
    match name, parts:
        case ".hasTagKey", [key]:
            return key in about.tags
        case ".matchTag", [key, value]:
            return about.tags.get(key) == value
    return UNKNOWN


# --- functions -------------------------------------------------------------------------------


def _called(name: str, parts: list[Any]) -> Any:
    if any(part is UNKNOWN for part in parts):
        return UNKNOWN
    try:
        return _FUNCTIONS[name](*parts) if name in _FUNCTIONS else UNKNOWN
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return UNKNOWN


def _compared(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a comparison that cannot tell where values are of different kinds."""

    def told(left: Any, right: Any) -> Any:
        kinds = {_kind(left), _kind(right)}
        if len(kinds) > 1:
            return UNKNOWN
        return _sure(compare(left, right), left, right)

    return told


def _kind(value: Any) -> Any:
    if isinstance(value, bool):
        return bool
    return next((kind for kind in (str, int | float, datetime) if isinstance(value, kind)), None)


def _sure(told: bool, left: Any, right: Any) -> Any:
    """Return False only where the two names could not be of one project, by id and by number."""
    if told or not (isinstance(left, _Derived) or isinstance(right, _Derived)):
        return told
    projects = [re.match(r"projects/([^/]+)", text) for text in (left, right)]
    ids = [found[1] for found in projects if found and found[1] not in ("_", "-")]
    differ = len(ids) == len(projects) and len({one.isdigit() for one in ids}) > 1
    return UNKNOWN if differ else False


def _texts(compare: Callable[[str, str], bool]) -> Callable[[Any, Any], Any]:
    def told(text: Any, other: Any) -> Any:
        if not isinstance(text, str) or not isinstance(other, str):
            return UNKNOWN
        return _sure(compare(text, other), text, other)

    return told


def _unequal(left: Any, right: Any) -> Any:
    same = _FUNCTIONS["=="](left, right)
    return same if same is UNKNOWN else not same


def _timestamp(text: Any) -> Any:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _duration(text: Any) -> Any:
    match = re.fullmatch(r"(-?\d+(?:\.\d+)?)(s|m|h)", text)
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]]) if match else UNKNOWN


_UNITS = {"s": 1, "m": 60, "h": 3600}

_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "==": _compared(operator.eq),
    "!=": _unequal,
    "<": _compared(operator.lt),
    "<=": _compared(operator.le),
    ">": _compared(operator.gt),
    ">=": _compared(operator.ge),
    "!": lambda value: not value if isinstance(value, bool) else UNKNOWN,
    "+": operator.add,
    "-": operator.sub,
    "in": lambda value, among: value in among if isinstance(among, list) else UNKNOWN,
    "list": lambda *parts: list(parts),
    "timestamp": _timestamp,
    "duration": _duration,
    ".startsWith": _texts(str.startswith),
    ".endsWith": _texts(str.endswith),
    ".contains": _texts(lambda text, part: part in text),
}
"""Everything else, such as `getHours` of a time that a thief can wait for, is unknown."""
