"""The reviewed table of sensitive actions, and what a policy's patterns name altogether."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from auditor.models import CapabilityName
from auditor.providers.aws.patterns import covers, overlaps

ARN_PARTS = 6


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: any of `any` gives the capability.

    `whole`: the statement must give all of this pattern, on all resources. `beyond`: the resources
    must reach beyond its "account". `on`: they must be named, and match it. `condition`: what it
    takes besides, outside of the identity's own policies.
    """

    capability: CapabilityName
    any: tuple[str, ...]
    reason: str
    source: str
    whole: str = ""
    beyond: str = ""
    on: re.Pattern[str] | None = None
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The reviewed rules, and every action they name."""

    rules: tuple[Rule, ...]
    actions: frozenset[str]


@cache
def table() -> Table:
    """Return the table `auditor/data/aws-capabilities.toml`."""
    text = resources.files("auditor.data").joinpath("aws-capabilities.toml").read_text("utf-8")
    rules = tuple(map(_rule, tomllib.loads(text)["rule"]))
    return Table(rules, frozenset(action for rule in rules for action in rule.any))


def _rule(row: Mapping[str, Any]) -> Rule:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    values["capability"] = CapabilityName(row["capability"])
    if "on" in row:
        values["on"] = re.compile(row["on"])
    return Rule(**values)


def names_all_of(patterns: Iterable[str], whole: str, *, left_out: bool) -> bool:
    """Return whether a statement's Action, or NotAction, names everything a pattern matches."""
    low = [pattern.lower() for pattern in patterns if not matches_nothing(pattern)]
    if left_out:
        return not any(overlaps(pattern, whole) for pattern in low)
    return any(covers(pattern, whole) for pattern in low)


def matches_nothing(pattern: str) -> bool:
    """Return whether AWS takes an action pattern for none: a space around it, or a comma inside."""
    return pattern != pattern.strip() or "," in pattern


def names_all(resource: str, account: str) -> bool:
    """Return whether a pattern leaves out no resource of its service.

    All of the own account counts as all: `arn:aws:iam::123456789012:*`.
    """
    if "${" in resource:
        return False
    if not resource.strip("*"):
        return True
    parts = resource.split(":", ARN_PARTS - 1)
    if len(parts) < ARN_PARTS:
        return parts[0] == "arn" and parts[-1] == "*"
    _, _, _, region, owner, name = parts
    return not region.strip("*") and owner in ("", "*", account) and not name.strip("*:/")
