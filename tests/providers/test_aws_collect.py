"""Reading accounts live: the real boto3 against the real moto server, through a door that refuses.

moto never pages and never refuses a call, so the door stands in front of it.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from aws_door import (
    DEV,
    PROD,
    Answer,
    Door,
    Rule,
    collect,
    deny,
    environment,
    fill,
    iam_of,
    once,
    refuse,
    role,
    settings_for,
)

from auditor.models import Known
from auditor.providers.aws.settings import Account, Settings

pytest.importorskip("boto3", reason="the aws extra is not installed")
pytest.importorskip("moto.server", reason="the demo extra is not installed")

READ = {"Effect": "Allow", "Action": "s3:Get*", "Resource": "*"}


# --- everything allowed ----------------------------------------------------------------------


def test_two_accounts_are_read_completely(world: Any, door: Door) -> None:
    keys = fill(door, PROD, "ci", "idle") | fill(door, DEV, "bob")
    iam = iam_of(door, PROD)
    iam.put_user_policy(
        UserName="ci",
        PolicyName="read",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": READ}),
    )
    iam.create_account_alias(AccountAlias="acme-prod")
    iam.tag_user(UserName="ci", Tags=[{"Key": keys["ci"]["AccessKeyId"], "Value": "circleci"}])
    door.open()
    directory = collect(world, settings_for(door, PROD, DEV))
    assert directory.gaps == ()
    assert directory.coverage[0].read == directory.coverage[0].known == 2
    assert {identity.id for identity in directory.identities.values()} == {
        f"arn:aws:iam::{PROD}:user/ci",
        f"arn:aws:iam::{PROD}:user/idle",
        f"arn:aws:iam::{DEV}:user/bob",
    }
    secret = world.secret(keys["ci"]["AccessKeyId"], updated=None)
    match = directory.identify(world.credential(secret), {secret.id: secret})
    assert match.best.identity_id == f"arn:aws:iam::{PROD}:user/ci"
    assert "described as: circleci" in [evidence.fact for evidence in match.best.evidence]
    assert directory.identities[match.best.identity_id].keys[0].last_used == Known(None)
    assert [str(c.name) for c in directory.resolve(match.best.identity_id).capabilities] == [
        "read-data",
        "read-config",
    ]
    text = "\n".join([*world.snapshot.texts, *world.snapshot.texts.values()])
    for key in keys.values():
        assert key["AccessKeyId"] not in text
        assert key["SecretAccessKey"] not in text
        assert f'"{key["AccessKeyId"][-4:]}"' not in text
    assert all("ci-secrets-auditor/" in agent for agent in door.agents)


def test_only_calls_that_read_are_made(world: Any, door: Door) -> None:
    fill(door, PROD, "ci")
    collect(world, settings_for(door, PROD))
    assert {action for action, _ in door.calls} == {
        "AssumeRole",
        "GetCallerIdentity",
        "GetAccountAuthorizationDetails",
        "GenerateCredentialReport",
        "GetCredentialReport",
        "ListAccountAliases",
        "ListAccessKeys",
        "GetAccessKeyLastUsed",
        "ListOpenIDConnectProviders",
        "DescribeOrganization",
        "GenerateServiceLastAccessedDetails",
        "GetServiceLastAccessedDetails",
        "DescribeTrails",
        "ListTrails",
        "GET /detector",
    }


def test_the_default_account_needs_no_configuration(world: Any, door: Door) -> None:
    directory = collect(world, Settings(endpoint=door.url))
    assert directory.gaps == ()
    assert directory.coverage[0].read == 1
    assert door.count("AssumeRole") == 0


def test_the_external_id_is_sent(world: Any, door: Door) -> None:
    account = Account(role_arn=role(PROD), external_id="tell-nobody")
    collect(world, settings_for(door, accounts=(account,)))
    assumed = [params for action, params in door.calls if action == "AssumeRole"]
    assert [params.get("ExternalId") for params in assumed] == ["tell-nobody"]
    assert "tell-nobody" not in "".join(world.snapshot.texts.values())


# --- refusals --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "what"),
    [
        ("GetAccountAuthorizationDetails", "users, groups, roles and policies"),
        ("ListAccessKeys", "access keys of 2 users"),
        ("GetAccessKeyLastUsed", "last use of the access keys of 2 users"),
        ("GenerateCredentialReport", "credential report"),
        ("GetCredentialReport", "credential report"),
        ("ListAccountAliases", "account alias"),
    ],
)
def test_a_refused_call_is_a_gap_and_the_rest_goes_on(
    world: Any, door: Door, action: str, what: str
) -> None:
    keys = fill(door, PROD, "ci", "bob")
    fill(door, DEV, "eve")
    door.rule = deny(action)
    directory = collect(world, settings_for(door, PROD))
    assert [what in gap.what for gap in directory.gaps] == [True]
    assert directory.gaps[0].why == "AccessDenied: you are not authorized"
    unlike = keys["ci"]["AccessKeyId"][:-1] + ("6" if keys["ci"]["AccessKeyId"][-1] == "7" else "7")
    secret = world.secret(unlike)
    answer = directory.identify(world.credential(secret), {secret.id: secret})
    needed = {"ListAccessKeys", "GenerateCredentialReport", "GetCredentialReport"}
    assert answer.searched is (action not in needed)


def test_the_keys_of_one_user_may_be_refused(world: Any, door: Door) -> None:
    keys = fill(door, PROD, "ci", "bob")
    door.rule = deny("ListAccessKeys", UserName="bob")
    directory = collect(world, settings_for(door, PROD))
    assert [gap.what for gap in directory.gaps] == [
        f"access keys of user bob of AWS account {PROD}"
    ]
    secret = world.secret(keys["ci"]["AccessKeyId"])
    match = directory.identify(world.credential(secret), {secret.id: secret})
    assert match.best.identity_id == f"arn:aws:iam::{PROD}:user/ci"


def test_users_are_listed_where_their_details_are_refused(world: Any, door: Door) -> None:
    keys = fill(door, PROD, "ci")
    door.rule = deny("GetAccountAuthorizationDetails")
    directory = collect(world, settings_for(door, PROD))
    secret = world.secret(keys["ci"]["AccessKeyId"])
    match = directory.identify(world.credential(secret), {secret.id: secret})
    assert match.best.identity_id == f"arn:aws:iam::{PROD}:user/ci"
    assert directory.resolve(match.best.identity_id).gaps


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (deny("AssumeRole", RoleArn=role(DEV)), "AccessDenied: you are not authorized"),
        (deny("AssumeRole", RoleArn=role(DEV), code="ExpiredToken"), "ExpiredToken: you are"),
    ],
)
def test_an_account_that_cannot_be_entered_does_not_stop_the_others(
    world: Any, door: Door, rule: Rule, why: str
) -> None:
    fill(door, PROD, "ci")
    door.rule = rule
    directory = collect(world, settings_for(door, PROD, DEV))
    assert [gap.what for gap in directory.gaps] == [
        f"everything of the AWS account configured as {DEV}"
    ]
    assert directory.gaps[0].why.startswith(why)
    assert f"arn:aws:iam::{PROD}:user/ci" in directory.identities


def test_a_profile_that_does_not_exist_and_one_without_credentials(world: Any, door: Door) -> None:
    accounts = (Account(profile="nobody"), Account(profile="night"))
    with environment({**os.environ, "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}):
        directory = collect(world, settings_for(door, accounts=accounts))
    assert [gap.why for gap in directory.gaps] == [
        "ProfileNotFound: the AWS configuration has no such profile",
        "NoCredentialsError: no credentials were found",
    ]


def test_the_text_of_an_error_keeps_no_secret(world: Any, door: Door) -> None:
    token = "FwoGZXIvYXdzE" * 8
    shown = f"The request signature {token} of AKIAIOSFODNN7EXAMPLE is wrong\n\nheader:{token}"
    door.rule = lambda action, _: (
        refuse("SignatureDoesNotMatch", shown) if action == "ListAccountAliases" else None
    )
    directory = collect(world, settings_for(door, PROD))
    assert directory.gaps[0].why == (
        "SignatureDoesNotMatch: The request signature **** of AKIAIOSFODNN7EXA**** is wrong"
    )
    assert token not in "".join(world.snapshot.texts.values())


# --- faults ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [refuse("Throttling", "Rate exceeded", 400), refuse("ServiceUnavailable", "", 503), (0, "")],
    ids=["throttled", "unavailable", "dropped"],
)
def test_a_passing_fault_is_tried_again(world: Any, door: Door, answer: Answer) -> None:
    fill(door, PROD, "ci")
    door.rule = once(answer, "GetAccountAuthorizationDetails")
    directory = collect(world, settings_for(door, PROD, retries=2))
    assert directory.gaps == ()
    assert door.count("GetAccountAuthorizationDetails") == 2


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((0, ""), "ConnectionClosedError: the connection was closed before the answer"),
        ((200, "garbage"), "ResponseParserError: the call failed"),
        ((200, "<a/>"), None),
    ],
)
def test_a_lasting_fault_is_a_gap(world: Any, door: Door, answer: Answer, why: str | None) -> None:
    door.rule = lambda action, _: answer if action == "GetCredentialReport" else None
    directory = collect(world, settings_for(door, PROD))
    assert len(directory.gaps) == 1
    assert directory.gaps[0].what == f"credential report of AWS account {PROD}"
    assert why is None or directory.gaps[0].why == why
