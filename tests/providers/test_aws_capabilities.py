"""Statements become capabilities: what gives one, what takes it, what only limits it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.models import Capability, CapabilityName

OWN = "111122223333"
BOUNDARY = f"arn:aws:iam::{OWN}:policy/limit"


def allow(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def deny(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(*actions, on=on, **more) | {"Effect": "Deny"}


def but(statement: dict[str, Any], *elements: str) -> dict[str, Any]:
    """Return the statement with elements turned into their Not form."""
    return {(f"Not{key}" if key in elements else key): value for key, value in statement.items()}


BY_LAMBDA = {
    "AssumeRolePolicyDocument": {
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    }
}
IF_HOME: dict[str, Any] = {"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}}
IF_NO_MFA: dict[str, Any] = {"Condition": {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}}


def policy(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def found(world: Any, *statements: Any, boundary: list[Any] | None = None) -> list[Capability]:
    entry: dict[str, Any] = {
        "UserPolicyList": [
            {"PolicyName": f"p{number}", "PolicyDocument": policy(statement)}
            for number, statement in enumerate(statements)
        ]
    }
    details: dict[str, Any] = {}
    if boundary is not None:
        entry["PermissionsBoundary"] = {"PermissionsBoundaryArn": BOUNDARY}
        version = {"IsDefaultVersion": True, "Document": {"Statement": boundary}}
        details["Policies"] = [{"Arn": BOUNDARY, "PolicyVersionList": [version]}]
    world.write(users={"ci": entry}, **details)
    return list(world.directory().resolve(world.arn("ci")).capabilities)


def told(capabilities: list[Capability]) -> set[str]:
    """Return the capabilities as words: "deploy", "deploy limited", "deploy if"."""
    return {
        " ".join([c.name, *(["limited"] if c.limited else []), *(["if"] if c.conditional else [])])
        for c in capabilities
    }


ROLE = f"arn:aws:iam::{OWN}:role/web"
FOREIGN = "arn:aws:iam::999988887777:role/x"
BUCKET = "arn:aws:s3:::site/*"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        # one action, all resources
        ([allow("secretsmanager:GetSecretValue")], {"read-secrets"}),
        ([allow("SECRETSMANAGER:getsecretvalue")], {"read-secrets"}),
        ([allow("secretsmanager:Get*")], {"read-secrets"}),
        ([allow("secretsmanager:GetSecret?alue")], {"read-secrets"}),
        ([allow("cloudtrail:StopLogging")], {"blind"}),
        ([allow("ecr:PutImage")], {"supply-chain"}),
        ([allow("iam:*User*")], {"escalate", "read-config"}),
        ([allow("ec2:Describe*")], {"read-config"}),
        ([allow("organizations:LeaveOrganization")], {"org-reach"}),
        ([allow("codeartifact:GetAuthorizationToken")], set()),
        # patterns that match nothing: https://docs.aws.amazon.com/IAM/latest/UserGuide/
        ([allow(" s3:GetObject")], set()),
        ([allow("s3:GetObject,s3:PutObject")], set()),
        ([allow("retired-service:*")], set()),
        # named resources limit
        ([allow("s3:GetObject", on=BUCKET)], {"read-data limited"}),
        ([allow("s3:GetObject", on=[BUCKET, "*"])], {"read-data"}),
        ([allow("s3:GetObject", on="arn:aws:s3:::*")], {"read-data"}),
        ([allow("s3:GetObject", on="arn:aws:s3:::*/*")], {"read-data"}),
        ([allow("s3:GetObject", on=f"arn:aws:s3:::{OWN}-*")], {"read-data limited"}),
        ([allow("dynamodb:Query", on=f"arn:aws:dynamodb:*:{OWN}:table/*")], {"read-data"}),
        (
            [allow("dynamodb:Query", on=f"arn:aws:dynamodb:eu-west-1:{OWN}:table/*")],
            {"read-data limited"},
        ),
        (
            [allow("dynamodb:Query", on=f"arn:aws:dynamodb:*:{OWN}:table/orders")],
            {"read-data limited"},
        ),
        ([but(allow("s3:GetObject", on=BUCKET), "Resource")], {"read-data"}),
        # resources of another service give nothing
        (
            [allow("*", on=BUCKET)],
            {"read-data limited", "write-data limited", "destroy limited", "read-config limited"},
        ),
        ([allow("s3:GetObject", on="arn:aws:s3:::site")], set()),
        ([allow("s3:GetObject", on="arn:aws:s3:::site*")], {"read-data limited"}),
        ([allow("secretsmanager:*", on=BUCKET)], set()),
        ([allow("ssm:SendCommand", on="arn:aws:ec2:*:*:instance/*")], {"deploy"}),
        # conditions are told, not decided
        ([allow("s3:GetObject", **IF_HOME)], {"read-data if"}),
        ([allow("s3:GetObject", on=BUCKET, **IF_HOME)], {"read-data limited if"}),
        (
            [allow("s3:GetObject", **IF_HOME), allow("s3:GetObject", on=BUCKET)],
            {"read-data if", "read-data limited"},
        ),
        # NotAction is everything else
        ([but(allow("iam:*", "sts:*", "organizations:*"), "Action")], None),
        # two actions that are only together of use
        ([allow("iam:PassRole")], set()),
        ([allow("lambda:CreateFunction")], {"deploy"}),
        # its own keys are no escalation
        ([allow("iam:CreateAccessKey", on=f"arn:aws:iam::{OWN}:user/ci")], set()),
        ([allow("iam:CreateAccessKey", on="arn:aws:iam::*:user/${aws:username}")], set()),
        ([allow("iam:PutUserPolicy", on="arn:aws:iam::*:user/${aws:username}")], {"escalate"}),
        # still escalation, facts/aws.md section 5
        ([allow("iam:AttachRolePolicy", on=f"arn:aws:iam::{OWN}:role/*")], {"escalate if"}),
        # other accounts; of its own every role was read
        ([allow("sts:AssumeRole", on=ROLE)], set()),
        ([allow("sts:AssumeRole", on=FOREIGN)], {"org-reach limited if"}),
        ([allow("sts:AssumeRole")], {"org-reach if"}),
        # admin
        ([allow("iam:*", on=f"arn:aws:iam::{OWN}:role/*")], {"escalate", "read-config"}),
        (
            [allow("iam:*", on=f"arn:aws:iam::{OWN}:role/web*")],
            {"escalate", "read-config limited"},
        ),
        ([allow("iam:Attach*")], {"escalate"}),
    ],
)
def test_what_statements_give(world: Any, statements: Any, expected: set[str] | None) -> None:
    capabilities = told(found(world, *statements))
    if expected is None:
        assert not {"admin", "escalate"} & capabilities
        assert {"read-secrets", "destroy", "blind", "spend"} <= capabilities
    else:
        assert capabilities == expected


ADMIN = allow("*")
ALL = {"Version": "2012-10-17", "Statement": ADMIN}


@pytest.mark.parametrize(
    ("statements", "admin"),
    [
        ([ADMIN], "admin"),
        ([allow("iam:*")], "admin"),
        ([allow("iam:*", on=f"arn:aws:iam::{OWN}:*")], "admin"),
        ([but(allow("s3:*"), "Action")], "admin"),
        ([but(allow("iam:CreateUser"), "Action")], ""),
        ([allow("*", **IF_HOME)], "admin if"),
        ([ADMIN, deny("*")], ""),
        ([ADMIN, deny("iam:*")], ""),
        ([ADMIN, deny("iam:CreateUser")], "admin"),
        # a key that is stored in CI never comes with MFA
        ([ADMIN, deny("*", **IF_NO_MFA)], ""),
        ([ADMIN, deny("*", **IF_HOME)], "admin if"),
        ([ADMIN, deny("s3:*", on=BUCKET)], "admin"),
        ([ADMIN, but(deny("iam:GetUser"), "Action")], ""),
        ([ADMIN, but(deny("*", on=BUCKET), "Resource")], ""),
        ([ADMIN, deny(" iam:*")], "admin"),
    ],
)
def test_who_is_admin(world: Any, statements: Any, admin: str) -> None:
    capabilities = told(found(world, *statements))
    assert {word for word in capabilities if word.startswith("admin")} == {admin} - {""}


@pytest.mark.parametrize(
    ("against", "expected"),
    [
        (deny("s3:GetObject"), set()),
        (deny("s3:*"), set()),
        (deny("S3:get*"), set()),
        (deny("s3:GetObject", on=[BUCKET, "*"]), set()),
        (deny("s3:GetObject", **IF_NO_MFA), set()),
        (deny("s3:GetObject", **IF_HOME), {"read-data if"}),
        (deny("s3:GetObject", on=BUCKET), {"read-data limited"}),
        (deny("s3:GetObject", on="arn:aws:iam::1:role/x"), {"read-data"}),
        (deny("s3:*", on="arn:aws:s3:::site"), {"read-data"}),
        (but(deny("s3:GetObject", on=BUCKET), "Resource"), {"read-data limited"}),
        (deny("s3:PutObject"), {"read-data"}),
        (but(deny("s3:GetObject"), "Action"), {"read-data"}),
        (but(deny("iam:*"), "Action"), set()),
        # the user has no such tag, so the pattern matches nothing
        (deny("s3:GetObject", on="arn:aws:s3:::${aws:PrincipalTag/team}/*"), {"read-data"}),
        (deny("s3:GetObject", on="arn:aws:s3:::${aws:username}/*"), {"read-data limited"}),
    ],
)
def test_what_a_deny_takes(world: Any, against: Any, expected: set[str]) -> None:
    assert told(found(world, allow("s3:GetObject"), against)) == expected


@pytest.mark.parametrize("turn", [1, -1])
def test_two_denies_take_what_neither_takes_alone(world: Any, turn: int) -> None:
    against = [deny("*", on=BUCKET), but(deny("*", on=BUCKET), "Resource")][::turn]
    assert told(found(world, allow("*"), *against)) == set()


def test_a_deny_of_exactly_what_is_allowed_takes_it(world: Any) -> None:
    only = allow("s3:GetObject", on=BUCKET)
    assert told(found(world, only, deny("s3:*", on="arn:aws:s3:::site*"))) == set()
    assert told(found(world, only, deny("s3:*", on="arn:aws:s3:::other/*"))) == {
        "read-data limited"
    }
    two = allow("s3:GetObject", on=[BUCKET, "arn:aws:s3:::other/*"])
    left = found(world, two, deny("s3:*", on=BUCKET))
    assert left[0].resources == ("arn:aws:s3:::other/*",)


@pytest.mark.parametrize(
    ("boundary", "expected"),
    [
        ([allow("*")], {"read-data", "write-data"}),
        ([allow("s3:GetObject")], {"read-data"}),
        ([allow("ec2:*")], set()),
        ([], set()),
        ([allow("s3:*", on=BUCKET)], {"read-data limited", "write-data limited"}),
        ([allow("s3:*", **IF_HOME)], {"read-data if", "write-data if"}),
        ([allow("*"), deny("s3:GetObject")], {"write-data"}),
        ([but(allow("s3:Put*"), "Action")], {"read-data"}),
    ],
)
def test_a_boundary_must_allow_too(world: Any, boundary: Any, expected: set[str]) -> None:
    given_ = allow("s3:GetObject", "s3:PutObject")
    if not boundary:
        boundary = [deny("ec2:*")]
    assert told(found(world, given_, boundary=boundary)) == expected


def test_a_boundary_takes_admin(world: Any) -> None:
    capabilities = told(found(world, ADMIN, boundary=[allow("s3:*"), allow("iam:Attach*")]))
    assert "admin" not in capabilities
    assert "escalate" in capabilities


@pytest.mark.parametrize(
    ("role_may", "escalates"),
    [
        ([allow("*")], True),
        ([allow("iam:PutRolePolicy", on=ROLE)], True),
        ([allow("iam:PassRole", "lambda:*")], True),
        ([allow("s3:*")], False),
    ],
    ids=["admin", "escalates", "passes on", "harmless"],
)
def test_passing_a_named_role_is_worth_what_the_role_is(
    world: Any, role_may: Any, escalates: bool
) -> None:
    def inline(*statements: Any) -> list[Any]:
        return [{"PolicyName": "p", "PolicyDocument": {"Statement": list(statements)}}]

    mine = inline(allow("iam:PassRole", on=ROLE), allow("lambda:CreateFunction"))
    mine += inline(allow("lambda:InvokeFunction"))
    role = {"RoleName": "web", "Arn": ROLE, "RolePolicyList": inline(*role_may), **BY_LAMBDA}
    other = {
        "RoleName": "x",
        "Arn": f"{ROLE}-other",
        "RolePolicyList": inline(allow("*")),
        **BY_LAMBDA,
    }
    world.write(users={"ci": {"UserPolicyList": mine}}, RoleDetailList=[role, other])
    capabilities = told(list(world.directory().resolve(world.arn("ci")).capabilities))
    assert ("escalate" in capabilities) is escalates
    assert "impersonate" in capabilities


def test_passing_a_role_that_was_not_read_may_be_worth_anything(world: Any) -> None:
    mine = {"Statement": [allow("iam:PassRole", on=ROLE), allow("lambda:*")]}
    inline = [{"PolicyName": "p", "PolicyDocument": mine}]
    world.write(users={"ci": {"UserPolicyList": inline}}, error="Throttling", message="slow down")
    capabilities = world.directory().resolve(world.arn("ci")).capabilities
    assert "escalate if" in told(list(capabilities))


def test_a_boundary_that_was_not_read_makes_everything_conditional(world: Any) -> None:
    boundary = {"PermissionsBoundary": {"PermissionsBoundaryArn": BOUNDARY}}
    inline = [{"PolicyName": "p", "PolicyDocument": {"Statement": [allow("s3:GetObject")]}}]
    world.write(users={"ci": {**boundary, "UserPolicyList": inline}})
    resolution = world.directory().resolve(world.arn("ci"))
    assert told(list(resolution.capabilities)) == {"read-data if"}
    assert (
        "its permissions boundary was not read and may allow less"
        in resolution.capabilities[0].path
    )
    assert resolution.gaps


BY = "user ci-deploy -> group deployers -> policy DeployAll"


def test_the_path_is_told_step_by_step(world: Any) -> None:
    version = {
        "IsDefaultVersion": True,
        "Document": {
            "Statement": [
                allow("iam:PassRole", **IF_HOME),
                allow("lambda:CreateFunction", "lambda:InvokeFunction"),
            ]
        },
    }
    attached = {"PolicyName": "DeployAll", "PolicyArn": BOUNDARY}
    world.write(
        users={"ci-deploy": {"GroupList": ["deployers"]}},
        GroupDetailList=[{"GroupName": "deployers", "AttachedManagedPolicies": [attached]}],
        Policies=[{"Arn": BOUNDARY, "PolicyVersionList": [version]}],
        RoleDetailList=[
            {
                "RoleName": "web",
                "Arn": ROLE,
                "RolePolicyList": [{"PolicyName": "all", "PolicyDocument": ALL}],
                **BY_LAMBDA,
            }
        ],
    )
    resolution = world.directory().resolve(world.arn("ci-deploy"))
    escalate = next(c for c in resolution.capabilities if c.name is CapabilityName.ESCALATE)
    assert escalate.path == (
        f"{BY} allows iam:PassRole on *",
        f"{BY} allows lambda:CreateFunction on *",
        f"{BY} allows lambda:InvokeFunction on *",
        "so it makes a function that runs as role web and calls it",
        "only if IpAddress aws:SourceIp = 192.0.2.0/24",
        "role web is an administrator: inline policy all allows * on *",
    )
    assert escalate.conditional
    assert escalate.actions == (
        "iam:PassRole",
        "lambda:CreateFunction",
        "lambda:InvokeFunction",
    )


def test_a_quarantined_identity_says_so(world: Any) -> None:
    quarantine = {"PolicyName": "AWSCompromisedKeyQuarantineV3", "PolicyArn": BOUNDARY}
    version = {"IsDefaultVersion": True, "Document": {"Statement": [deny("iam:*")]}}
    inline = [{"PolicyName": "p", "PolicyDocument": {"Statement": [allow("*")]}}]
    entry = {"UserPolicyList": inline, "AttachedManagedPolicies": [quarantine]}
    world.write(users={"ci": entry}, Policies=[{"Arn": BOUNDARY, "PolicyVersionList": [version]}])
    directory = world.directory()
    assert directory.identities[world.arn("ci")].status == (
        "quarantined by AWS (AWSCompromisedKeyQuarantineV3)"
    )
    capabilities = directory.resolve(world.arn("ci")).capabilities
    assert capabilities
    assert all("AWSCompromisedKeyQuarantineV3" in c.path[-1] for c in capabilities)


# --- laws ------------------------------------------------------------------------------------

actions = st.sampled_from(
    ["*", "iam:*", "iam:*User*", "iam:PassRole", "lambda:*", "s3:*", "s3:GetObject", "s3:Put*",
     "sts:AssumeRole", "ec2:Describe*", "*:Get*", "secretsmanager:GetSecretValue", " s3:*"]
)  # fmt: skip
targets = st.sampled_from(
    ["*", BUCKET, "arn:aws:s3:::*", ROLE, "arn:aws:iam::*:user/${aws:username}",
     "arn:aws:iam::999988887777:role/x", f"arn:aws:iam::{OWN}:role/*"]
)  # fmt: skip


@st.composite
def statements(draw: Any, effect: str) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Effect": effect,
        draw(st.sampled_from(["Action", "Action", "NotAction"])): draw(
            st.lists(actions, min_size=1, max_size=2)
        ),
        draw(st.sampled_from(["Resource", "Resource", "NotResource"])): draw(
            st.lists(targets, min_size=1, max_size=2)
        ),
    }
    statement.update(draw(st.sampled_from([{}, {}, IF_HOME])))
    return statement


either = st.sampled_from(["Allow", "Deny"]).flatmap(statements)


def names(capabilities: list[Capability]) -> set[CapabilityName]:
    return {capability.name for capability in capabilities}


@settings(deadline=None, max_examples=120)
@given(given_=st.lists(either, max_size=3), more=statements("Deny"))
def test_a_deny_more_never_adds_a_capability(worlds: Any, given_: Any, more: Any) -> None:
    assert names(found(worlds(), *given_, more)) <= names(found(worlds(), *given_))


@settings(deadline=None, max_examples=120)
@given(given_=st.lists(either, max_size=3), more=statements("Allow"))
def test_an_allow_more_never_removes_one(worlds: Any, given_: Any, more: Any) -> None:
    before, after = found(worlds(), *given_), found(worlds(), *given_, more)
    assert names(before) <= names(after)
    # Nor does it make one weaker: what held without limits or conditions still does.
    strong = {c.name for c in before if not c.limited and not c.conditional}
    assert strong <= {c.name for c in after if not c.limited and not c.conditional}


@settings(deadline=None, max_examples=120)
@given(given_=st.lists(either, min_size=2, max_size=4), shuffled=st.randoms())
def test_the_order_of_policies_does_not_matter(worlds: Any, given_: Any, shuffled: Any) -> None:
    other = list(given_)
    shuffled.shuffle(other)
    assert told(found(worlds(), *given_)) == told(found(worlds(), *other))
