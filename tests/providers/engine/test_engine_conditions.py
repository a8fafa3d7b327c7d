"""Condition operators, by the documentation."""

from __future__ import annotations

from typing import Any

import pytest
from aws_policies import BUCKET, USER, allow, doc

from auditor.providers.aws.engine import Request, evaluate

KEY = "test:key"
MISSING = object()


def holds(condition: dict[str, Any], found: Any, *, complete: bool = True) -> str:
    """Return the decision on an Allow under a condition."""
    context = {} if found is MISSING else {KEY: found}
    request = Request(USER, "s3:ListBucket", BUCKET, context=context, context_complete=complete)
    return evaluate(request, [doc(allow(Condition=condition))]).decision


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
OPERATORS: list[tuple[str, Any, Any, bool]] = [
    # String
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", ["b", "a"], "a", True),
    ("StringEquals", [], "a", False),
    ("StringNotEquals", "a", "b", True),
    ("StringNotEquals", ["a", "b"], "b", False),  # NOR
    ("StringNotEquals", [], "a", True),
    ("StringEqualsIgnoreCase", "aB", "Ab", True),
    ("StringNotEqualsIgnoreCase", "aB", "Ab", False),
    ("StringLike", "a*", "abc", True),
    ("StringLike", "A*", "abc", False),
    ("StringLike", "a?c", "abc", True),
    ("StringLike", "a?c", "ac", False),
    ("StringLike", "", "", True),
    ("StringNotLike", "a*", "abc", False),
    ("StringNotLike", "b*", "abc", True),
    ("stringequals", "a", "a", True),
    ("StringEquals", True, "true", True),
    ("StringEquals", 5, "5", True),
    # Numeric
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", 10, "10", True),
    ("NumericNotEquals", "10", "11", True),
    ("NumericNotEquals", "10", "10.00", False),
    ("NumericLessThan", "10", "9", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "10", "9", False),
    ("NumericGreaterThan", "-1.5", "-1", True),
    ("NumericGreaterThanEquals", "10", "10", True),
    ("NumericEquals", "99999999999999999999", "99999999999999999998", False),
    ("NumericLessThan", "ten", "9", False),
    ("NumericLessThan", "10", "nine", False),
    ("NumericNotEquals", "10", "nine", True),
    # Date: W3C's ISO 8601, or seconds since 1970
    ("DateEquals", "2024-01-01T00:00:00Z", "2024-01-01T01:00:00+01:00", True),
    ("DateEquals", "2024-01-01T00:00:00Z", "1704067200", True),
    ("DateEquals", "1704067200", "2024-01-01T00:00:00Z", True),
    ("DateEquals", "1704067200.5", "2024-01-01T00:00:00.5Z", True),
    ("DateEquals", "2024", "2024-01-01T00:00:00Z", True),
    ("DateEquals", "2024-01", "2024-01-01", True),
    ("DateNotEquals", "2024-01-01", "2024-01-02", True),
    ("DateLessThan", "2024-01-01T00:00:00Z", "2023-12-31T23:59:59.999999999Z", True),
    ("DateLessThan", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z", False),
    ("DateLessThanEquals", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z", True),
    ("DateGreaterThan", "2020-01-01T00:00:01Z", "2024-01-01T00:00:00Z", True),
    ("DateGreaterThanEquals", "2020-01-01T00:00:01Z", "2019-01-01T00:00:00Z", False),
    ("DateGreaterThan", "yesterday", "2024-01-01T00:00:00Z", False),
    # Bool: what is neither true nor false equals nothing (decided)
    ("Bool", "true", "true", True),
    ("Bool", "true", "false", False),
    ("Bool", "false", "false", True),
    ("Bool", True, "true", True),
    ("Bool", "True", "TRUE", True),
    ("Bool", "false", "no", False),
    ("Bool", "maybe", "maybe", False),
    # Binary
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ6", False),
    ("BinaryEquals", "not base64!", "not base64!", False),
    # IP
    ("IpAddress", "203.0.113.0/24", "203.0.113.7", True),
    ("IpAddress", "203.0.113.0/24", "203.0.114.7", False),
    ("IpAddress", "203.0.113.7", "203.0.113.7", True),  # /32 unless said otherwise
    ("IpAddress", "203.0.113.9/24", "203.0.113.7", True),
    ("IpAddress", ["10.0.0.0/8", "2001:DB8:1234:5678::/64"], "2001:db8:1234:5678::1", True),
    ("IpAddress", "2001:DB8:1234:5678::/64", "2001:db8:1234:5679::1", False),
    ("IpAddress", "0.0.0.0/0", "2001:db8::1", False),
    ("IpAddress", "nowhere", "203.0.113.7", False),
    ("NotIpAddress", "203.0.113.0/24", "203.0.113.7", False),
    ("NotIpAddress", "203.0.113.0/24", "198.51.100.7", True),
    # ARN: part by part; the example of the page itself comes third
    ("ArnEquals", "arn:aws:sns:*:1:t", "arn:aws:sns:eu-west-1:1:t", True),
    ("ArnLike", "arn:aws:sns:*:1:t?", "arn:aws:sns:eu-west-1:1:t2", True),
    (
        "ArnLike",
        "arn:aws:someservice:*:111122223333:finance/*",
        "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
        False,
    ),
    (
        "StringLike",
        "arn:aws:someservice:*:111122223333:finance/*",
        "arn:aws:someservice:us-east-2:999999999999:store/abc:111122223333:finance/document.txt",
        True,
    ),
    ("ArnLike", "arn:aws:sns:*:1:T", "arn:aws:sns:eu-west-1:1:t", False),
    ("ArnLike", "arn:aws:logs:*:*:*", "arn:aws:logs:r:1:log-group:g:log-stream:s", True),
    ("ArnLike", "*", "arn:aws:sns:eu-west-1:1:t", True),
    ("ArnLike", "arn:aws:*", "arn:aws:sns:eu-west-1:1:t", True),
    ("ArnLike", "arn:aws:sns", "arn:aws:sns:eu-west-1:1:t", False),
    ("ArnEquals", "arn:aws:sns:*:1:t", "no arn", False),
    ("ArnNotEquals", "arn:aws:sns:*:1:t", "arn:aws:sns:eu-west-1:1:t", False),
    ("ArnNotLike", "arn:aws:sns:*:2:*", "arn:aws:sns:eu-west-1:1:t", True),
    # Null: an empty text is no value (decided)
    ("Null", "true", "a", False),
    ("Null", "false", "a", True),
    ("Null", False, "a", True),
    ("Null", "true", "", True),
    ("Null", "false", "", False),
    ("Null", ["true", "false"], "a", True),
]


@pytest.mark.parametrize(("operator", "wanted", "found", "expected"), OPERATORS)
def test_operators(operator: str, wanted: Any, found: str, expected: bool) -> None:
    assert (holds({operator: {KEY: wanted}}, found) == "Allowed") is expected


@pytest.mark.parametrize(("operator", "wanted", "found", "expected"), OPERATORS)
def test_if_exists_changes_nothing_for_a_key_that_does(
    operator: str, wanted: Any, found: str, expected: bool
) -> None:
    if operator != "Null":
        condition = {f"{operator}IfExists": {KEY: wanted}}
        assert (holds(condition, found) == "Allowed") is expected


# "If the key is not present, the values do not match"; negated operators then hold.
@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("StringEquals", False),
        ("StringLike", False),
        ("NumericEquals", False),
        ("DateLessThan", False),
        ("Bool", False),
        ("BinaryEquals", False),
        ("IpAddress", False),
        ("ArnEquals", False),
        ("ArnLike", False),
        ("StringNotEquals", True),
        ("StringNotEqualsIgnoreCase", True),
        ("StringNotLike", True),
        ("NumericNotEquals", True),
        ("DateNotEquals", True),
        ("NotIpAddress", True),
        ("ArnNotEquals", True),
        ("ArnNotLike", True),
        ("StringEqualsIfExists", True),
        ("BoolIfExists", True),
        ("NotIpAddressIfExists", True),
        ("ArnLikeIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAllValues:StringNotEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
    ],
)
@pytest.mark.parametrize("absent", [MISSING, None, []], ids=["missing", "null", "empty"])
def test_an_absent_key(operator: str, expected: bool, absent: Any) -> None:
    assert (holds({operator: {KEY: "x"}}, absent) == "Allowed") is expected


@pytest.mark.parametrize(("wanted", "expected"), [("true", True), ("false", False)])
def test_null_of_an_absent_key(wanted: str, expected: bool) -> None:
    assert (holds({"Null": {KEY: wanted}}, MISSING) == "Allowed") is expected


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
@pytest.mark.parametrize(
    ("operator", "wanted", "found", "expected"),
    [
        ("ForAllValues:StringEquals", ["a", "b"], ["a"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
        ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
        ("ForAllValues:StringEquals", ["a"], "", True),  # "a null dataset, such as an empty string"
        ("ForAllValues:StringLike", ["key1*"], ["key1:a", "key1:b"], True),
        ("ForAllValues:StringNotEquals", ["a", "b"], ["c", "d"], True),
        ("ForAllValues:StringNotEquals", ["a", "b"], ["a", "d"], False),
        ("ForAnyValue:StringEquals", ["a", "b"], ["c", "b"], True),
        ("ForAnyValue:StringEquals", ["a", "b"], ["c"], False),
        ("ForAnyValue:StringEquals", ["a", ""], "", False),
        ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "c"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], ["a", "b"], False),
        ("forallvalues:StringEquals", ["a"], ["b"], False),
        ("ForAnyValue:Bool", "true", ["false", "true"], True),
        ("ForAllValues:IpAddress", "10.0.0.0/8", ["10.0.0.1", "11.0.0.1"], False),
        # Without a set operator AWS says nothing of many values: any is enough (decided).
        ("StringEquals", "a", ["b", "a"], True),
        ("StringNotEquals", "a", ["b", "a"], False),
    ],
)
def test_many_values(operator: str, wanted: Any, found: Any, expected: bool) -> None:
    assert (holds({operator: {KEY: wanted}}, found) == "Allowed") is expected


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({}, True),
        ({"StringEquals": {}}, True),
        ({"StringEquals": {KEY: "a"}, "StringLike": {KEY: "a*"}}, True),
        ({"StringEquals": {KEY: "a"}, "StringLike": {KEY: "b*"}}, False),
        ({"StringEquals": {KEY: "a", "test:other": "b"}}, False),
        ({"StringEquals": {"TEST:Key": "a"}}, True),
    ],
)
def test_all_keys_and_operators_must_hold(condition: dict[str, Any], expected: bool) -> None:
    assert (holds(condition, "a") == "Allowed") is expected


@pytest.mark.parametrize("operator", ["StringEquals", "Null", "ForAllValues:StringLike", "Bool"])
def test_an_unknown_key_leaves_it_open(operator: str) -> None:
    assert holds({operator: {KEY: "true"}}, MISSING, complete=False) == "AllowedIf"


def test_what_is_open_is_listed() -> None:
    condition = {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}, "StringEquals": {KEY: "a"}}
    request = Request(USER, "s3:ListBucket", BUCKET, context={KEY: "a"}, context_complete=False)
    (pending,) = evaluate(request, [doc(allow(Condition=condition))]).conditions
    assert pending.to_json() == {
        "layer": "identity",
        "policy": 1,
        "statement": 1,
        "sid": "",
        "effect": "Allow",
        "operator": "IpAddress",
        "key": "aws:SourceIp",
        "values": ["10.0.0.0/8"],
    }


def test_a_resource_with_an_unknown_variable_is_open_where_it_could_match() -> None:
    policy = doc(allow(resource=f"{BUCKET}/${{aws:PrincipalTag/team}}/*"))
    for name, decision in (("blue/x", "AllowedIf"), ("x", "ImplicitlyDenied")):
        request = Request(USER, "s3:GetObject", f"{BUCKET}/{name}", context_complete=False)
        assert evaluate(request, [policy]).decision == decision


# Facts of a long-term key: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
@pytest.mark.parametrize(
    ("condition", "decision"),
    [
        ({"Bool": {"aws:SecureTransport": "true"}}, "Allowed"),
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, "ImplicitlyDenied"),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, "Allowed"),
        ({"StringEquals": {"aws:username": "ci"}}, "Allowed"),
        ({"StringEquals": {"aws:PrincipalType": "User"}}, "Allowed"),
        ({"StringEquals": {"aws:PrincipalAccount": "111122223333"}}, "Allowed"),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/ci"}}, "Allowed"),
        ({"DateLessThan": {"aws:TokenIssueTime": "2024-01-01T00:00:00Z"}}, "AllowedIf"),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, "AllowedIf"),
        ({"StringEquals": {"aws:userid": "AIDA"}}, "AllowedIf"),
    ],
)
def test_what_is_certain_of_a_ci_key(condition: dict[str, Any], decision: str) -> None:
    request = Request(USER, "s3:ListBucket", BUCKET, context_complete=False)
    assert evaluate(request, [doc(allow(Condition=condition))]).decision == decision
