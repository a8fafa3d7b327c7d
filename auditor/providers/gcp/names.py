"""Names of resources and service accounts: what they tell of project and place.

https://cloud.google.com/asset-inventory/docs/resource-name-format
"""

from __future__ import annotations

import re
from functools import lru_cache

MANAGER = "//cloudresourcemanager.googleapis.com/"
_ACCOUNT = re.compile(
    r"[^@]+@(?P<project>[a-z0-9-]+)(?P<domain>\.[a-z0-9.-]+)?\.iam\.gserviceaccount\.com"
)
_COMPUTE = re.compile(r"(\d+)-compute@developer\.gserviceaccount\.com")
_APP_ENGINE = re.compile(r"([a-z0-9-]+)@appspot\.gserviceaccount\.com")
_AGENT = re.compile(
    r"(?:service-)?(\d+)@(?:gcp-sa-[\w-]+|[\w-]+)\.(?:iam\.)?gserviceaccount\.com|"
    r".*@(?:cloudservices|gcp-sa-[\w-]+)\..*gserviceaccount\.com"
)
_SERVICE_ACCOUNT = re.compile(r"//iam\.googleapis\.com/projects/([^/]+)/serviceAccounts/([^/]+)$")


@lru_cache(maxsize=100_000)
def project_of_account(email: str) -> str:
    """Return the id (or number) of a service account's project by its e-mail, "" if not told."""
    if found := _ACCOUNT.fullmatch(email):
        domain = (found["domain"] or "").removeprefix(".")
        return f"{domain}:{found['project']}" if domain else found["project"]
    found = _COMPUTE.fullmatch(email) or _APP_ENGINE.fullmatch(email) or _AGENT.fullmatch(email)
    return (found[1] or "") if found else ""


def account_member(email: str) -> str:
    """Return the member that a service account is in bindings, in canonical spelling."""
    return f"serviceaccount:{email}"


def is_agent(email: str) -> bool:
    """Return whether a service account is one of Google's own: nobody can make keys of it."""
    return _AGENT.fullmatch(email) is not None


def account_named(resource: str) -> tuple[str, str] | None:
    """Return project and e-mail (or unique id) of a service account's full resource name."""
    found = _SERVICE_ACCOUNT.match(resource)
    return (found[1], found[2].lower()) if found else None


def place(name: str) -> str:
    """Return the full name of "projects/p", "folders/1", "organizations/1"."""
    return f"{MANAGER}{name}"


@lru_cache(maxsize=100_000)
def kind_of(resource: str) -> str:
    """Return "organization", "folder", "project", or "resource" for what is below a project."""
    if not resource.startswith(MANAGER):
        return "resource"
    kind = resource.removeprefix(MANAGER).partition("/")[0]
    return {"organizations": "organization", "folders": "folder", "projects": "project"}.get(
        kind, "resource"
    )


@lru_cache(maxsize=100_000)
def short(resource: str) -> str:
    """Return a resource for people: "project p", "bucket b", "serviceAccounts/ci@...": its end."""
    kind = kind_of(resource)
    if kind != "resource":
        return f"{kind} {resource.rpartition('/')[2]}"
    return resource.removeprefix("//").replace(".googleapis.com", "", 1)
