"""Policy documents become statements, and the ones that reach an identity are all found."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.providers.aws.policies import PolicyReader, grants
from auditor.providers.aws.statements import Statement, parse

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


RULE = parse(policy(ALLOW))[0][0].rule
PARSED = Statement("Allow", ("s3:GetObject",), False, ("*",), False, "", rule=RULE, source=ALLOW)


@pytest.mark.parametrize(
    "document",
    [
        policy(ALLOW),
        {"Statement": ALLOW},
        json.dumps(policy(ALLOW)),
        quote(json.dumps(policy(ALLOW))),
        policy({**ALLOW, "Action": ["s3:GetObject"], "Resource": ["*"], "Sid": "x"}),
        policy({**ALLOW, "Condition": {}}),
    ],
)
def test_every_spelling_of_a_document(document: Any) -> None:
    assert parse(document) == ((PARSED,), ())


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (None, "it is not an object"),
        ([], "it is not an object"),
        ("no json", "it is not JSON"),
        ("[" * 100_000, "levels deep, line 1"),
        ({}, "it has no statement"),
        (policy("x"), "statement 1: it is not an object"),
        (policy({**ALLOW, "Effect": "allow"}), "Effect is neither Allow nor Deny"),
        (policy({"Effect": "Allow", "Resource": "*"}), "either Action or NotAction"),
        (policy({**ALLOW, "NotAction": "x"}), "either Action or NotAction"),
        (policy({"Effect": "Allow", "Action": "x"}), "either Resource or NotResource"),
        (policy({**ALLOW, "Action": []}), "Action is not a list of texts"),
        (policy({**ALLOW, "Action": [1]}), "Action is not a list of texts"),
        (policy({**ALLOW, "Condition": "x"}), "Condition is not an object"),
        (policy({**ALLOW, "Condition": {"Bool": 1}}), "Condition Bool is not an object"),
    ],
)
def test_what_is_malformed_says_where(document: Any, problem: str) -> None:
    statements, problems = parse(document)
    assert not statements
    assert len(problems) == 1
    assert problem in problems[0]
    assert problems[0].startswith("the policy is malformed")


def test_one_bad_statement_leaves_the_others() -> None:
    statements, problems = parse(policy({"Effect": "Maybe"}, ALLOW))
    assert statements == (PARSED,)
    assert "statement 1" in problems[0]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (
            {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}},
            "StringEquals aws:RequestedRegion = eu-west-1",
        ),
        ({"Bool": {"aws:MultiFactorAuthPresent": True}}, "Bool aws:MultiFactorAuthPresent = true"),
        (
            {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "192.0.2.1"]}},
            "IpAddress aws:SourceIp = 10.0.0.0/8 or 192.0.2.1",
        ),
        ({"Null": {"a": "true"}, "Bool": {"b": "false"}}, "Null a = true and Bool b = false"),
        ({"Bool": {}}, "an empty condition"),
    ],
)
def test_conditions_are_told_in_words(condition: Any, words: str) -> None:
    statements, _ = parse(policy({**ALLOW, "Condition": condition}))
    assert statements[0].condition == words


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["Statement", "Effect", "Action", "NotAction", "Resource", "Condition"])
        | st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(json_values)
def test_no_document_crashes_it(document: Any) -> None:
    statements, problems = parse(document)
    assert statements or problems


# --- gathering -------------------------------------------------------------------------------

MANAGED = "arn:aws:iam::111122223333:policy/deploy"


def managed(document: Any, arn: str = MANAGED) -> dict[str, Any]:
    """Return a policy whose second version is the default one."""
    versions = [
        {"VersionId": "v1", "IsDefaultVersion": False, "Document": policy(ALLOW, ALLOW)},
        {"VersionId": "v2", "IsDefaultVersion": True, "Document": document},
    ]
    return {"Arn": arn, "DefaultVersionId": "v2", "PolicyVersionList": versions}


def attached(arn: str = MANAGED) -> dict[str, Any]:
    return {"AttachedManagedPolicies": [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn}]}


def test_all_four_ways_to_an_identity_are_followed(world: Any) -> None:
    inline = {"PolicyName": "own", "PolicyDocument": policy(ALLOW)}
    of_group = {"PolicyName": "shared", "PolicyDocument": policy(ALLOW)}
    world.write(
        users={"ci": {"UserPolicyList": [inline], "GroupList": ["dev"], **attached()}},
        GroupDetailList=[{"GroupName": "dev", "GroupPolicyList": [of_group], **attached()}],
        Policies=[managed(policy(ALLOW))],
    )
    principal = world.principal("ci")
    permissions = PolicyReader(world.read_account()).permissions(principal)
    assert [found.via for found in permissions.policies] == [
        "inline policy own",
        "policy deploy",
        "group dev, inline policy shared",
        "group dev, policy deploy",
    ]
    assert not permissions.gaps
    assert [len(found.statements) for found in permissions.policies] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("entry", "details", "what"),
    [
        (attached(), {}, "managed policy arn:aws:iam::111122223333:policy/deploy"),
        ({"GroupList": ["dev"]}, {}, "group dev"),
        (
            {"PermissionsBoundary": {"PermissionsBoundaryArn": MANAGED}},
            {},
            "permissions boundary arn:aws:iam::111122223333:policy/deploy",
        ),
        (attached(), {"Policies": [managed({"Statement": 7})]}, "managed policy"),
        (attached(), {"Policies": [{"Arn": MANAGED, "PolicyVersionList": []}]}, "managed policy"),
        ({"UserPolicyList": [{"PolicyName": "p"}]}, {}, "inline policy p"),
    ],
)
def test_what_was_not_read_is_a_gap_of_the_identity(
    world: Any, entry: Any, details: Any, what: str
) -> None:
    sound = {"PolicyName": "sound", "PolicyDocument": policy(ALLOW)}
    inline = [sound, *entry.get("UserPolicyList", [])]
    world.write(users={"ci": {**entry, "UserPolicyList": inline}}, **details)
    resolution = world.directory().resolve(world.arn("ci"))
    assert len(resolution.gaps) == 1
    assert what in resolution.gaps[0].what
    assert "user ci" in resolution.gaps[0].what
    assert [str(found.name) for found in resolution.capabilities] == ["read-data"]


def test_a_malformed_boundary_is_not_taken_for_the_whole(world: Any) -> None:
    inline = [{"PolicyName": "p", "PolicyDocument": policy(ALLOW)}]
    boundary = {"PermissionsBoundary": {"PermissionsBoundaryArn": MANAGED}}
    half = policy({**ALLOW, "Action": "ec2:*"}, {"Effect": "Allow"})
    world.write(users={"ci": {**boundary, "UserPolicyList": inline}}, Policies=[managed(half)])
    resolution = world.directory().resolve(world.arn("ci"))
    assert [(str(c.name), c.conditional) for c in resolution.capabilities] == [("read-data", True)]
    assert resolution.gaps


def test_grants_keep_the_words_of_the_policy(world: Any) -> None:
    odd = {"Effect": "Deny", "NotAction": ["iam:*", "sts:*"], "NotResource": "arn:aws:s3:::a/*"}
    tagged = {**ALLOW, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}
    inline = [{"PolicyName": "p", "PolicyDocument": policy(odd, tagged)}]
    world.write(users={"ci": {"UserPolicyList": inline}})
    principal = world.principal("ci")
    found = grants(principal, PolicyReader(world.read_account()).permissions(principal))
    assert found[0].actions == ("all except iam:*, sts:*",)
    assert found[0].resources == ("all except arn:aws:s3:::a/*",)
    assert (found[0].effect, found[0].via) == ("Deny", "inline policy p")
    assert found[1].condition == "Bool aws:SecureTransport = true"
