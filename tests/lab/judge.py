"""Judges recorded exchanges against the vendors' own published schemas.

`judge(lines)` takes the lines of a `Recording` and says how many exchanges it judged, how many no
public schema covers, and what the specification objects to. A schema proves shape, not meaning.

The specifications are no part of this repository; `needs_specifications` skips where they are
absent. Where the wire is known to differ from them, `WIRE_ONLY`, `UNDECLARED_QUERY` and
`UNDECLARED_STATUS` say so, each with its reason.
"""

from __future__ import annotations

import functools
import json
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

import pytest

SPECIFICATIONS = Path(__file__).resolve().parents[3] / "shared" / "specs"
needs_specifications = pytest.mark.skipif(
    not (SPECIFICATIONS / "circleci.json").is_file(),
    reason="the vendors' specifications are not here",
)

FILES = {"circleci": "circleci.json", "github": "github.json"}
"""The specification of each provider of a recording."""
PREFIXES = {"circleci": "/api/v2", "github": "/api/v3"}
"""Where the specified paths begin; CircleCI publishes no schema of v1.1, v3 and private."""

VARIABLES = "/context/{context_id}/environment-variable"
RESTRICTIONS = "/context/{context_id}/restrictions"

TRIGGERS = "/projects/{project_id}/pipeline-definitions/{pipeline_definition_id}/triggers"

WIRE_ONLY = {
    (TRIGGERS, "parameters"): "measured: served, and missing from a schema that forbids more",
    (VARIABLES, "truncated_value"): "added after January 2023; the schema forbids further keys",
    (RESTRICTIONS, "name", None): "the schema's own text says it may be null",
}
"""Keys of a listing's items that are taken away before it is judged: any value, or this one."""

SPELT = {
    ("/webhook", "verify_tls"): "verify-tls",
    ("/webhook", "signing_secret"): "signing-secret",
    ("/webhook", "created_at"): "created-at",
    ("/webhook", "updated_at"): "updated-at",
    ("/project/{project-slug}/checkout-key", "public_key"): "public-key",
    ("/project/{project-slug}/checkout-key", "created_at"): "created-at",
}
"""Keys that the wire is measured to spell otherwise than the specification."""

UNDECLARED_QUERY = {
    ("/project/{project-slug}/envvar", "page-token"): "the reply advertises it",
    ("/project/{project-slug}/checkout-key", "page-token"): "the reply advertises it",
    (RESTRICTIONS, "page-token"): "the reply advertises it",
}

UNDECLARED_OPERATIONS = {
    ("GET", "/organization/{org-slug-or-id}"): "measured: served, and in use by official clients",
}
"""Counted as exchanges that no public schema covers."""

UNPUBLISHED = {
    r"/repos/[^/]+/[^/]+/rules/branches/[^/]+": "published, and not in the cut of GitHub's schema",
    r"/repos/[^/]+/[^/]+/rulesets/[^/]+": "published, and not in the cut of GitHub's schema",
    r"/otel/exporters": "measured: served, experimental",
    r"/organizations/[^/]+/audit-log/(access|configs)": "measured: served, in no published schema",
}
"""Paths of the prefix that no public schema has at all."""

UNDECLARED_STATUS = {
    ("/context/{context_id}", 403): "measured: forbidden and missing contexts are both 403",
    (VARIABLES, 403): "measured: forbidden and missing contexts are both 403",
    (RESTRICTIONS, 403): "measured: forbidden and missing contexts are both 403",
}

_SLUG = r"(?:gh|github|bb|bitbucket|circleci)/[^/]+"
_ONE_PARAMETER = (
    re.compile(rf"^/project/({_SLUG}/[^/]+)(?=$|/(?!settings$))"),
    re.compile(rf"^/insights/({_SLUG})(?=/summary$)"),
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of a recording. Each objection names the request first."""

    judged: int
    without_schema: int
    objections: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One recorded request and reply."""

    provider: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    status: int
    body: Any


def judge(lines: Iterable[str]) -> Judgement:
    """Return the judgement of recorded exchanges, one JSON object a line."""
    exchanges = [_exchange(json.loads(line)) for line in lines]
    judged = [exchange for exchange in exchanges if _covered(exchange)]
    return Judgement(
        len(judged),
        len(exchanges) - len(judged),
        tuple(
            f"{exchange.method} {exchange.path}: {objection}"
            for exchange in judged
            for objection in _objections(exchange)
        ),
    )


def _exchange(line: dict[str, Any]) -> Exchange:
    parts = urlsplit(line["path"])
    query = tuple(parse_qsl(parts.query, keep_blank_values=True))
    provider, method = line["provider"], line["method"]
    return Exchange(provider, method, parts.path, query, line["status"], line["body"])


def _covered(exchange: Exchange) -> bool:
    prefix = PREFIXES.get(exchange.provider)
    if prefix is None or not exchange.path.startswith(prefix + "/"):
        return False
    path = _specified_path(exchange)
    if any(re.fullmatch(unpublished, path) for unpublished in UNPUBLISHED):
        return False
    template = _template(exchange.provider, path)
    return (exchange.method, template) not in UNDECLARED_OPERATIONS


def _objections(exchange: Exchange) -> list[str]:
    path = _specified_path(exchange)
    template = _template(exchange.provider, path)
    declared = _declared(exchange.provider, template, exchange.method)
    if declared is None:
        return ["no such operation"]
    found = [
        f"query key {key!r} is not declared"
        for key, _ in exchange.query
        if key not in declared and (template, key) not in UNDECLARED_QUERY
    ]
    return found + _schema_objections(exchange, path, template)


def _specified_path(exchange: Exchange) -> str:
    """Return the path with a slug as the one escaped parameter that the specification has."""
    path = exchange.path.removeprefix(PREFIXES[exchange.provider])
    for pattern in _ONE_PARAMETER:
        if slug := pattern.match(path):
            return path[: slug.start(1)] + quote(unquote(slug[1]), safe="") + path[slug.end(1) :]
    return path


def _template(provider: str, path: str) -> str:
    """Return the most literal path of the specification that fits, "" where none does."""
    fitting = [
        template
        for template in _specification(provider)["paths"]
        if re.fullmatch(re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template)), path)
    ]
    return min(fitting, key=lambda template: template.count("{"), default="")


def _declared(provider: str, template: str, method: str) -> set[str] | None:
    """Return the query keys that an operation declares, None where there is no such operation."""
    specification = _specification(provider)
    item = specification["paths"].get(template, {})
    if method.lower() not in item:
        return None
    declared = (*item.get("parameters", ()), *item[method.lower()].get("parameters", ()))
    parameters = (_resolved(specification, parameter) for parameter in declared)
    return {parameter["name"] for parameter in parameters if parameter["in"] == "query"}


def _resolved(specification: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    target: Any = specification
    if "$ref" not in node:
        return node
    for part in node["$ref"].removeprefix("#/").split("/"):
        target = target[part]
    return _resolved(specification, target)


def _schema_objections(exchange: Exchange, path: str, template: str) -> list[str]:
    from openapi_core.testing import MockRequest, MockResponse  # noqa: PLC0415

    base = PREFIXES[exchange.provider]
    request = MockRequest(
        "https://vendor.example",
        exchange.method.lower(),
        base + path,
        args=dict(exchange.query),
        headers={"Circle-Token": "-"},  # the specification wants one; none is ever recorded
    )
    body = json.dumps(_as_specified(template, exchange.body)).encode()
    response = MockResponse(body, exchange.status, content_type="application/json")
    api = _api(exchange.provider)
    found = _raised(api.validate_request, request)
    if (template, exchange.status) not in UNDECLARED_STATUS:
        found += _raised(api.validate_response, request, response)
    return found


def _as_specified(template: str, body: Any) -> Any:
    if not isinstance(body, dict) or not isinstance(body.get("items"), list):
        return body
    items = [
        {
            SPELT.get((template, key), key): value
            for key, value in item.items()
            if not _wire_only(template, key, value)
        }
        for item in body["items"]
    ]
    return body | {"items": items}


def _wire_only(template: str, key: str, value: Any) -> bool:
    if isinstance(value, list | dict):
        return (template, key) in WIRE_ONLY
    return (template, key) in WIRE_ONLY or (template, key, value) in WIRE_ONLY


def _raised(step: Any, *arguments: Any) -> list[str]:
    from openapi_core.exceptions import OpenAPIError  # noqa: PLC0415

    try:
        with warnings.catch_warnings():
            # The specification uses allowEmptyValue, which OpenAPI has deprecated.
            warnings.simplefilter("ignore", DeprecationWarning)
            step(*arguments)
    except OpenAPIError as error:
        causes = getattr(error.__cause__, "schema_errors", None) or (error.__cause__ or error,)
        return [getattr(cause, "message", None) or str(cause) for cause in causes]
    return []


@functools.cache
def _specification(provider: str) -> dict[str, Any]:
    made: dict[str, Any] = json.loads((SPECIFICATIONS / FILES[provider]).read_text("utf-8"))
    made["servers"] = [{"url": f"https://vendor.example{PREFIXES[provider]}"}]
    return made


@functools.cache
def _api(provider: str) -> Any:
    from openapi_core import Config, OpenAPI  # noqa: PLC0415

    return OpenAPI.from_dict(_specification(provider), config=Config(spec_validator_cls=None))
