"""Everything of one snapshot, indexed: who there is, what they were given, what was not read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, TypeVar

from auditor.collecting import Snapshot
from auditor.models import Gap, Json
from auditor.providers.azure.documents import ALL, EXPORT, entries, flatten, is_complete, text
from auditor.providers.azure.engine.documents import (
    Assignment,
    Definition,
    Denial,
    Malformed,
    last_part,
    read_assignment,
    read_definition,
    read_denial,
)
from auditor.providers.azure.engine.scopes import ROOT, normal
from auditor.providers.azure.gaps import SOURCE

Item = Mapping[str, Any]
ReadT = TypeVar("ReadT")
PREFIX = "azure/"
_MOST_ANCESTORS = 10_000


class Estate:
    """One snapshot. Nothing is evaluated before it is asked for."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Load every document."""
        self.documents: dict[str, dict[str, Json]] = defaultdict(dict)
        for key in snapshot.keys(PREFIX):
            kind, _, part = key.removeprefix(PREFIX).partition("/")
            self.documents[kind][part] = snapshot.load(key)
        self._malformed: list[Gap] = []

    # --- what was read -----------------------------------------------------------------------

    def items(self, kind: str) -> Iterator[tuple[str, Item]]:
        """Yield every item of a kind, each with the id of what its listing is about."""
        for part, document in self.documents.get(kind, {}).items():
            for item in entries(document):
                yield text(item, "parent") or part, item

    def is_whole(self, kind: str, of: str = "") -> bool:
        """Return whether a kind was read completely, or what of it is about one thing."""
        found = self.documents.get(kind, {})
        if not of:
            return any(is_complete(found.get(part)) for part in (ALL, EXPORT))
        exported = of in self._exported.get(kind, ())
        return exported or is_complete(found.get(of)) or is_complete(found.get(ALL))

    def document(self, kind: str, of: str = ALL) -> Json | None:
        """Return the document about one thing, with the refusal where it was refused."""
        return self.documents.get(kind, {}).get(of)

    @property
    def is_export(self) -> bool:
        """Return whether anything came from exported files."""
        return "files" in self.documents

    @property
    def malformed(self) -> tuple[Gap, ...]:
        """Return a gap for every item that could not be read."""
        _ = self.assignments, self.definitions, self.denials, self.eligible
        return tuple(dict.fromkeys(self._malformed))

    @cached_property
    def _exported(self) -> dict[str, frozenset[str]]:
        """Return of what exported files hold a whole listing, by kind."""
        return {
            kind: frozenset(found[EXPORT].get("parents", ()))
            for kind, found in self.documents.items()
            if isinstance(found.get(EXPORT), dict)
        }

    # --- who -----------------------------------------------------------------------------------

    @cached_property
    def tenant(self) -> str:
        """Return the tenant's id, "" where nobody told."""
        told = [text(item, "id") for _, item in self.items("tenant")]
        told += [text(item, "tenantId") for _, item in self.items("subscriptions")]
        return next(filter(None, told), "")

    @cached_property
    def subscriptions(self) -> dict[str, str]:
        """Return the names of the subscriptions by id."""
        found = {}
        for _, item in self.items("subscriptions"):
            id_ = last_part(text(item, "subscriptionId") or text(item, "id"))
            found[id_] = text(item, "displayName") or text(item, "name") or id_
        return found

    @cached_property
    def principals(self) -> dict[str, Item]:
        """Return the service principals by object id."""
        return self._by_id("service-principals")

    @cached_property
    def applications(self) -> dict[str, Item]:
        """Return the applications by object id."""
        return self._by_id("applications")

    @cached_property
    def application_of(self) -> dict[tuple[str, str], Item]:
        """Return the applications by their application id: what is shown of it, and its seal."""
        return {app_key(item): item for item in self.applications.values()}

    def is_own(self, principal: str) -> bool:
        """Return whether a service principal is of an application of this very tenant."""
        owner = text(self.principals.get(principal), "appOwnerOrganizationId").lower()
        return bool(owner) and owner == self.tenant.lower()

    @cached_property
    def names(self) -> dict[str, str]:
        """Return what principals and groups are called, by object id."""
        found: dict[str, str] = {}
        for _, item in self.items("role-assignments"):
            found[text(item, "principalId").lower()] = text(item, "principalName")
        for kind in ("member-of", "members", "owners", "groups", "users", "service-principals"):
            for _, item in self.items(kind):
                name = text(item, "userPrincipalName") or text(item, "displayName")
                found[text(item, "id").lower()] = name or found.get(text(item, "id").lower(), "")
        return {id_: name for id_, name in found.items() if id_ and name}

    def name_of(self, id_: str) -> str:
        """Return what a principal is called, its id where nobody told."""
        return self.names.get(id_, id_)

    @cached_property
    def groups_of(self) -> dict[str, frozenset[str]]:
        """Return the groups that principals are in, through groups too, by object id."""
        above: dict[str, set[str]] = defaultdict(set)
        for member, item in self.items("member-of"):
            above[member].add(text(item, "id").lower())
        for group, item in self.items("members"):
            above[text(item, "id").lower()].add(group)
        return {id_: frozenset(_closure(id_, above)) for id_ in above}

    # --- what they were given ------------------------------------------------------------------

    @cached_property
    def assignments(self) -> dict[str, list[Assignment]]:
        """Return the role assignments by principal; what is inherited is listed many times."""
        found: dict[str, dict[str, Assignment]] = defaultdict(dict)
        for one in self._read("role-assignments", read_assignment):
            key = one.id.lower() or f"{one.definition_id} {one.scope} {one.condition}"
            found[one.principal_id][key] = one
        return {id_: list(ones.values()) for id_, ones in found.items()}

    @cached_property
    def eligible(self) -> dict[str, list[Assignment]]:
        """Return the assignments that can be activated, by principal."""
        found: dict[str, list[Assignment]] = defaultdict(list)
        for one in self._read("eligible", read_assignment):
            found[one.principal_id].append(one)
        return found

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """Return the role definitions by GUID."""
        return {one.id: one for one in self._read("role-definitions", read_definition)}

    @cached_property
    def denials(self) -> list[Denial]:
        """Return the deny assignments."""
        found = {one.id.lower(): one for one in self._read("deny-assignments", read_denial)}
        return list(found.values())

    @cached_property
    def parents(self) -> dict[str, str]:
        """Return the scope above each subscription and management group, as far as known."""
        found: dict[str, str] = {}
        for _, item in self.items("management-groups"):
            above = item.get("parent")
            parent = text(item, "parentId") or text(above, "id")
            scope = normal(text(item, "id"))
            if parent:
                found[scope] = normal(parent)
            elif isinstance(above, dict) or last_part(scope) == self.tenant:
                found[scope] = ROOT
        return found

    # --- helpers -------------------------------------------------------------------------------

    def _by_id(self, kind: str) -> dict[str, Item]:
        return {text(item, "id").lower(): item for _, item in self.items(kind) if text(item, "id")}

    def _read(self, kind: str, read: Any) -> Iterator[Any]:
        for part, item in self.items(kind):
            try:
                yield read(flatten(item), kind)
            except Malformed as error:
                where = "" if part in (ALL, EXPORT) else f" of {part}"
                self._malformed.append(
                    Gap(
                        what=f"an item of the {kind}{where}",
                        why=str(error),
                        fix="look it up by hand; if it came from a file, export it again",
                        source=SOURCE,
                    )
                )


def app_key(item: Item) -> tuple[str, str]:
    """Return what application ids are compared by: what is shown of one, and its sealed tail."""
    return text(item, "appId"), text(item.get("appIdTail"), "hash")


def _closure(id_: str, above: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    todo = list(above.get(id_, ()))
    while todo and len(found) < _MOST_ANCESTORS:
        group = todo.pop()
        if group not in found and group != id_:
            found.add(group)
            todo += above.get(group, ())
    return found
