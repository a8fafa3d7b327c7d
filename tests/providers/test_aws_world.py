"""Whole accounts: organizations, several accounts, and documents that nobody should write."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.models import Capability

OWN = "111122223333"
OTHER = "444455556666"
CI = f"arn:aws:iam::{OWN}:user/ci"
ALL = {"Effect": "Allow", "Action": "*", "Resource": "*"}


def doc(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def deny(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(*actions, on=on, **more) | {"Effect": "Deny"}


def unless(key: str, value: str) -> dict[str, Any]:
    return {"Condition": {"StringNotEquals": {key: value}}}


def inline(*statements: Any, kind: str = "User") -> dict[str, Any]:
    return {f"{kind}PolicyList": [{"PolicyName": "p", "PolicyDocument": doc(*statements)}]}


def told(found: Any) -> set[str]:
    return {f"{one.name.value}{' if' if one.conditional else ''}" for one in found}


def organized(world: Any, *levels: list[Any], kind: str = "SERVICE_CONTROL_POLICY") -> None:
    organization = {"Id": "o-acme", "MasterAccountId": OTHER, "FeatureSet": "ALL"}
    world.save("organization", {"Organization": organization})
    path: list[dict[str, Any]] = [
        {kind: [{"Content": doc(*statements)} for statements in level]} for level in levels
    ]
    path[0]["PolicyTypes"] = [{"Type": kind, "Status": "ENABLED"}]
    world.save("guardrails", {"Path": path})


GIVEN = [allow("s3:GetObject"), allow("cloudtrail:StopLogging")]


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([[[ALL]], [[ALL]]], {"read-data", "blind"}),
        ([[[ALL]], [[ALL], [deny("cloudtrail:*")]]], {"read-data"}),
        ([[[ALL]], [[allow("s3:*")]]], {"read-data"}),
        ([[[allow("s3:*")]], [[allow("cloudtrail:*")]]], set()),
        ([[[ALL]], []], set()),
        (
            [
                [
                    [ALL],
                    [
                        deny(
                            "*", Condition={"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
                        )
                    ],
                ]
            ],
            {"read-data if", "blind if"},
        ),
        # its own organization is known
        (
            [[[ALL], [deny("*", **unless("aws:PrincipalOrgID", "o-acme"))]]],
            {"read-data", "blind"},
        ),
    ],
)
def test_every_level_of_the_organization_must_allow(
    world: Any, levels: Any, expected: set[str]
) -> None:
    world.write(users={"ci": inline(*GIVEN)})
    organized(world, *levels)
    assert told(world.directory().resolve(CI).capabilities) == expected


def test_an_organization_keeps_its_accounts_from_admin(world: Any) -> None:
    world.write(users={"ci": inline(ALL)})
    organized(world, [[ALL]], [[ALL], [deny("iam:*")]])
    found = told(world.directory().resolve(CI).capabilities)
    assert "admin" not in found
    assert "read-data" in found


def test_an_unread_organization_limits_nothing_and_every_path_says_so(world: Any) -> None:
    world.write(users={"ci": inline(*GIVEN)})
    world.save("organization", {"error": "AccessDenied", "message": "no"})
    directory = world.directory()
    found = directory.resolve(CI).capabilities
    assert told(found) == {"read-data", "blind"}
    unread = "as far as the policies of its organization, which were not read, let it"
    assert all(one.path[-1] == unread for one in found)
    assert any("organization" in gap.what for gap in directory.gaps)


def test_resource_control_policies_limit_their_services_only(world: Any) -> None:
    world.write(users={"ci": inline(*GIVEN)})
    organized(world, [[deny("*", Principal="*")]], kind="RESOURCE_CONTROL_POLICY")
    assert told(world.directory().resolve(CI).capabilities) <= {"blind"}


def test_a_role_of_another_account_is_reached_over_the_border(worlds: Any) -> None:
    home = worlds()
    boss = f"arn:aws:iam::{OTHER}:role/boss"
    home.write(users={"ci": inline(allow("sts:AssumeRole", on=boss))})
    away = worlds(account=OTHER, snapshot=home.snapshot)
    principal = {"AWS": f"arn:aws:iam::{OWN}:root"}
    trusting = doc({"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"})
    role = {"RoleName": "boss", "Arn": boss, "AssumeRolePolicyDocument": trusting}
    away.write(RoleDetailList=[role | inline(ALL, kind="Role")])
    home.snapshot.save("aws/accounts/home", {"Name": "home", "Account": OWN})
    found = home.directory("home", "prod").resolve(CI).capabilities
    assert "escalate" in told(found)
    path = next(one for one in found if one.name.value == "escalate").path
    assert path[-1] == "role boss is an administrator: inline policy p allows * on *"
    # Where only one side allows it, nothing is reached.
    home.write(users={"ci": inline(allow("sqs:ListQueues"))})
    home.snapshot.save("aws/accounts/home", {"Name": "home", "Account": OWN})
    assert "escalate" not in told(home.directory("home", "prod").resolve(CI).capabilities)


# --- documents that nobody should write ------------------------------------------------------

words = st.sampled_from(
    ["Version", "2012-10-17", "Statement", "Effect", "Allow", "Deny", "Action", "NotAction", "*",
     "Resource", "NotResource", "Principal", "NotPrincipal", "AWS", "Federated", "Condition",
     "StringLike", "iam:*", "sts:AssumeRole", CI, "arn:aws:iam::*:role/*", "${aws:username}",
     "${", "aws:SourceIp", "\ud800", "\u0000", "arn:::::", "Null", "Bool"]
)  # fmt: skip
values = st.recursive(
    words | st.none() | st.integers() | st.booleans() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
statements = st.fixed_dictionaries(
    {"Effect": words, "Action": values, "Resource": values},
    optional={"Principal": values, "Condition": values, "NotAction": values},
)
documents = values | statements.map(doc) | st.lists(statements, max_size=3).map(lambda s: doc(*s))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mine=documents, bound=documents, trusted=documents, theirs=documents)
def test_no_policy_crashes_the_analysis(
    worlds: Any, mine: Any, bound: Any, trusted: Any, theirs: Any
) -> None:
    world = worlds()
    limit = f"arn:aws:iam::{OWN}:policy/limit"
    version = {"IsDefaultVersion": True, "Document": bound}
    user = {
        "UserPolicyList": [
            {"PolicyName": "p", "PolicyDocument": mine},
            *inline(ALL)["UserPolicyList"],
        ],
        "PermissionsBoundary": {"PermissionsBoundaryArn": limit},
        "GroupList": ["g"],
    }
    role = {
        "RoleName": "r",
        "Arn": f"arn:aws:iam::{OWN}:role/r",
        "AssumeRolePolicyDocument": trusted,
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": theirs}],
    }
    group = {"GroupName": "g", "Arn": f"arn:aws:iam::{OWN}:group/g"}
    world.write(
        users={"ci": user},
        RoleDetailList=[role],
        GroupDetailList=[
            group | {"GroupPolicyList": [{"PolicyName": "p", "PolicyDocument": mine}]}
        ],
        Policies=[{"Arn": limit, "PolicyVersionList": [version]}],
    )
    directory = world.directory()
    for identity in directory.identities:
        resolution = directory.resolve(identity)
        assert all(isinstance(one, Capability) for one in resolution.capabilities)
        directory.suggest(identity)


# --- policies of resources -------------------------------------------------------------------

SECRET = f"arn:aws:secretsmanager:eu-west-1:{OWN}:secret:db-AbCdEf"


def resource_policies(world: Any, service: str, **policies: Any) -> None:
    entries = [{"Arn": arn, "Policy": policy} for arn, policy in policies.items()]
    world.save(f"resource-policies/{service}", {"Policies": entries})


def to(principal: Any, *actions: str, **more: Any) -> dict[str, Any]:
    return allow(*actions, Principal=principal, **more)


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (to({"AWS": CI}, "secretsmanager:GetSecretValue"), {"read-secrets"}),
        (to("*", "secretsmanager:*"), {"read-secrets", "destroy", "write-data"}),
        (to({"AWS": OWN}, "secretsmanager:*"), set()),
        (to({"AWS": f"arn:aws:iam::{OWN}:user/other"}, "secretsmanager:*"), set()),
        (
            to({"AWS": CI}, "secretsmanager:GetSecretValue",
               Condition={"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}),
            {"read-secrets if"},
        ),
    ],
)  # fmt: skip
def test_the_policy_of_a_resource_gives_past_a_boundary(
    world: Any, statement: Any, expected: set[str]
) -> None:
    limit = f"arn:aws:iam::{OWN}:policy/limit"
    version = {"IsDefaultVersion": True, "Document": doc(allow("sqs:ListQueues"))}
    world.write(
        users={"ci": {"PermissionsBoundary": {"PermissionsBoundaryArn": limit}}},
        Policies=[{"Arn": limit, "PolicyVersionList": [version]}],
    )
    resource_policies(world, "secretsmanager", **{SECRET: doc(statement)})
    found = world.directory().resolve(CI).capabilities
    assert told(found) - {"read-config"} == expected
    for one in found:
        assert one.limited
        assert f"the policy of {SECRET} allows" in one.path[0]
