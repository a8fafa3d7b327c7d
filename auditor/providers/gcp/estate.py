"""What a snapshot holds of Google Cloud: the hierarchy, bindings, roles, accounts, guardrails."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from auditor.collecting import Snapshot
from auditor.models import Json
from auditor.providers.gcp.documents import entries, is_complete, text, texts
from auditor.providers.gcp.engine.members import canonical
from auditor.providers.gcp.names import MANAGER, account_named, kind_of, place, project_of_account
from auditor.providers.gcp.sensitive import table

PROJECT_ASSET = "cloudresourcemanager.googleapis.com/Project"
FOLDER_ASSET = "cloudresourcemanager.googleapis.com/Folder"
ORGANIZATION_ASSET = "cloudresourcemanager.googleapis.com/Organization"
ACCOUNT_ASSET = "iam.googleapis.com/ServiceAccount"
PROVIDER_ASSET = "iam.googleapis.com/WorkloadIdentityPoolProvider"


@dataclass(frozen=True, slots=True)
class Binding:
    """One allow binding where it is set. `places`: its resource and everything above it."""

    resource: str
    kind: str
    project: str
    """Id of the project around it, "" above projects."""
    role: str
    members: tuple[str, ...]
    condition: str
    places: tuple[str, ...]

    def raw(self) -> dict[str, Any]:
        """Return it as the evaluator takes it."""
        condition = {"expression": self.condition} if self.condition else None
        told = {"resource": self.resource, "role": self.role, "members": self.members}
        return {**told, "condition": condition}


@dataclass(frozen=True, slots=True)
class Account:
    """A service account as it is listed."""

    email: str
    project: str
    unique_id: str
    title: str
    disabled: bool


@dataclass
class Estate:
    """Everything of one snapshot, in the forms that questions are asked of."""

    documents: Mapping[str, Mapping[str, Json]]
    """Part ("keys", "deny", …) -> name -> document."""
    accounts: dict[str, Account] = field(default_factory=dict)
    """Service accounts that were listed, by e-mail."""
    numbers: dict[str, str] = field(default_factory=dict)
    """Project number -> project id."""
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Project id -> full names of what is above it."""
    bindings: list[Binding] = field(default_factory=list)
    roles: dict[str, frozenset[str]] = field(default_factory=dict)
    """Role -> its dangerous permissions, of every role that was described."""

    def of(self, part: str) -> Mapping[str, Json]:
        """Return the documents of one part by name."""
        return self.documents.get(part, {})

    def project_id(self, name: str) -> str:
        """Return the id of a project that is named by id or number."""
        return self.numbers.get(name, name)

    @cached_property
    def by_member(self) -> Mapping[str, list[Binding]]:
        """The bindings by member, in the canonical spelling."""
        found: dict[str, list[Binding]] = {}
        spelt: dict[str, str] = {}
        for binding in self.bindings:
            for member in dict.fromkeys(binding.members):
                name = spelt.get(member) or spelt.setdefault(member, canonical(member))
                found.setdefault(name, []).append(binding)
        return found

    @cached_property
    def by_project(self) -> Mapping[str, tuple[str, ...]]:
        """The service accounts that are known, by project."""
        found: dict[str, list[str]] = defaultdict(list)
        for email in self.emails:
            found[self.project_of(email)].append(email)
        return {project: tuple(sorted(emails)) for project, emails in found.items()}

    @cached_property
    def emails(self) -> tuple[str, ...]:
        """Every service account that was listed, has listed keys, or is a member of something."""
        members = (m for m in self.by_member if m.startswith("serviceaccount:"))
        named = {member.partition(":")[2] for member in members}
        grouped = {name for held in self._members_of_groups.values() for name in held}
        named |= {name for name in grouped if name.endswith(".gserviceaccount.com")}
        return tuple(sorted({*self.accounts, *self.of("keys"), *named}))

    @cached_property
    def keyed(self) -> tuple[str, ...]:
        """Service accounts with keys that a person can hold: those that an audit is about."""
        return tuple(
            sorted(
                text(document, "email")
                for document in self.of("keys").values()
                if any(key.get("keyType") != "SYSTEM_MANAGED" for key in entries(document, "keys"))
            )
        )

    def project_of(self, email: str) -> str:
        """Return the project of a service account, "" where nothing tells."""
        if account := self.accounts.get(email):
            return account.project
        return self.project_id(project_of_account(email))

    def groups_of(self, email: str) -> frozenset[str] | None:
        """Return the groups that hold an account, directly or nested; None where nobody asked.

        Known by the account's own listing, or by the members of every group that has a binding.
        """
        document = self.of("groups").get(email)
        if document is not None:
            own = (text(m.get("groupKey"), "id") for m in entries(document, "memberships"))
            found = frozenset(canonical(f"group:{name}") for name in own if name)
            return found if is_complete(document) else None
        members = self._members_of_groups
        return _holding(email, members) if self.bound_groups <= members.keys() else None

    @property
    def projects(self) -> frozenset[str]:
        """The ids of all projects that anything tells of."""
        return frozenset({*self.parents, *map(self.project_of, self.emails)} - {""})

    @cached_property
    def above_projects(self) -> tuple[str, ...]:
        """The organisations and folders, such as "folders/1", the widest first."""
        found = {name for places in self.parents.values() for name in places}
        found |= {binding.resource for binding in self.bindings}
        wide = (name for name in found if kind_of(name) in ("organization", "folder"))
        return tuple(sorted((n.removeprefix(MANAGER) for n in wide), reverse=True))

    @cached_property
    def bound_groups(self) -> frozenset[str]:
        """The groups that are members of bindings."""
        return frozenset(name for name in self.by_member if name.startswith("group:"))

    @cached_property
    def _members_of_groups(self) -> Mapping[str, frozenset[str]]:
        return {
            canonical(f"group:{group}"): frozenset(
                text(m.get("preferredMemberKey"), "id").lower()
                for m in entries(document, "memberships")
            )
            for group, document in self.of("members").items()
            if is_complete(document)
        }

    def places_of_project(self, project: str) -> tuple[str, ...]:
        """Return a project and all above it, as far as that is known."""
        if project in self.parents:
            return self.parents[project]
        return (place(f"projects/{project}"),)


def _holding(email: str, members: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Return the groups that hold an account, and those that hold these, and so on."""
    found: set[str] = set()
    names = {email}
    while names:
        more = {group for group, held in members.items() if held & names} - found
        found |= more
        names = {group.partition(":")[2] for group in more}
    return frozenset(found)


def read_estate(snapshot: Snapshot) -> Estate:
    """Return what the snapshot holds; what is missing from it is for `gaps` to tell."""
    estate = Estate(_load(snapshot))
    assets = [asset for _, asset in _all(estate, "assets", "assets")]
    results = [result for _, result in _all(estate, "policies", "results")]
    _read_numbers(estate, assets, results)
    _read_accounts(estate, assets)
    estate.bindings = list(_bindings(estate, results))
    for _, role in _all(estate, "roles", "roles"):
        estate.roles[text(role, "name")] = _permissions(role)
    return estate


def asset_data(asset: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an asset is in its own API's words, nothing where that is not told."""
    resource = asset.get("resource")
    data = resource.get("data") if isinstance(resource, dict) else None
    return data if isinstance(data, dict) else {}


def _load(snapshot: Snapshot) -> dict[str, dict[str, Json]]:
    found: dict[str, dict[str, Json]] = defaultdict(dict)
    for key in snapshot.keys("gcp/"):
        _, part, *rest = key.split("/", 2)
        document = snapshot.load(key)
        name = rest[0].replace("%2F", "/").replace("%25", "%") if rest else ""
        found[part][name] = document
    return dict(found)


def _all(estate: Estate, part: str, listing: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, document in estate.of(part).items():
        yield from ((name, entry) for entry in entries(document, listing))


def _permissions(role: Mapping[str, Any]) -> frozenset[str]:
    """Return what of a role is dangerous; a deleted or disabled one gives nothing any more."""
    if role.get("deleted") is True or text(role, "stage") == "DISABLED":
        return frozenset()
    return table().permissions.intersection(texts(role, "includedPermissions"))


# --- the hierarchy ---------------------------------------------------------------------------


def _read_numbers(
    estate: Estate, assets: Iterable[dict[str, Any]], results: Iterable[dict[str, Any]]
) -> None:
    for asset in assets:
        data = asset_data(asset)
        if text(asset, "assetType") == PROJECT_ASSET and text(data, "projectId"):
            number, id_ = str(data.get("projectNumber", "")), text(data, "projectId")
            estate.numbers[number] = id_
            above = [place(n) for n in texts(asset, "ancestors") if not n.startswith("projects/")]
            estate.parents[id_] = _places(place(f"projects/{id_}"), number, above)
    for result in results:
        name = text(result, "resource")
        number = text(result, "project").removeprefix("projects/")
        if kind_of(name) == "project" and number:
            id_ = name.removeprefix(f"{MANAGER}projects/")
            estate.numbers.setdefault(number, id_)
            above = _above(result)
            estate.parents.setdefault(id_, _places(name, number, above))


def _above(result: Mapping[str, Any]) -> list[str]:
    organization = text(result, "organization")
    names = [*texts(result, "folders"), *([organization] if organization else [])]
    return [place(name) for name in names]


def _places(own: str, number: str, above: Iterable[str]) -> tuple[str, ...]:
    """Return a project by id, by number, and what is above it, each once."""
    return tuple(dict.fromkeys([own, *([place(f"projects/{number}")] if number else []), *above]))


def _bindings(estate: Estate, results: Iterable[dict[str, Any]]) -> Iterator[Binding]:
    cached: dict[tuple[str, str, tuple[str, ...]], tuple[str, ...]] = {}
    for result in results:
        resource = text(result, "resource")
        number = text(result, "project").removeprefix("projects/")
        project = estate.project_id(number)
        key = (number, text(result, "organization"), texts(result, "folders"))
        if key not in cached:
            own = [place(f"projects/{project}"), place(f"projects/{number}")] if number else []
            cached[key] = tuple(dict.fromkeys([*own, *_above(result)]))
            if number:
                estate.parents.setdefault(project, cached[key])
        kind = kind_of(resource)
        places = tuple(dict.fromkeys((resource, *cached[key])))
        for raw in entries(result.get("policy"), "bindings"):
            condition = raw.get("condition")
            yield Binding(
                resource,
                kind,
                project,
                text(raw, "role"),
                texts(raw, "members"),
                (text(condition, "expression") or "?") if condition else "",
                places,
            )


# --- service accounts ------------------------------------------------------------------------


def _read_accounts(estate: Estate, assets: Iterable[dict[str, Any]]) -> None:
    listed = [entry for _, entry in _all(estate, "accounts", "accounts")]
    listed += [asset_data(a) for a in assets if text(a, "assetType") == ACCOUNT_ASSET]
    for raw in listed:
        email = text(raw, "email").lower()
        if email:
            project = text(raw, "projectId") or estate.project_id(project_of_account(email))
            title, unique = text(raw, "displayName"), text(raw, "uniqueId")
            off = raw.get("disabled") is True
            estate.accounts[email] = Account(email, project, unique, title, off)


def accounts_at(estate: Estate, resource: str) -> tuple[str, ...]:
    """Return the service account that a full resource name is of, by e-mail or unique id."""
    named = account_named(resource)
    if named is None:
        return ()
    if "@" in named[1]:
        return (named[1],)
    return tuple(a.email for a in estate.accounts.values() if a.unique_id == named[1])
