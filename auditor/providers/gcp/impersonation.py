"""Which service accounts the bindings of an identity let it become, in one step."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.providers.gcp.estate import Estate, accounts_at
from auditor.providers.gcp.held import Held
from auditor.providers.gcp.names import short
from auditor.providers.gcp.sensitive import Rule, fulfilled

TOKENS = frozenset({"iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.implicitDelegation"})
"""What a chain of delegations goes on by.

https://cloud.google.com/iam/docs/create-short-lived-credentials-delegated
"""


@dataclass(frozen=True, slots=True)
class Edge:
    """One way to become the service accounts of a resource, by the permissions of one binding.

    `step`: only as a step of a delegation, without becoming them.
    """

    resource: str
    permissions: tuple[str, ...]
    rule: Rule
    held: Held
    also: Held | None = None

    @property
    def opens(self) -> tuple[str, ...]:
        """Return what it hinges on."""
        return (*self.held.opens, *(self.also.opens if self.also else ()))

    @property
    def step(self) -> bool:
        """Return whether it only leads on."""
        return self.rule.becomes == "step"

    def words(self) -> str:
        """Return the step in words: what allows it, where, and for a pair both halves."""
        first = f"{', '.join(self.permissions)} on {short(self.held.binding.resource)}"
        if not self.also:
            return f"by {first} ({self.held.binding.role})"
        return (
            f"by {first} ({self.held.binding.role}) with {self.rule.also[0]} on "
            f"{short(self.also.binding.resource)} ({self.also.binding.role})"
        )


def edges(held: Iterable[Held], estate: Estate) -> tuple[Edge, ...]:
    """Return the ways to become others that the bindings of an identity give.

    Of several to one place the first is enough, one that hinges on nothing before others.
    """
    all_held = tuple(one for one in held if one.permissions)
    kept: dict[tuple[str, bool, bool], Edge] = {}
    for edge in _edges(all_held, estate):
        key = (edge.resource, edge.step, TOKENS.isdisjoint(edge.permissions))
        if key not in kept or (kept[key].opens and not edge.opens):
            kept[key] = edge
    return tuple(kept.values())


def _edges(held: tuple[Held, ...], estate: Estate) -> Iterator[Edge]:
    for one in held:
        for rule, found in fulfilled(one.permissions):
            if rule.becomes == "runtime":
                yield from _pairs(rule, found, one, held, estate)
            elif rule.becomes:
                yield Edge(one.binding.resource, found, rule, one)


def _pairs(
    rule: Rule, found: tuple[str, ...], deploy: Held, held: tuple[Held, ...], estate: Estate
) -> Iterator[Edge]:
    """Yield the pairs of a deploy permission and one to act as an account of the same project."""
    for other in held:
        if not other.permissions.isdisjoint(rule.also) and (
            where := _common(deploy, other, estate)
        ):
            yield Edge(where, found, rule, deploy, other)


def _common(deploy: Held, other: Held, estate: Estate) -> str:
    """Return where both hold: the narrower of their resources, "" where they do not meet."""
    here, there = deploy.binding, other.binding
    if here.resource in there.places:
        return there.resource
    if there.resource in here.places:
        # A deploy right on one resource, such as one service, still needs an account to act as.
        return here.resource if here.kind != "resource" else there.resource
    same = bool(here.project) and here.project == there.project
    if not same:
        accounts = accounts_at(estate, there.resource)
        projects = {estate.project_of(email) for email in accounts}
        same = here.kind == "project" and here.project in projects
    return there.resource if same else ""
