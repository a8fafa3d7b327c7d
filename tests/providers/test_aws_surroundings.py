"""Reading what stands around an account: its organization, resources, use, providers."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.models import Known, Unknown, Usage
from auditor.providers.aws.surroundings import (
    RCP,
    SCP,
    Guardrails,
    OidcProvider,
    Surroundings,
)

FULL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
NO_S3 = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Action": "s3:*"}}


def policy(document: Any) -> dict[str, Any]:
    return {"PolicySummary": {"Id": "p-1"}, "Content": json.dumps(document)}


def organization(management: str = "999988887777", features: str = "ALL") -> dict[str, Any]:
    found = {"Id": "o-acme", "MasterAccountId": management, "FeatureSet": features}
    return {"Organization": found}


def path(*kinds: str, status: str = "ENABLED") -> dict[str, Any]:
    root = {"Id": "r-1", "PolicyTypes": [{"Type": kind, "Status": status} for kind in kinds]}
    unit = {"Id": "ou-1", SCP: [policy(FULL), policy(NO_S3)]}
    return {"Path": [root | {SCP: [policy(FULL)]}, unit, {"Id": "111122223333", SCP: []}]}


def surroundings(world: Any) -> Surroundings:
    found: Surroundings = world.read_account().surroundings
    return found


def test_what_was_not_read_is_unknown(world: Any) -> None:
    world.write()
    for part in ("organization", "oidc-providers"):
        del world.snapshot.texts[f"aws/111122223333/{part}"]
    found = surroundings(world)
    facts = (found.organization_id, found.is_management, found.oidc_providers)
    for fact in (*facts, found.guardrails.scps, found.guardrails.rcps):
        assert isinstance(fact, Unknown)
        assert fact.gap.why.startswith("it was not read")
    assert found.resource_policies == found.last_accessed == {}


@pytest.mark.parametrize(
    "document",
    [
        {"Organization": None},
        organization(features="CONSOLIDATED_BILLING"),
        organization(management="111122223333"),
    ],
    ids=["none", "billing only", "management account"],
)
def test_who_is_not_limited(world: Any, document: Any) -> None:
    world.write().save("organization", document)
    assert surroundings(world).guardrails == Guardrails(Known(None), Known(None))


def test_levels_go_from_the_root_to_the_account(world: Any) -> None:
    world.write().save("organization", organization())
    world.save("guardrails", path(SCP))
    found = surroundings(world)
    assert found.organization_id == Known("o-acme")
    assert found.is_management == Known(value=False)
    assert found.guardrails.scps == Known(((FULL,), (FULL, NO_S3), ()))
    assert found.guardrails.rcps == Known(None)


@pytest.mark.parametrize(
    "document",
    [
        path(SCP, RCP) | {"error": "AccessDeniedException", "message": "no"},
        {"Path": []},
        {"Path": [{"PolicyTypes": [{"Type": SCP, "Status": "ENABLED"}], SCP: [{"Content": "{"}]}]},
    ],
    ids=["refused", "empty", "broken"],
)
def test_half_of_the_levels_is_none(world: Any, document: Any) -> None:
    world.write().save("organization", organization())
    world.save("guardrails", document)
    assert isinstance(surroundings(world).guardrails.scps, Unknown)


def test_a_type_that_is_being_switched_off_limits_nothing(world: Any) -> None:
    world.write().save("organization", organization())
    world.save("guardrails", path(SCP, status="PENDING_DISABLE"))
    assert surroundings(world).guardrails.scps == Known(None)


def test_identity_providers(world: Any) -> None:
    arn = "arn:aws:iam::111122223333:oidc-provider/oidc.circleci.com/org/1"
    entry = {"Arn": arn, "Url": "oidc.circleci.com/org/1", "ClientIDList": ["1"]}
    world.write().save("oidc-providers", {"OpenIDConnectProviderList": [entry]})
    expected = OidcProvider(arn, "oidc.circleci.com/org/1", ("1",))
    assert surroundings(world).oidc_providers == Known((expected,))
    refused = {"OpenIDConnectProviderList": [entry | {"error": "AccessDenied", "message": "no"}]}
    world.save("oidc-providers", refused)
    assert isinstance(surroundings(world).oidc_providers, Unknown)


def test_policies_of_resources(world: Any) -> None:
    listed = [
        {"Arn": "arn:aws:s3:::open", "Policy": json.dumps(FULL)},
        {"Arn": "arn:aws:s3:::none", "Policy": None},
        {"Arn": "arn:aws:s3:::shut", "error": "AccessDenied", "message": "no"},
        {"Arn": "arn:aws:s3:::odd", "Policy": "[]"},
        {"Arn": "arn:aws:s3:::other", "error": "AccessDenied", "message": "no", "Own": False},
        {"Arn": "arn:aws:s3:::own", "error": "AccessDenied", "message": "no", "Own": True},
    ]
    world.write().save("resource-policies/s3", {"Policies": listed})
    assert surroundings(world).foreign == {"arn:aws:s3:::other"}
    found = surroundings(world).resource_policies
    assert found["arn:aws:s3:::open"] == Known(FULL)
    assert found["arn:aws:s3:::none"] == Known(None)
    shut, odd = found["arn:aws:s3:::shut"], found["arn:aws:s3:::odd"]
    assert isinstance(shut, Unknown)
    assert shut.gap.fix.startswith("grant s3:GetBucketPolicy to the audit's identity")
    assert isinstance(odd, Unknown)


def test_use_of_services_and_actions(world: Any) -> None:
    services = [
        {
            "ServiceNamespace": "s3",
            "LastAuthenticated": "2026-11-01T10:00:00+00:00",
            "TrackedActionsLastAccessed": [{"ActionName": "GetObject"}],
        },
        {"ServiceNamespace": "sqs", "LastAuthenticated": "2026-05-01T10:00:00+00:00"},
        {"ServiceNamespace": "iam"},
    ]
    job = {"JobCompletionDate": "2026-11-22T00:00:00+00:00", "ServicesLastAccessed": services}
    world.write(users={"ci": {}})
    world.save("last-accessed/user%2Fci", {"Arn": world.arn("ci")} | job)
    world.save("last-accessed/user%2Fbob", {"Arn": world.arn("bob"), "error": "Throttling"})
    found = surroundings(world).last_accessed
    known = found[world.arn("ci")]
    assert isinstance(known, Known)
    since = datetime(2025, 10, 18, tzinfo=UTC)
    assert known.value.usage == (
        Usage("s3", datetime(2026, 11, 1, 10, tzinfo=UTC), since),
        Usage("s3:GetObject", None, since),
        Usage("sqs", datetime(2026, 5, 1, 10, tzinfo=UTC), since),
        Usage("iam", None, since),
    )
    assert known.value.unused_services() == ("sqs", "iam")
    assert known.value.unused_services(days=250) == ("iam",)
    assert isinstance(found[world.arn("bob")], Unknown)
