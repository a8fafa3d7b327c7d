"""`auditor resolve`: exported files alone, one JSON line for each identity."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from auditor.cli import app

ADMIN = {
    "UserDetailList": [
        {
            "UserName": "ci",
            "Arn": "arn:aws:iam::111122223333:user/ci",
            "UserId": "AIDAEXAMPLE",
            "Path": "/",
            "CreateDate": "2022-01-01T00:00:00Z",
            "GroupList": [],
            "AttachedManagedPolicies": [],
            "UserPolicyList": [
                {
                    "PolicyName": "all",
                    "PolicyDocument": {
                        "Version": "2012-10-17",
                        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
                    },
                }
            ],
        }
    ],
    "GroupDetailList": [],
    "RoleDetailList": [],
    "Policies": [],
}


def resolve(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["resolve", *arguments])


@pytest.fixture
def export(tmp_path: Path) -> Path:
    (tmp_path / "get-account-authorization-details.json").write_text(json.dumps(ADMIN))
    return tmp_path


def test_every_identity_is_a_line_with_what_it_may_do_and_how(export: Path) -> None:
    result = resolve("aws", "--export", str(export))
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    told = {line["principal"]: line for line in lines if "principal" in line}
    user = told["arn:aws:iam::111122223333:user/ci"]
    assert user["capabilities"][0]["name"] == "admin"
    assert user["capabilities"][0]["path"]
    assert result.exit_code == 0


def test_what_the_export_lacks_is_told_in_a_line_of_its_own(export: Path) -> None:
    lines = [
        json.loads(line)
        for line in resolve("aws", "--export", str(export)).stdout.split("\n")
        if line
    ]
    assert [set(gap) for gap in lines[-1]["gaps"]]
    assert "principal" not in lines[-1]


def test_time_and_memory_go_to_stderr(export: Path) -> None:
    told = resolve("aws", "--export", str(export)).stderr
    assert "lines in" in told
    assert "peak memory" in told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("acme", "--export", "."), "provider acme is unknown"),
        (("aws",), "give either"),
        (("aws", "--export", ".", "--role-definitions", "."), "give either"),
        (("aws", "--export", "/nowhere"), "/nowhere is not there"),
        (("aws", "--role-definitions", "."), "has no roles to rate"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_words(
    arguments: tuple[str, ...], message: str
) -> None:
    result = resolve(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert not result.stdout
