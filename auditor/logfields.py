"""Which fields of a vendor's log records may be kept: those of `data/logs.toml`, and no other.

Requests hold whatever somebody typed, passwords among it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from auditor.models import Json

Fields: TypeAlias = "dict[str, Fields]"
"""Field names with what is kept below each; nothing below one means that its value is kept."""


@cache
def reviewed(source: str) -> tuple[str, ...]:
    """Return the dotted names that the table lists for a source of logs."""
    table = tomllib.loads(files("auditor").joinpath("data/logs.toml").read_text("utf-8"))
    return tuple(table["details"][source])


@cache
def recorded(platform: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return patterns, lower case, of permissions whose every use a platform's log shows.

    And of the exceptions from them: the table `data/recorded.toml`.
    """
    table = tomllib.loads(files("auditor").joinpath("data/recorded.toml").read_text("utf-8"))
    told = table.get(platform, {})
    found = (tuple(map(str.casefold, told.get(key, ()))) for key in ("recorded", "unless"))
    return next(found), next(found)


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
