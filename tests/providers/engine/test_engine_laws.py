"""Laws that hold for every policy and every request."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from aws_policies import ACCOUNT, ALL, OTHER, ROOT, SESSION, USER, doc
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.providers.aws.engine import Decision, EngineError, Request, Verdict, evaluate
from auditor.providers.aws.patterns import matches

ACTIONS = ("s3:GetObject", "s3:PutObject", "iam:PassRole", "kms:Decrypt", "sts:AssumeRole")
RESOURCES = (
    "arn:aws:s3:::b/ci/x",
    "arn:aws:s3:::b/y",
    f"arn:aws:iam::{ACCOUNT}:role/r",
    f"arn:aws:kms:r:{OTHER}:key/k",
    "arn:aws:s3:::b/*",
    "*",
)
KEYS = ("aws:SourceIp", "aws:PrincipalTag/team", "aws:TagKeys", "aws:userid")
VALUES = ("10.0.0.1", "a", "b", "", "true", "5", "2024-01-01")

patterns = st.sampled_from(
    (
        "*",
        "*",
        "*",
        "s3:*",
        "S3:Get*",
        "s3:?etObject",
        "iam:passrole",
        "kms:*",
        "sts:Assume*",
        "s3:*,",
        " *",
    )
)
resources = st.sampled_from(
    (
        "*",
        "*",
        "arn:aws:s3:::b/*",
        "arn:aws:s3:::b/${aws:username}/*",
        "arn:aws:s3:::b/${aws:PrincipalTag/team, 'ci'}/?",
        "arn:aws:s3:::b/${aws:PrincipalTag/team}*",
        f"arn:aws:iam::{ACCOUNT}:role/*",
        "arn:aws:kms:*:*:key/*",
    )
)
names = st.sampled_from(
    [
        f"{quantifier}{operator}{exists}"
        for quantifier in ("", "ForAllValues:", "ForAnyValue:")
        for operator in ("StringEquals", "StringNotLike", "IpAddress", "Bool", "NumericLessThan")
        for exists in ("", "IfExists")
    ]
    + ["Null", "DateGreaterThan", "ArnNotLike"]
)
some_values = st.lists(st.sampled_from((*VALUES, "${aws:PrincipalTag/team}")), max_size=2)
conditions = st.dictionaries(
    names, st.dictionaries(st.sampled_from(KEYS), some_values, max_size=2), max_size=2
)
principals: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    (
        {"Principal": "*"},
        {"Principal": {"AWS": [USER]}},
        {"Principal": {"AWS": ROOT}},
        {"Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/deploy"}},
        {"Principal": {"Service": "ec2.amazonaws.com"}},
        {"Principal": {"CanonicalUser": "abc"}},
        {"NotPrincipal": {"AWS": [USER, ROOT]}},
        {"NotPrincipal": {"AWS": OTHER, "CanonicalUser": "abc"}},
    )
)


@st.composite
def statements(draw: st.DrawFn, effect: str = "", *, named: bool = False) -> dict[str, Any]:
    action = draw(st.sampled_from(("Action", "Action", "NotAction")))
    resource = draw(st.sampled_from(("Resource", "Resource", "NotResource")))
    return {
        "Effect": effect or draw(st.sampled_from(("Allow", "Allow", "Deny"))),
        action: draw(st.lists(patterns, min_size=1, max_size=2)),
        resource: draw(st.lists(resources, min_size=1, max_size=2)),
        "Condition": draw(conditions),
        **(draw(principals) if named else {}),
    }


documents = st.lists(statements(), min_size=1, max_size=3).map(lambda found: doc(*found))
named_documents = st.lists(statements(named=True), min_size=1, max_size=3).map(
    lambda found: doc(*found)
)
contexts = st.dictionaries(
    st.sampled_from(KEYS),
    st.one_of(st.sampled_from(VALUES), st.lists(st.sampled_from(VALUES), max_size=2)),
    max_size=2,
)


@st.composite
def layers(draw: st.DrawFn) -> dict[str, Any]:
    """Return policies: half of the time only those that grant, so that something is allowed."""
    maybe = st.none() | documents
    identity = draw(st.lists(documents | st.just(ALL), min_size=1, max_size=2))
    if draw(st.booleans()):
        limits = dict.fromkeys(("boundary", "scps", "rcps", "session", "endpoint"))
        resource_policy = draw(st.none() | named_documents)
        return {"identity": identity, "resource_policy": resource_policy, **limits}
    return {
        "identity": identity,
        "boundary": draw(st.none() | st.lists(documents, max_size=1)),
        "scps": draw(st.none() | st.lists(st.lists(documents | st.just(ALL), max_size=2))),
        "rcps": draw(st.none() | st.lists(st.lists(named_documents, max_size=2))),
        "resource_policy": draw(st.none() | named_documents),
        "session": draw(maybe),
        "endpoint": draw(st.none() | st.lists(named_documents, max_size=1)),
    }


requests = st.builds(
    Request,
    principal=st.sampled_from((USER, USER, SESSION, ROOT, "ec2.amazonaws.com", None)),
    action=st.sampled_from(ACTIONS),
    resource=st.sampled_from(RESOURCES),
    resource_account=st.sampled_from((None, None, ACCOUNT, OTHER)),
    context=contexts,
    context_complete=st.booleans(),
    wildcard_only=st.booleans(),
)
RANK = {
    Decision.EXPLICITLY_DENIED: 0,
    Decision.IMPLICITLY_DENIED: 0,
    Decision.ALLOWED_IF: 1,
    Decision.ALLOWED: 2,
}


def with_statement(told: dict[str, Any], layer: str, statement: dict[str, Any]) -> dict[str, Any]:
    """Return the layers with one statement more in one that is there."""
    if layer == "resource_policy":
        return told | {layer: doc(*told[layer]["Statement"], statement)}
    return told | {layer: [*told[layer], doc(statement)]}


@given(requests, layers(), statements("Deny"), statements("Deny", named=True))
@settings(max_examples=150)
def test_a_deny_more_never_allows_more(
    request: Request, told: dict[str, Any], deny: dict[str, Any], named: dict[str, Any]
) -> None:
    before = evaluate(request, **told)
    for layer, statement in (("identity", deny), ("boundary", deny), ("resource_policy", named)):
        if told[layer] is not None:
            after = evaluate(request, **with_statement(told, layer, statement))
            assert RANK[after.decision] <= RANK[before.decision]


@given(requests, layers(), statements("Allow"), statements("Allow", named=True))
@settings(max_examples=150)
def test_an_allow_more_never_denies(
    request: Request, told: dict[str, Any], allow: dict[str, Any], named: dict[str, Any]
) -> None:
    before = evaluate(request, **told)
    for layer, statement in (("identity", allow), ("boundary", allow), ("resource_policy", named)):
        if told[layer] is not None:
            after = evaluate(request, **with_statement(told, layer, statement))
            assert RANK[after.decision] >= RANK[before.decision]


@given(requests, statements())
def test_not_action_is_the_complement(request: Request, statement: dict[str, Any]) -> None:
    found = statement.pop("Action", None) or statement.pop("NotAction")
    plain = {**statement, "Effect": "Allow", "Condition": {}}
    plain = {name: value for name, value in plain.items() if "Resource" not in name}
    allowed = {
        element: evaluate(request, [doc({**plain, "Resource": "*", element: found})]).decision
        for element in ("Action", "NotAction")
    }
    if request.principal in (USER, SESSION) and request.resource_account != OTHER:
        needs_more = (
            request.action in ("kms:Decrypt", "sts:AssumeRole") or OTHER in request.resource
        )
        if not needs_more:
            assert sorted(allowed.values()) == [Decision.ALLOWED, Decision.IMPLICITLY_DENIED]


@given(requests, layers(), st.randoms())
def test_names_of_actions_are_not_case_sensitive(
    request: Request, told: dict[str, Any], random: Any
) -> None:
    action = "".join(random.choice((c.lower(), c.upper())) for c in request.action)
    other = Request(**{**fields(request), "action": action})
    assert evaluate(request, **told) == evaluate(other, **told)


def fields(request: Request) -> dict[str, Any]:
    return {name: getattr(request, name) for name in Request.__dataclass_fields__}


def check_completion(request: Request, told: dict[str, Any], more: dict[str, Any]) -> None:
    unknown = Request(**{**fields(request), "context_complete": False})
    known = {
        # What the engine takes for certain of a user.
        **({"aws:SecureTransport": "true"} if request.principal == USER else {}),
        **more,
        **request.context,
    }
    complete = Request(**{**fields(request), "context": known, "context_complete": True})
    before, after = evaluate(unknown, **told), evaluate(complete, **told)
    if before.decision is Decision.ALLOWED_IF:
        assert before.conditions
        return
    assert RANK[after.decision] == RANK[before.decision]
    if before.decision is Decision.EXPLICITLY_DENIED:
        assert after.decision is Decision.EXPLICITLY_DENIED


@given(requests, layers(), contexts)
@settings(max_examples=200)
def test_a_completion_never_contradicts_a_definite_answer(
    request: Request, told: dict[str, Any], more: dict[str, Any]
) -> None:
    check_completion(request, told, more)


hinged = st.builds(
    lambda effect, resource, key, operator, value: {
        "Effect": effect,
        "Action": "s3:*",
        "Resource": resource,
        "Condition": {operator: {key: value}},
    },
    st.sampled_from(("Allow", "Deny")),
    st.sampled_from(("*", "arn:aws:s3:::b/${aws:PrincipalTag/team}", "arn:aws:s3:::b/${x,'a'}*")),
    st.sampled_from(KEYS[:2]),
    names,
    st.sampled_from(("a", "true", "10.0.0.1", "${aws:PrincipalTag/team}", "*")),
)
open_layers = st.builds(
    lambda more, everything: {"identity": [doc(*more), *([ALL] if everything else [])]},
    st.lists(hinged, min_size=1, max_size=2),
    st.booleans(),
)


@given(
    st.sampled_from(("arn:aws:s3:::b/a", "arn:aws:s3:::b/b", "arn:aws:s3:::b/*")),
    open_layers,
    st.sampled_from(({}, {"aws:SourceIp": "a"}, {"aws:SourceIp": "10.0.0.1"})),
    st.dictionaries(st.sampled_from(KEYS[:2]), st.sampled_from(VALUES)),
)
@settings(max_examples=600)
def test_an_answer_that_hinges_on_a_condition_stays_open(
    resource: str, told: dict[str, Any], context: dict[str, Any], more: dict[str, Any]
) -> None:
    check_completion(Request(SESSION, "s3:GetObject", resource, None, context), told, more)


everywhere = st.builds(
    lambda effect, pattern: {"Effect": effect, "Action": "*", "Resource": pattern},
    st.sampled_from(("Allow", "Deny")),
    st.text("ab*?", max_size=3).map("arn:aws:s3:::b/{}".format),
)


@given(st.text("ab*?", max_size=3), st.text("ab", max_size=4), st.lists(everywhere, max_size=2))
@settings(max_examples=400)
def test_what_is_true_of_every_resource_is_true_of_each(
    asked: str, name: str, told: list[dict[str, Any]]
) -> None:
    policy = [doc(*told, {"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::b/*a*"})]
    every = evaluate(Request(USER, "s3:GetObject", f"arn:aws:s3:::b/{asked}"), policy)
    if every.decision is not Decision.ALLOWED_IF and matches(asked, name):
        one = evaluate(Request(USER, "s3:GetObject", f"arn:aws:s3:::b/{name}"), policy)
        assert RANK[one.decision] == RANK[every.decision]


@given(requests, layers())
def test_a_verdict_is_whole(request: Request, told: dict[str, Any]) -> None:
    verdict = evaluate(request, **told)
    denied = verdict.decision in (Decision.EXPLICITLY_DENIED, Decision.IMPLICITLY_DENIED)
    assert bool(verdict.blocked_by) is denied
    assert bool(verdict.conditions) is (verdict.decision is Decision.ALLOWED_IF)
    if verdict.decision is Decision.EXPLICITLY_DENIED:
        assert {found.effect for found in verdict.statements} == {"Deny"}


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
anything = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
odd = st.dictionaries(
    st.sampled_from(
        (
            "Sid",
            "Effect",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Principal",
            "Condition",
        )
    ),
    st.sampled_from(("Allow", "Deny", "*", "${", "${aws:username}", "${a, 'b'}", "s3:*"))
    | anything,
)
fuzzed = anything | st.builds(
    lambda found, version: {"Version": version, "Statement": found},
    st.lists(odd | statements() | statements(named=True), max_size=3) | odd | anything,
    st.sampled_from(("2012-10-17", "2008-10-17")) | anything,
)


@given(requests, fuzzed, fuzzed, st.dictionaries(st.text(), anything, max_size=3))
@settings(max_examples=250)
def test_fuzzed_documents_give_a_verdict_or_a_typed_error(
    request: Request, identity: Any, resource: Any, context: dict[str, Any]
) -> None:
    asked = Request(**{**fields(request), "context": context})
    with contextlib.suppress(EngineError):
        assert isinstance(evaluate(asked, [identity], resource_policy=resource), Verdict)


def test_a_document_nested_beyond_reason_is_an_error() -> None:
    nested: Any = "x"
    for _ in range(100_000):
        nested = [nested]
    with pytest.raises(EngineError, match="not a JSON document"):
        evaluate(Request(USER, "s3:GetObject"), [nested])
