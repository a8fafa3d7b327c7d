"""Reads what organizations forbid their accounts: the policies of every level above each.

Only the management account and delegated administrators may read them, so every account that was
entered is tried, once, and the first that is let in reads for all of its organization.
https://docs.aws.amazon.com/organizations/latest/userguide/orgs_delegate_policies.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from threading import Lock
from typing import Any

from auditor.collecting import Collecting
from auditor.models import Json
from auditor.providers.aws.client import Clients
from auditor.providers.aws.documents import document_key, entries, is_complete, text
from auditor.providers.aws.jobs import Job, pages
from auditor.providers.aws.surroundings import RCP, SCP

_DEEPEST = 12
"""Levels from an account to its root, that much more than AWS allows (7).

https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
"""


class NoRoot(Exception):
    """An account whose parents do not lead to a root that was listed."""


def describe(clients: Clients, document: dict[str, Any]) -> None:
    """Read which organization an account belongs to: null where it belongs to none."""
    organizations = clients.other("organizations")
    try:
        document |= organizations.describe_organization()
    except organizations.exceptions.AWSOrganizationsNotInUseException:
        document["Organization"] = None


def root_jobs(entered: Mapping[str, Clients], collecting: Collecting) -> Iterator[Job]:
    """Yield what tells, for each account of an organization, whether it may read the others."""
    for account, clients in entered.items():
        if _organization(account, collecting):
            yield Job(document_key(account, "organization-roots"), partial(_roots, clients))


def guardrail_jobs(entered: Mapping[str, Clients], collecting: Collecting) -> Iterator[Job]:
    """Yield one job for each account that an organization may limit."""
    readers: dict[str, _Reader] = {}
    for account in entered:
        organization = _organization(account, collecting)
        id_ = text(organization, "Id")
        if not id_ or text(organization, "MasterAccountId") == account:
            continue
        if id_ not in readers:
            readers[id_] = _reader(id_, entered, collecting)
        own = collecting.snapshot.load(document_key(account, "organization-roots"))
        fill = partial(readers[id_].fill, account, own)
        yield Job(document_key(account, "guardrails"), fill)


def _organization(account: str, collecting: Collecting) -> Json:
    """Return the organization of an account, None where it has none or none is known."""
    document = collecting.snapshot.load(document_key(account, "organization"))
    return document.get("Organization") if isinstance(document, dict) else None


def _reader(id_: str, entered: Mapping[str, Clients], collecting: Collecting) -> _Reader:
    """Return who reads for an organization: the management account if it can."""
    members = {}
    for account in entered:
        organization = _organization(account, collecting)
        if text(organization, "Id") == id_:
            members[account] = text(organization, "MasterAccountId") == account
    for account in sorted(members, key=lambda account: not members[account]):
        roots = collecting.snapshot.load(document_key(account, "organization-roots"))
        if is_complete(roots):
            return _Reader(entered[account], roots)
    return _Reader(None, None)


def _roots(clients: Clients, document: dict[str, Any]) -> None:
    document["Roots"] = _listed(clients.other("organizations").list_roots, "Roots")


def _listed(call: Callable[..., Any], name: str, **arguments: Any) -> list[dict[str, Any]]:
    found = pages(call, "NextToken", "NextToken", **arguments)
    return [entry for page in found for entry in page[name]]


class _Reader:
    """Reads the levels above accounts; what several of them share is read once."""

    def __init__(self, clients: Clients | None, roots: Json | None) -> None:
        self._organizations: Any = clients.other("organizations") if clients else None
        self._roots = {text(root, "Id"): root for root in entries(roots, "Roots")}
        self._known: dict[tuple[str, ...], Any] = {}
        self._lock = Lock()

    def fill(self, account: str, own: Json | None, document: dict[str, Any]) -> None:
        """Read the levels of an account; where nobody may, keep how its own call was refused."""
        document["AccountId"] = account
        if self._organizations is None:
            document |= {name: text(own, name) for name in ("error", "message")}
            return
        path = self._path(account)
        root = self._roots[path[0]["Id"]]
        kinds = [
            text(kind, "Type")
            for kind in entries(root, "PolicyTypes")
            if text(kind, "Status") == "ENABLED" and text(kind, "Type") in (SCP, RCP)
        ]
        path[0] = {**root, **path[0]}
        document["Path"] = [
            level | {kind: self._policies(level["Id"], kind) for kind in kinds} for level in path
        ]

    def _path(self, account: str) -> list[dict[str, Any]]:
        """Return the levels from the root to the account."""
        path: list[dict[str, Any]] = [{"Id": account, "Type": "ACCOUNT"}]
        while path[0]["Id"] not in self._roots and len(path) < _DEEPEST:
            child = path[0]["Id"]
            call = partial(_listed, self._organizations.list_parents, "Parents", ChildId=child)
            path.insert(0, self._once(call, "parents", child)[0])
        if path[0]["Id"] not in self._roots:
            raise NoRoot
        return path

    def _policies(self, target: str, kind: str) -> list[dict[str, Any]]:
        call = partial(
            _listed,
            self._organizations.list_policies_for_target,
            "Policies",
            TargetId=target,
            Filter=kind,
        )
        return [
            self._once(partial(self._policy, summary["Id"]), "policy", summary["Id"])
            for summary in self._once(call, "policies", target, kind)
        ]

    def _policy(self, id_: str) -> dict[str, Any]:
        policy: dict[str, Any] = self._organizations.describe_policy(PolicyId=id_)["Policy"]
        return policy

    def _once(self, call: Callable[[], Any], *what: str) -> Any:
        """Return the answer of a call, asked for once. Two who ask at once may both call."""
        with self._lock:
            if what in self._known:
                return self._known[what]
        found = call()
        with self._lock:
            return self._known.setdefault(what, found)
