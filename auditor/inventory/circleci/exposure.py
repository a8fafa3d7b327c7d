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


@dataclass(frozen=True, slots=True)
class Doors:
    """What lets others than a project's own configuration and builds at its secrets."""

    forks: Fact[bool]
    """Builds of forked pull requests receive them."""
    ssh: Fact[bool] = NO
    """Jobs may be rerun with SSH."""
    config: Fact[bool] = NO
    """Pipelines may run a configuration that is in no repository."""


@dataclass(frozen=True)
class Estate:
    """The projects and groups of an organisation, as far as its contexts need to know them.

    `doors` holds those of each project by id; `missing` says why the list of projects may not be
    whole.
    """

    organization_id: str
    names: Mapping[str, str] = field(default_factory=dict)
    doors: Mapping[str, Doors] = field(default_factory=dict)
    missing: Gap | None = None

    @cached_property
    def count(self) -> Fact[int]:
        """Return how many projects there are."""
        return Unknown(self.missing) if self.missing else Known(len(self.doors))

    @cached_property
    def any_doors(self) -> Doors:
        """Return which doors any project has open."""
        rest = [_unknown_doors(self.missing)] if self.missing else []
        return _any_doors((*self.doors.values(), *rest))


def any_of(facts: Iterable[Fact[bool]]) -> Fact[bool]:
    """Return whether any fact is true: one that is decides, else an unknown one leaves it open."""
    result: Fact[bool] = NO
    for fact in facts:
        if isinstance(fact, Unknown):
            result = fact
        elif fact.value:
            return fact
    return result


def _any_doors(doors: Iterable[Doors]) -> Doors:
    found = tuple(doors)
    return Doors(
        any_of(one.forks for one in found),
        any_of(one.ssh for one in found),
        any_of(one.config for one in found),
    )


def _unknown_doors(gap: Gap) -> Doors:
    return Doors(Unknown(gap), Unknown(gap), Unknown(gap))


def both(first: Json, second: Json, gap: Gap) -> Fact[bool]:
    """Return whether two switches are on; `gap` where it takes one that is not told to know."""
    if first is False or second is False:
        return NO
    return YES if first is True and second is True else Unknown(gap)


def passes_to_forks(settings: Mapping[str, Json], gap: Gap) -> Fact[bool]:
    """Return whether a project builds forks and gives them its secrets; `gap` if it does not say.

    The second switch is on by default and means nothing without the first.
    """
    return both(settings.get("build_fork_prs"), settings.get("forks_receive_secret_env_vars"), gap)


def reruns_with_ssh(settings: Mapping[str, Json], gap: Gap) -> Fact[bool]:
    """Return whether jobs of a project may be rerun with SSH; `gap` if it does not say."""
    disabled = settings.get("disable_ssh")
    return Known(not disabled) if isinstance(disabled, bool) else Unknown(gap)


def of_project(doors: Doors) -> Exposure:
    """Return the exposure of a project's own secrets: no other project receives them."""
    return _exposure(NO, Known(1), doors)


def _exposure(
    unrestricted: Fact[bool], count: Fact[int], doors: Doors, restrictions: tuple[str, ...] = ()
) -> Exposure:
    return Exposure(unrestricted, count, doors.forks, restrictions, doors.ssh, doors.config)


def of_organization(estate: Estate) -> Exposure:
    """Return the exposure of what an organisation keeps for all of its projects."""
    return _exposure(YES, estate.count, estate.any_doors)


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
    doors = estate.any_doors
    if projects:
        count = Known(len(projects))
        unlisted = _unknown_doors(unevaluated)
        doors = _any_doors(estate.doors.get(one, unlisted) for one in sorted(projects))
    if not all(_is(one, "project") for one in real):
        doors = _behind(doors, real, unevaluated)
    return _exposure(Known(not real), count, doors, tuple(_words(one, estate) for one in real))


def _behind(doors: Doors, real: Iterable[Mapping[str, Json]], unevaluated: Gap) -> Doors:
    """Return the doors that are left behind groups and expressions.

    No fork passes a group; its members do, with SSH and with any configuration. An expression may
    shut any door.
    """

    def shut(door: Fact[bool]) -> Fact[bool]:
        return Unknown(unevaluated) if door == YES else door

    forks = shut(doors.forks)
    if any(not _is(one, "project") and not _is(one, "group") for one in real):
        return Doors(forks, shut(doors.ssh), shut(doors.config))
    return Doors(forks, doors.ssh, doors.config)


def of_unknown_context(estate: Estate, gap: Gap) -> Exposure:
    """Return the exposure of a context whose restrictions could not be read."""
    unknown = Unknown(gap)
    doors = (estate.any_doors.forks, estate.any_doors.ssh, estate.any_doors.config)
    return _exposure(unknown, unknown, Doors(*(NO if one == NO else unknown for one in doors)))


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
