"""The judge objects to what is wrong, and to nothing that the demo answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from asking import Asking, without_accounts
from judge import judge, needs_specifications

from auditor.demo import Organisation, Recording, generate

pytestmark = needs_specifications

UUID = "3eb46050-f51f-5cbe-80cc-8eff8f1809b7"
TIME = "2023-01-06T09:12:45.120Z"
VARIABLE = {"variable": "A", "context_id": UUID, "created_at": TIME, "updated_at": TIME}


def line(path: str, body: Any, status: int = 200, method: str = "GET") -> str:
    exchange = {"method": method, "path": path, "status": status, "body": body}
    return json.dumps({"provider": "circleci", **exchange})


def listing(*items: Any) -> dict[str, Any]:
    return {"items": list(items), "next_page_token": None}


def variables(**changes: Any) -> str:
    item = {key: value for key, value in (VARIABLE | changes).items() if value is not ...}
    return line(f"/api/v2/context/{UUID}/environment-variable", listing(item))


@pytest.mark.parametrize(
    ("exchange", "objection"),
    [
        (variables(updated_at=...), "'updated_at' is a required property"),
        (variables(created_at="yesterday"), "is not a 'date-time'"),
        (variables(context_id="7"), "is not a 'uuid'"),
        (variables(value="hunter2"), "'value' was unexpected"),
        (line("/api/v2/context?owner-id=7", listing()), "is not a 'uuid'"),
        (line(f"/api/v2/context?ownerid={UUID}", listing()), "'ownerid' is not declared"),
        (line("/api/v2/contexts", listing()), "no such operation"),
        (line("/api/v2/me", {}, method="PUT"), "no such operation"),
        (line("/api/v2/context", {}, status=418), "418"),
        (line("/api/v2/me", None), "not nullable"),
        (line("/api/v2/project/gh/a/b/envvar", listing({"name": "A"})), "'value' is a required"),
        (line("/api/v2/project/gh/a/b/settings", {"advanced": {"oss": "no"}}), "'boolean'"),
        (line("/api/v2/insights/gh/a/summary", {"org_data": {}}), "required property"),
    ],
)
def test_objects_to_what_the_specification_forbids(exchange: str, objection: str) -> None:
    judgement = judge([exchange])
    assert judgement.judged == 1
    assert any(objection in said for said in judgement.objections), judgement.objections


@pytest.mark.parametrize(
    "exchange",
    [
        variables(truncated_value="a1b2"),
        line(f"/api/v2/context/{UUID}", {"message": "Permission denied."}, status=403),
        line("/api/v2/project/gh/a/b/envvar?page-token=again", listing()),
        line(
            f"/api/v2/context/{UUID}/restrictions",
            listing({"id": UUID, "restriction_type": "expression", "name": None}),
        ),
    ],
)
def test_lets_pass_what_the_wire_is_known_to_do(exchange: str) -> None:
    judgement = judge([exchange])
    assert (judgement.judged, judgement.objections) == (1, ())


def test_says_how_much_no_schema_covers() -> None:
    paths = ("/api/v1.1/projects", "/api/private/project", f"/api/v2/organization/{UUID}")
    judgement = judge(line(path, {}) for path in paths)
    assert (judgement.judged, judgement.without_schema) == (0, 3)


@pytest.fixture(scope="module")
def recording() -> Iterator[Recording]:
    """Every route of the demo asked about everything there is, straight."""
    with Organisation(without_accounts()) as demo, Asking(demo) as ask:
        ask.json("/api/v2/me")
        ask("/api/v2/me", token="wrong")
        for organization in ask.json("/api/v2/me/collaborations"):
            ask.json("/api/v2/context", **{"owner-slug": organization["slug"]})
            if organization["id"]:
                _ask_all(ask, organization)
        yield demo.recording


def _ask_all(ask: Asking, organization: dict[str, str]) -> None:
    slug, owner = organization["slug"], organization["id"]
    ask.json("/api/v2/pipeline", **{"org-slug": slug})
    ask.json(f"/api/v2/insights/{slug}/summary")
    ask(f"/api/v2/organizations/{owner}/groups")
    for context in ask.json("/api/v2/context", **{"owner-id": owner})["items"]:
        for rest in ("", "/environment-variable", "/restrictions"):
            ask(f"/api/v2/context/{context['id']}{rest}")
    query = {"organization-id": owner, "include-deleted": "true"}
    for project in ask.json("/api/private/project", **query)["items"]:
        for rest in ("", "/envvar", "/settings", "/checkout-key"):
            ask(f"/api/v2/project/{project['slug']}{rest}")
        ask(f"/api/v2/project/{project['id']}")


def test_the_demo_answers_as_specified(recording: Recording) -> None:
    judgement = judge(recording.lines())
    assert judgement.objections == ()
    assert judgement.judged > 200
    assert judgement.without_schema == 2


def test_pages_are_as_specified() -> None:
    with Organisation(generate(45, 120, 3, 2)) as demo, Asking(demo) as ask:
        owner = ask.json("/api/v2/me/collaborations")[0]["id"]
        query = {"owner-id": owner}
        while token := ask.json("/api/v2/context", **query)["next_page_token"]:
            query["page-token"] = token
        judgement = judge(demo.recording.lines())
    assert (judgement.judged, judgement.objections) == (4, ())
