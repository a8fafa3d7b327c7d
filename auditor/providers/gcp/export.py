"""Turns what the gcloud CLI printed into the documents that reading live would have left.

Files are known by their content, in any arrangement:

gcloud asset search-all-iam-policies --scope=organizations/ID --format=json
gcloud iam roles describe ROLE --format=json
gcloud iam service-accounts list --format=json
gcloud iam service-accounts keys list --iam-account=EMAIL --format=json > EMAIL.json
gcloud asset list --organization=ID --content-type=resource --format=json
gcloud projects list --format=json
gcloud iam workload-identity-pools providers list ... --format=json
gcloud iam policies get NAME --attachment-point=PLACE --kind=denypolicies --format=json
gcloud identity groups memberships list --group-email=GROUP --format=json > GROUP.json
gcloud logging buckets list, gcloud asset list --content-type=iam-policy
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

from auditor.collecting import Collecting
from auditor.providers.exports import Found, Nothing, Problem, counted, read_folder
from auditor.providers.gcp import lacking
from auditor.providers.gcp.documents import (
    EXPORT_FILES,
    TAILS,
    clean,
    document_key,
    is_complete,
    sealed_key,
    sealed_tails,
    text,
)
from auditor.providers.gcp.names import project_of_account
from auditor.providers.gcp.settings import Settings
from auditor.providers.gcp.trust import pool_of

SCOPE = "export"
NOTHING = "it is nothing that the audit reads"
_EMAIL = re.compile(r"[\w.+-]+@[\w.-]+\.gserviceaccount\.com")
_GROUP = re.compile(r"[\w.+-]+@[\w.-]+")
_KEY = re.compile(r"projects/[^/]+/serviceAccounts/([^/]+)/keys/")
_ROLE = re.compile(r"(?:(?:projects|organizations)/[^/]+/)?roles/[\w.]+")
_DENY = re.compile(r"policies/(.+)/denypolicies/")


def collect(settings: Settings, collecting: Collecting) -> None:
    """Write the export into the snapshot, but for what reading live has already answered."""
    sorting = _Sorting()
    found = list(read_folder(Path(settings.export)))
    problems = [item for item in found if isinstance(item, Problem)]
    for item in found:
        if isinstance(item, Found) and (problem := sorting.add(item)):
            problems.append(problem)
        elif isinstance(item, Nothing):
            sorting.add_nothing(item)
    for key, document in sorting.documents(collecting):
        if not is_complete(collecting.snapshot.load(key)):
            collecting.snapshot.save(key, document)
    files = {item.file for item in found if isinstance(item, Found)}
    collecting.snapshot.save(EXPORT_FILES, _file_list(files, problems))


def _file_list(files: Iterable[str], problems: Iterable[Problem]) -> dict[str, Any]:
    wrong = [
        {"File": item.file, "why": item.why, "strange": item.strange} for item in counted(problems)
    ]
    return clean({"Files": sorted(files), "Problems": wrong})  # type: ignore[no-any-return]


class _Sorting:
    """Puts every object of an export where the live collector would have put it."""

    def __init__(self) -> None:
        self._lists: dict[tuple[str, str, str], list[dict[str, Any]]] = defaultdict(list)
        self._keys: dict[str, list[dict[str, Any]]] = {}
        self._projects: set[str] = set()
        self._pools: set[str] = set()

    def add(self, item: Found) -> Problem | None:
        """Take one object. Return why it is of no use, None where it is."""
        for is_kind, take in _KINDS:
            if is_kind(item.document):
                why = take(self, item) or ""
                return Problem(item.file, why, entry=item.entry) if why else None
        return Problem(item.file, NOTHING, strange=True, entry=item.entry)

    def add_nothing(self, item: Nothing) -> None:
        """Take an empty list: of keys, where the file is called after a service account."""
        name = PurePosixPath(item.file).name.removesuffix(".json")
        if named := _EMAIL.search(name):
            self._keys.setdefault(named[0].lower(), [])
        elif named := _GROUP.search(name):
            self._lists["members", named[0].lower(), "memberships"] = []

    def documents(self, collecting: Collecting) -> Iterable[tuple[str, dict[str, Any]]]:
        """Yield the documents by name."""
        sealer = collecting.sealer
        for (part, name, listing), items in self._lists.items():
            yield document_key(part, name), {"resource": name, listing: items}
        for email, keys in self._keys.items():
            sealed = [sealed_key(key, sealer) for key in keys]
            yield document_key("keys", email), {"email": email, "keys": sealed}
            self._projects.add(project_of_account(email))
        projects = sorted(filter(None, self._projects))
        yield TAILS, sealed_tails(projects, sorted(self._pools), sealer)

    def _put(self, part: str, name: str, listing: str, document: Any) -> None:
        self._lists[part, name, listing].append(clean(document))

    def policies(self, item: Found) -> str:
        """Take a result of the search for policies, as far as its bindings can be read."""
        self._put("policies", SCOPE, "results", item.document)
        return lacking.bindings(item.document)

    def asset(self, item: Found) -> str:
        """Take an asset: with a policy for its audit configuration, else for what it is."""
        if why := lacking.asset_name(item.document):
            return why
        part = "audit-configs" if "iamPolicy" in item.document else "assets"
        self._put(part, SCOPE, "assets", item.document)
        return ""

    def project(self, item: Found) -> str:
        """Take a project as the resource manager lists it."""
        if not text(item.document, "projectId"):
            return "it holds projects without an id: they were left out"
        self._projects |= {text(item.document, name) for name in ("projectId", "projectNumber")}
        kind = "cloudresourcemanager.googleapis.com/Project"
        asset = {"assetType": kind, "resource": {"data": item.document}}
        self._put("assets", SCOPE, "assets", asset)
        return ""

    def provider(self, item: Found) -> None:
        """Take a provider of a workload identity pool."""
        own = text(item.document, "name")
        self._pools |= {own, pool_of(own)}
        name = f"//iam.googleapis.com/{own}"
        kind = "iam.googleapis.com/WorkloadIdentityPoolProvider"
        asset = {"name": name, "assetType": kind, "resource": {"data": item.document}}
        self._put("assets", SCOPE, "assets", asset)

    def account(self, item: Found) -> None:
        """Take a service account."""
        project = text(item.document, "projectId") or project_of_account(
            text(item.document, "email")
        )
        self._projects.add(project)
        self._put("accounts", SCOPE, "accounts", item.document)

    def key(self, item: Found) -> None:
        """Take a key of a service account; its name tells of which."""
        email = unquote(_KEY.match(text(item.document, "name"))[1]).lower()  # type: ignore[index]
        self._keys.setdefault(email, []).append(item.document)

    def role(self, item: Found) -> str | None:
        """Take a role. In a list, without permissions, it is one that was not described."""
        if item.listed and "includedPermissions" not in item.document:
            return "its roles come without permissions: gcloud iam roles describe prints them"
        if not lacking.is_texts(item.document, "includedPermissions"):
            return "it holds roles whose permissions are no list: they were left out"
        self._put("roles", SCOPE, "roles", item.document)
        return None

    def deny(self, item: Found) -> str | None:
        """Take a deny policy; its name tells what it is attached to."""
        if "rules" not in item.document:
            return "deny policies come without rules: gcloud iam policies get prints them"
        if not lacking.is_objects(item.document, "rules"):
            return "it holds deny policies whose rules are no list: they were left out"
        place = _DENY.match(text(item.document, "name"))
        where = f"//{unquote(place[1])}" if place else ""
        self._put("deny", where, "policies", item.document)
        return None

    def membership(self, item: Found) -> str | None:
        """Take a member of a group, which only the file's name tells."""
        group = _GROUP.search(PurePosixPath(item.file).name.removesuffix(".json"))
        if not group:
            return "it does not tell of which group: call the file after the group's e-mail"
        if not text(item.document.get("preferredMemberKey"), "id"):
            return "it holds members without an id: they were left out"
        self._put("members", group[0].lower(), "memberships", item.document)
        return None

    def access(self, item: Found) -> str:  # noqa: ARG002 (whatever it says, nobody evaluates it)
        """Tell of a binding of an access policy (`iam_v3.PolicyBinding.PolicyKind` has it)."""
        return "it binds access policies, which are not evaluated: rights may be other than shown"

    def bucket(self, item: Found) -> None:
        """Take a bucket of logs."""
        place = text(item.document, "name").partition("/locations/")[0]
        self._put("logs", place, "buckets", item.document)


def _named(pattern: re.Pattern[str]) -> Any:
    return lambda document: pattern.match(text(document, "name")) is not None


_POOL_PROVIDER = re.compile(
    r"projects/[^/]+/locations/[^/]+/workloadIdentityPools/[^/]+/providers/"
)
_LOG_BUCKET = re.compile(r"[a-z]+/[^/]+/locations/[^/]+/buckets/")
_KINDS: tuple[tuple[Any, Any], ...] = (
    (lambda d: "policy" in d and "resource" in d, _Sorting.policies),
    (lambda d: "assetType" in d and ("resource" in d or "iamPolicy" in d), _Sorting.asset),
    (lambda d: text(d, "policyKind") == "ACCESS", _Sorting.access),
    (lambda d: "preferredMemberKey" in d, _Sorting.membership),
    (_named(_KEY), _Sorting.key),
    (_named(_POOL_PROVIDER), _Sorting.provider),
    (_named(_LOG_BUCKET), _Sorting.bucket),
    (_named(_DENY), _Sorting.deny),
    (lambda d: _EMAIL.fullmatch(text(d, "email")) and "uniqueId" in d, _Sorting.account),
    (lambda d: _ROLE.fullmatch(text(d, "name")), _Sorting.role),
    (lambda d: "projectId" in d and "projectNumber" in d, _Sorting.project),
)
"""What an object is, by its fields, and what takes it; the first that fits."""
