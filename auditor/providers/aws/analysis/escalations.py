"""The reviewed table of ways from one identity to another: `auditor/data/aws-escalations.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Any

PASS_ROLE = "iam:PassRole"  # noqa: S105 (the name of an action)


class Kind(StrEnum):
    """What the actions of a row must reach; the table says it in words."""

    SELF = "self"
    BOUNDARY = "boundary"
    OTHER = "other"
    BECOME = "become"
    REMAKE = "remake"
    NEW = "new"
    PASS = "pass"  # noqa: S105 (of a role)
    STRENGTHEN = "strengthen"
    EXISTING = "existing"
    FEDERATED = "federated"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table. `policy`: actions on a policy that is attached to what is reached."""

    id: str
    kind: Kind
    how: str
    source: str
    on: str = ""
    target: tuple[str, ...] = ()
    policy: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    service: tuple[str, ...] = ()

    needed: frozenset[str] = frozenset()
    """Every action that it takes."""


@cache
def rows() -> tuple[Row, ...]:
    """Return the rows of the table."""
    file = resources.files("auditor.data").joinpath("aws-escalations.toml")
    return tuple(map(_row, tomllib.loads(file.read_text("utf-8"))["path"]))


def _row(raw: Mapping[str, Any]) -> Row:
    told: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()
    }
    row = Row(**told | {"kind": Kind(raw["kind"])})
    passing = (PASS_ROLE,) if row.kind is Kind.PASS else ()
    return replace(row, needed=frozenset((*passing, *row.target, *row.policy, *row.actions)))


@cache
def needed() -> tuple[str, ...]:
    """Return every action that any row takes."""
    return tuple(sorted({action for row in rows() for action in row.needed}))
