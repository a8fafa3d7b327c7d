"""Whether an identity holds more than it needs is decided, and explained."""

from __future__ import annotations

from typing import Any

import pytest

OWN = "111122223333"


def policies(*statements: dict[str, Any]) -> dict[str, Any]:
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    return {"UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}]}


def allow(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


IF_HOME = {"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}
SELF = f"arn:aws:iam::{OWN}:user/ci"


def why(world: Any, *statements: dict[str, Any], name: str = "ci") -> tuple[str, ...]:
    world.write(users={name: policies(*statements)})
    found: tuple[str, ...] = world.directory().resolve(world.arn(name)).over_privileged
    return found


@pytest.mark.parametrize(
    ("statements", "reasons"),
    [
        (
            [allow("*")],
            (
                "it is an administrator of its account",
                "it is allowed every action of every service",
            ),
        ),
        ([allow("iam:PutUserPolicy", on=SELF)], ("it can make itself an administrator",)),
        (
            [allow("iam:PutUserPolicy", on=SELF, **IF_HOME)],
            ("it may be able to make itself an administrator",),
        ),
        ([allow("sqs:*", "sns:*")], ("it is allowed every action of sns, sqs, on everything",)),
        ([allow("sqs:*", on=f"arn:aws:sqs:eu-west-1:{OWN}:jobs")], ()),
        ([allow("sqs:*", **IF_HOME)], ()),
        ([allow("sqs:*"), {**allow("sqs:AddPermission"), "Effect": "Deny"}], ()),
        ([allow("s3:PutObject", on="arn:aws:s3:::site/*")], ()),
        ([], ()),
    ],
)
def test_rights_alone_tell(world: Any, statements: Any, reasons: tuple[str, ...]) -> None:
    assert why(world, *statements)[: len(reasons) or None] == reasons


def test_what_it_did_not_use_tells(world: Any) -> None:
    world.write(users={"ci": policies(allow("s3:PutObject", "secretsmanager:GetSecretValue"))})
    world.save(
        "last-accessed/ci",
        {
            "Arn": world.arn("ci"),
            "JobCompletionDate": "2026-11-20T00:00:00Z",
            "ServicesLastAccessed": [
                {"ServiceNamespace": "s3", "LastAuthenticated": "2026-11-01T00:00:00Z"},
                {"ServiceNamespace": "secretsmanager", "LastAuthenticated": "2026-03-01T00:00:00Z"},
                {"ServiceNamespace": "iam"},
            ],
        },
    )
    resolution = world.directory().resolve(world.arn("ci"))
    assert resolution.over_privileged == (
        "it did not use secretsmanager in 90 days, and may do dangerous things there",
    )
    assert [used.what for used in resolution.usage] == ["s3", "secretsmanager", "iam"]


def test_what_its_siblings_cannot_do_tells(world: Any) -> None:
    plain = policies(allow("s3:GetObject"))
    rich = policies(allow("s3:GetObject", "cloudtrail:StopLogging"))
    world.write(users={"ci-a": plain, "ci-b": plain, "deploy-c": rich, "alice": rich})
    directory = world.directory()
    assert directory.resolve(world.arn("deploy-c")).over_privileged == (
        "none of the 2 other CI identities of its account has blind",
    )
    for name in ("ci-a", "alice"):
        assert directory.resolve(world.arn(name)).over_privileged == ()


def test_one_sibling_is_no_measure(world: Any) -> None:
    world.write(
        users={"ci-a": policies(allow("s3:GetObject")), "ci-b": policies(allow("ec2:RunInstances"))}
    )
    assert world.directory().resolve(world.arn("ci-b")).over_privileged == ()
