"""What is known of Azure, offline: whose a client id is and what that identity may do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from auditor.models import (
    Coverage,
    Credential,
    Fact,
    Gap,
    Identity,
    KeyUse,
    LogCoverage,
    Match,
    NoMatch,
    OldKey,
    Resolution,
    Secret,
    Seen,
    Suggestion,
    Weakness,
)
from auditor.providers.azure import key_uses
from auditor.providers.azure.account_names import KINDS, AccountNames, with_login
from auditor.providers.azure.classic import KIND as CLASSIC
from auditor.providers.azure.classic import Administrators
from auditor.providers.azure.credentials import Credentials
from auditor.providers.azure.documents import entries, group_of, is_complete, text
from auditor.providers.azure.estate import Estate
from auditor.providers.azure.gaps import PARTS, SOURCE, gap_of
from auditor.providers.azure.identify import Identifier
from auditor.providers.azure.logs import logs
from auditor.providers.azure.people import people
from auditor.providers.azure.resolve import Resolver
from auditor.providers.azure.resource_rights import resolve
from auditor.providers.azure.resources import coverage, identity, resources
from auditor.providers.azure.suggest import of_account, suggestion
from auditor.providers.azure.trust import weaknesses

_NEEDED = ("service-principals", "applications", "role-assignments", "role-definitions")
_ELSEWHERE = frozenset(
    ("role-definitions", "app-roles", "member-of", "owners", "federated", CLASSIC)
)
"""Kinds whose refusals are told of whom they are about, or in words of their own."""


class AzureDirectory:
    """One tenant as a snapshot holds it. Permissions are evaluated when they are asked for."""

    def __init__(self, estate: Estate, now: datetime | None) -> None:
        """Index everybody, as of `now`."""
        self._estate = estate
        credentials = Credentials(estate, now)
        found = list(people(estate, credentials))
        self._people = {person.id: person for person, _ in found}
        self._resources = {one.id: one for one in resources(estate)}
        self.identities: Mapping[str, Identity] = {
            **{one.id: one for _, one in found},
            **{id_: identity(one) for id_, one in self._resources.items()},
        }
        self.gaps: tuple[Gap, ...] = tuple(dict.fromkeys(_gaps(estate)))
        self.coverage: tuple[Coverage, ...] = (
            *_coverage(estate),
            *coverage(estate, resources(estate)),
        )
        self.weaknesses: tuple[Weakness, ...] = tuple(weaknesses(estate))
        self.logs: tuple[LogCoverage, ...] = tuple(logs(estate))
        unlisted = () if estate.is_whole("service-principals") else (_unlisted(estate),)
        self._names = AccountNames(estate, self._resources.values(), self.identities)
        self._identifier = Identifier(estate, self.identities, unlisted)
        self._resolver = Resolver(estate)
        self._resolved: dict[str, Resolution] = {}

    def identify(
        self, credential: Credential, secrets: Mapping[str, Secret], owner: str | None = None
    ) -> Match | NoMatch:
        """Return whose a credential is, by the client id or the account's name beside it."""
        if credential.kind not in KINDS:
            return self._identifier.identify(credential, secrets, owner)
        if owner:
            named = self._names.named(credential, owner)
            return named or self._identifier.identify(credential, secrets, owner)
        login = self._identifier.login(credential, secrets)
        return with_login(self._names.identify(credential, secrets), login)

    def uses(self, keys: Iterable[OldKey]) -> Iterator[KeyUse]:
        """Yield the last sign-in with each secret and certificate that has one."""
        return key_uses.uses(self._estate, keys)

    def resolve(self, identity_id: str) -> Resolution:
        """Return what an identity may do. KeyError for one that was not read."""
        if identity_id in self._resources:
            return resolve(self._resources[identity_id])
        if identity_id not in self._resolved:
            self._resolved[identity_id] = self._resolver.resolve(self._people[identity_id])
        return self._resolved[identity_id]

    def suggest(self, identity_id: str, seen: Fact[Seen] | None = None) -> Suggestion:
        """Return the custom roles that an identity should have. KeyError for one not read."""
        if identity_id in self._resources:
            return of_account(identity_id)
        person = self._people[identity_id]
        ids = frozenset((person.id, *self._estate.groups_of.get(person.id, ())))
        permissions = self._resolver.permissions(person)
        return suggestion(person, ids, self._estate, permissions, seen)


def _unlisted(estate: Estate) -> Gap:
    return gap_of("service-principals", estate.document("service-principals"))


def _gaps(estate: Estate) -> Iterator[Gap]:
    """Yield what was refused, what is not there at all, and what cannot be used."""
    for kind in PARTS:
        documents = estate.documents.get(kind, {})
        for part, document in documents.items():
            if kind not in _ELSEWHERE and "error" in (document or {}):
                yield gap_of(kind, document, _titles(estate, part))
        if not documents and kind in _NEEDED:
            yield gap_of(kind, None)
    yield from _unread_trusts(estate)
    for problem in entries(estate.document("files", "export"), "Problems"):
        fix = "leave it out of the folder" if problem.get("strange") else "export it again, as JSON"
        yield Gap(f"exported file {text(problem, 'File')}", text(problem, "why"), fix, SOURCE)
    yield from Administrators(estate).gaps()
    yield from estate.malformed


def _unread_trusts(estate: Estate) -> Iterator[Gap]:
    """Yield a gap for each reason why federated credentials, weaknesses perhaps, were not read."""
    refused: dict[str, list[str]] = defaultdict(list)
    documents = estate.documents.get("federated", {})
    for id_, document in documents.items():
        if not is_complete(document):
            refused[text(document, "error")].append(id_)
    for ids in refused.values():
        yield gap_of("federated", documents[ids[0]], map(estate.name_of, ids))


def _titles(estate: Estate, part: str) -> list[str]:
    """Return what a listing is about, in words."""
    if part == "all":
        return []
    if group := group_of(part):
        return [f"the management group {group}"]
    name = estate.subscriptions.get(part)
    return [f"the subscription {name}" if name else estate.name_of(part)]


def _is_gone(estate: Estate, role: str) -> bool:
    """Return whether Azure itself said that there is no such role any more."""
    found = estate.documents.get("role-definitions", {})
    document = next((found[part] for part in found if part.lower() == role), None)
    return text(document, "error") in _GONE


_GONE = ("RoleDefinitionDoesNotExist", "NotFound", "ResourceNotFound")
"""https://learn.microsoft.com/azure/role-based-access-control/troubleshooting"""


def _coverage(estate: Estate) -> Iterator[Coverage]:
    whole = estate.is_whole("role-assignments")
    read = [id_ for id_ in estate.subscriptions if estate.is_whole("role-assignments", id_)]
    yield Coverage(
        source=SOURCE,
        what="subscriptions whose role assignments were read",
        read=len(estate.subscriptions) if whole else len(read),
        known=len(estate.subscriptions) or None,
        note="delegations to other tenants (Azure Lighthouse) are not listed by any call",
    )
    used = {one.definition_id for ones in estate.assignments.values() for one in ones}
    # A role that was not read leaves open what its assignments give: their holders' gaps say so.
    # Of the tenant itself, of who and what there is, it leaves nothing open: it is its own source.
    gone = {id_ for id_ in used - estate.definitions.keys() if _is_gone(estate, id_)}
    yield Coverage(
        source=f"{SOURCE} roles",
        what="roles in use whose definitions were read",
        read=len(used & estate.definitions.keys()) + len(gone),
        known=len(used),
        note=f"{len(gone)} of them were deleted" if gone else "",
    )
    yield Coverage(
        source=SOURCE,
        what="service principals",
        read=len(estate.principals),
        known=len(estate.principals) if estate.is_whole("service-principals") else None,
        note="conditional access for workload identities is not evaluated",
    )
