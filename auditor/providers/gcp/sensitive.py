"""The reviewed table of dangerous permissions: which capability each gives, and why."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from auditor.models import CapabilityName


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: any of `any`, together with one of `also` where there are some.

    `becomes`: which service accounts the identity becomes by it: "account" those that the
    permission reaches, "runtime" those that `also` reaches, "step" as a step of a longer way.
    """

    axis: str
    capability: CapabilityName
    any: tuple[str, ...]
    reason: str
    source: str
    also: tuple[str, ...] = ()
    becomes: str = ""
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The rules, every permission they name, and what is certain of roles nobody described."""

    rules: tuple[Rule, ...]
    permissions: frozenset[str]
    known_roles: Mapping[str, frozenset[str]]


@cache
def table() -> Table:
    """Return the table `auditor/data/gcp-permissions.toml`."""
    text = resources.files("auditor.data").joinpath("gcp-permissions.toml").read_text("utf-8")
    raw = tomllib.loads(text)
    rules = tuple(_rule(row) for row in raw["rule"])
    named = frozenset(name for rule in rules for name in (*rule.any, *rule.also))
    known = {role: frozenset(names) for role, names in raw["known_roles"].items()}
    return Table(rules, named, known)


@lru_cache(maxsize=20_000)
def fulfilled(permissions: frozenset[str]) -> tuple[tuple[Rule, tuple[str, ...]], ...]:
    """Return the rules that permissions fulfil, but for `also`, each with those that do."""
    found = ((rule, tuple(p for p in rule.any if p in permissions)) for rule in table().rules)
    return tuple((rule, names) for rule, names in found if names)


def _rule(row: Mapping[str, Any]) -> Rule:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    return Rule(**values | {"capability": CapabilityName(row["capability"])})
