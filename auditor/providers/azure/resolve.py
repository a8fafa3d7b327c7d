"""Says what each identity may do, and what of that was not read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from auditor.models import Gap, Resolution
from auditor.providers.azure.arm import Arm
from auditor.providers.azure.classic import Administrators
from auditor.providers.azure.documents import group_of, text
from auditor.providers.azure.engine.scopes import subscription_of
from auditor.providers.azure.entra import Entra
from auditor.providers.azure.estate import Estate
from auditor.providers.azure.gaps import gap_of
from auditor.providers.azure.people import Person
from auditor.providers.azure.rights import Right, capabilities
from auditor.providers.azure.sensitive import Danger
from auditor.providers.azure.trust import Trust, grants, trusts
from auditor.witness import ANYWHERE

_TOO_MUCH_SHOWN = 5
_NO_GROUPS = frozenset(("serviceprincipal", "user"))


class Resolver:
    """Answers for the identities of one snapshot, each when it is asked for."""

    def __init__(self, estate: Estate) -> None:
        """Evaluate nothing yet."""
        self._estate = estate
        self._arm = Arm(estate)
        self._entra = Entra(estate)
        self._classic = Administrators(estate)
        self._trusts: dict[str, list[Trust]] = defaultdict(list)
        for trust in trusts(estate):
            self._trusts[trust.principal].append(trust)

    def resolve(self, person: Person) -> Resolution:
        """Return what an identity may do, with the gaps that leave it open."""
        ids = frozenset((person.id, *self._estate.groups_of.get(person.id, ())))
        rights = [
            *self._arm.rights(person.title, person.id, ids),
            *self._entra.rights(person.title, person.id, ids),
            *self._classic.rights(person.title, person.id),
        ]
        gaps = (*self._arm.gaps(ids), *self._unread(person))
        return Resolution(
            identity_id=person.id,
            grants=(
                *self._arm.grants(person.id, ids),
                *self._entra.grants(person.id, ids),
                *self._classic.grants(person.id),
                *grants(person.id, self._trusts.get(person.id, ())),
            ),
            capabilities=capabilities(person.id, rights),
            gaps=tuple(dict.fromkeys(gaps)),
            over_privileged=tuple(_too_much(rights)),
            places=tuple(dict.fromkeys(self._places(person, ids))),
        )

    def permissions(self, person: Person) -> Iterator[tuple[str, Danger]]:
        """Yield the application permissions of an identity, each with the API that it is of."""
        return self._entra.permissions(person.id)

    def _places(self, person: Person, ids: frozenset[str]) -> Iterator[str]:
        """Yield the subscriptions whose activity logs show what a role's holder changes."""
        for one in self._arm.assignments(ids):
            # Azure hides the subscriptions that one may not read: below a group may be more.
            yield subscription_of(one.scope).rpartition("/")[2] or ANYWHERE
        yield from (one.subscription for one in self._classic.by_user.get(person.id, ()))

    # --- what was not read ---------------------------------------------------------------------

    def _unread(self, person: Person) -> Iterator[Gap]:
        yield from self._common_gaps
        if not self._groups_are_known(person):
            yield self._gap("member-of", person.id, person.name)
        if person.is_application:
            if not self._estate.is_whole("app-roles", person.id):
                yield self._gap("app-roles", person.id, person.name)
            if not self._estate.is_whole("delegated-grants"):
                yield self._gap("delegated-grants")

    @cached_property
    def _common_gaps(self) -> tuple[Gap, ...]:
        """Return what leaves it open for everybody."""
        return (
            *self._assignment_gaps(),
            *self._gap_unless(("directory-assignments", "vaults")),
            *self._owner_gaps(),
        )

    def _assignment_gaps(self) -> Iterator[Gap]:
        if not self._estate.documents.get("role-assignments"):
            yield gap_of("role-assignments", None)
            return
        for part, document in self._estate.documents["role-assignments"].items():
            # Below a group may lie what no subscription that is shown inherits from.
            if (group := group_of(part)) and text(document, "error"):
                yield gap_of("role-assignments", document, [f"the management group {group}"])
        seen = self._seen_subscriptions if self._estate.is_whole("role-assignments") else set()
        for id_, name in self._estate.subscriptions.items():
            if id_ not in seen and not self._estate.is_whole("role-assignments", id_):
                document = self._estate.document("role-assignments", id_)
                yield gap_of("role-assignments", document, [f"the subscription {name}"])

    @property
    def _seen_subscriptions(self) -> set[str]:
        """Return the subscriptions that exported assignments name: of others none was exported."""
        scopes = (one.scope for ones in self._estate.assignments.values() for one in ones)
        parts = (scope.split("/") for scope in scopes)
        return {part[2] for part in parts if len(part) > 2 and part[1] == "subscriptions"}  # noqa: PLR2004

    def _gap_unless(self, kinds: Iterable[str]) -> Iterator[Gap]:
        for kind in kinds:
            refused = [
                (part, document)
                for part, document in self._estate.documents.get(kind, {}).items()
                if isinstance(document, dict) and "error" in document
            ]
            for part, document in refused:
                yield gap_of(kind, document, [] if part == "all" else [part])
            if not refused and not self._estate.documents.get(kind):
                yield gap_of(kind, None)

    def _owner_gaps(self) -> Iterator[Gap]:
        estate = self._estate
        owned = (*estate.applications, *(id_ for id_ in estate.principals if estate.is_own(id_)))
        unread = [id_ for id_ in owned if not estate.is_whole("owners", id_)]
        if unread or not owned:
            yield self._gap("owners", *unread[:1])
        if "all" in estate.documents.get("applications", {}):  # whose owners nobody could ask for
            yield from () if estate.is_whole("applications") else (self._gap("applications"),)

    def _groups_are_known(self, person: Person) -> bool:
        read = self._estate.is_whole("member-of", person.id) or self._members_are_whole
        return read or not self._groups_matter

    @cached_property
    def _groups_matter(self) -> bool:
        """Return whether any group could have been given something."""
        given = (one for ones in self._estate.assignments.values() for one in ones)
        if any(one.principal_type.lower() not in _NO_GROUPS for one in given):
            return True
        known = self._estate.principals.keys() | {
            str(item.get("id", "")).lower() for _, item in self._estate.items("users")
        }
        holders = {
            str(item.get("principalId", "")).lower()
            for _, item in self._estate.items("directory-assignments")
        }
        return bool(holders - known)

    @cached_property
    def _members_are_whole(self) -> bool:
        """Return whether the members of every group that was given something were read."""
        groups = {
            one.principal_id
            for ones in self._estate.assignments.values()
            for one in ones
            if one.principal_type.lower() not in _NO_GROUPS
        }
        return bool(groups) and all(self._estate.is_whole("members", id_) for id_ in groups)

    def _gap(self, kind: str, of: str = "", name: str = "") -> Gap:
        return gap_of(kind, self._estate.document(kind, of or "all"), [name] if name else [])


def _too_much(rights: Iterable[Right]) -> Iterator[str]:
    """Yield why an identity has more than any pipeline needs: unlimited paths to full control."""
    found = dict.fromkeys(
        f"{right.steps[-1]}: {right.reasons[0]}"
        for right in sorted(rights, key=lambda right: right.tier)
        if right.tier == 0 and not right.limited and not right.conditional
    )
    yield from tuple(found)[:_TOO_MUCH_SHOWN]
