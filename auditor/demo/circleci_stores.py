"""What CircleCI keeps for projects beside variables, as it goes over the wire.

What the scenario's tables leave out (ids, fingerprints, secrets) is invented from their names.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from auditor.demo import invent, ssh
from auditor.demo.directory import Answer, Directory, Routes
from auditor.demo.estate import Project
from auditor.demo.wire import Reply, Request, error
from auditor.models import Json

Table = Mapping[str, Any]


def made(table: Table, name: str, *names: str) -> str | None:
    """Return the time of a date in a table, as the wire has it; None where there is none."""
    day = table.get(name)
    return invent.wire(invent.moment(day, invent.VARIABLES, *names)) if day else None


def fingerprint(*names: str) -> str:
    """Return the SHA-256 fingerprint of an invented key."""
    digest = hashlib.sha256("\0".join(("fingerprint", *names)).encode()).digest()
    return base64.b64encode(digest).decode().rstrip("=")


# --- SSH keys and tokens: told by several interfaces ------------------------------------------


def ssh_keys(project: Project) -> list[Json]:
    """Return the additional SSH keys; one without a host name is offered to every host."""
    return [
        {
            "hostname": table.get("host", ""),
            "public_key": ssh.public_key(project.id, table.get("host", "")),
            "fingerprint": ssh.fingerprint(project.id, table.get("host", "")),
        }
        for table in project.stores.get("ssh_keys", ())
    ]


def checkout_keys(project: Project) -> list[Json]:
    """Return the checkout keys, with underscores as on the wire."""
    return [
        {
            "type": table["type"],
            "fingerprint": ssh.fingerprint(project.id, table["type"]),
            "public_key": ssh.public_key(project.id, table["type"]),
            "preferred": table.get("preferred", True),
            "created_at": made(table, "created", project.id, table["type"]),
        }
        for table in project.stores.get("checkout_keys", ())
    ]


def tokens(project: Project) -> list[Json]:
    """Return the project's API tokens."""
    return [
        {
            "id": invent.identifier("token", project.id, table["label"]),
            "label": table["label"],
            "scope": table.get("scope", "all"),
            "time": made(table, "created", project.id, table["label"]),
        }
        for table in project.stores.get("tokens", ())
    ]


# --- routes of version 2 ----------------------------------------------------------------------


def _listed(bodies: Callable[[Project], list[Json]]) -> Answer:
    """Return the route that lists bodies of the project that its path names."""

    def answer(directory: Directory, request: Request, names: tuple[str, ...]) -> Reply:
        found = directory.project(*names)
        if not found:
            return error(404, "Project not found")
        token = "again" if request.endless else None
        return Reply(200, {"items": bodies(found.project), "next_page_token": token})

    return answer


def webhooks(directory: Directory, request: Request, _names: tuple[str, ...]) -> Reply:
    """Return the outbound webhooks of the project in the query; a secret that is set is ****."""
    if request.query.get("scope-type") != "project":
        return error(400, "scope-type must be project.")
    found = directory.project(request.query.get("scope-id", ""))
    if not found:
        return error(404)
    items = [_webhook(found.project, table) for table in found.project.stores.get("webhooks", ())]
    return Reply(200, {"items": items, "next_page_token": None})


def _webhook(project: Project, table: Table) -> Json:
    name, secret = table["name"], invent.secret("webhook", project.id, table["name"])
    return {
        "id": invent.identifier("webhook", project.id, name),
        "name": name,
        "url": table["url"].replace("<secret>", secret),
        "events": ["workflow-completed"],
        "verify_tls": table.get("verify_tls", True),
        "signing_secret": "****" if table.get("signed", True) else "",
        "scope": {"id": project.id, "type": "project"},
        "created_at": made(table, "created", project.id, name),
        "updated_at": made(table, "created", project.id, name),
    }


def definitions(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the one pipeline definition of a project."""
    found = directory.project(*names)
    if not found:
        return error(404)
    source = {"provider": "github_app", "repo": {"external_id": "1", "full_name": "acme/one"}}
    body = {
        "id": invent.identifier("definition", found.project.id),
        "name": "build-and-test",
        "description": "",
        "created_at": invent.wire(invent.START),
        "config_source": source | {"file_path": ".circleci/config.yml"},
        "checkout_source": source,
    }
    return Reply(200, {"items": [body]})


def triggers(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the triggers of a pipeline definition: addresses and parameters in clear."""
    found = directory.project(names[0])
    if not found or names[1] != invent.identifier("definition", found.project.id):
        return error(404)
    tables = found.project.stores.get("triggers", ())
    return Reply(200, {"items": [_trigger(found.project, table) for table in tables]})


def _trigger(project: Project, table: Table) -> Json:
    id_ = invent.identifier("trigger", project.id, table["name"])
    address = f"https://internal.circleci.example/private/soc/e/{id_}?secret="
    webhook = {
        "url": address + invent.secret("trigger", id_),
        "sender": table.get("sender", ""),
    }
    repo = {"full_name": f"acme/{project.name}", "external_id": "1"}
    hooked = table.get("sender") is not None
    source: Json = (
        {"provider": "webhook", "webhook": webhook}
        if hooked
        else {
            "provider": "github_app",
            "repo": repo,
        }
    )
    body = {
        "id": id_,
        "event_name": table["name"],
        "created_at": made(table, "created", id_),
        "event_source": source,
        "disabled": table.get("disabled", False),
    }
    return body | _parameters(table, id_)


_ACTOR = {
    "id": invent.identifier("actor"),
    "login": "otto-lift",
    "name": "Otto Lift",
    "avatar_url": "https://avatars.example/otto-lift",
}


def schedules(project: Project) -> list[Json]:
    """Return the schedules, spelt as specified, with hyphens."""
    return [_schedule(project, table) for table in project.stores.get("schedules", ())]


def _schedule(project: Project, table: Table) -> Json:
    id_ = invent.identifier("schedule", project.id, table["name"])
    body = {
        "id": id_,
        "name": table["name"],
        "description": "",
        "timetable": {"per-hour": 1, "hours-of-day": [4], "days-of-week": ["MON"]},
        "created-at": made(table, "created", id_),
        "updated-at": made(table, "created", id_),
        "project-slug": project.slug,
        "actor": _ACTOR,
        "parameters": {"branch": "main"},
    }
    return body | _parameters(table, id_)


def _parameters(table: Table, owner: str) -> Json:
    given = table.get("parameters")
    if not given:
        return {}
    filled = {
        name: value.replace("<secret>", invent.secret(owner, name))
        if isinstance(value, str)
        else value
        for name, value in given.items()
    }
    return {"parameters": filled}


ROUTES: Routes = {
    "/api/v2/project/{}/{}/{}/checkout-key": _listed(checkout_keys),
    "/api/v2/project/{}/{}/{}/schedule": _listed(schedules),
    "/api/v2/webhook": webhooks,
    "/api/v2/projects/{}/pipeline-definitions": definitions,
    "/api/v2/projects/{}/pipeline-definitions/{}/triggers": triggers,
}
