"""The masks and the exact engine are two ways to one answer; the catalogue outlives its cache."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.providers.aws.analysis import catalogue as module
from auditor.providers.aws.analysis.catalogue import catalogue
from auditor.providers.aws.analysis.holders import Holder, Limits, holder
from auditor.providers.aws.analysis.masks import Masks
from auditor.providers.aws.analysis.targets import Universe, universe
from auditor.providers.aws.engine import Decision
from auditor.providers.aws.engine.documents import policy as read_rules
from auditor.providers.aws.engine.statements import Attached
from auditor.providers.aws.policies import PolicyReader

OWN = "111122223333"
SAMPLED = (
    "iam:PassRole", "iam:CreateUser", "s3:GetObject", "s3:ListAllMyBuckets", "s3:PutBucketPolicy",
    "ec2:RunInstances", "ec2:DescribeInstances", "kms:Decrypt", "sts:AssumeRole",
    "sts:GetCallerIdentity", "lambda:InvokeFunction", "sqs:SendMessage", "ssm:SendCommand",
    "dynamodb:Query", "secretsmanager:GetSecretValue", "backup:DeleteRecoveryPoint",
)  # fmt: skip
patterns = st.sampled_from(
    ["*", "*:*", "iam:*", "s3:*", "S3:Get*", "s3:?etObject", "ec2:*", "kms:Decrypt", "sts:*",
     "lambda:Invoke*", "*:Get*", "retired:*", "sqs:SendMessage", " s3:*", "s3:GetObject,iam:*",
     "secretsmanager:GetSecretValue", "ssm:*", "none"]
)  # fmt: skip
resources = st.sampled_from(
    ["*", "arn:aws:s3:::site/*", "arn:aws:s3:::*", "arn:aws:s3:::site", f"arn:aws:iam::{OWN}:*",
     f"arn:aws:iam::{OWN}:role/*", "arn:aws:iam::*:role/web", "arn:aws:s3:::${aws:username}/*",
     "arn:aws:s3:::${aws:PrincipalTag/team}/*", "arn:aws:s3:::${aws:SourceVpc}/*", "arn:*",
     f"arn:aws:kms:*:{OWN}:key/*", f"arn:aws:sqs:eu-west-1:{OWN}:jobs",
     "arn:aws:ec2:*:*:instance/*",
     f"arn:aws:lambda:*:{OWN}:function:*", "arn:aws:*:*:*:*", "arn:aws:s3*", "?rn:aws:iam::*"]
)  # fmt: skip
conditions = st.sampled_from(
    [{}, {}, {}, {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}},
     {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
     {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}},
     {"Bool": {"aws:SecureTransport": "true"}},
     {"StringEquals": {"aws:PrincipalTag/team": "blue"}},
     {"StringNotEquals": {"aws:PrincipalTag/other": "blue"}},
     {"StringEquals": {"aws:ResourceAccount": OWN}},
     {"Null": {"aws:TokenIssueTime": "true"}}]
)  # fmt: skip


@st.composite
def statements(draw: Any) -> dict[str, Any]:
    return {
        "Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny"])),
        draw(st.sampled_from(["Action", "Action", "Action", "NotAction"])): draw(
            st.lists(patterns, min_size=1, max_size=3)
        ),
        draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource"])): draw(
            st.lists(resources, min_size=1, max_size=2)
        ),
        "Condition": draw(conditions),
    }


documents = st.lists(statements(), min_size=1, max_size=3).map(
    lambda told: {"Version": "2012-10-17", "Statement": told}
)
levels = st.none() | st.lists(st.lists(documents, max_size=2), min_size=1, max_size=2)


def told(world: Any, identity: list[Any], boundary: Any, scps: Any, rcps: Any) -> Holder:
    """Return a user with the policies, and its organization's."""
    inline = [{"PolicyName": f"p{n}", "PolicyDocument": d} for n, d in enumerate(identity)]
    entry: dict[str, Any] = {
        "UserPolicyList": inline,
        "UserId": "AIDA1",
        "Tags": [{"Key": "team", "Value": "blue"}],
    }
    more: dict[str, Any] = {}
    if boundary:
        arn = f"arn:aws:iam::{OWN}:policy/limit"
        entry["PermissionsBoundary"] = {"PermissionsBoundaryArn": arn}
        version = {"IsDefaultVersion": True, "Document": boundary}
        more["Policies"] = [{"Arn": arn, "PolicyVersionList": [version]}]
    world.write(users={"ci": entry}, **more)
    account = world.read_account()
    principal = account.principals[world.arn("ci")]
    limits = Limits(
        scps and tuple(tuple(read_rules(d, Attached.TO_IDENTITY) for d in lv) for lv in scps),
        rcps and tuple(tuple(read_rules(d, Attached.TO_EITHER) for d in lv) for lv in rcps),
    )
    permissions = PolicyReader(account).permissions(principal)
    return holder(principal, OWN, permissions, limits, Masks(universe("aws", OWN)))


@settings(deadline=None, max_examples=60)
@given(
    identity=st.lists(documents, max_size=3),
    boundary=st.none() | documents,
    scps=levels,
    rcps=levels,
)
def test_the_masks_and_the_exact_engine_agree(
    worlds: Any, identity: Any, boundary: Any, scps: Any, rcps: Any
) -> None:
    held = told(worlds(), identity, boundary, scps, rcps)
    targets = universe("aws", OWN)
    for action in SAMPLED:
        for bit in targets.bits(action):
            arn = targets.arn_of(bit)
            exact = held.ask(action, arn, only=arn == "*").decision
            mask = (
                Decision.ALLOWED if held.answer.allowed >> bit & 1
                else Decision.ALLOWED_IF if held.answer.conditional >> bit & 1
                else Decision.IMPLICITLY_DENIED
            )  # fmt: skip
            if exact is Decision.EXPLICITLY_DENIED:
                exact = Decision.IMPLICITLY_DENIED
            assert (action, arn, mask) == (action, arn, exact)


@given(st.lists(patterns, max_size=4))
def test_not_action_is_the_complement(found: list[str]) -> None:
    targets = universe("aws", OWN)
    low = [pattern.lower() for pattern in found]
    inside = targets.of_patterns(low, left_out=False)
    outside = targets.of_patterns(low, left_out=True)
    assert inside | outside == targets.all
    assert not inside & outside


def test_targets_go_back_to_their_actions() -> None:
    targets = universe("aws", OWN)
    bits = targets.bits("iam:PassRole")
    assert [targets.action_of(bit) for bit in bits] == ["iam:PassRole"]
    assert [targets.arn_of(bit) for bit in bits] == [f"arn:aws:iam::{OWN}:role/*"]
    assert targets.actions(targets.of_action("iam:passrole")) == ["iam:PassRole"]
    assert targets.services_within(targets.of_patterns(["sqs:*"], left_out=False)) == ["sqs"]
    assert targets.services_within(targets.of_pattern("sqs:*") & ~(1 << bits[0])) == ["sqs"]
    assert not targets.services_within(targets.of_pattern("sqs:send*"))
    assert len(targets.services_within(targets.all)) == len(catalogue().services)
    assert not targets.of_patterns(["codestar:*", "evidently:*"], left_out=False)


def test_the_universe_of_another_partition_is_of_its_arns() -> None:
    arns = Universe(catalogue(), "aws-cn", OWN).arns
    assert all(arn == "*" or arn.startswith("arn:aws-cn:") for arn in arns)


# --- the cache -------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "ci-secrets-auditor"


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "{",
        "[]",
        '{"version": "0"}',
        json.dumps({"version": catalogue().version, "actions": []}),
    ],
)
def test_a_cache_that_is_missing_or_damaged_is_made_anew(cache: Path, damage: str) -> None:
    file = module._cache_file(catalogue().version)
    if damage:
        cache.mkdir()
        file.write_text(damage)
    module.catalogue.cache_clear()
    first = module.catalogue()
    module.catalogue.cache_clear()
    assert module.catalogue() == first
    assert [found.name for found in cache.iterdir()] == [file.name]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_cache_that_cannot_be_kept_is_no_harm(cache: Path) -> None:
    cache.write_text("a file where the folder should be")
    module.catalogue.cache_clear()
    assert module.catalogue().version == catalogue().version
