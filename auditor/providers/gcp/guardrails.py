"""What takes away: deny policies and principal access boundaries, where they were read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from auditor.providers.gcp.documents import entries, text
from auditor.providers.gcp.engine.layers import is_well_formed
from auditor.providers.gcp.engine.members import Asker
from auditor.providers.gcp.estate import Estate
from auditor.providers.gcp.names import kind_of, place, short


class Guardrails:
    """The deny policies by the place they are attached to, and the boundaries by whom they bind."""

    def __init__(self, estate: Estate) -> None:
        self._estate = estate
        self._deny: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for name, document in estate.of("deny").items():
            where = text(document, "resource") or name
            for policy in filter(is_well_formed, entries(document, "policies")):
                self._deny[where].append({**policy, "resource": where})
        self._boundaries = [(t, p) for t, p in _bound(estate) if is_well_formed(p)]
        self._below: dict[str, tuple[str, ...]] = {}
        self.any = bool(self._deny or self._boundaries)

    def deny_at(self, places: Iterable[str]) -> list[Mapping[str, Any]]:
        """Return the deny policies of a resource and everything above it."""
        return [policy for where in places for policy in self._deny.get(where, ())]

    def below(self, resource: str) -> tuple[str, ...]:
        """Return what to say of deny policies further down, which take away in a part only."""
        if resource not in self._below:
            found = [where for where in self._deny if self._is_above(resource, where)]
            told = (f"deny policies of {short(where)} may refuse a part" for where in found)
            self._below[resource] = tuple(told)
        return self._below[resource]

    def _is_above(self, resource: str, where: str) -> bool:
        """Return whether a resource is above another place, as the places of projects tell."""
        chains = [chain for chain in self._estate.parents.values() if where in chain]
        if not chains:  # an empty folder: nobody told of what is above it
            return kind_of(resource) == "organization" != kind_of(where)
        return any(resource in chain[chain.index(where) + 1 :] for chain in chains)

    def boundaries_of(self, who: Asker) -> list[Mapping[str, Any]]:
        """Return the boundaries whose bindings hold a principal: a service account by its place."""
        email = who.name.partition(":")[2]
        places = set(self._estate.places_of_project(self._estate.project_of(email)))
        return [policy for target, policy in self._boundaries if target in places]


def _bound(estate: Estate) -> Iterable[tuple[str, dict[str, Any]]]:
    """Yield each bound boundary with the place whose principals it binds."""
    for document in estate.of("boundaries").values():
        policies = {text(policy, "name"): policy for policy in entries(document, "policies")}
        for binding in entries(document, "bindings"):
            target = text(binding.get("target"), "principalSet")
            policy = policies.get(text(binding, "policy"))
            if policy and target:
                told = {**policy, "condition": binding.get("condition")}
                if not isinstance(policy.get("details"), dict):
                    told["blocks"] = None  # nothing tells its version
                yield target if target.startswith("//") else place(target), told
