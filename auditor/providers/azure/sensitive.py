"""The reviewed tables: dangerous actions, application permissions, directory roles."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from auditor.models import CapabilityName
from auditor.providers.azure.engine.documents import Block
from auditor.providers.azure.engine.patterns import covers, overlaps

HARMLESS = 3
"""Tier of what gives nothing that the tables know."""


@dataclass(frozen=True, slots=True)
class Danger:
    """What something is worth to a thief.

    `tier`: 0 is a path to full control, 1 secrets, data, destruction or blindness, 2 less. `reason`
    completes "the identity …".
    """

    name: str
    tier: int
    capability: CapabilityName
    reason: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Action(Danger):
    """A dangerous action, or pattern of actions. `part`: to give part of the pattern is enough."""

    data: bool = False
    part: bool = False

    @property
    def general(self) -> bool:
        """Return whether it is about actions of every kind of resource."""
        return self.name.startswith("*")


@dataclass(frozen=True, slots=True)
class Found:
    """An action of the table, and the pattern of a role that gives it."""

    action: Action
    pattern: str


@cache
def actions() -> tuple[Action, ...]:
    """Return the table `auditor/data/azure-actions.toml`."""
    rows = _table("azure-actions.toml")["action"]
    return tuple(Action(**row | {"capability": CapabilityName(row["capability"])}) for row in rows)


@cache
def permissions() -> Mapping[str, Danger]:
    """Return the application permissions of `auditor/data/azure-graph.toml` by their GUIDs."""
    return _dangers(_table("azure-graph.toml")["permissions"])


@cache
def directory_roles() -> Mapping[str, Danger]:
    """Return the directory roles of `auditor/data/azure-entra-roles.toml` by template ids."""
    return _dangers(_table("azure-entra-roles.toml")["roles"])


def rate_permission(id_: str, name: str) -> Danger:
    """Return how dangerous a permission is, by its GUID, by its name, else by how that is made."""
    if known := permissions().get(id_.lower()) or _by_name().get(name.lower()):
        return known
    patterns = _table("azure-graph.toml")["unlisted"]
    pattern = next(one for one in patterns if fnmatchcase(name.lower(), one.lower()))
    return _danger(patterns[pattern] | {"name": name or id_})


def rate_directory_role(template_id: str, name: str) -> Danger:
    """Return how dangerous a directory role is, by its template's id."""
    unlisted = _table("azure-entra-roles.toml")["unlisted"]
    return directory_roles().get(template_id.lower()) or _danger(
        unlisted | {"name": name or template_id}
    )


@cache
def _by_name() -> Mapping[str, Danger]:
    return {danger.name.lower(): danger for danger in permissions().values()}


def _dangers(rows: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Danger]:
    return {id_.lower(): _danger(row) for id_, row in rows.items()}


def _danger(row: Mapping[str, Any]) -> Danger:
    return Danger(**dict(row) | {"capability": CapabilityName(row["capability"])})


@cache
def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("auditor.data").joinpath(name).read_text("utf-8"))


# --- what a block gives of the table ---------------------------------------------------------


def dangerous(block: Block) -> tuple[Found, ...]:
    """Return every action of the table that a permission block gives, its conditions apart."""
    found = [one for data in (False, True) for one in _of_plane(block, data=data)]
    told = {(one.pattern, one.action.data) for one in found if not one.action.general}
    return tuple(one for one in found if not one.action.general or _adds(one, told))


def _adds(one: Found, told: Collection[tuple[str, bool]]) -> bool:
    """Return whether a general row says what no other row says of the same pattern."""
    if any(covers(pattern, one.pattern) for pattern in _table("azure-actions.toml")["harmless"]):
        return False
    return "*" in one.pattern or (one.pattern, one.action.data) not in told


def _of_plane(block: Block, *, data: bool) -> Iterator[Found]:
    taken = block.taken(data=data)
    seen: set[str] = set()
    for pattern in block.given(data=data):
        for action in _named(pattern.lower(), data):
            if action.name not in seen and _is_left(action, pattern, taken):
                seen.add(action.name)
                yield Found(action, pattern)


def _is_left(action: Action, pattern: str, taken: Iterable[str]) -> bool:
    """Return whether not-actions leave some of what a pattern gives of an action."""
    rest = action.name if covers(pattern, action.name) else pattern
    return not any(covers(one, rest) for one in taken)


@lru_cache(maxsize=100_000)
def _named(pattern: str, data: bool) -> tuple[Action, ...]:
    """Return the actions of the table of which a pattern, in lower case, gives some.

    A row with a wildcard is meant where the pattern gives all of it, or nothing but it: a mere
    overlap proves no such action exists, and is enough for the general rows alone.
    """
    plain, wild = _rows(data)
    if "*" in pattern:
        head = pattern.partition("*")[0]
        named = [
            action
            for name, action in plain.items()
            if name.startswith(head) and covers(pattern, name)
        ]
    else:
        named = [plain[pattern]] if pattern in plain else []
    return (*named, *(action for action in wild if _meets(action, pattern)))


def _meets(action: Action, pattern: str) -> bool:
    if action.part:
        return overlaps(action.name, pattern)
    return covers(pattern, action.name) or covers(action.name, pattern)


@cache
def _rows(data: bool) -> tuple[Mapping[str, Action], tuple[Action, ...]]:
    """Return the plain actions of one plane by name in lower case, and those with a wildcard."""
    rows = [action for action in actions() if action.data is data]
    plain = {action.name.lower(): action for action in rows if "*" not in action.name}
    return plain, tuple(action for action in rows if "*" in action.name)
