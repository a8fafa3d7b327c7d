"""Answers one made-up request: fields in plain JSON, a verdict in plain JSON.

principal    as bindings write it: "serviceAccount:ci@p.iam.gserviceaccount.com", "allUsers"
permission   such as "storage.objects.get"
resource     full name, such as "//storage.googleapis.com/builds"
ancestors    full names of what is above the resource, nearest first; none if not given
bindings     list of {"resource", "role", "members", "condition"}, or of search results as
             `gcloud asset search-all-iam-policies` prints them
roles        role names, each with its list of permissions; null, or a role left out: not known
deny         list of deny policies as `gcloud iam policies get` prints them, each with the
             `resource` it is attached to; none if not given, null: not known
boundaries   list of access boundaries bound to the principal: "name", "rules" with "resources",
             the binding's "condition", and "blocks", what they stop: patterns of permissions,
             null: not known; without it "enforcementVersion" of their "details" tells, without
             details they stop everything; none if not given, null: not known
groups       groups and principal sets that hold the principal; null or absent: not known
attributes   what conditions ask about, by dotted name such as "resource.type"
tags         tags of the resource: namespaced keys, each with its value; null: not known
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from auditor.models import Json
from auditor.providers.gcp.engine import BadRequest, evaluate


def simulate(request: Mapping[str, Json], now: datetime) -> dict[str, Any]:
    """Return the verdict on a request. BadRequest where a field cannot be used.

    Fields that are not listed above are left to whoever wrote the request.
    """
    return evaluate(
        principal=_text(request, "principal"),
        permission=_text(request, "permission"),
        resource=_text(request, "resource"),
        ancestors=_texts(request, "ancestors") or (),
        bindings=_list(request, "bindings") or (),
        roles=_roles(request),
        deny=_list(request, "deny", absent=[]),
        boundaries=_list(request, "boundaries", absent=[]),
        groups=_texts(request, "groups"),
        attributes=_object(request, "attributes"),
        tags=_object(request, "tags"),
        now=now,
    ).to_json()


def _text(request: Mapping[str, Json], name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise BadRequest(name, "it is missing" if value is None else "it is no text")
    return value


def _list(
    request: Mapping[str, Json], name: str, absent: list[Json] | None = None
) -> list[Json] | None:
    value = request.get(name, absent)
    if value is None or (isinstance(value, list) and all(isinstance(v, dict) for v in value)):
        return value
    raise BadRequest(name, "it is not a list of objects")


def _texts(request: Mapping[str, Json], name: str) -> list[str] | None:
    value = request.get(name)
    if value is None or (isinstance(value, list) and all(isinstance(v, str) for v in value)):
        return value
    raise BadRequest(name, "it is not a list of texts")


def _object(request: Mapping[str, Json], name: str) -> dict[str, Json] | None:
    value = request.get(name)
    if value is None or isinstance(value, dict):
        return value
    raise BadRequest(name, "it is not an object")


def _roles(request: Mapping[str, Json]) -> dict[str, frozenset[str] | None]:
    found: dict[str, frozenset[str] | None] = {}
    for name, permissions in (_object(request, "roles") or {}).items():
        if permissions is not None and not isinstance(permissions, list):
            raise BadRequest("roles", "each has a list of permissions, or null")
        found[name] = None if permissions is None else frozenset(map(str, permissions))
    return found
