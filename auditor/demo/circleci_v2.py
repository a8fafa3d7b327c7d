"""CircleCI's published API, version 2, with what the wire is known to do otherwise.

Reference: https://circleci.com/docs/api/v2/
"""

from __future__ import annotations

from datetime import timedelta

from auditor.demo import invent
from auditor.demo.directory import Directory, Found, Routes, page
from auditor.demo.estate import CiOrganization, Context, Restriction, Variable
from auditor.demo.wire import Reply, Request, error
from auditor.models import Json

PAGE = 20
MOST_VARIABLES = 100
"""A context shows no more; the page token it advertises is ignored."""
FEED = 250
"""How many pipelines the organisation's feed goes back."""


def me(directory: Directory, _request: Request, _names: tuple[str, ...]) -> Reply:
    """Return the token's person."""
    person = directory.person
    return Reply(
        200, {"id": person.id, "login": person.login, "name": person.name, "avatar_url": None}
    )


def collaborations(directory: Directory, _request: Request, _names: tuple[str, ...]) -> Reply:
    """Return the organisations of the token: a bare list, hyphenated key, ids may be null."""
    return Reply(
        200,
        [
            {
                "id": one.id,
                "vcs-type": one.vcs_type,
                "name": one.name,
                "avatar_url": f"https://avatars.example/{one.name}",
                "slug": one.slug,
            }
            for one in directory.organizations
        ],
    )


def organization(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return an organisation by id, or by its slug as ONE escaped segment: gh%2Facme-rockets."""
    found = directory.by_owner.get(names[0])
    if not found or not found.id:
        return error(404, "Organization not found.")
    body = {"id": found.id, "name": found.name, "slug": found.slug, "vcs_type": found.vcs_type}
    return Reply(200, body)


# --- contexts --------------------------------------------------------------------------------


def contexts(directory: Directory, request: Request, _names: tuple[str, ...]) -> Reply:
    """Return a page of the contexts of the owner, denied ones too."""
    if request.query.get("owner-type", "organization") != "organization":
        return error(400, "Only organizations own contexts.")
    owner = request.query.get("owner-id") or request.query.get("owner-slug")
    if not owner:
        return error(400, "owner-id or owner-slug is required.")
    found = directory.by_owner.get(owner)
    if not found:
        return error(404, "Organization does not exist.")
    made = tuple(_context(context) for context in found.contexts)
    return _listing(made, request)


def context(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return one context; 403 for a missing one, too."""
    found = directory.context(names[0])
    return Reply(200, _context(found)) if found else error(403)


def context_variables(directory: Directory, request: Request, names: tuple[str, ...]) -> Reply:
    """Return the variables of a context by name, at most 100, with tails that have no prefix."""
    found = directory.context(names[0])
    if not found:
        return error(403)
    ordered = sorted(found.variables, key=lambda variable: variable.name)
    items = [
        {
            "variable": variable.name,
            "context_id": found.id,
            "created_at": variable.created,
            "updated_at": variable.updated,
            "truncated_value": truncated(variable.value),
        }
        for variable in ordered[:MOST_VARIABLES]
    ]
    return Reply(200, {"items": items, "next_page_token": "again" if request.endless else None})


def restrictions(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return what limits the use of a context; nothing means that nothing does."""
    found = directory.context(names[0])
    if not found:
        return error(403)
    items = [_restriction(found, restriction) for restriction in found.restrictions]
    return Reply(200, {"items": items, "next_page_token": None})


def _context(context: Context) -> Json:
    return {"id": context.id, "name": context.name, "created_at": context.created}


def _restriction(context: Context, restriction: Restriction) -> Json:
    of_project = {"project_id": restriction.value} if restriction.kind == "project" else {}
    return of_project | {
        "context_id": context.id,
        "id": restriction.id,
        "name": restriction.name,
        "restriction_type": restriction.kind,
        "restriction_value": restriction.value,
    }


def truncated(value: str) -> str:
    """Return the tail that a context shows: the last characters, four or half of them."""
    shown = min(4, len(value) // 2)
    return value[len(value) - shown :]


# --- projects --------------------------------------------------------------------------------


def project(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return a project, by the three segments of its slug or by its UUID."""
    found = directory.project(*names)
    return Reply(200, project_body(found)) if found else error(404, "Project not found")


def project_variables(directory: Directory, request: Request, names: tuple[str, ...]) -> Reply:
    """Return the variables of a project with `created_at` as the wire has it, not as specified.

    No page token is honoured; told to be endless it still advertises one.
    """
    found = directory.project(*names)
    if not found:
        return error(404, "Project not found")
    items = [variable_body(variable) for variable in found.project.variables]
    return Reply(200, {"items": items, "next_page_token": "again" if request.endless else None})


def settings(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the advanced settings of a project."""
    found = directory.project(*names)
    if not found:
        return error(404, "Project not found.")
    told = next(iter(found.project.stores.get("settings", ())), {})
    advanced = {
        "autocancel_builds": False,
        "build_fork_prs": found.project.fork_builds,
        "build_prs_only": False,
        "disable_ssh": told.get("disable_ssh", False),
        "forks_receive_secret_env_vars": found.project.fork_secrets,
        "oss": found.project.open_source,
        "set_github_status": True,
        "setup_workflows": False,
        "write_settings_requires_admin": told.get("write_settings_requires_admin", True),
        "pr_only_branch_overrides": ["main"],
    }
    return Reply(200, {"advanced": advanced})


def project_body(found: Found) -> Json:
    """Return a project as version 2 describes it."""
    github = found.organization.vcs_type == "github"
    return {
        "id": found.project.id,
        "slug": found.project.slug,
        "name": found.project.name,
        "organization_name": found.organization.name,
        "organization_slug": found.organization.slug,
        "organization_id": found.organization.id,
        "vcs_info": {
            "vcs_url": found.project.vcs_url,
            "provider": "GitHub" if github else "CircleCI",
            "default_branch": "main",
        },
    }


def variable_body(variable: Variable) -> Json:
    """Return a project's variable with its masked value."""
    return {
        "name": variable.name,
        "value": masked(variable.value),
        "created_at": variable.created,
    }


def masked(value: str) -> str:
    """Return what a project shows of a value: four x and the last four, of a short one only x."""
    return f"xxxx{value[-4:]}" if len(value) > len("xxxx") else "xxxx"


# --- listings of what ran lately: partial by nature -------------------------------------------


def pipelines(directory: Directory, request: Request, _names: tuple[str, ...]) -> Reply:
    """Return a page of the newest pipelines of the projects the person follows."""
    found = directory.by_owner.get(request.query.get("org-slug", ""))
    if not found:
        return error(404, "Organization not found")
    slugs = [p.slug for p in found.projects if p.building and p.followed and not p.stopped]
    return _listing(tuple(pipeline_body(slug, n) for n, slug in enumerate(slugs[:FEED])), request)


def summary(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the insights of an organisation, whose "all_projects" are the lately built ones."""
    found = directory.by_owner.get("/".join(names))
    if not found:
        return error(404, "Organization not found")
    built = [p.name for p in found.projects if p.building and not p.stopped]
    numbers = {
        "total_runs": 0,
        "total_duration_secs": 0,
        "total_credits_used": 0,
        "success_rate": 0.0,
        "throughput": 0.0,
    }
    data = {"metrics": numbers, "trends": dict.fromkeys(numbers, 1.0)}
    return Reply(200, {"org_data": data, "org_project_data": [], "all_projects": built})


def pipeline_body(slug: str, n: int) -> Json:
    """Return the newest pipeline of a project, the n-th of its organisation."""
    time = invent.wire(invent.START + timedelta(days=3650, hours=n))
    return {
        "id": invent.identifier("pipeline", slug),
        "number": n + 1,
        "project_slug": slug,
        "created_at": time,
        "updated_at": time,
        "errors": [],
        "state": "created",
        "trigger": {
            "type": "webhook",
            "received_at": time,
            "actor": {"login": "otto-lift", "avatar_url": None},
        },
    }


def groups(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the groups of a standalone organisation in one page; 403 for any other."""
    found = directory.by_owner.get(names[0])
    if not found or not _standalone(found):
        return error(403)
    items = [{"id": g.id, "name": g.name, "description": ""} for g in found.groups]
    return Reply(200, {"items": items, "next_page_token": None, "total_count": len(items)})


def _standalone(organization: CiOrganization) -> bool:
    return organization.vcs_type == "circleci"


def _listing(items: tuple[object, ...], request: Request) -> Reply:
    shown, token = page(items, request, PAGE, request.query.get("page-token", ""))
    return Reply(200, {"items": list(shown), "next_page_token": token})


ROUTES: Routes = {
    "/api/v2/me": me,
    "/api/v2/me/collaborations": collaborations,
    "/api/v2/organization/{}": organization,
    "/api/v2/context": contexts,
    "/api/v2/context/{}": context,
    "/api/v2/context/{}/environment-variable": context_variables,
    "/api/v2/context/{}/restrictions": restrictions,
    "/api/v2/project/{}": project,
    "/api/v2/project/{}/{}/{}": project,
    "/api/v2/project/{}/{}/{}/envvar": project_variables,
    "/api/v2/project/{}/{}/{}/settings": settings,
    "/api/v2/pipeline": pipelines,
    "/api/v2/insights/{}/{}/summary": summary,
    "/api/v2/organizations/{}/groups": groups,
}
