"""What GitHub's replies hold, field by field, as its published schemas ask for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from auditor.demo import invent
from auditor.demo.ssh import public_key
from auditor.models import Json

Table = Mapping[str, Any]
_API = "https://api.github.com"
_WEB = "https://github.com"
_LEVELS = ("pull", "triage", "push", "maintain", "admin")
_ROLES = {"pull": "read", "push": "write"}
_USER_URLS = (
    "events", "followers", "following", "gists", "organizations", "received_events", "repos",
    "starred", "subscriptions",
)  # fmt: skip
_REPOSITORY_URLS = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare",
    "contents", "contributors", "deployments", "downloads", "events", "forks", "git_commits",
    "git_refs", "git_tags", "hooks", "issue_comment", "issue_events", "issues", "keys", "labels",
    "languages", "merges", "milestones", "notifications", "pulls", "releases", "stargazers",
    "statuses", "subscribers", "subscription", "tags", "teams", "trees",
)  # fmt: skip


def at(day: date, *names: str) -> str:
    """Return a time on that day as GitHub writes it."""
    return invent.moment(day, invent.VARIABLES, *names).strftime("%Y-%m-%dT%H:%M:%SZ")


def id_of(*names: str) -> int:
    """Return the number of what has these names."""
    return 10_000 + invent.number(90_000_000, "github", *names)


def node(*names: str) -> str:
    """Return the id of GraphQL that replies carry."""
    return f"N_{invent.identifier('node', *names)[:12]}"


def user(login: str) -> dict[str, Json]:
    """Return a person as listings show them."""
    api = f"{_API}/users/{login}"
    return {
        "login": login,
        "id": id_of("user", login),
        "node_id": node("user", login),
        "avatar_url": f"{_WEB}/{login}.png",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{_WEB}/{login}",
        "type": "User",
        "site_admin": False,
    } | {f"{name}_url": f"{api}/{name}" for name in _USER_URLS}


def users(logins: Iterable[str]) -> list[Json]:
    """Return people as listings show them."""
    return [user(login) for login in logins]


def private_user(login: str) -> Json:
    """Return the person whose token asks."""
    counts = (
        "public_repos", "public_gists", "followers", "following", "private_gists",
        "total_private_repos", "owned_private_repos", "disk_usage", "collaborators",
    )  # fmt: skip
    nothing = ("name", "company", "blog", "location", "email", "hireable", "bio")
    return {
        **user(login),
        **dict.fromkeys(nothing, None),
        "blog": "",
        **dict.fromkeys(counts, 0),
        "created_at": "2016-01-04T09:00:00Z",
        "updated_at": "2026-01-04T09:00:00Z",
        "two_factor_authentication": True,
    }


def organization(name: str, default_permission: str, plan: str, private: int) -> Json:
    """Return an organisation's settings as an owner sees them."""
    api = f"{_API}/orgs/{name}"
    urls = ("repos", "events", "hooks", "issues", "members", "public_members")
    return {
        "login": name,
        "id": id_of("org", name),
        "node_id": node("org", name),
        "url": api,
        **{f"{url}_url": f"{api}/{url}" for url in urls},
        "avatar_url": f"{_WEB}/{name}.png",
        "description": None,
        "html_url": f"{_WEB}/{name}",
        "has_organization_projects": True,
        "has_repository_projects": True,
        **dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0),
        "type": "Organization",
        "created_at": "2016-01-04T09:00:00Z",
        "updated_at": "2026-01-04T09:00:00Z",
        "archived_at": None,
        "default_repository_permission": default_permission,
        "two_factor_requirement_enabled": True,
        "plan": {"name": plan, "space": 1, "private_repos": 999999},
        "total_private_repos": private,
    }


def repository(organization_: str, name: str, *, private: bool, archived: bool) -> dict[str, Json]:
    """Return a repository as listings show it."""
    api = f"{_API}/repos/{organization_}/{name}"
    return {
        "id": id_of("repository", organization_, name),
        "node_id": node("repository", name),
        "name": name,
        "full_name": f"{organization_}/{name}",
        "owner": user(organization_) | {"type": "Organization"},
        "private": private,
        "visibility": "private" if private else "public",
        "html_url": f"{_WEB}/{organization_}/{name}",
        "description": None,
        "fork": False,
        "url": api,
        "archived": archived,
        "disabled": False,
        "default_branch": "main",
        "pushed_at": "2026-11-01T09:00:00Z",
        **{f"{url}_url": f"{api}/{url}" for url in _REPOSITORY_URLS},
    }


def whole_repository(told: Table) -> dict[str, Json]:
    """Return a repository as an app is shown it, with all that listings of others leave out."""
    counts = (
        "forks", "forks_count", "open_issues", "open_issues_count", "size", "stargazers_count",
        "watchers", "watchers_count",
    )  # fmt: skip
    has = ("has_downloads", "has_issues", "has_pages", "has_projects", "has_wiki")
    page = f"{_WEB}/{told['full_name']}"
    return {
        **told,
        **dict.fromkeys(("clone_url", "git_url", "ssh_url", "svn_url"), f"{page}.git"),
        **dict.fromkeys(counts, 0),
        **dict.fromkeys(has, False),
        **dict.fromkeys(("homepage", "language", "license", "mirror_url")),
        "created_at": "2016-01-04T09:00:00Z",
        "updated_at": "2026-01-04T09:00:00Z",
    }


def access(permission: str) -> dict[str, Json]:
    """Return the level of access that a team or a collaborator has."""
    flags = {name: at_ <= _LEVELS.index(permission) for at_, name in enumerate(_LEVELS)}
    return {"permissions": flags, "role_name": _ROLES.get(permission, permission)}


def team(organization_: str, table: Table) -> Json:
    """Return a team."""
    slug = table["slug"]
    api = f"{_API}/orgs/{organization_}/teams/{slug}"
    return {
        "id": id_of("team", slug),
        "node_id": node("team", slug),
        "url": api,
        "members_url": f"{api}/members{{/member}}",
        "name": slug,
        "slug": slug,
        "description": None,
        "privacy": "closed",
        "permission": "pull",
        "html_url": f"{_WEB}/orgs/{organization_}/teams/{slug}",
        "repositories_url": f"{api}/repos",
        "type": "organization",
        "parent": None,
    }


def authorization(number: int, table: Table, value: str) -> Json:
    """Return a token that was authorized for single sign-on; of its value the last eight."""
    login = table["login"]
    expires = table.get("expires")
    return {
        "login": login,
        "credential_id": number,
        "credential_type": table.get("type", "personal access token"),
        "token_last_eight": value[-8:],
        "credential_authorized_at": at(table["authorized"], login),
        "credential_accessed_at": at(table["used"], login),
        "authorized_credential_id": number + 1_000_000,
        "authorized_credential_note": table["note"],
        "authorized_credential_expires_at": at(expires, login) if expires else None,
        "scopes": list(table["scopes"]),
    }


def fine_grained(organization_: str, number: int, table: Table) -> Json:
    """Return a fine-grained token that has access to the organisation."""
    login = table["login"]
    return {
        "id": number,
        "owner": user(login),
        "repository_selection": "subset",
        "repositories_url": f"{_API}/organizations/1/personal-access-tokens/{number}/repositories",
        "permissions": {"repository": dict(table["permissions"])},
        "access_granted_at": at(table["granted"], organization_, login),
        "token_id": number + 700_000,
        "token_name": table["name"],
        "token_expired": False,
        "token_expires_at": at(table["expires"], login),
        "token_last_used_at": at(table["used"], login),
    }


def installation(organization_: str, table: Table) -> Json:
    """Return an installed app."""
    number = table["installation"]
    return {
        "id": number,
        "account": user(organization_) | {"type": "Organization"},
        "repository_selection": table["selection"],
        "access_tokens_url": f"{_API}/app/installations/{number}/access_tokens",
        "repositories_url": f"{_API}/installation/repositories",
        "html_url": f"{_WEB}/organizations/{organization_}/settings/installations/{number}",
        "app_id": table["id"],
        "client_id": f"Iv1.{invent.identifier('app', table['slug'])[:16]}",
        "target_id": id_of("org", organization_),
        "target_type": "Organization",
        "permissions": dict(table["permissions"]),
        "events": [],
        "created_at": at(table["created"], table["slug"]),
        "updated_at": at(table["created"], table["slug"]),
        "single_file_name": None,
        "app_slug": table["slug"],
        "suspended_by": None,
        "suspended_at": None,
    }


def app(organization_: str, table: Table) -> Json:
    """Return an app as it sees itself."""
    slug = table["slug"]
    return {
        "id": table["id"],
        "slug": slug,
        "node_id": node("app", slug),
        "client_id": f"Iv1.{invent.identifier('app', slug)[:16]}",
        "owner": user(organization_) | {"type": "Organization"},
        "name": slug,
        "description": None,
        "external_url": _WEB,
        "html_url": f"{_WEB}/apps/{slug}",
        "created_at": at(table["created"], slug),
        "updated_at": at(table["created"], slug),
        "permissions": dict(table["permissions"]),
        "events": [],
    }


def access_token(token: str, permissions: Table) -> Json:
    """Return the token that an app gets for its installation."""
    return {
        "token": token,
        "expires_at": "2099-01-01T00:00:00Z",
        "permissions": dict(permissions),
        "repository_selection": "all",
    }


def deploy_key(organization_: str, number: int, table: Table, names: tuple[str, ...]) -> Json:
    """Return a deploy key, invented from names."""
    repository_ = table["repository"]
    return {
        "id": number,
        "key": public_key(*names),
        "url": f"{_API}/repos/{organization_}/{repository_}/keys/{number}",
        "title": table["title"],
        "verified": True,
        "created_at": at(table["created"], repository_),
        "read_only": table["read_only"],
        "added_by": None,
        "last_used": at(table["used"], repository_),
        "enabled": True,
    }


def user_key(number: int, table: Table, names: tuple[str, ...]) -> Json:
    """Return a public SSH key of a person, invented from names."""
    return {
        "id": number,
        "key": public_key(*names),
        "created_at": at(table["created"], table["login"]),
    }


def branch(organization_: str, repository_: str, name: str, *, protected: bool) -> Json:
    """Return a branch."""
    api = f"{_API}/repos/{organization_}/{repository_}"
    commit = f"{api}/commits/{node(repository_, name)}"
    stamp = {"name": "Otto Lift", "email": "otto@acme-rockets.example"}
    return {
        "name": name,
        "commit": {
            "url": commit,
            "sha": node(repository_, name),
            "node_id": node(repository_, name),
            "html_url": f"{_WEB}/{organization_}/{repository_}/commit/x",
            "comments_url": f"{commit}/comments",
            "commit": {
                "url": commit,
                "author": stamp,
                "committer": stamp,
                "message": "Fly",
                "comment_count": 0,
                "tree": {"sha": node("tree", name), "url": f"{api}/git/trees/x"},
            },
            "author": user(organization_),
            "committer": user(organization_),
            "parents": [],
        },
        "_links": {"html": f"{_WEB}/{organization_}/{repository_}/tree/{name}", "self": commit},
        "protected": protected,
        "protection": {"enabled": protected},
        "protection_url": f"{api}/branches/{name}/protection",
    }


def protection(organization_: str, repository_: str, name: str, *, enforced: bool) -> Json:
    """Return the settings of a protected branch: reviews, which administrators may pass or not."""
    url = f"{_API}/repos/{organization_}/{repository_}/branches/{name}/protection"
    reviews = {
        "url": f"{url}/required_pull_request_reviews",
        "dismiss_stale_reviews": True,
        "require_code_owner_reviews": False,
        "required_approving_review_count": 1,
    }
    admins = {"url": f"{url}/enforce_admins", "enabled": enforced}
    return {"url": url, "required_pull_request_reviews": reviews, "enforce_admins": admins}


def rule(organization_: str, repository_: str, ruleset_: int, kind: str) -> Json:
    """Return a rule that holds for a branch."""
    return {
        "type": kind,
        "ruleset_source_type": "Repository",
        "ruleset_source": f"{organization_}/{repository_}",
        "ruleset_id": ruleset_,
    }


def ruleset(organization_: str, repository_: str, table: Table) -> Json:
    """Return a ruleset with who may pass it, which those see that may change it."""
    passes = [one | {"actor_id": one["actor_id"] or None} for one in table["passes"]]
    shown = {} if table.get("untold") else {"bypass_actors": passes}
    return {
        "id": table["id"],
        "name": table["name"],
        "target": "branch",
        "source_type": "Repository",
        "source": f"{organization_}/{repository_}",
        "enforcement": "active",
        **shown,
    }


def event(organization_: str, login: str) -> Json:
    """Return an event of the audit log."""
    return {
        "@timestamp": 1_674_117_000_000,
        "action": "repo.access",
        "actor": login,
        "org": organization_,
        "_document_id": node("event", login),
    }
