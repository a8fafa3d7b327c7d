"""Judges recorded exchanges of the Azure demo against Microsoft's own API descriptions.

Graph by its OpenAPI description, Resource Manager by its Swagger of 2018 for types and by the
attribute maps of the SDK's newer models for names. Shape, not meaning.
"""

from __future__ import annotations

import functools
import json
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from judge import SPECIFICATIONS, Judgement

GRAPH_ONLY_ON_THE_WIRE = frozenset(("$skiptoken",))
"""Query keys that Graph puts into its own links."""
_LISTED = {
    "roleassignments": ("v2022_04_01", "RoleAssignment"),
    "denyassignments": ("v2022_04_01", "DenyAssignment"),
    "roleeligibilityscheduleinstances": ("v2020_10_01", "RoleEligibilityScheduleInstance"),
    "classicadministrators": ("v2015_07_01", "ClassicAdministrator"),
    "roledefinitions": ("v2022_05_01_preview", "RoleDefinition"),
}
_DESCRIBED = {
    "roleassignments": ("RoleAssignment", "RoleAssignmentListResult"),
    "roledefinitions": ("RoleDefinition", "RoleDefinitionListResult"),
}


def judge_azure(lines: Iterable[str]) -> Judgement:
    """Return the judgement of recorded exchanges of the provider "azure"."""
    told = [json.loads(line) for line in lines]
    exchanges = [one for one in told if one["provider"] == "azure" and one["method"] == "GET"]
    found = [(one, objections) for one in exchanges if (objections := _judge(one)) is not None]
    return Judgement(
        len(found),
        len(exchanges) - len(found),
        tuple(f"{one['path']}: {text}" for one, objections in found for text in objections),
    )


def _judge(exchange: Mapping[str, Any]) -> list[str] | None:
    """Return what is wrong with an exchange; None where nothing published covers it."""
    path = urlsplit(exchange["path"]).path
    if path.startswith("/v1.0/"):
        return _of_graph(exchange, path.removeprefix("/v1.0"))
    kind = path.lower().rstrip("/").split("/providers/microsoft.authorization/")[-1]
    listed = _LISTED.get(kind.partition("/")[0])
    if listed is None or exchange["status"] != 200:
        return None
    body = exchange["body"]
    items = body.get("value", [body])
    named = [text for item in items for text in _of_model(item, *listed)]
    return [*named, *_of_swagger(kind.partition("/")[0], body)]


def _of_graph(exchange: Mapping[str, Any], path: str) -> list[str] | None:
    template = _template(path)
    if not template:
        return None
    query = parse_qsl(urlsplit(exchange["path"]).query, keep_blank_values=True)
    parameters = _graph()["paths"][template]["get"]["parameters"]
    declared = {_resolved(one)["name"] for one in parameters}
    found = [
        f"query key {key} is not declared"
        for key, _ in query
        if key not in declared | GRAPH_ONLY_ON_THE_WIRE
    ]
    return found + list(_raised(exchange, path, query))


def _raised(exchange: Mapping[str, Any], path: str, query: list[tuple[str, str]]) -> Iterator[str]:
    from openapi_core.exceptions import OpenAPIError  # noqa: PLC0415
    from openapi_core.testing import MockRequest, MockResponse  # noqa: PLC0415

    args = {key: value for key, value in query if key not in GRAPH_ONLY_ON_THE_WIRE}
    request = MockRequest("https://graph.microsoft.com", "get", f"/v1.0{path}", args=args)
    response = MockResponse(
        json.dumps(exchange["body"]).encode(), exchange["status"], content_type="application/json"
    )
    for step, arguments in (
        (_api().validate_request, (request,)),
        (_api().validate_response, (request, response)),
    ):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                step(*arguments)
        except OpenAPIError as error:
            causes = getattr(error.__cause__, "schema_errors", None) or (error.__cause__ or error,)
            yield from (getattr(cause, "message", None) or str(cause) for cause in causes)


def _of_model(item: Mapping[str, Any], version: str, model: str) -> Iterator[str]:
    """Yield the fields of an item that the SDK's model of that version does not know."""
    import importlib  # noqa: PLC0415

    models = importlib.import_module(f"azure.mgmt.authorization.{version}.models")
    known = {one["key"] for one in getattr(models, model)._attribute_map.values()}
    told = {*(name for name in item if name != "properties")}
    told |= {f"properties.{name}" for name in item.get("properties", {})}
    yield from (f"{name} is no field of {model}" for name in sorted(told - known))


def _of_swagger(kind: str, body: Any) -> Iterator[str]:
    """Yield what the Swagger of 2018 objects to, in what it describes at all."""
    single, listing = _DESCRIBED.get(kind, ("", ""))
    if single:
        from jsonschema import Draft4Validator  # noqa: PLC0415

        reference = f"#/definitions/{listing if 'value' in body else single}"
        schema = {"$ref": reference, "definitions": _arm()["definitions"]}
        yield from (error.message for error in Draft4Validator(schema).iter_errors(body))


def _template(path: str) -> str:
    fitting = [
        template
        for template in _graph()["paths"]
        if re.fullmatch(re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template)), path)
    ]
    return min(fitting, key=lambda template: template.count("{"), default="")


def _resolved(node: Mapping[str, Any]) -> Mapping[str, Any]:
    target: Any = _graph()
    if "$ref" not in node:
        return node
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return _resolved(target)


@functools.cache
def _arm() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SPECIFICATIONS / "arm.json").read_text("utf-8"))
    return found


@functools.cache
def _graph() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SPECIFICATIONS / "graph.json").read_text("utf-8"))
    return found


@functools.cache
def _api() -> Any:
    from openapi_core import Config, OpenAPI  # noqa: PLC0415

    return OpenAPI.from_dict(_graph(), config=Config(spec_validator_cls=None))
