"""Which service accounts an identity can become, one after the other, and by which steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from auditor.providers.gcp.estate import Estate, accounts_at
from auditor.providers.gcp.held import Held
from auditor.providers.gcp.names import kind_of, short
from auditor.providers.gcp.sensitive import Rule, table

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


def edges(held: Iterable[Held], estate: Estate) -> Iterator[Edge]:
    """Yield every way to become others that the bindings of an identity give."""
    all_held = tuple(held)
    for rule in table().rules:
        for one in all_held if rule.becomes else ():
            found = tuple(name for name in rule.any if name in one.permissions)
            if not found:
                continue
            if rule.becomes == "runtime":
                yield from _pairs(rule, found, one, all_held, estate)
            else:
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


@dataclass(frozen=True, slots=True)
class Reached:
    """A service account that an identity can become, with the steps to it, in words.

    `step`: it is only delegated to, and leads on by what it may have tokens of.
    """

    email: str
    steps: tuple[str, ...] = ()
    step: bool = False
    conditional: bool = False


class Chains:
    """Follows edges from one identity through those that it can become."""

    MOST = 2_000
    """Accounts of one chain that are followed."""

    def __init__(self, estate: Estate, edges_of: Callable[[str], Iterable[Edge]]) -> None:
        self._estate = estate
        self._edges_of = edges_of
        self._targets: dict[str, tuple[str, ...]] = {}

    def start(self, email: str) -> tuple[Reached, ...]:
        """Return the accounts that are reached, nearest first, those for certain before others.

        Each is followed once, so that chains which lead in a circle end.
        """
        certain = self._walk(email, certain=True)
        if not any(edge.opens for one in (email, *certain) for edge in self._edges_of(one)):
            return tuple(certain.values())
        rest = {k: v for k, v in self._walk(email, certain=False).items() if k not in certain}
        return (*certain.values(), *(replace(one, conditional=True) for one in rest.values()))

    def _walk(self, email: str, *, certain: bool) -> dict[str, Reached]:
        found: dict[str, Reached] = {}
        seen, queue = {(email, False)}, deque([Reached(email)])
        while queue and len(found) < self.MOST:
            here = queue.popleft()
            for edge, target in self._onward(here):
                if (certain and edge.opens) or (target, edge.step) in seen:
                    continue
                seen.add((target, edge.step))
                steps = (*here.steps, f"becomes {target} {edge.words()}")
                reached = Reached(target, steps, edge.step)
                queue.append(reached)
                if not edge.step and target != email:
                    found.setdefault(target, reached)
        return found

    def _onward(self, here: Reached) -> Iterator[tuple[Edge, str]]:
        for edge in self._edges_of(here.email):
            if not here.step or not TOKENS.isdisjoint(edge.permissions):
                yield from ((edge, target) for target in self.targets(edge.resource))

    def targets(self, resource: str) -> tuple[str, ...]:
        """Return the service accounts at or below a resource."""
        if resource not in self._targets:
            self._targets[resource] = tuple(self._below(resource))
        return self._targets[resource]

    def _below(self, resource: str) -> Iterator[str]:
        kind = kind_of(resource)
        if kind == "resource":
            yield from accounts_at(self._estate, resource)
        elif kind == "project":
            project = self._estate.project_id(resource.rpartition("/")[2])
            yield from self._estate.by_project.get(project, ())
        else:
            for project, emails in self._estate.by_project.items():
                if resource in self._estate.places_of_project(project):
                    yield from emails
