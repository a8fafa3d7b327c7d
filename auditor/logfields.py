"""Which fields of a vendor's log records may be kept: those of `data/logs.toml`, and no other.

Requests hold whatever somebody typed, passwords among it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from auditor.models import Json, Shown

Fields: TypeAlias = "dict[str, Fields]"
"""Field names with what is kept below each; nothing below one means that its value is kept."""


@cache
def reviewed(source: str) -> tuple[str, ...]:
    """Return the dotted names that the table lists for a source of logs."""
    table = tomllib.loads(files("auditor").joinpath("data/logs.toml").read_text("utf-8"))
    return tuple(table["details"][source])


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row of `data/recorded.toml`: which permissions a log shows every use of, and when."""

    log: str
    title: str
    needs: tuple[str, ...]
    shown: Shown
    never: str
    source: str
    reach: str = ""
    regions: tuple[str, ...] = ()
    own: bool = False
    always: bool = False


@cache
def recorded(platform: str) -> tuple[Recorded, ...]:
    """Return what is known of the logs of a platform."""
    return tuple(map(_recorded, recording().get(platform, ())))


@cache
def recording() -> Mapping[str, Any]:
    """Return the whole table `data/recorded.toml`."""
    return tomllib.loads(files("auditor").joinpath("data/recorded.toml").read_text("utf-8"))


def _recorded(row: Mapping[str, Any]) -> Recorded:
    told: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    keys = ("recorded", "unless", "data")
    patterns, unless, data = (tuple(map(str.casefold, told.pop(key, ()))) for key in keys)
    return Recorded(**told, shown=Shown(patterns, unless, data))


def tree(names: Iterable[str]) -> Fields:
    """Return dotted names as a tree."""
    root: Fields = {}
    for name in names:
        branch = root
        for key in name.split("."):
            branch = branch.setdefault(key, {})
    return root


def pruned(record: Mapping[str, Json], fields: Fields) -> dict[str, Json]:
    """Return the fields of a record that the tree names, as far as it has them."""
    kept: dict[str, Json] = {}
    for name, below in fields.items():
        value = record.get(name)
        if below and isinstance(value, dict):
            kept[name] = pruned(value, below)
        elif value is not None and not below:
            kept[name] = value
    return kept
