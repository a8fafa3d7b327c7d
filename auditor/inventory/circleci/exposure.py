"""Who can make use of the secrets of a scope: pure rules over restrictions and project settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from auditor.inventory.circleci.fields import shown, text
from auditor.models import Exposure, Fact, Gap, Json, Known, Unknown

NO: Known[bool] = Known(value=False)
YES: Known[bool] = Known(value=True)
NOT_IN_BUILDS = Exposure(NO, Known(0), NO, ("builds do not receive it",))
"""The exposure of what CircleCI keeps for itself."""


@dataclass(frozen=True)
class Estate:
    """The projects of an organisation, as far as its contexts need to know them.

    `forks` tells by project id whether builds of forked pull requests receive secrets; `missing`
    says why the list of projects may not be whole.
    """

    organization_id: str
    names: Mapping[str, str] = field(default_factory=dict)
    forks: Mapping[str, Fact[bool]] = field(default_factory=dict)
    missing: Gap | None = None

    @cached_property
    def count(self) -> Fact[int]:
        """Return how many projects there are."""
        return Unknown(self.missing) if self.missing else Known(len(self.forks))

    @cached_property
    def any_forks(self) -> Fact[bool]:
        """Return whether any project passes secrets to builds of forks."""
        rest: list[Fact[bool]] = [Unknown(self.missing)] if self.missing else []
        return any_of((*self.forks.values(), *rest))


def any_of(facts: Iterable[Fact[bool]]) -> Fact[bool]:
    """Return whether any fact is true: one that is decides, else an unknown one leaves it open."""
    result: Fact[bool] = NO
    for fact in facts:
        if isinstance(fact, Unknown):
            result = fact
        elif fact.value:
            return fact
    return result


def passes_to_forks(settings: Mapping[str, Json], gap: Gap) -> Fact[bool]:
    """Return whether a project builds forks and gives them its secrets; `gap` if it does not say.

    The second switch is on by default and means nothing without the first.
    """
    switches = (settings.get("build_fork_prs"), settings.get("forks_receive_secret_env_vars"))
    if False in switches:
        return NO
    return YES if switches == (True, True) else Unknown(gap)


def of_project(forks: Fact[bool]) -> Exposure:
    """Return the exposure of a project's own secrets: no other project receives them."""
    return Exposure(unrestricted=NO, project_count=Known(1), fork_builds=forks)


def of_organization(estate: Estate) -> Exposure:
    """Return the exposure of what an organisation keeps for all of its projects."""
    return Exposure(unrestricted=YES, project_count=estate.count, fork_builds=estate.any_forks)


def of_context(
    restrictions: Iterable[Mapping[str, Json]], estate: Estate, unevaluated: Gap
) -> Exposure:
    """Return the exposure of a context whose restrictions were read.

    `unevaluated` is the gap of a restriction whose effect nobody can know from outside.
    """
    real = _effective(restrictions, estate.organization_id)
    projects = {text(one, "restriction_value", "project_id") for one in real if _is(one, "project")}
    groups_only = all(_is(one, "group") for one in real)
    count: Fact[int] = estate.count if groups_only else Unknown(unevaluated)
    forks = estate.any_forks
    if projects:
        count = Known(len(projects))
        forks = any_of(estate.forks.get(one, Unknown(unevaluated)) for one in sorted(projects))
    if forks == YES and not all(_is(one, "project") for one in real):
        forks = Unknown(unevaluated)
    return Exposure(
        unrestricted=Known(not real),
        project_count=count,
        fork_builds=forks,
        restrictions=tuple(_words(one, estate) for one in real),
    )


def of_unknown_context(estate: Estate, gap: Gap) -> Exposure:
    """Return the exposure of a context whose restrictions could not be read."""
    unknown = Unknown(gap)
    forks = estate.any_forks
    return Exposure(unknown, unknown, forks if forks == NO else unknown)


def _effective(
    restrictions: Iterable[Mapping[str, Json]], organization_id: str
) -> list[Mapping[str, Json]]:
    """Return the restrictions that limit anything.

    One group of several is enough to pass, and the group "All members", which has the id of the
    organisation and is put on every new context, is passed by everybody.
    """
    found = list(restrictions)
    everybody = any(
        _is(one, "group") and text(one, "restriction_value") == organization_id for one in found
    )
    return [one for one in found if not (everybody and _is(one, "group"))]


def _is(restriction: Mapping[str, Json], kind: str) -> bool:
    return text(restriction, "restriction_type") == kind


def _words(restriction: Mapping[str, Json], estate: Estate) -> str:
    kind = text(restriction, "restriction_type") or "restriction"
    value = text(restriction, "restriction_value", "project_id")
    name = estate.names.get(value, "") or text(restriction, "name") or value
    return shown(f"{kind} {name}")
