"""`auditor explain`: one thing from end to end, and the rights it should have instead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from auditor.cli import app

CI = "arn:aws:iam::111122223333:user/ci"
STATEMENT = {"Effect": "Allow", "Action": ["s3:GetObject", "iam:*"], "Resource": "*"}
DETAILS = {
    "UserDetailList": [
        {
            "UserName": "ci",
            "Arn": CI,
            "UserPolicyList": [
                {
                    "PolicyName": "all",
                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [STATEMENT]},
                }
            ],
        }
    ],
    "GroupDetailList": [],
    "RoleDetailList": [],
    "Policies": [],
}


def explain(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["explain", *arguments])


@pytest.fixture
def export(tmp_path: Path) -> str:
    (tmp_path / "get-account-authorization-details.json").write_text(json.dumps(DETAILS))
    return str(tmp_path)


@pytest.mark.parametrize("named", [["ci"], [CI], ["ci", "--provider", "aws"]])
def test_an_identity_of_an_export_is_told(export: str, named: list[str]) -> None:
    result = explain(*named, "--export", export)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "user ci of aws 111122223333: access keys not known"
    assert "Capability admin" in lines
    assert "  user ci -> inline policy all allows iam:* on *" in lines
    assert "It holds more than it needs:" in lines


def test_the_rights_it_should_have_are_json_and_the_rest_is_beside_them(export: str) -> None:
    result = explain("ci", "--export", export, "--suggest-policy")
    assert result.exit_code == 0
    policy = json.loads(result.stdout)
    assert policy["Version"] == "2012-10-17"
    assert "s3:GetObject" in policy["Statement"][0]["Action"]
    assert "not known: what user ci uses" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["ci"], "give either --from or --export"),
        (["ci", "--export", "/nowhere"], "/nowhere is not there"),
        (["ci", "--from", "/nowhere"], "is not the folder of a run"),
        (["ci", "--from", "x", "--export", "y"], "give either --from or --export"),
    ],
)
def test_what_cannot_be_told_is_refused_in_words(arguments: list[str], message: str) -> None:
    result = explain(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_a_name_that_nobody_has_names_some_that_are_there(export: str) -> None:
    result = explain("bob", "--export", export)
    assert result.exit_code == 2
    assert "nothing is called bob" in result.stderr
    assert CI in result.stderr
