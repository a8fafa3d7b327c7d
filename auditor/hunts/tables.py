"""The reviewed tables of `auditor/data/logs.toml`: which further fields are kept, which names."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table() -> dict[str, Any]:
    """Return the whole table."""
    return tomllib.loads(files("auditor").joinpath("data/logs.toml").read_text("utf-8"))


@cache
def detail_paths(source: str) -> tuple[tuple[str, ...], ...]:
    """Return the paths of the fields that `Event.details` keeps of one source's records."""
    return tuple(tuple(name.split(".")) for name in table()["details"][source])
