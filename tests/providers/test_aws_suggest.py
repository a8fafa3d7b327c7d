"""A right-sized policy: never more than today, valid, within AWS's limit of size."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.logfields import recorded
from auditor.models import Fact, Gap, Known, Seen, Suggestion, Unknown
from auditor.providers.aws.analysis.suggest import LARGEST
from auditor.providers.aws.engine import Decision, Request, evaluate

OWN = "111122223333"
CI = f"arn:aws:iam::{OWN}:user/ci"


def allow(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def suggested(
    world: Any,
    *statements: Any,
    used: dict[str, Any] | None = None,
    seen: Fact[Seen] | None = None,
) -> Suggestion:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    inline = [{"PolicyName": "p", "PolicyDocument": document}]
    world.write(users={"ci": {"UserPolicyList": inline}})
    if used is not None:
        services = [
            {
                "ServiceNamespace": service,
                "LastAuthenticated": "2026-11-01T00:00:00Z" if actions is not None else None,
                "TrackedActionsLastAccessed": [
                    {"ActionName": name, "LastAccessedTime": time}
                    for name, time in (actions or {}).items()
                ],
            }
            for service, actions in used.items()
        ]
        world.save(
            "last-accessed/ci",
            {
                "Arn": CI,
                "JobCompletionDate": "2026-11-20T00:00:00Z",
                "ServicesLastAccessed": services,
            },
        )
    found: Suggestion = world.directory().suggest(world.arn("ci"), seen)
    for policy in found.documents:
        assert len("".join(json.dumps(policy).split())) <= LARGEST
    return found


def allows(found: Suggestion, action: str, resource: str = "*") -> bool:
    request = Request(CI, action, resource, wildcard_only=resource == "*")
    return evaluate(request, identity=list(found.documents)).decision is Decision.ALLOWED


LATE, OLD = "2026-11-02T00:00:00Z", "2026-01-02T00:00:00Z"


def test_what_was_not_used_goes(world: Any) -> None:
    found = suggested(
        world,
        allow("s3:*", "sqs:*", "ec2:*"),
        used={"s3": {"CreateBucket": None, "ListAllMyBuckets": LATE, "DeleteBucket": OLD},
              "sqs": None},
    )  # fmt: skip
    assert not found.gaps
    assert allows(found, "s3:ListAllMyBuckets")
    assert allows(found, "s3:GetObject", "arn:aws:s3:::site/x")  # not tracked by AWS
    for action in ("s3:CreateBucket", "s3:DeleteBucket", "sqs:SendMessage", "ec2:RunInstances"):
        assert not allows(found, action, "arn:aws:s3:::site")


def test_resources_conditions_and_denies_stay(world: Any) -> None:
    condition = {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}
    never = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*", "Sid": "Never"}
    found = suggested(
        world,
        allow("s3:GetObject", "sqs:SendMessage", on="arn:aws:s3:::site/*", Condition=condition),
        never,
        used={"s3": {}},
    )
    (policy,) = found.documents
    assert isinstance(policy, dict)
    first, second = policy["Statement"]
    assert first == allow("s3:GetObject", on="arn:aws:s3:::site/*", Condition=condition)
    assert second == {key: value for key, value in never.items() if key != "Sid"}


def test_all_or_nothing_used_is_well_formed(world: Any, worlds: Any) -> None:
    assert suggested(world, allow("s3:*"), used={"s3": None}).documents == ()
    assert suggested(worlds(), allow("s3:*"), used={"s3": {}}).documents[0] == {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}],
    }


@pytest.mark.parametrize("actions", [["*"], ["iam:*", "s3:*", "cloudtrail:*"]])
def test_without_knowledge_of_use_only_the_worst_goes(world: Any, actions: list[str]) -> None:
    found = suggested(world, allow(*actions))
    assert "last-accessed" not in found.gaps[0].what
    assert "GenerateServiceLastAccessedDetails" in found.gaps[0].fix
    for action in ("iam:CreateAccessKey", "iam:PassRole", "cloudtrail:StopLogging"):
        assert not allows(found, action, f"arn:aws:iam::{OWN}:user/bob")
    assert allows(found, "s3:GetObject", "arn:aws:s3:::site/x")
    assert allows(found, "iam:ListUsers")


def test_large_policies_are_divided(world: Any) -> None:
    everything = allow("*", on=[f"arn:aws:s3:::bucket-{n}/*" for n in range(400)])
    many = [allow(f"{service}:*") for service in ("ec2", "s3", "rds", "iam", "glue", "sagemaker")]
    used = {service: {"Nothing": None} for service in ("ec2", "s3", "rds", "glue", "sagemaker")}
    used["iam"] = {"CreateUser": None}
    found = suggested(world, everything, *many, used=used)
    assert len(found.documents) > 1
    assert allows(found, "ec2:DescribeInstances")
    assert not allows(found, "iam:CreateUser", f"arn:aws:iam::{OWN}:user/x")


# --- what logs show --------------------------------------------------------------------------

SPAN = (datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))


def logs(*used: str) -> Known[Seen]:
    made = frozenset(one.casefold() for one in used)
    shown = tuple(row.shown for row in recorded("aws"))
    return Known(Seen(*SPAN, made, shown, frozenset(), log="trails", never="reads"))


@pytest.mark.parametrize("services", [None, {"iam": {}, "ec2": {}, "s3": {}}])
def test_changes_that_logs_prove_unused_go(world: Any, services: Any) -> None:
    found = suggested(
        world,
        allow("ec2:*", "iam:Get*", "iam:TagUser", "iam:PassRole", "s3:*"),
        used=services,
        seen=logs("ec2:RunInstances", "s3:PutObject"),
    )
    for action in ("ec2:RunInstances", "ec2:DescribeInstances", "ec2:CreateTags", "iam:TagUser"):
        assert allows(found, action), action
    assert allows(found, "iam:GetUser")
    for action in ("s3:PutObject", "s3:GetObject"):  # data events may be off
        assert allows(found, action, "arn:aws:s3:::site/x"), action
    for action in ("ec2:TerminateInstances", "ec2:CreateVpc"):
        assert not allows(found, action), action
    # Nothing shows its use: it has no call of its own. What leads to an administrator goes anyway.
    assert allows(found, "iam:PassRole") == bool(services)
    assert "2026-08-01 to 2026-11-01: ec2:runinstances" in " ".join(found.why)
    assert found.why[-1] == "they cannot show reads"


def test_logs_that_tell_too_little_take_nothing_out(world: Any) -> None:
    gap = Gap("by logs, what it uses", "too short", "hunt again", "hunts")
    found = suggested(world, allow("ec2:*"), used={"ec2": {}}, seen=Unknown(gap))
    assert allows(found, "ec2:TerminateInstances")
    assert gap in found.gaps
