"""Which service accounts an identity can become, one after the other, and by which steps.

A graph of all accounts: what can be reached from each is summed up once, so that the search for the
way itself ends as soon as everything there is to gain is found, however large the organisation.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from auditor.providers.gcp.capabilities import Form, Gain
from auditor.providers.gcp.estate import Estate, accounts_at
from auditor.providers.gcp.impersonation import TOKENS, Edge
from auditor.providers.gcp.names import account_member, kind_of

Node: TypeAlias = tuple[str, str]
"""An account, or a place whose accounts can be become; ("delegated", e-mail) only leads on."""

ACCOUNT, DELEGATED, PLACE, DELEGATED_PLACE = "account", "delegated", "place", "delegated place"


class Graph:
    """Who can become whom; `certain`: only by what hinges on no condition."""

    def __init__(
        self,
        members: Iterable[str],
        edges_of: Callable[[str], Iterable[Edge]],
        targets: Callable[[str], Iterable[str]],
        *,
        certain: bool,
    ) -> None:
        self._onward: dict[Node, list[tuple[Node, Edge | None]]] = defaultdict(list)
        for member in members:
            for edge in edges_of(member):
                if not (certain and edge.opens):
                    self._add(member, edge)
        for kind, resource in list({n for ways in self._onward.values() for n, _ in ways}):
            into = DELEGATED if kind == DELEGATED_PLACE else ACCOUNT
            found: list[tuple[Node, Edge | None]] = []
            found += [((into, account_member(email)), None) for email in targets(resource)]
            self._onward[kind, resource] = found

    def _add(self, member: str, edge: Edge) -> None:
        place = (DELEGATED_PLACE if edge.step else PLACE, edge.resource)
        self._onward[ACCOUNT, member].append((place, edge))
        if not TOKENS.isdisjoint(edge.permissions):
            self._onward[DELEGATED, member].append((place, edge))

    def reachable(self, own: Callable[[str], int]) -> dict[Node, int]:
        """Return for each node the union of what the accounts can do that it leads to, in bits."""
        masks = {node: own(node[1]) if node[0] == ACCOUNT else 0 for node in self._nodes()}
        before: dict[Node, list[Node]] = defaultdict(list)
        for node, ways in self._onward.items():
            for onward, _ in ways:
                before[onward].append(node)
        waiting = deque(masks)
        while waiting:
            node = waiting.popleft()
            for earlier in before[node]:
                if masks[node] & ~masks[earlier]:
                    masks[earlier] |= masks[node]
                    waiting.append(earlier)
        return masks

    def _nodes(self) -> set[Node]:
        return {*self._onward, *(node for ways in self._onward.values() for node, _ in ways)}

    def walk(self, member: str) -> Iterator[tuple[str, Callable[[], tuple[str, ...]]]]:
        """Yield each account that is reached, nearest first, and what words its steps.

        Each node is visited once, so that chains which lead in a circle end.
        """
        start = (ACCOUNT, member)
        came: dict[Node, tuple[Node, Edge | None] | None] = {start: None}
        waiting = deque([start])
        while waiting:
            node = waiting.popleft()
            if node[0] == ACCOUNT and node != start:
                yield node[1], lambda node=node: _steps(node, came)  # type: ignore[misc]
            for onward, edge in self._onward.get(node, ()):
                if onward not in came:
                    came[onward] = (node, edge)
                    waiting.append(onward)


def _steps(node: Node, came: dict[Node, tuple[Node, Edge | None] | None]) -> tuple[str, ...]:
    steps: list[str] = []
    target = ""
    while step := came[node]:
        if node[0] in (ACCOUNT, DELEGATED):
            target = node[1].partition(":")[2]
        if edge := step[1]:
            verb = "delegates to" if edge.step else "becomes"
            steps.append(f"{verb} {target} {edge.words()}")
        node = step[0]
    return tuple(reversed(steps))


def _gained(
    forms: list[Form], doubtful: bool, member: str, steps: tuple[str, ...]
) -> Iterator[Gain]:
    for name, conditional, limited in forms:
        yield Gain((name, conditional or doubtful, limited), member.partition(":")[2], steps)


class Chains:
    """What identities gain by becoming others: for certain, and under conditions."""

    def __init__(
        self,
        estate: Estate,
        members: Iterable[str],
        edges_of: Callable[[str], Iterable[Edge]],
        own: Callable[[str], Iterable[Form]],
    ) -> None:
        self._estate = estate
        self._targets: dict[str, tuple[str, ...]] = {}
        self._bits: dict[Form, int] = {}
        self._own = own
        self._own_masks: dict[str, int] = {}
        known = {member: tuple(edges_of(member)) for member in members}
        self._graphs = [
            Graph(known, known.__getitem__, self._targets_of, certain=certain)
            for certain in (True, False)
        ]
        self._masks = [graph.reachable(self._mask) for graph in self._graphs]

    def gains(self, member: str) -> Iterator[Gain]:
        """Yield each form of capability that an account has not itself and can come by."""
        known = self._mask(member)
        for doubtful, (graph, masks) in enumerate(zip(self._graphs, self._masks, strict=True)):
            missing = masks.get((ACCOUNT, member), 0) & ~known
            for target, steps in graph.walk(member) if missing else ():
                if new := self._mask(target) & missing:
                    missing &= ~new
                    yield from (
                        Gain(
                            (name, conditional or bool(doubtful), limited),
                            target.partition(":")[2],
                            steps(),
                        )
                        for (name, conditional, limited), bit in self._bits.items()
                        if bit & new
                    )
                if not missing:
                    break
            known |= masks.get((ACCOUNT, member), 0)

    def _mask(self, member: str) -> int:
        if member not in self._own_masks:
            mask = 0
            for form in self._own(member):
                mask |= self._bits.setdefault(form, 1 << len(self._bits))
            self._own_masks[member] = mask
        return self._own_masks[member]

    def _targets_of(self, resource: str) -> tuple[str, ...]:
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
