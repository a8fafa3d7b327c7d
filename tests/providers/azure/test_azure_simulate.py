"""`auditor simulate azure`: fields in, verdicts out, bad lines named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from azure_roles import BUILT_IN, CONTRIBUTOR, ME, SUBSCRIPTION, USER_ACCESS, WRITE_ROLES, given
from typer.testing import CliRunner

from auditor.cli import app

PAGE = (Path(__file__).parents[3] / "docs" / "what-if.md").read_text("utf-8")
REQUEST = {
    "id": 7,
    "principal_ids": [ME],
    "action": WRITE_ROLES,
    "scope": SUBSCRIPTION,
    "assignments": [given(CONTRIBUTOR)],
    "definitions": BUILT_IN,
}
FIELDS = (*REQUEST, "data_action", "deny", "parents")


def answers(*requests: Any) -> list[dict[str, Any]]:
    text = "\n".join(item if isinstance(item, str) else json.dumps(item) for item in requests)
    told = ["simulate", "azure", "--requests", "-", "--format", "json"]
    result = CliRunner().invoke(app, told, input=text)
    assert result.exit_code == 0
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_verdict_has_the_documented_fields() -> None:
    both = [given(CONTRIBUTOR), given(USER_ACCESS)]
    denied, allowed = answers(REQUEST, REQUEST | {"assignments": both})
    assert denied == {
        "id": 7,
        "verdict": "Denied",
        "assignment": None,
        "blocked_by": ["no assignment"],
        "ways": [],
        "unless": [],
        "left_out": [given(CONTRIBUTOR)["id"]],
    }
    assert (allowed["verdict"], allowed["assignment"]) == ("Allowed", both[1]["id"])
    assert allowed["ways"][0]["conditions"] == []


@pytest.mark.parametrize(
    "fields", [{"action": "a/b", "data_action": True}, {"action": None, "data_action": "a/b"}]
)
def test_data_actions_are_asked_for_in_two_ways(fields: dict[str, Any]) -> None:
    roles = [BUILT_IN[0] | {"permissions": [{"actions": [], "dataActions": ["a/*"]}]}]
    (found,) = answers(REQUEST | {"definitions": roles} | fields)
    assert found["verdict"] == "Allowed"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"principal_ids": "me"}, "principal_ids: "),
        ({"principal_ids": []}, "principal_ids: "),
        ({"action": 5}, "action: "),
        ({"action": None}, "give either action or data_action"),
        ({"data_action": "a/b"}, "give either action or data_action"),
        ({"action": "everything"}, "action: it is no action"),
        ({"scope": None}, "scope: "),
        ({"assignments": None}, "assignments: it is not a list"),
        ({"definitions": {}}, "definitions: it is not a list"),
        ({"assignments": [{}]}, "assignments 1, principalId: "),
        ({"deny": [{"scope": "/"}]}, "deny 1, permissions: "),
        ({"parents": []}, "parents: "),
    ],
)
def test_a_bad_line_is_named_and_the_rest_go_on(fields: dict[str, Any], words: str) -> None:
    bad, good = answers(REQUEST | fields, REQUEST)
    assert words in bad["error"]
    assert set(bad) == {"id", "error"}
    assert good["verdict"] == "Denied"


def test_the_example_of_the_documentation_is_answered() -> None:
    (example,) = (line for line in PAGE.splitlines() if line.startswith('{"principal_ids"'))
    assert answers(example)[0]["verdict"] == "AllowedIf"
    section = PAGE.partition("## Azure requests")[2].partition("\n#")[0]
    assert all(f"`{field}`" in section for field in FIELDS if field != "id")
