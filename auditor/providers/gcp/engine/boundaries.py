"""What a principal access boundary can stop at all: that depends on its enforcement version.

The reviewed table is `auditor/data/gcp-boundaries.toml`. A version that it does not know stops what
the known ones stop, and what else nobody here knows.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from auditor.providers.gcp.engine.permissions import long_form, names
from auditor.providers.gcp.engine.truth import Truth

LATEST = "latest"
_LONGEST = 4
"""Digits of a version that is a number of Google's."""


@dataclass(frozen=True, slots=True)
class _Line:
    """Permissions of one service that one version added."""

    version: int
    stopped: Sequence[str]
    spared: Sequence[str]

    def names(self, permission: str) -> bool:
        return any(names(one, permission) for one in self.stopped) and not any(
            names(one, permission) for one in self.spared
        )


@dataclass(frozen=True, slots=True)
class _Table:
    lines: dict[str, tuple[_Line, ...]]
    """By service: "iam.googleapis.com"."""
    newest: int
    latest_at_least: int


@lru_cache(maxsize=100_000)
def stops(version: str, permission: str) -> Truth:
    """Return whether a boundary of that version can stop a permission; None: nobody knows."""
    table = _table()
    service = long_form(permission).partition("/")[0]
    since = min(
        (line.version for line in table.lines.get(service, ()) if line.names(permission)),
        default=None,
    )
    number = int(version) if version.isdecimal() and len(version) <= _LONGEST else 0
    if 1 <= number <= table.newest:
        return since is not None and since <= number
    sure = table.latest_at_least if version == LATEST else min(number, table.newest)
    return True if since is not None and since <= sure else None


@cache
def _table() -> _Table:
    file = resources.files("auditor.data").joinpath("gcp-boundaries.toml")
    told = tomllib.loads(file.read_text("utf-8"))
    lines: dict[str, tuple[_Line, ...]] = {}
    for version, services in told["versions"].items():
        for name, patterns in services.items():
            service = f"{name}.googleapis.com"
            full = [(one[0] == "!", f"{service}/{one.lstrip('!')}") for one in patterns]
            stopped = tuple(pattern for spares, pattern in full if not spares)
            spared = tuple(pattern for spares, pattern in full if spares)
            line = _Line(int(version), stopped, spared)
            lines[service] = (*lines.get(service, ()), line)
    return _Table(lines, max(map(int, told["versions"])), told["latest_at_least"])
