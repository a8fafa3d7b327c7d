"""The reviewed tables of `auditor/data/logs.toml`: which further fields are kept, which names."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from auditor.hunts.values import Tree


@cache
def table() -> dict[str, Any]:
    """Return the whole table."""
    return tomllib.loads(files("auditor").joinpath("data/logs.toml").read_text("utf-8"))


@cache
def stored_actions() -> dict[str, tuple[str, ...]]:
    """Return the actions by which a CI system's log tells that a value was stored, by system."""
    return {system: tuple(actions) for system, actions in table()["stored"].items()}


@cache
def detail_tree(source: str) -> Tree:
    """Return the fields that `Event.details` keeps of one source's records."""
    root: dict[str, Any] = {}
    for name in table()["details"][source]:
        *branches, leaf = name.split(".")
        branch = root
        for key in branches:
            branch = branch.setdefault(key, {})
        branch[leaf] = name
    return root
