"""Roles that let in strangers: tokens of CI systems, everyone."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.models import Severity, Weakness

OWN = "111122223333"
ROLE = f"arn:aws:iam::{OWN}:role/deploy"
ORG = "c0ffee00-1111-4222-8333-444455556666"
CIRCLE = f"oidc.circleci.com/org/{ORG}"
GITHUB = "token.actions.githubusercontent.com"
PROJECT = f"org/{ORG}/project/0a0a0a0a-1111-4222-8333-444455556666"
ADMIN = [
    {
        "PolicyName": "all",
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
        },
    }
]


def trusting(principal: Any, condition: Any = None, *more: Any) -> dict[str, Any]:
    federated = isinstance(principal, dict) and "Federated" in principal
    statement = {
        "Effect": "Allow",
        "Principal": principal,
        "Action": f"sts:AssumeRole{'WithWebIdentity' if federated else ''}",
    }
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement, *more]}


def provider(url: str) -> str:
    return f"arn:aws:iam::{OWN}:oidc-provider/{url}"


def by(url: str) -> dict[str, str]:
    return {"Federated": provider(url)}


def weak(world: Any, trust: Any, *, admin: bool = False, known: Any = None) -> list[Weakness]:
    role = {"RoleName": "deploy", "Arn": ROLE, "AssumeRolePolicyDocument": trust}
    world.write(RoleDetailList=[role | ({"RolePolicyList": ADMIN} if admin else {})])
    there = [provider(CIRCLE), provider(GITHUB)] if known is None else known
    listed: list[dict[str, Any]] = [
        {"Arn": arn, "Url": arn.partition("/")[2], "ClientIDList": []} for arn in there
    ]
    world.save("oidc-providers", {"OpenIDConnectProviderList": listed})
    return list(world.directory().weaknesses)


def sub(*values: str, operator: str = "StringLike", url: str = CIRCLE) -> dict[str, Any]:
    return {operator: {f"{url}:sub": list(values)}}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (None, True),
        ({"StringEquals": {f"{CIRCLE}:aud": ORG}}, True),
        (sub("*"), True),
        (sub(f"org/{ORG}/*"), True),
        (sub(f"org/{ORG}/project/*/user/*"), True),
        (sub(f"{PROJECT}/user/*", f"org/{ORG}/project/*"), True),
        (sub(f"{PROJECT}/user/x", operator="StringNotEquals"), True),
        (sub(f"{PROJECT}/user/x", operator="ForAllValues:StringLike"), False),
        (sub(f"{PROJECT}/user/x", operator="StringLikeIfExists"), False),
        (sub(f"{PROJECT}/user/*"), False),
        (sub(f"{PROJECT}/*"), False),
        (sub(f"{PROJECT}/user/x", operator="StringEquals"), False),
        # written with a wildcard and compared without
        (sub(f"org/{ORG}/project/*", operator="StringEquals"), False),
        ({"StringEquals": {f"{CIRCLE}:oidc.circleci.com/project-id": "0a0a"}}, False),
        ({"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}, True),
    ],
)
def test_any_project_of_a_circleci_organization_gets_in(
    world: Any, condition: Any, found: bool
) -> None:
    weaknesses = weak(world, trusting(by(CIRCLE), condition))
    assert bool(weaknesses) is found
    for one in weaknesses:
        assert one.severity is Severity.MEDIUM
        assert one.identity_id == ROLE
        assert f"every project of the CircleCI organization {ORG}" in one.what
        assert f"{CIRCLE}:sub" in one.fix


def test_what_the_role_may_do_makes_it_worse(world: Any) -> None:
    (one,) = weak(world, trusting(by(CIRCLE)), admin=True)
    assert one.severity is Severity.HIGH
    assert "administrator" in one.why
    assert 'does not ask for the token\'s "sub"' in one.why


def test_a_deny_keeps_strangers_out(world: Any) -> None:
    but = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "*",
        "Condition": sub(f"{PROJECT}/*", operator="StringNotLike"),
    }
    assert not weak(world, trusting(by(CIRCLE), None, but))


def test_a_provider_that_is_gone_lets_nobody_in(world: Any) -> None:
    assert not weak(world, trusting(by(CIRCLE)), known=[])


def test_all_of_github_gets_in(world: Any) -> None:
    (one,) = weak(
        world, trusting(by(GITHUB), {"StringEquals": {f"{GITHUB}:aud": "sts.amazonaws.com"}})
    )
    assert one.severity is Severity.CRITICAL
    assert not weak(world, trusting(by(GITHUB), sub("repo:acme/*", url=GITHUB)))


@pytest.mark.parametrize(
    ("trust", "severity"),
    [
        (trusting("*"), Severity.CRITICAL),
        (trusting({"AWS": "*"}), Severity.CRITICAL),
        (trusting("*", {"StringEquals": {"sts:ExternalId": "x"}}), Severity.MEDIUM),
        (trusting("*", {"StringEquals": {"aws:PrincipalOrgID": "o-acme"}}), None),
        (trusting({"AWS": f"arn:aws:iam::{OWN}:root"}), None),
        (trusting({"Service": "ec2.amazonaws.com"}), None),
        ({"Version": "2012-10-17", "Statement": "nonsense"}, None),
    ],
)
def test_every_account_gets_in(world: Any, trust: Any, severity: Severity | None) -> None:
    assert [one.severity for one in weak(world, trust)] == ([severity] if severity else [])


def test_the_id_stays_from_run_to_run(worlds: Any) -> None:
    first, second = (weak(worlds(), trusting(by(CIRCLE)), admin=flag)[0] for flag in (False, True))
    assert first.id == second.id
