"""Makes right-sized custom roles: what a principal's roles give, less what logs prove unused.

A role's pattern gives way to the changes that were made, with all reads and whatever else the
activity log may not show; not-actions and data actions stay. So the result never allows what the
principal may not do today. It is printed, and nothing makes it in Azure.
https://learn.microsoft.com/azure/role-based-access-control/custom-roles
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from auditor.models import CapabilityName, Fact, Gap, Known, Seen, Suggestion
from auditor.providers.azure.engine.documents import Assignment, Block
from auditor.providers.azure.engine.patterns import covers
from auditor.providers.azure.engine.scopes import ROOT, is_group
from auditor.providers.azure.estate import Estate
from auditor.providers.azure.gaps import SOURCE
from auditor.providers.azure.people import Person
from auditor.providers.azure.sensitive import Danger, dangerous

READS = "*/read"
SIGN_IN = "sign-in activity"
_CHANGE = "microsoft.resources/subscriptions/resourcegroups/write"
"""A change that every activity log shows: one that does not, shows none."""
_GRAPH = "microsoft graph"
"""The only API whose name is the same in every sign-in."""
_NAMED = 5
_USED = "What was used of the role, and what no log would show."
_UNTOLD = "What the role gives, less what rules roles, reach and traces; its use is not known."
_TAKEN = (CapabilityName.ADMIN, CapabilityName.ORG_REACH, CapabilityName.BLIND)
_AUTHORIZATION = "microsoft.authorization/"
_NAME_LENGTH = 500
"""https://learn.microsoft.com/azure/role-based-access-control/custom-roles#custom-role-properties"""
_NO_HUNT = "nobody hunted in this run: auditor hunt --from RUN --live"


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What is left of one block, and what becomes of it in words."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    said: str


def suggestion(
    person: Person,
    ids: frozenset[str],
    estate: Estate,
    permissions: Iterable[tuple[str, Danger]],
    seen: Fact[Seen] | None,
) -> Suggestion:
    """Return custom roles to assign in place of the roles that a principal has itself.

    `permissions` are its application permissions, each with the API that they are of.
    """
    known = seen.value if isinstance(seen, Known) else None
    told = known if known and known.shows(_CHANGE, managing=True) else None
    documents: list[dict[str, Any]] = []
    why: list[str] = []
    for definition_id, scopes in _by_role(estate.assignments.get(person.id, ())).items():
        definition = estate.definitions.get(definition_id)
        if definition is None:
            why.append(f"the role {definition_id} stays as it is: what it gives was not read")
            continue
        for number, block in enumerate(definition.blocks, 1):
            part = f" {number}" if len(definition.blocks) > 1 else ""
            name = f"{definition.name}{part}"
            found = _narrowed(block, told)
            why.append(f"the role {name}: {found.said}")
            if _changes(block, found):
                about = _USED if told else _UNTOLD
                documents.append(_document(f"{name} of {person.name}", about, block, found, scopes))
    why += _of_groups(person, ids, estate)
    why += _of_permissions(permissions, known)
    why += () if told else (_UNTOLD, "whatever else leads to control, such as of machines, stays")
    why += _told(known) if known else ()
    return Suggestion(person.id, tuple(documents), tuple(why), tuple(_gaps(person, seen)))


def of_account(identity_id: str) -> Suggestion:
    """Return what can be said of an account that is opened by a key."""
    why = "its key opens all of it, and no role makes that less: use a service principal instead"
    return Suggestion(identity_id, (), (why,))


def _by_role(assignments: Iterable[Assignment]) -> Mapping[str, tuple[Assignment, ...]]:
    found: dict[str, tuple[Assignment, ...]] = {}
    for one in assignments:
        found[one.definition_id] = (*found.get(one.definition_id, ()), one)
    return found


def _changes(block: Block, found: Narrowed) -> bool:
    left = found.actions or block.data_actions
    return bool(left) and (found.actions, found.not_actions) != (block.actions, block.not_actions)


def _narrowed(block: Block, seen: Seen | None) -> Narrowed:
    same = (block.actions, block.not_actions)
    if block.condition:
        return Narrowed(*same, "stays as it is: a custom role cannot hold its condition")
    if seen is None:
        out = tuple(_worst(block))
        more = (*block.not_actions, *out)
        return Narrowed(block.actions, more, f"without {len(out)} actions that rule others")
    kept = tuple(dict.fromkeys(p for one in block.actions for p in _kept(one, seen)))
    if kept == block.actions:
        return Narrowed(*same, "stays as it is: the log shows no part of it to be unused")
    if not kept and not block.data_actions:
        return Narrowed((), (), "take it away: the log shows that nothing of it was used")
    changes = [one for one in kept if "*" not in one and not covers(READS, one)]
    said = f"{len(changes)} changes are left, and what the log may not show"
    if not changes and not block.data_actions:
        said = (
            "no change is left: without networks to join and identities to assign, Reader is enough"
        )
    return Narrowed(kept, block.not_actions, said)


def _worst(block: Block) -> Iterator[str]:
    """Yield the actions to leave out where nobody knows what is used."""
    for one in dangerous(block):
        action = one.action
        rules = action.capability in _TAKEN or action.name.lower().startswith(_AUTHORIZATION)
        if rules and not action.data and not action.general:
            yield action.name


def _kept(pattern: str, seen: Seen) -> Iterator[str]:
    """Yield what stays of an action or pattern of actions."""
    but = [READS, *(one for shown in seen.shown for one in shown.unless)]
    if "*" not in pattern:
        if not seen.unused(pattern, managing=True):
            yield pattern
        return
    if any(covers(one, pattern) for one in but):
        yield pattern
        return
    for one in but:
        yield from _both(pattern, one)
    made = (one for one in (*seen.used, *seen.doubtful) if "/" in one)
    changes = {one for one in made if seen.shows(one, managing=True)}
    yield from sorted(name for name in changes if covers(pattern, name))


def _both(pattern: str, other: str) -> Iterator[str]:
    """Yield patterns of what two patterns both match, never of more."""
    if covers(pattern, other):
        yield other
        return
    head, tail = pattern.rpartition("*")[0], other.lstrip("*")
    found = [f"{head}*{tail}", f"{head}{tail.removeprefix('/')}", f"{other[:-1]}{pattern}"]
    yield from (one for one in found if covers(pattern, one) and covers(other, one))


# --- the document ----------------------------------------------------------------------------


def _document(
    name: str, about: str, block: Block, found: Narrowed, assignments: Sequence[Assignment]
) -> dict[str, Any]:
    """Return a role as `az role definition create` reads it."""
    return {
        "Name": f"{name} (right-sized)"[:_NAME_LENGTH],
        "IsCustom": True,
        "Description": about,
        "Actions": list(found.actions),
        "NotActions": list(found.not_actions),
        "DataActions": list(block.data_actions),
        "NotDataActions": list(block.not_data_actions),
        "AssignableScopes": sorted({one.scope for one in assignments}),
    }


def _of_groups(person: Person, ids: frozenset[str], estate: Estate) -> Iterator[str]:
    for group in sorted(ids - {person.id}):
        if estate.assignments.get(group):
            yield (
                f"roles of the group {estate.name_of(group)} are others' too: take it out of the"
                " group, and assign what it needs to itself"
            )
    for one in estate.assignments.get(person.id, ()):
        if one.scope == ROOT or is_group(one.scope):
            yield f"{one.scope} reaches more than one subscription: assign it where it is needed"
        if one.condition:
            yield f"the condition of the assignment at {one.scope} has to be kept"


def _of_permissions(permissions: Iterable[tuple[str, Danger]], seen: Seen | None) -> Iterator[str]:
    """Yield what is known of the use of application permissions: whether a token was asked for."""
    by_api: dict[str, list[str]] = {}
    for api, danger in permissions:
        by_api.setdefault(api, []).append(danger.name)
    asked = {where for what, where in seen.places if what == SIGN_IN} if seen else set()
    for api, names in by_api.items():
        named = f"{', '.join(sorted(names)[:_NAMED])} of {api}"
        if seen and seen.shows(SIGN_IN) and api.casefold() == _GRAPH not in asked:
            yield f"no sign-in asked for {api}: take {named} away"
        else:
            yield f"{named}: no log tells which of these it used; audits name changes in part only"


def _told(seen: Seen) -> Iterator[str]:
    made = sorted(name for name in seen.used if name != SIGN_IN and seen.shows(name, managing=True))
    yield f"of the changes that the log always shows it made: {', '.join(made) or 'none'}"
    yield "reads, data actions and what is checked along with other calls stay as they are"
    yield from seen.words()


def _gaps(person: Person, seen: Fact[Seen] | None) -> Iterator[Gap]:
    if seen is None:
        yield Gap(f"by logs, what {person.title} uses", "no logs were read", _NO_HUNT, SOURCE)
    elif not isinstance(seen, Known):
        yield seen.gap
