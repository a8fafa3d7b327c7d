"""Decides whether an identity holds more than it needs, and says why.

Four reasons count: it is or can make itself an administrator; it holds whole services; it holds
dangerous things that it does not use; it can do more than the CI identities beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from auditor.models import Capability, CapabilityName, Usage
from auditor.providers.aws.analysis.holders import Holder
from auditor.providers.aws.analysis.world import Realm

UNUSED = timedelta(days=90)
_TOP = (CapabilityName.ADMIN, CapabilityName.ESCALATE)
_HARMLESS = (CapabilityName.READ_CONFIG,)
_SHOWN = 5
_FEWEST_SIBLINGS = 2
_CI = re.compile(
    r"(?<![a-z])(?:ci|cd|cicd|circle(?:ci)?|deploy(?:er|ment)?|build(?:er)?|pipeline|runner)(?![a-z])",
    re.IGNORECASE,
)
_MANY = 20
"""Services beyond which no name helps."""
_TINY = 3
"""Services of so few actions are no wildcard to speak of."""


def reasons(
    held: Holder,
    realm: Realm,
    found: Sequence[Capability],
    usage: Sequence[Usage],
    siblings: Mapping[str, Iterable[CapabilityName]],
    as_of: datetime | None,
) -> tuple[str, ...]:
    """Return why an identity is over-privileged; nothing where nothing says so.

    `found`: its capabilities; `usage`: when it last used each service, as of a time; `siblings`:
    what other CI identities of the account can do for sure, by name.
    """
    return (
        *_top(found),
        *_whole_services(held, realm),
        *_unused(found, usage, as_of),
        *_beside(found, siblings),
    )


def _top(found: Iterable[Capability]) -> Iterator[str]:
    names = {(one.name, one.conditional) for one in found if one.name in _TOP}
    if (CapabilityName.ADMIN, False) in names:
        yield "it is an administrator of its account"
    elif (CapabilityName.ADMIN, True) in names:
        yield "it is an administrator of its account, under conditions"
    elif (CapabilityName.ESCALATE, False) in names:
        yield "it can make itself an administrator"
    elif (CapabilityName.ESCALATE, True) in names:
        yield "it may be able to make itself an administrator"


def _whole_services(held: Holder, realm: Realm) -> Iterator[str]:
    """Yield the services of which it is allowed every action, on everything."""
    universe, answer = realm.masks.universe, held.answer
    if universe.all == answer.allowed | universe.with_own_policy:
        yield "it is allowed every action of every service"
        return
    # Keys and roles have a say of their own, which is no limit of the identity.
    within = universe.services_within(answer.allowed | universe.with_own_policy)
    sizes = universe.catalogue.services
    whole = [
        service
        for service in within
        if len(sizes[service]) > _TINY and answer.possible & universe.of_pattern(f"{service}:*")
    ]
    if len(whole) > _MANY:
        yield f"it is allowed every action of {len(whole)} services, on everything"
    elif whole:
        yield f"it is allowed every action of {_some(whole)}, on everything"


def _unused(
    found: Iterable[Capability], usage: Iterable[Usage], as_of: datetime | None
) -> Iterator[str]:
    """Yield the services it did not use of which it is allowed something dangerous."""
    if as_of is None:
        return
    idle = {
        used.what for used in usage
        if ":" not in used.what and (used.last is None or used.last < as_of - UNUSED)
    }  # fmt: skip
    dangerous = {
        action.partition(":")[0]
        for one in found
        if one.name not in _HARMLESS
        for action in one.actions
    }
    if both := sorted(idle & dangerous):
        days = UNUSED.days
        yield f"it did not use {_some(both)} in {days} days, and may do dangerous things there"


def _beside(
    found: Iterable[Capability], siblings: Mapping[str, Iterable[CapabilityName]]
) -> Iterator[str]:
    if len(siblings) < _FEWEST_SIBLINGS:
        return
    theirs = {name for names in siblings.values() for name in names}
    own = {one.name for one in found if not one.conditional and one.name not in _HARMLESS}
    if more := [name.value for name in CapabilityName if name in own - theirs]:
        yield f"none of the {len(siblings)} other CI identities of its account has {_some(more)}"


def is_of_ci(name: str) -> bool:
    """Return whether an identity's name says that it is a CI system's."""
    return bool(_CI.search(name))


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
