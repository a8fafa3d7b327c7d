"""Answers one made-up request: fields in plain JSON, a verdict in plain JSON.

principal_ids   object ids of the principal and of every group that it is in
action          such as "Microsoft.Compute/virtualMachines/read"; a wildcard asks about all matches
data_action     in place of `action`; or true: what stands in `action` is a data action
scope           where: "/subscriptions/…", with or without resource group and resource
assignments     role assignments, as the API or `az role assignment list` prints them
definitions     role definitions, as the API or `az role definition list` prints them
deny            deny assignments, as the API prints them; null: none
parents         scope of the management group above, by scope of subscription or management group
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.models import Json
from auditor.providers.azure.engine import Malformed, evaluate
from auditor.providers.azure.engine.scopes import normal


def simulate(request: Mapping[str, Json]) -> dict[str, Any]:
    """Return the verdict on a request. Malformed where a field cannot be used.

    Fields that are not listed above are left to whoever wrote the request.
    """
    action, data_action = _actions(request)
    scope = _text(request, "scope")
    if scope is None or not scope.startswith("/"):
        raise Malformed("scope: it is no path such as /subscriptions/<id>")
    verdict = evaluate(
        _ids(request),
        action,
        data_action,
        scope,
        _list(request, "assignments", needed=True),
        _list(request, "definitions"),
        _list(request, "deny"),
        _parents(request),
    )
    return verdict.to_json()


def _actions(request: Mapping[str, Json]) -> tuple[str | None, str | None]:
    """Return the action and the data action, of which one is None."""
    action, data = _text(request, "action"), request.get("data_action")
    if isinstance(data, bool):
        return (None, action) if data else (action, None)
    return action, _text(request, "data_action")


def _text(request: Mapping[str, Json], name: str) -> str | None:
    value = request.get(name)
    if value is None or isinstance(value, str):
        return value
    raise Malformed(f"{name}: it is neither a text nor null")


def _ids(request: Mapping[str, Json]) -> list[str]:
    value = request.get("principal_ids")
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return value
    raise Malformed("principal_ids: it is not a list of object ids")


def _list(request: Mapping[str, Json], name: str, *, needed: bool = False) -> list[Json]:
    value = request.get(name)
    if isinstance(value, list):
        return value
    if value is None and not needed:
        return []
    raise Malformed(f"{name}: it is not a list of documents")


def _parents(request: Mapping[str, Json]) -> dict[str, str] | None:
    value = request.get("parents")
    if value is None:
        return None
    if isinstance(value, dict) and all(isinstance(above, str) for above in value.values()):
        return {normal(scope): above for scope, above in value.items()}
    raise Malformed("parents: it is not an object of scopes")
