"""Loads the table of scopes and permissions, `auditor/data/github-permissions.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from auditor.models import CapabilityName


@dataclass(frozen=True, slots=True)
class Right:
    """A scope, or a permission at one of its levels ("contents:write")."""

    name: str
    tier: str
    gives: tuple[tuple[CapabilityName, str], ...]
    """Capability and what the credential's owner must be for it."""
    reason: str
    of: str = ""
    """repository, organization, account or enterprise; "" for a classic scope."""
    public: bool = False
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The whole file."""

    scopes: Mapping[str, Right]
    parents: Mapping[str, str]
    """By scope: the one that contains it."""
    children: Mapping[str, tuple[str, ...]]
    permissions: Mapping[str, Right]
    unknown: Right

    def of_scopes(self, granted: Iterable[str]) -> tuple[Right, ...]:
        """Return the rights of classic scopes, those that they contain included, each once."""
        found: dict[str, Right] = {}
        left = [name for name in granted if name]
        while left:
            name = left.pop(0)
            if name not in found:
                found[name] = self.scopes.get(name) or self._unheard(name, writes=_writes(name))
                left += self.children.get(name, ())
        return tuple(found.values())

    def of_permissions(self, granted: Mapping[str, str]) -> tuple[Right, ...]:
        """Return the rights of permissions by name and level; a level has those below it too."""
        return tuple(
            self.permissions.get(f"{name}:{level}") or self._unheard(f"{name}:{level}")
            for name, highest in sorted(granted.items())
            for level in self._levels(name, highest)
        )

    def gives_above(self, right: Right, name: CapabilityName, granted: Collection[Right]) -> bool:
        """Return whether a granted scope that contains this one gives the capability already."""
        parent = self.parents.get(right.name)
        while parent:
            held = self.scopes[parent]
            if held in granted and any(given is name for given, _ in held.gives):
                return True
            parent = self.parents.get(parent)
        return False

    def _levels(self, name: str, highest: str) -> tuple[str, ...]:
        at = _LEVELS.index(highest) if highest in _LEVELS else -1
        below = (one for one in _LEVELS[: max(at, 0)] if f"{name}:{one}" in self.permissions)
        return (*below, highest)

    def _unheard(self, name: str, *, writes: bool | None = None) -> Right:
        if writes is None:
            writes = not name.endswith(":read")
        if writes:
            return replace(self.unknown, name=name)
        reads = ((CapabilityName.READ_DATA, "read"),)
        return Right(name, "medium", reads, "reads something that this version does not know")


_LEVELS = ("read", "write", "admin")


def _writes(scope: str) -> bool:
    return not scope.startswith("read:")


@cache
def table() -> Table:
    """Return the packaged table, read once."""
    return parse(files("auditor").joinpath("data", "github-permissions.toml").read_text("utf-8"))


def parse(text: str) -> Table:
    """Return the table of a TOML text. ValueError for a parent or a role that is none."""
    told = tomllib.loads(text)
    scopes = {row["name"]: _right(row["name"], row) for row in told["scope"]}
    parents = {row["name"]: row["parent"] for row in told["scope"] if "parent" in row}
    children: dict[str, tuple[str, ...]] = {}
    for name, parent in parents.items():
        if parent not in scopes:
            raise ValueError(f"{name}: no such parent: {parent}")
        children[parent] = (*children.get(parent, ()), name)
    permissions = {
        f"{row['name']}:{level}": _right(f"{row['name']}:{level}", row[level], of=row["of"])
        for row in told["permission"]
        for level in _LEVELS
        if level in row
    }
    return Table(scopes, parents, children, permissions, _right("", told["unknown"]))


def _right(name: str, row: Mapping[str, Any], of: str = "") -> Right:
    return Right(
        name=name,
        tier=row["tier"],
        gives=tuple((CapabilityName(given), needs) for given, needs in row["gives"].items()),
        reason=row["reason"],
        of=of,
        public=row.get("public", False),
        condition=row.get("condition", ""),
    )
