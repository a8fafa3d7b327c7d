"""What CircleCI keeps for organisations beside contexts, as it goes over the wire.

Routes of version 2, version 3 and the runner API, which on Cloud has a host of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from auditor.demo import invent
from auditor.demo.circleci_stores import Table, fingerprint, made
from auditor.demo.directory import Answer, Directory, Routes
from auditor.demo.estate import CiOrganization, Stores
from auditor.demo.wire import Reply, Request, error
from auditor.models import Json

Make: TypeAlias = Callable[[CiOrganization, Table], Json]


def _id(organization: CiOrganization, store: str, table: Table) -> str:
    return invent.identifier(store, str(organization.id), *map(str, table.values()))


def _made(store: str, make: Make, organization: CiOrganization) -> list[Json]:
    tables = organization.stores.get(store, ())
    return [{"id": _id(organization, store, one), **make(organization, one)} for one in tables]


def _owned(directory: Directory, id_: str) -> CiOrganization | None:
    found = directory.by_owner.get(id_)
    return found if found and found.id == id_ else None


# --- ways to list -----------------------------------------------------------------------------


def _by_path(store: str, make: Make) -> Answer:
    """Return the route of version 2 with the organisation in its path."""

    def answer(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
        found = _owned(directory, names[0])
        return Reply(200, {"items": _made(store, make, found)}) if found else error(404)

    return answer


def _by_filter(store: str, make: Make) -> Answer:
    """Return the route of version 3 with a filter; no match is an empty list."""

    def answer(directory: Directory, request: Request, _names: tuple[str, ...]) -> Reply:
        wanted = request.query.get("filter[org_id]")
        if not wanted:
            return error(400, "A filter is required.")
        found = _owned(directory, wanted)
        data = [
            {"id": one.pop("id"), "attributes": one}
            for one in (_made(store, make, found) if found else [])
        ]
        return Reply(200, {"data": data, "page": {"next": None, "prev": None}})

    return answer


# --- version 2 --------------------------------------------------------------------------------


def exporters(directory: Directory, request: Request, _names: tuple[str, ...]) -> Reply:
    """Return the OpenTelemetry exporters of the organisation in the query, as a bare list."""
    found = _owned(directory, request.query.get("org-id", ""))
    return Reply(200, _made("otel", _exporter, found)) if found else error(404)


def _exporter(organization: CiOrganization, table: Table) -> Json:
    return {
        "org_id": organization.id,
        "endpoint": table["endpoint"],
        "protocol": "grpc",
        "insecure": table.get("insecure", False),
        "headers": dict.fromkeys(table.get("headers", ()), "xxxx"),
    }


def claims(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the custom claims of an organisation; only those that are set."""
    found = _owned(directory, names[0])
    return _claims({"org_id": found.id}, found.stores) if found else error(403)


def project_claims(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the custom claims of a project of an organisation; only those that are set."""
    found = directory.project(names[1])
    if not found or found.organization.id != names[0]:
        return Reply(403, {"error": "Permission denied."})
    ids = {"org_id": found.organization.id, "project_id": found.project.id}
    return _claims(ids, found.project.stores)


def _claims(ids: Json, stores: Stores) -> Reply:
    told = dict(next(iter(stores.get("oidc", ())), {}))
    time = made(told, "updated", *ids.values())
    body = {name: value for name, value in told.items() if name != "updated"}
    times = {f"{name}_updated_at": time for name in body}
    return Reply(200, {**ids, **body, **times})


def policies(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the config policies of an organisation by name."""
    found = _owned(directory, names[0])
    if not found:
        return error(403)
    bundle = {
        table["name"]: {
            "name": table["name"],
            "content": "package org",
            "created_at": made(table, "created", str(found.id), table["name"]),
            "created_by": directory.person.id,
        }
        for table in found.stores.get("policies", ())
    }
    return Reply(200, bundle)


def decisions(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return whether config policies are enforced."""
    found = _owned(directory, names[0])
    return Reply(200, {"enabled": bool(found.stores.get("policies"))}) if found else error(403)


def audit_access(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return whether the organisation's plan has audit-log streaming."""
    found = _owned(directory, names[0])
    has = bool(found and found.stores.get("audit_streams"))
    return Reply(200, {"has_access": has}) if found else error(404)


def _stream(organization: CiOrganization, table: Table) -> Json:
    time = made(table, "created", str(organization.id))
    return {
        "org_id": organization.id,
        "target_type": "S3",
        "is_disabled": False,
        "config": {name: table[name] for name in ("arn", "region", "bucket_name", "bucket_prefix")},
        "created_by": invent.identifier("person"),
        "created_at": time,
        "updated_at": time,
        "connection_status": "CONNECTED",
    }


def _orb_url(_organization: CiOrganization, table: Table) -> Json:
    return {"name": table["name"], "prefix": table["prefix"], "auth": table.get("auth", "none")}


# --- version 3 --------------------------------------------------------------------------------


def _certificate(organization: CiOrganization, table: Table) -> Json:
    return {
        "file_name": table["file"],
        "cert_type": table["type"],
        "fingerprint": fingerprint(str(organization.id), table["file"]),
        "created_at": made(table, "created", table["file"]),
        "expires_at": made(table, "expires", table["file"]),
    }


def _integration(organization: CiOrganization, table: Table) -> Json:
    time = made(table, "created", str(organization.id))
    told = {"type": "slack", "workspace_name": table["workspace"], "team_id": "T04ROCKETS"}
    return told | {"status": table["status"], "created_at": time, "updated_at": time}


def _connection(organization: CiOrganization, table: Table) -> Json:
    return {
        "provider": table["provider"],
        "external_id": str(invent.number(10**8, str(organization.id))),
        "login": table["login"],
        "repository_selection": table["repositories"],
    }


def settings(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the settings of an organisation."""
    found = _owned(directory, names[0])
    if not found:
        return error(404)
    told = next(iter(found.stores.get("settings", ())), {})
    return Reply(200, {"data": {"attributes": dict(told)}})


# --- people: private routes, of standalone organisations only -----------------------------------


def role_grants(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return who has which role."""
    found = _standalone(directory, names[0])
    if not found:
        return error(404)
    items = [
        {**_member(username), "role": table["role"]}
        for table in found.stores.get("roles", ())
        for username in table["people"]
    ]
    return Reply(200, {"items": items})


def group_members(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the members of a group."""
    found = _standalone(directory, names[0])
    group = next((one for one in found.groups if one.id == names[1]), None) if found else None
    if not found or not group:
        return error(403)
    everybody = [name for table in found.stores.get("roles", ()) for name in table["people"]]
    told = next(iter(found.stores.get("members", ())), {})
    items = [
        {"id": invent.identifier("person", name), "username": name, "group_id": group.id}
        for name in told.get(group.name, everybody)
    ]
    return Reply(200, {"items": items})


def _member(username: str) -> Json:
    return {
        "userId": invent.identifier("person", username),
        "email": f"{username}@acme-rockets.example",
        "username": username,
    }


def _standalone(directory: Directory, id_: str) -> CiOrganization | None:
    found = _owned(directory, id_)
    return found if found and found.vcs_type == "circleci" else None


# --- runners ----------------------------------------------------------------------------------


def resources(directory: Directory, request: Request, _names: tuple[str, ...]) -> Reply:
    """Return the resource classes of the organisation in the query."""
    found = _owned(directory, request.query.get("org-id", ""))
    if not found:
        return error(404)
    return Reply(200, {"items": _made("runners", _resource, found)})


def _resource(_organization: CiOrganization, table: Table) -> Json:
    return {"resource_class": table["class"], "description": ""}


def runner_tokens(directory: Directory, request: Request, _names: tuple[str, ...]) -> Reply:
    """Return the tokens of the resource class in the query: nicknames, never values."""
    table = _runner(directory, request)
    if not table:
        return error(404)
    items = [
        {
            "id": invent.identifier("runner token", table["class"], nickname),
            "nickname": nickname,
            "resource_class": table["class"],
            "created_at": made(table, "created", table["class"], nickname),
        }
        for nickname in table.get("tokens", ())
    ]
    return Reply(200, {"items": items})


def agents(directory: Directory, request: Request, _names: tuple[str, ...]) -> Reply:
    """Return the agents of the resource class in the query."""
    table = _runner(directory, request)
    if not table:
        return error(404)
    items = [
        {
            "resource_class": table["class"],
            "hostname": host,
            "name": host,
            "ip": "192.0.2.7",
            "version": "launch-agent 3.0",
            "first_connected": made(table, "created", host),
            "last_connected": made(table, "used", host),
            "last_used": made(table, "used", host),
        }
        for host in table.get("agents", ())
    ]
    return Reply(200, {"items": items})


def _runner(directory: Directory, request: Request) -> Table | None:
    wanted = request.query.get("resource-class", "")
    tables = (
        table
        for organization in directory.organizations
        for table in organization.stores.get("runners", ())
    )
    return next((table for table in tables if table["class"] == wanted), None)


ROUTES: Routes = {
    "/api/v2/otel/exporters": exporters,
    "/api/v2/org/{}/oidc-custom-claims": claims,
    "/api/v2/org/{}/project/{}/oidc-custom-claims": project_claims,
    "/private/ciam/orgs/{}/role-grants": role_grants,
    "/private/ciam/orgs/{}/groups/{}/users": group_members,
    "/api/v2/organization/{}/url-orb-allow-list": _by_path("orb_urls", _orb_url),
    "/api/v2/owner/{}/context/config/policy-bundle": policies,
    "/api/v2/owner/{}/context/config/decision/settings": decisions,
    "/api/v2/organizations/{}/audit-log/access": audit_access,
    "/api/v2/organizations/{}/audit-log/configs": _by_path("audit_streams", _stream),
    "/api/v3/signing/certificates": _by_filter("certificates", _certificate),
    "/api/v3/notification/integrations": _by_filter("notifications", _integration),
    "/api/v3/provider/connections": _by_filter("connections", _connection),
    "/api/v3/orgs/{}/settings": settings,
    "/api/v3/runner/resource": resources,
    "/api/v3/runner/token": runner_tokens,
    "/api/v3/runner": agents,
}
