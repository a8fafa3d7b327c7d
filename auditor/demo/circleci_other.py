"""CircleCI's other interfaces: v1.1 (old, but alone in some things), v3 and the private one.

None of them has a published schema that could judge these replies.
"""

from __future__ import annotations

import json

from auditor.demo.circleci_stores import checkout_keys, ssh_keys, tokens
from auditor.demo.circleci_v2 import masked, variable_body
from auditor.demo.directory import Directory, Found, Routes, page
from auditor.demo.estate import KeyPair
from auditor.demo.wire import Reply, Request, error
from auditor.models import Json

PRIVATE_PAGE = 50
"""The private listing answers 500 when asked for more at once."""
V3_PAGE = 50
V3_MOST = 100

# --- v1.1 ------------------------------------------------------------------------------------


def followed(directory: Directory, request: Request, _names: tuple[str, ...]) -> Reply:
    """Return the projects that the person follows, and no others."""
    found = (
        _v11_project(entry)
        for entry in _every(directory)
        if entry.project.followed and not entry.project.stopped
    )
    return _v11(request, list(found))


def v11_settings(directory: Directory, request: Request, names: tuple[str, ...]) -> Reply:
    """Return the old settings of a project: the only place of its legacy AWS keys."""
    found = directory.project(*names)
    if not found:
        return error(404, "Project not found")
    body = _v11_project(found) | {
        "aws": {"keypair": _keypair(found.project.legacy_keys)},
        "ssh_keys": ssh_keys(found.project),
        "feature_flags": {"build-fork-prs": found.project.fork_builds},
    }
    return _v11(request, body)


def v11_tokens(directory: Directory, request: Request, names: tuple[str, ...]) -> Reply:
    """Return the API tokens of a project: labels, never values."""
    found = directory.project(*names)
    return _v11(request, tokens(found.project)) if found else error(404, "Project not found")


def _v11_project(found: Found) -> Json:
    project = found.project
    vcs, owner, name = project.slug.split("/")
    return {
        "vcs_type": "github" if vcs == "gh" else vcs,
        "username": owner,
        "reponame": name,
        "vcs_url": project.vcs_url,
        "default_branch": "main",
        "following": project.followed,
        "oss": project.open_source,
    }


def _keypair(pair: KeyPair | None) -> Json:
    if pair is None:
        return None
    return {"access_key_id": masked(pair.id), "secret_access_key": masked(pair.secret)}


def _v11(request: Request, body: Json) -> Reply:
    """Return the body as JSON when that is asked for; else as EDN, which v1.1 likes better."""
    if request.wants_json:
        return Reply(200, body)
    return Reply(200, edn(body).encode(), content_type="application/edn;charset=utf-8")


def edn(value: Json) -> str:
    """Return a value in Clojure's notation."""
    if isinstance(value, dict):
        return "{" + ", ".join(f":{name} {edn(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + " ".join(edn(item) for item in value) + "]"
    return "nil" if value is None else json.dumps(value)


# --- v3 --------------------------------------------------------------------------------------


def v3_projects(directory: Directory, request: Request, _names: tuple[str, ...]) -> Reply:
    """Return a page of the projects that a filter names; no match is an empty list, not 404."""
    limit = request.query.get("page[limit]", str(V3_PAGE))
    if not limit.isdigit() or not 1 <= int(limit) <= V3_MOST:
        return error(400, "page[limit] is out of range.")
    matching = _v3_matching(directory, request)
    if matching is None:
        return error(400, "A filter is required.")
    cursor = request.query.get("page[cursor]", "")
    shown, following = page(matching, request, int(limit), cursor)
    return Reply(200, {"data": list(shown), "page": {"next": following, "prev": None}})


def v3_project(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return one project by UUID."""
    found = directory.project(*names)
    return Reply(200, {"data": _v3_project(found)}) if found else error(404, "Project not found")


def v3_settings(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return what the settings of a project say beyond those of version 2."""
    found = directory.project(*names)
    if not found:
        return error(404, "Project not found")
    told = next(iter(found.project.stores.get("settings", ())), {})
    switch = "enable_unversioned_config"
    return Reply(200, {"data": {"attributes": {switch: told.get(switch, False)}}})


def _v3_matching(directory: Directory, request: Request) -> tuple[Json, ...] | None:
    filters = {name: request.query.get(f"filter[{name}]") for name in ("org_id", "name", "slug")}
    if not any(filters.values()) and request.query.get("filter[following]") != "true":
        return None
    return tuple(
        _v3_project(found)
        for found in _every(directory)
        if not found.project.stopped
        and filters["org_id"] in (None, found.organization.id)
        and filters["name"] in (None, found.project.name)
        and (filters["slug"] is None or filters["slug"] in found.project.slugs)
        and (found.project.followed or "filter[following]" not in request.query)
    )


def _v3_project(found: Found) -> Json:
    owner = {"id": found.organization.id, "attributes": {"name": found.organization.name}}
    return {
        "id": found.project.id,
        "attributes": {"name": found.project.name},
        "references": {"org": owner},
    }


# --- private ---------------------------------------------------------------------------------


def private_projects(directory: Directory, request: Request, _names: tuple[str, ...]) -> Reply:
    """Return a page of all projects of an organisation, stopped ones on demand."""
    size = int(request.query.get("page-size", PRIVATE_PAGE))
    organization = directory.by_owner.get(request.query.get("organization-id", ""))
    if size > PRIVATE_PAGE:
        return error(500)
    if not organization or organization.id != request.query.get("organization-id"):
        return error(404)
    with_stopped = request.query.get("include-deleted") == "true"
    items = tuple(
        {"id": p.id, "name": p.name, "slug": p.slug, "has_trigger": p.building}
        for p in organization.projects
        if with_stopped or not p.stopped
    )
    shown, token = page(items, request, size, request.query.get("page-token", ""))
    return Reply(200, {"items": list(shown), "next_page_token": token})


def private_project(directory: Directory, request: Request, names: tuple[str, ...]) -> Reply:
    """Return everything one project keeps, in one answer."""
    found = directory.project(*names)
    with_stopped = request.query.get("include-deleted") == "true"
    if not found or (found.project.stopped and not with_stopped):
        return error(404)
    body: Json = {
        "project_env_vars": [variable_body(variable) for variable in found.project.variables],
        "checkout_keys": checkout_keys(found.project),
        "ssh_keys": ssh_keys(found.project),
    }
    if found.project.legacy_keys:
        body["legacy_aws_keys"] = _keypair(found.project.legacy_keys)
    return Reply(200, body)


def _every(directory: Directory) -> tuple[Found, ...]:
    return tuple(
        Found(organization, project)
        for organization in directory.organizations
        for project in organization.projects
    )


ROUTES: Routes = {
    "/api/v1.1/projects": followed,
    "/api/v1.1/project/{}/{}/{}/settings": v11_settings,
    "/api/v1.1/project/{}/{}/{}/token": v11_tokens,
    "/api/v3/projects": v3_projects,
    "/api/v3/projects/{}": v3_project,
    "/api/v3/projects/{}/settings": v3_settings,
    "/api/private/project": private_projects,
    "/api/private/project/{}": private_project,
}
