"""A small Google Cloud organisation as gcloud prints it: what several tests take apart."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.collecting import Collecting, Memory, Silent
from auditor.models import Credential, Exposure, Known, Part, Scope, ScopeKind, Secret
from auditor.providers.gcp import PROVIDER
from auditor.providers.gcp.directory import GcpDirectory
from auditor.tails import Sealer

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SEALER = Sealer(b"k" * 32)
CRM = "//cloudresourcemanager.googleapis.com/"
ORG, FOLDER = "organizations/1", "folders/2"
NUMBERS = {"web-prod-site": "111", "data-lake-main": "222"}


def email(name: str, project: str = "web-prod-site") -> str:
    return f"{name}@{project}.iam.gserviceaccount.com"


def member(name: str, project: str = "web-prod-site") -> str:
    return f"serviceAccount:{email(name, project)}"


def bound(
    role: str, *members: str, resource: str = "", project: str = "web-prod-site", when: str = ""
) -> dict[str, Any]:
    """Return a search result with one binding: of a project, or of a resource in it."""
    raw: dict[str, Any] = {"role": role, "members": list(members)}
    if when:
        raw["condition"] = {"title": "c", "expression": when}
    found = {"resource": resource or f"{CRM}projects/{project}", "policy": {"bindings": [raw]}}
    if resource.startswith((f"{CRM}organizations", f"{CRM}folders")):
        return found | {"organization": ORG, "folders": []}
    place = {"project": f"projects/{NUMBERS[project]}", "folders": [FOLDER], "organization": ORG}
    return found | place


def role(name: str, *permissions: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "title": name, "includedPermissions": list(permissions), **more}


def key(
    name: str, id_: str = "a" * 40, project: str = "web-prod-site", **more: Any
) -> dict[str, Any]:
    return {
        "name": f"projects/{project}/serviceAccounts/{email(name, project)}/keys/{id_}",
        "keyType": "USER_MANAGED",
        "keyOrigin": "GOOGLE_PROVIDED",
        "validAfterTime": "2022-03-01T00:00:00Z",
        "validBeforeTime": "9999-12-31T23:59:59Z",
        **more,
    }


def account(name: str, project: str = "web-prod-site", **more: Any) -> dict[str, Any]:
    number = str(int.from_bytes(name.encode(), "big"))[:21]
    told = {"email": email(name, project), "projectId": project, "uniqueId": number}
    return {"name": f"projects/{project}/serviceAccounts/{email(name, project)}", **told, **more}


ORG_OWNER = bound("roles/owner", "user:boss@acme.example", resource=f"{CRM}{ORG}")
"""Every organisation has a policy: with it, nothing above is unread."""


SCOPE = Scope(ScopeKind.CONTEXT, "c-1", "website", "acme")
OPEN = Exposure(Known(True), Known(3), Known(False))
WRITTEN = datetime(2022, 3, 3, tzinfo=UTC)


def secret(name: str, tail: str = "", written: datetime = WRITTEN) -> Secret:
    sealed = SEALER.seal(tail) if tail else None
    where = (f"S-{name}", "circleci", "context variable", SCOPE)
    return Secret(*where, name, written, None, sealed, OPEN, None)


def asked(
    project: str = "", key_id: str = "", tail: str = "fQo="
) -> tuple[Credential, dict[str, Secret]]:
    parts = {"secret": secret("GCLOUD_SERVICE_KEY", tail)}
    if project:
        parts["project"] = secret("GOOGLE_PROJECT_ID", project[-4:])
    if key_id:
        parts["key-id"] = secret("GOOGLE_PRIVATE_KEY_ID", key_id[-4:])
    credential = Credential(
        "C-1",
        "gcp-service-account-key",
        "Google",
        "gcp",
        SCOPE,
        "",
        tuple(Part(name, one.id) for name, one in parts.items()),
    )
    return credential, {one.id: one for one in parts.values()}


def export(folder: Path, **files: Any) -> Path:
    """Write files called after the arguments; a list of lists is several documents in one."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in files.items():
        (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def directory(folder: Path) -> GcpDirectory:
    """Return what an export tells."""
    snapshot = Memory()
    settings = PROVIDER.settings(export=str(folder))
    PROVIDER.collect(settings, Collecting(snapshot, SEALER, Silent(), NOW))
    json.dumps(snapshot.documents)  # a snapshot is JSON and nothing else
    return PROVIDER.read(settings, snapshot)
