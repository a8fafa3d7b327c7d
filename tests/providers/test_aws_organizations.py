"""Reading what organizations forbid, and when services were used, through the real boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aws_door import (
    PROD,
    Answer,
    Door,
    Rule,
    collect,
    deny,
    fill,
    iam_of,
    last_accessed,
    session_of,
    settings_for,
)

from auditor.models import Known, Unknown
from auditor.providers.aws.accounts import read_accounts
from auditor.providers.aws.surroundings import Guardrails, Surroundings

pytest.importorskip("boto3", reason="the aws extra is not installed")
pytest.importorskip("moto.server", reason="the demo extra is not installed")

VERSION = "2012-10-17"
FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
NO_S3 = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"},
}
TRUST = {
    "Version": VERSION,
    "Statement": {
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{PROD}:oidc-provider/oidc.circleci.com/org/1"},
        "Action": "sts:AssumeRoleWithWebIdentity",
    },
}


def found(world: Any, account: str) -> Surroundings:
    """Return the surroundings of an account that was read into a world's snapshot."""
    (reading,) = [one for one in read_accounts([], world.snapshot).accounts if one.id == account]
    return reading.surroundings


# --- organizations ---------------------------------------------------------------------------


@pytest.fixture
def member(door: Door) -> str:
    """An account below an organizational unit of the organization of PROD."""
    organizations = session_of(door, PROD).client("organizations", endpoint_url=door.url)
    organizations.create_organization(FeatureSet="ALL")
    (root,) = organizations.list_roots()["Roots"]
    organizations.enable_policy_type(RootId=root["Id"], PolicyType="SERVICE_CONTROL_POLICY")
    unit = organizations.create_organizational_unit(ParentId=root["Id"], Name="ci")
    policy = organizations.create_policy(
        Content=json.dumps(NO_S3), Description="", Name="no-s3", Type="SERVICE_CONTROL_POLICY"
    )
    unit_id = unit["OrganizationalUnit"]["Id"]
    organizations.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=unit_id)
    made = organizations.create_account(AccountName="dev", Email="dev@acme.example")
    account: str = made["CreateAccountStatus"]["AccountId"]
    organizations.move_account(
        AccountId=account, SourceParentId=root["Id"], DestinationParentId=unit_id
    )
    door.open()
    return account


def test_the_management_account_reads_for_its_members(world: Any, door: Door, member: str) -> None:
    directory = collect(world, settings_for(door, PROD, member))
    assert directory.gaps == ()
    assert found(world, PROD).is_management == Known(value=True)
    assert found(world, PROD).guardrails == Guardrails(Known(None), Known(None))
    assert found(world, member).organization_id == found(world, PROD).organization_id
    guardrails = found(world, member).guardrails
    assert guardrails == Guardrails(Known(((FULL,), (FULL, NO_S3), (FULL,))), Known(None))
    assert door.count("DescribePolicy") == 2


@pytest.mark.parametrize(
    ("action", "permission"),
    [
        ("DescribeOrganization", "organizations:DescribeOrganization"),
        ("ListRoots", "organizations:DescribePolicy, "),
        ("ListParents", "organizations:DescribePolicy, "),
        ("ListPoliciesForTarget", "organizations:DescribePolicy, "),
        ("DescribePolicy", "organizations:DescribePolicy, "),
    ],
)
def test_what_is_refused_of_the_organization_is_a_gap(
    world: Any, door: Door, member: str, action: str, permission: str
) -> None:
    door.rule = deny(action, code="AccessDeniedException")
    directory = collect(world, settings_for(door, PROD, member))
    (gap,) = [gap for gap in directory.gaps if gap.affects == (member,)]
    assert gap.fix.startswith(f"grant {permission}")
    assert gap.fix.endswith("is not known")
    assert gap.why == "AccessDeniedException: you are not authorized"
    assert isinstance(found(world, member).guardrails.scps, Unknown)


def test_whoever_may_read_reads_for_all(world: Any, door: Door, member: str) -> None:
    """A delegated administrator may be any account: here PROD, whose own call is let in."""
    refused = [True]

    def rule(action: str, _: dict[str, str]) -> Answer | None:
        if action == "ListRoots" and refused:
            refused.pop()
            return deny("ListRoots")("ListRoots", {})
        return None

    door.rule = rule
    directory = collect(world, settings_for(door, PROD, member, parallel=1))
    assert directory.gaps == ()
    assert isinstance(found(world, member).guardrails.scps, Known)


def test_parents_that_lead_nowhere_are_no_absence_of_limits(
    world: Any, door: Door, member: str
) -> None:
    unit = json.dumps({"Parents": [{"Id": "ou-1", "Type": "ORGANIZATIONAL_UNIT"}]})
    door.rule = lambda action, _: (200, unit) if action == "ListParents" else None
    directory = collect(world, settings_for(door, member))
    (gap,) = directory.gaps
    assert gap.why.endswith("the parents of the account do not lead to a root")
    assert isinstance(found(world, member).guardrails.scps, Unknown)


def test_what_is_complete_is_not_read_again(world: Any, door: Door, member: str) -> None:
    door.rule = deny("DescribePolicy")
    assert collect(world, settings_for(door, PROD, member)).gaps
    door.open()
    assert collect(world, settings_for(door, PROD, member)).gaps == ()
    assert door.count("ListParents") == 2
    assert door.count("ListRoots") == door.count("DescribeOrganization") == 0


def pages(*tokens: str) -> Rule:
    """Return a rule that pages ListPoliciesForTarget: an empty page for each token, then one."""
    told: list[dict[str, Any]] = [{"Policies": [], "NextToken": token} for token in tokens]
    left = iter([*told, {"Policies": [{"Id": "p-FullAWSAccess"}]}])

    def rule(action: str, _: dict[str, str]) -> Answer | None:
        page = next(left, None) if action == "ListPoliciesForTarget" else None
        return (200, json.dumps(page)) if page else None

    return rule


def test_policies_are_read_page_by_page(world: Any, door: Door, member: str) -> None:
    door.rule = pages("a", "b")
    collect(world, settings_for(door, PROD, member))
    guardrails = found(world, member).guardrails
    assert guardrails.scps == Known(((FULL,), (FULL, NO_S3), (FULL,)))
    listed = [given for name, given in door.calls if name == "ListPoliciesForTarget"]
    assert [given.get("NextToken") for given in listed[:3]] == [None, "a", "b"]


def test_pages_that_do_not_end_are_a_gap(world: Any, door: Door, member: str) -> None:
    door.rule = pages(*["again"] * 9)
    (gap,) = collect(world, settings_for(door, PROD, member)).gaps
    assert gap.why == "RepeatedMarker: the pages of the listing do not end"
    assert door.count("ListPoliciesForTarget") == 2


# --- identity providers ----------------------------------------------------------------------


def test_identity_providers_are_read_with_their_audiences(world: Any, door: Door) -> None:
    url = "https://oidc.circleci.com/org/1"
    iam_of(door, PROD).create_open_id_connect_provider(
        Url=url, ClientIDList=["1"], ThumbprintList=["0" * 40]
    )
    door.open()
    collect(world, settings_for(door, PROD))
    providers = found(world, PROD).oidc_providers
    assert isinstance(providers, Known)
    (provider,) = providers.value
    assert (provider.url, provider.clients) == (url.removeprefix("https://"), ("1",))


@pytest.mark.parametrize("action", ["ListOpenIDConnectProviders", "GetOpenIDConnectProvider"])
def test_identity_providers_may_be_refused(world: Any, door: Door, action: str) -> None:
    iam_of(door, PROD).create_open_id_connect_provider(
        Url="https://oidc.circleci.com/org/1", ClientIDList=["1"], ThumbprintList=["0" * 40]
    )
    door.rule = deny(action)
    directory = collect(world, settings_for(door, PROD))
    (gap,) = directory.gaps
    assert gap.fix.startswith("grant iam:ListOpenIDConnectProviders and ")
    assert isinstance(found(world, PROD).oidc_providers, Unknown)


# --- use -------------------------------------------------------------------------------------


def test_use_is_asked_of_whom_ci_may_hold(world: Any, door: Door) -> None:
    fill(door, PROD, "ci")
    iam = iam_of(door, PROD)
    iam.create_user(UserName="keyless")
    iam.create_role(RoleName="ci-oidc", AssumeRolePolicyDocument=json.dumps(TRUST))
    service = json.dumps(TRUST).replace(":oidc-provider/", "-")
    iam.create_role(RoleName="task", AssumeRolePolicyDocument=service)
    door.open()
    pages = {
        "": last_accessed({"s3": "2026-11-01T00:00:00Z"}, more="next"),
        "next": last_accessed({"iam": ""}),
    }
    door.rule = lambda action, given: (
        pages[given.get("Marker", "")] if action.startswith("GetServiceLast") else None
    )
    directory = collect(world, settings_for(door, PROD))
    assert directory.gaps == ()
    use = found(world, PROD).last_accessed
    assert {arn.rpartition(":")[2] for arn in use} == {"user/ci", "role/ci-oidc"}
    for fact in use.values():
        assert isinstance(fact, Known)
        assert [used.what for used in fact.value.usage] == ["s3", "iam"]
        assert fact.value.unused_services() == ("iam",)


@pytest.mark.parametrize(
    "action", ["GenerateServiceLastAccessedDetails", "GetServiceLastAccessedDetails"]
)
def test_use_may_be_refused(world: Any, door: Door, action: str) -> None:
    fill(door, PROD, "ci", "bob")
    door.rule = deny(action)
    directory = collect(world, settings_for(door, PROD))
    (gap,) = directory.gaps
    assert gap.what == f"last accessed services of 2 identities (bob, ci) of AWS account {PROD}"
    assert gap.fix.startswith("grant iam:GenerateServiceLastAccessedDetails and ")
    assert all(isinstance(fact, Unknown) for fact in found(world, PROD).last_accessed.values())


def test_a_job_that_fails_is_a_gap(world: Any, door: Door) -> None:
    fill(door, PROD, "ci")
    failed = last_accessed(status="FAILED")
    door.rule = lambda action, _: failed if action.startswith("GetServiceLast") else None
    (gap,) = collect(world, settings_for(door, PROD)).gaps
    assert gap.why == "JobFailed: AWS did not finish its job in time, or failed at it"


def test_a_limit_is_told(world: Any, door: Door) -> None:
    fill(door, PROD, "a", "b", "c")
    directory = collect(world, settings_for(door, PROD, last_accessed=1))
    (gap,) = directory.gaps
    assert "of 2 identities (b, c)" in gap.what
    assert gap.fix.startswith("raise the limit in [providers.aws]")
    assert isinstance(found(world, PROD).last_accessed[f"arn:aws:iam::{PROD}:user/a"], Known)


def test_nobody_is_asked_where_the_limit_is_nought(world: Any, door: Door) -> None:
    fill(door, PROD, "ci")
    directory = collect(world, settings_for(door, PROD, last_accessed=0))
    assert directory.gaps == ()
    assert door.count("GenerateServiceLastAccessedDetails") == 0
