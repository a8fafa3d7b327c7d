"""Whether something that a run did not find is gone: only a complete reading proves an absence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from auditor.models import Coverage, Gap, Known, Place, ScopeKind


class Reading:
    """What was read of the CI systems and providers, and how far."""

    def __init__(
        self, coverage: Sequence[Coverage], places: Iterable[Place], gaps: Iterable[Gap]
    ) -> None:
        """Index what was listed and what was refused."""
        listed = tuple(places)
        self._coverage = coverage
        self._read = {place.scope.id: isinstance(place.readable, Known) for place in listed}
        self._hurt = {(gap.source, id_) for gap in gaps for id_ in gap.affects}
        self._anyhow = {id_ for _, id_ in self._hurt}
        self._projects: dict[str, dict[str, list[str]]] = {}
        for scope in (place.scope for place in listed):
            if scope.kind is ScopeKind.PROJECT:
                beside = self._projects.setdefault(scope.organization.casefold(), {})
                beside.setdefault(_last(scope.name), []).append(scope.id)

    def proves_absence(self, source: str, scope_id: str) -> bool:
        """Return whether an entry of a place that was not found is gone.

        A place that is listed must have been read without a gap; one that is gone itself is proven
        to be so only by listings that were all read to their end.
        """
        if scope_id in self._read:
            return self._read[scope_id] and (source, scope_id) not in self._hurt
        return self._listed(source) and all(self._read.values())

    def whole_project(self, organization: str, name: str) -> bool:
        """Return whether all that the CI system holds for a repository was read.

        So it is where the repository has no project, and others of its organisation have one.
        """
        beside = self._projects.get(organization.casefold(), {})
        own = beside.get(_last(name), [])
        return bool(beside) and all(self._read[id_] and id_ not in self._anyhow for id_ in own)

    def whole_account(self, provider: str, account: str) -> bool:
        """Return whether every listing of an account ("aws 123456789012") was read to its end."""
        return self._listed(provider, f"{provider} {account}")

    def _listed(self, *sources: str) -> bool:
        found = [listing for listing in self._coverage if listing.source in sources]
        return bool(found) and all(
            listing.known is not None and listing.read >= listing.known for listing in found
        )


def _last(name: str) -> str:
    """Return the name of a project without its organisation, as code hosts compare names."""
    return name.rpartition("/")[2].casefold()
