"""What AWS decides whatever policies say: the table `auditor/data/aws-evaluation.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from typing import Any

from auditor.providers.aws.patterns import covers, matches, overlaps

ALWAYS_ALLOWED = "sts:getcalleridentity"
"""No permissions are required for it and no policy can deny it.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """Actions, in lower case and with wildcards, on resources."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]

    def names(self, action: str) -> bool:
        """Return whether it is about an action, given in lower case."""
        return any(matches(pattern, action) for pattern in self.actions)


@dataclass(frozen=True, slots=True)
class Fixed:
    """The table, read."""

    rcp_services: frozenset[str]
    rcp_exempt: frozenset[str]
    needs_resource_policy: tuple[Rule, ...]
    unchangeable: tuple[Rule, ...]


@cache
def fixed() -> Fixed:
    """Return the table."""
    raw = tomllib.loads(
        resources.files("auditor.data").joinpath("aws-evaluation.toml").read_text("utf-8")
    )
    return Fixed(
        rcp_services=frozenset(raw["rcp_services"]),
        rcp_exempt=frozenset(action.lower() for action in raw["rcp_exempt"]),
        needs_resource_policy=tuple(map(_rule, raw["needs_resource_policy"])),
        unchangeable=tuple(map(_rule, raw["unchangeable"])),
    )


def _rule(row: dict[str, Any]) -> Rule:
    return Rule(tuple(action.lower() for action in row["actions"]), tuple(row["resources"]))


def is_unchangeable(action: str, resource: str) -> bool:
    """Return whether nobody can do an action on a resource, which is AWS's own."""
    return any(covers(pattern, resource) for pattern in _unchangeable(action))


def needs_resource_policy(action: str, resource: str, *, every: bool) -> bool:
    """Return whether the resource's own policy must allow an action even within its account.

    `every`: the resource is a pattern, and it is enough that some of what it matches does.
    """
    meets = overlaps if every else matches
    return any(meets(pattern, resource) for pattern in _with_own_policy(action))


@lru_cache(maxsize=20_000)
def _unchangeable(action: str) -> tuple[str, ...]:
    return _resources(fixed().unchangeable, action)


@lru_cache(maxsize=20_000)
def _with_own_policy(action: str) -> tuple[str, ...]:
    return _resources(fixed().needs_resource_policy, action)


def _resources(rules: tuple[Rule, ...], action: str) -> tuple[str, ...]:
    return tuple(pattern for rule in rules if rule.names(action) for pattern in rule.resources)


def limited_by_rcps(action: str) -> bool:
    """Return whether resource control policies have a say on an action, given in lower case."""
    service = action.partition(":")[0]
    return service in fixed().rcp_services and action not in fixed().rcp_exempt
