"""Action, Resource and variables, by the documentation."""

from __future__ import annotations

from typing import Any

import pytest
from aws_policies import ACCOUNT, BUCKET, OBJECT, ROLE, USER, allow, deny, doc

from auditor.providers.aws.engine import Decision, Layer, MalformedPolicy, Request, evaluate

GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"

# GUIDE + reference_policies_elements_action.html, ..._elements_notaction.html
ACTIONS: list[tuple[dict[str, Any], str, bool]] = [
    ({"Action": "s3:GetObject"}, "s3:GetObject", True),
    ({"Action": "S3:getobject"}, "s3:GetObject", True),  # names are not case-sensitive
    ({"Action": "s3:GetObject"}, "S3:GETOBJECT", True),
    ({"Action": "s3:Get*"}, "s3:GetObject", True),
    ({"Action": "s3:Get*"}, "s3:PutObject", False),
    ({"Action": "iam:*AccessKey*"}, "iam:CreateAccessKey", True),
    ({"Action": "s3:GetObjec?"}, "s3:GetObject", True),
    ({"Action": "s3:GetObject?"}, "s3:GetObject", False),
    ({"Action": "*"}, "s3:GetObject", True),
    ({"Action": "*:*"}, "s3:GetObject", True),
    ({"Action": ["ec2:*", "s3:*"]}, "s3:GetObject", True),
    ({"Action": []}, "s3:GetObject", False),
    ({"Action": "retired:*"}, "s3:GetObject", False),  # a retired prefix gives nothing
    ({"NotAction": "s3:*"}, "s3:GetObject", False),
    ({"NotAction": "iam:*"}, "s3:GetObject", True),
    ({"NotAction": ["iam:*", "s3:get*"]}, "s3:GetObject", False),
    ({"NotAction": []}, "s3:GetObject", True),
    # AWS takes a pattern with a space around it, or a comma inside, for no action at all.
    ({"Action": " s3:GetObject"}, "s3:GetObject", False),
    ({"Action": "s3:GetObject "}, "s3:GetObject", False),
    ({"Action": "s3:GetObject,s3:PutObject"}, "s3:GetObject", False),
    ({"NotAction": "s3:GetObject "}, "s3:GetObject", True),
]


@pytest.mark.parametrize(("element", "action", "allowed"), ACTIONS)
def test_actions(element: dict[str, Any], action: str, allowed: bool) -> None:
    policy = doc({"Effect": "Allow", "Resource": "*", **element})
    assert (evaluate(Request(USER, action, OBJECT), [policy]).decision == "Allowed") is allowed


# GUIDE + reference_policies_elements_resource.html, ..._elements_notresource.html
RESOURCES: list[tuple[dict[str, Any], str, bool]] = [
    ({"Resource": "*"}, OBJECT, True),
    ({"Resource": OBJECT}, OBJECT, True),
    ({"Resource": OBJECT.upper()}, OBJECT, False),  # ARNs are case-sensitive
    ({"Resource": BUCKET}, OBJECT, False),
    ({"Resource": f"{BUCKET}/*"}, OBJECT, True),
    ({"Resource": f"{BUCKET}/?.tgz"}, OBJECT, True),
    ({"Resource": "arn:aws:s3*"}, OBJECT, True),  # the last * of a segment goes beyond colons
    ({"Resource": "arn:*"}, OBJECT, True),
    ({"Resource": []}, OBJECT, False),
    ({"Resource": "arn:aws:sqs:*:111122223333:*"}, "arn:aws:sqs:eu-west-1:111122223333:q", True),
    ({"NotResource": f"{BUCKET}/*"}, OBJECT, False),
    ({"NotResource": "arn:aws:s3:::other/*"}, OBJECT, True),
    ({"NotResource": []}, OBJECT, True),
]


@pytest.mark.parametrize(("element", "resource", "allowed"), RESOURCES)
def test_resources(element: dict[str, Any], resource: str, allowed: bool) -> None:
    policy = doc({"Effect": "Allow", "Action": "*", **element})
    verdict = evaluate(Request(USER, "s3:GetObject", resource), [policy])
    assert (verdict.decision == "Allowed") is allowed


# GUIDE + reference_policies_variables.html
TEAM = {"aws:PrincipalTag/team": "blue"}
VARIABLES: list[tuple[str, dict[str, Any], str, bool]] = [
    ("${aws:username}", {}, "ci", True),
    ("${aws:username}", {}, "other", False),
    ("${AWS:UserName}", {}, "ci", True),  # names of keys are not case-sensitive
    ("${aws:PrincipalTag/team}/x", TEAM, "blue/x", True),
    ("${aws:PrincipalTag/team}/x", {}, "blue/x", False),  # "no equal or like value"
    ("${aws:PrincipalTag/team, 'red'}", {}, "red", True),
    ("${aws:PrincipalTag/team, 'red'}", TEAM, "red", False),
    ("${aws:PrincipalTag/team, 'red'}", TEAM, "blue", True),
    ("${aws:PrincipalTag/team, 'a, b'}", {}, "a, b", True),
    ("${aws:PrincipalTag/team,''}x", {}, "x", True),
    ("${aws:PrincipalTag/team}", {"aws:PrincipalTag/team": "*"}, "blue", False),  # a value is text
    ("${aws:TagKeys}", {"aws:TagKeys": ["a", "b"]}, "a", False),  # many values are none
    ("${aws:TagKeys}", {"aws:TagKeys": ["a"]}, "a", True),
    ("a${$}b", {}, "a$b", True),
    ("a$b{c}", {}, "a$b{c}", True),
    ("${unclosed", {}, "${unclosed", True),
]


@pytest.mark.parametrize(("name", "context", "asked", "allowed"), VARIABLES)
def test_variables_in_resources(
    name: str, context: dict[str, Any], asked: str, allowed: bool
) -> None:
    request = Request(USER, "s3:GetObject", f"{BUCKET}/{asked}", context=context)
    verdict = evaluate(request, [doc(allow("s3:*", f"{BUCKET}/{name}"))])
    assert (verdict.decision == "Allowed") is allowed


# GUIDE + reference_policies_variables.html#policy-vars-specialchars
@pytest.mark.parametrize(
    ("operator", "value", "found", "allowed"),
    [
        ("StringLike", "a${*}b", "a*b", True),
        ("StringLike", "a${*}b", "axb", False),
        ("StringLike", "a${?}b", "a?b", True),
        ("StringLike", "a${?}b", "axb", False),
        ("StringLike", "a${*}*", "a*more", True),
        ("StringLike", "${aws:username}${*}", "ci*", True),
        ("StringLike", "${aws:username}*", "ci-more", True),
        ("StringEquals", "a${*}b", "a*b", True),
        ("StringEquals", "${aws:username}", "ci", True),
        ("StringEquals", "a*b", "a*b", True),  # no wildcard for StringEquals
        ("StringEquals", "a*b", "axb", False),
        ("StringNotEquals", "${aws:PrincipalTag/none}", "x", True),
        ("StringEquals", "${aws:PrincipalTag/none}", "x", False),
        ("ArnLike", "arn:aws:iam::*:user/${aws:username}", "arn:aws:iam::1:user/ci", True),
        ("NumericEquals", "${aws:username}", "1", False),  # no variables there
    ],
)
def test_variables_in_conditions(operator: str, value: str, found: str, allowed: bool) -> None:
    policy = doc(allow(Condition={operator: {"s3:prefix": value}}))
    request = Request(USER, "s3:ListBucket", BUCKET, context={"s3:prefix": found})
    assert (evaluate(request, [policy]).decision == "Allowed") is allowed


# GUIDE + reference_policies_elements_version.html
@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_the_old_version_has_no_variables(version: str | None) -> None:
    policy = doc(allow(resource=f"{BUCKET}/${{aws:username}}"), version=version or "")
    if version is None:
        del policy["Version"]
    for name, decision in (("ci", "ImplicitlyDenied"), ("${aws:username}", "Allowed")):
        request = Request(USER, "s3:GetObject", f"{BUCKET}/{name}")
        assert evaluate(request, [policy]).decision == decision


@pytest.mark.parametrize(
    ("resource", "wildcard_only", "decision"),
    [
        ("*", True, "Allowed"),
        ("arn:aws:ec2:*:*:instance/*", True, "ImplicitlyDenied"),
        ("arn:aws:ec2:*:*:instance/*", False, "AllowedIf"),  # on some of all resources
        ("*", False, "Allowed"),
        ("arn:aws:s3:::b", False, "AllowedIf"),
    ],
)
def test_an_action_without_resource_types_needs_the_star(
    resource: str, wildcard_only: bool, decision: str
) -> None:
    """GUIDE + access_policies_job-functions..., "you must specify * as the resource"."""
    request = Request(USER, "ec2:DescribeInstances", wildcard_only=wildcard_only)
    assert evaluate(request, [doc(allow("ec2:*", resource))]).decision == decision


WILD = f"arn:aws:iam::{ACCOUNT}:role/ci-*"


@pytest.mark.parametrize(
    ("allowed", "denied", "decision"),
    [
        ("*", None, "Allowed"),
        (f"arn:aws:iam::{ACCOUNT}:role/*", None, "Allowed"),
        (f"arn:aws:iam::{ACCOUNT}:role/ci-prod-*", None, "AllowedIf"),
        (f"arn:aws:iam::{ACCOUNT}:role/app-*", None, "ImplicitlyDenied"),
        ("*", f"arn:aws:iam::{ACCOUNT}:role/*", "ExplicitlyDenied"),
        ("*", f"arn:aws:iam::{ACCOUNT}:role/ci-prod-*", "AllowedIf"),
        ("*", f"arn:aws:iam::{ACCOUNT}:role/app-*", "Allowed"),
    ],
)
def test_a_wildcard_in_the_request_asks_about_every_resource(
    allowed: str, denied: str | None, decision: str
) -> None:
    statements = [allow("iam:*", allowed)] + ([deny("iam:*", denied)] if denied else [])
    verdict = evaluate(Request(USER, "iam:GetRole", WILD), [doc(*statements)])
    assert verdict.decision == decision
    assert bool(verdict.conditions) is (decision == "AllowedIf")
    assert all(pending.operator == "Resource" for pending in verdict.conditions)


# What AWS decides whatever policies say; the links are in auditor/data/aws-evaluation.toml.
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreatePolicyVersion", "arn:aws:iam::aws:policy/AdministratorAccess"),
        ("iam:SetDefaultPolicyVersion", "arn:aws:iam::aws:policy/job-function/Billing"),
        ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/x"),
        ("iam:UpdateAssumeRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/x/y"),
        ("kms:UpdateAlias", f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/aws/s3"),
    ],
)
def test_nobody_changes_what_is_of_aws(action: str, resource: str) -> None:
    verdict = evaluate(Request(USER, action, resource), [doc(allow())])
    assert (verdict.decision, verdict.blocked_by) == (Decision.IMPLICITLY_DENIED, (Layer.AWS,))


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:GetPolicy", "arn:aws:iam::aws:policy/AdministratorAccess"),
        ("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/mine"),
        ("iam:PutRolePolicy", ROLE),
        ("iam:AttachRolePolicy", ROLE),
    ],
)
def test_what_is_of_aws_can_be_read_and_ones_own_changed(action: str, resource: str) -> None:
    assert evaluate(Request(USER, action, resource), [doc(allow())]).decision == Decision.ALLOWED


@pytest.mark.parametrize(
    ("changes", "statement", "element"),
    [
        ({"Effect": "allow"}, 2, "Effect"),
        ({"Effect": None}, 2, "Effect"),
        ({"Action": None}, 2, "Action"),
        ({"Action": 1}, 2, "Action"),
        ({"NotAction": "s3:*"}, 2, "Action"),
        ({"Resource": None}, 2, "Resource"),
        ({"Resource": {"a": 1}}, 2, "Resource"),
        ({"Principal": "*"}, 2, "Principal"),
        ({"Sid": 1}, 2, "Sid"),
        ({"Condition": []}, 2, "Condition"),
        ({"Condition": {"StringEquals": "x"}}, 2, "Condition"),
        ({"Condition": {"StringSortOf": {"a": "b"}}}, 2, "Condition"),
        ({"Condition": {"NullIfExists": {"a": "true"}}}, 2, "Condition"),
        ({"Condition": {"StringEquals": {"a": {"b": 1}}}}, 2, "Condition"),
        ({"Condition": {"StringEquals": {"a": None}}}, 2, "Condition"),
        ({"Conditions": {}}, 2, "Conditions"),
    ],
)
def test_a_malformed_statement_is_named(
    changes: dict[str, Any], statement: int, element: str
) -> None:
    bad = {name: value for name, value in (allow() | changes).items() if value is not None}
    with pytest.raises(MalformedPolicy) as raised:
        evaluate(Request(USER, "s3:GetObject", OBJECT), [doc(allow()), doc(allow(), bad)])
    error = raised.value
    assert (error.policy, error.statement, error.element) == ("identity 2", statement, element)
    assert str(error).startswith(f"identity 2, statement 2, {element}: ")


@pytest.mark.parametrize(
    ("document", "element"),
    [
        ([], "Statement"),
        ("text", "Statement"),
        (None, "Statement"),
        ({"Version": "2012-10-17"}, "Statement"),
        ({"Version": "2012-10-18", "Statement": []}, "Version"),
        ({"Statement": ["x"]}, "Statement"),
        ({"Statement": [], "Policy": 1}, "Policy"),
    ],
)
def test_a_malformed_document_is_named(document: Any, element: str) -> None:
    with pytest.raises(MalformedPolicy) as raised:
        evaluate(Request(USER, "s3:GetObject", OBJECT), scps=[[doc(allow())], [document]])
    assert (raised.value.policy, raised.value.element) == ("scps level 2 1", element)


def test_one_statement_needs_no_brackets() -> None:
    policy = {"Version": "2012-10-17", "Id": "x", "Statement": allow()}
    assert evaluate(Request(USER, "s3:GetObject", OBJECT), [policy]).decision == Decision.ALLOWED


def test_a_document_may_change_between_two_questions() -> None:
    policy = doc(allow())
    request = Request(USER, "s3:GetObject", OBJECT)
    assert evaluate(request, [policy]).decision == Decision.ALLOWED
    policy["Statement"][0]["Effect"] = "Deny"
    assert evaluate(request, [policy]).decision == Decision.EXPLICITLY_DENIED
