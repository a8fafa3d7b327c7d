"""The reviewed table of sensitive actions, and which of them a policy's patterns name."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from auditor.models import CapabilityName
from auditor.providers.aws.patterns import covers, overlaps

Actions = frozenset[str]

ARN_PARTS = 6
_SERVICE = 2


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table: any of `any`, together with all of `also`, gives the capability.

    `whole`: the statement must give all of this pattern, on all resources. `beyond`: the resources
    must reach beyond the identity itself ("self") or its account ("account"). `stronger`: those of
    `also` must reach a role that is or can make itself an administrator. `condition`: what it takes
    besides, outside of the identity's own policies.
    """

    capability: CapabilityName
    any: tuple[str, ...]
    reason: str
    source: str
    also: tuple[str, ...] = ()
    whole: str = ""
    beyond: str = ""
    stronger: bool = False
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """The reviewed rules, every action they name, and what actions can be done on.

    `services`: the services whose ARNs the actions of a service take, where not its own.
    `resources`: the last part of the ARNs of an action.
    """

    rules: tuple[Rule, ...]
    actions: Actions
    services: Mapping[str, tuple[str, ...]]
    resources: Mapping[str, str]

    def has_resource(self, action: str, pattern: str) -> bool:
        """Return whether an action can be done on anything that a resource pattern names."""
        parts = pattern.split(":", ARN_PARTS - 1)
        service = action.partition(":")[0]
        services = self.services.get(service, (service,))
        in_service = len(parts) <= _SERVICE or any(
            overlaps(parts[_SERVICE], allowed) for allowed in services
        )
        of_type = len(parts) < ARN_PARTS or overlaps(parts[-1], self.resources.get(action, "*"))
        return in_service and of_type


@cache
def table() -> Table:
    """Return the table `auditor/data/aws-capabilities.toml`."""
    text = resources.files("auditor.data").joinpath("aws-capabilities.toml").read_text("utf-8")
    raw = tomllib.loads(text)
    rules = tuple(_rule(row, raw["groups"]) for row in raw["rule"])
    actions = frozenset(action for rule in rules for action in (*rule.any, *rule.also))
    services = {service: tuple(arns) for service, arns in raw["services"].items()}
    return Table(rules, actions, services, raw["resources"])


def _rule(row: Mapping[str, Any], groups: Mapping[str, list[str]]) -> Rule:
    values: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    values["capability"] = CapabilityName(row["capability"])
    if isinstance(row["any"], str):
        values["any"] = tuple(groups[row["any"]])
    return Rule(**values)


def named_in_part(patterns: Iterable[str], *, left_out: bool) -> Actions:
    """Return the table's actions of which a statement's Action, or NotAction, names some."""
    if left_out:
        return table().actions.difference(*map(_covered, patterns))
    return frozenset().union(*map(_met, patterns))


def named_whole(patterns: Iterable[str], *, left_out: bool) -> Actions:
    """Return the table's actions that a statement's Action, or NotAction, names altogether."""
    if left_out:
        return table().actions.difference(*map(_met, patterns))
    return frozenset().union(*map(_covered, patterns))


def names_all_of(patterns: Iterable[str], whole: str, *, left_out: bool) -> bool:
    """Return whether a statement's Action, or NotAction, names everything a pattern matches."""
    low = [pattern.lower() for pattern in patterns if not matches_nothing(pattern)]
    if left_out:
        return not any(overlaps(pattern, whole) for pattern in low)
    return any(covers(pattern, whole) for pattern in low)


@lru_cache(maxsize=100_000)
def _met(pattern: str) -> Actions:
    if matches_nothing(pattern):
        return frozenset()
    low = pattern.lower()
    return frozenset(action for action in table().actions if overlaps(low, action.lower()))


@lru_cache(maxsize=100_000)
def _covered(pattern: str) -> Actions:
    if matches_nothing(pattern):
        return frozenset()
    low = pattern.lower()
    return frozenset(action for action in table().actions if covers(low, action.lower()))


def matches_nothing(pattern: str) -> bool:
    """Return whether AWS takes an action pattern for none: a space around it, or a comma inside."""
    return pattern != pattern.strip() or "," in pattern
