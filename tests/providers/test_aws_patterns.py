"""Wildcard patterns against the plainest definition of what they match."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.providers.aws.patterns import (
    covers,
    literal,
    matches,
    matches_resource,
    overlaps,
)

TEXTS = ["".join(t) for n in range(6) for t in itertools.product("ab", repeat=n)]
"""Every text of two letters and up to five characters: enough for patterns of four."""

patterns = st.text("ab*?", max_size=4)


def matched(pattern: str) -> set[str]:
    regex = "".join({"*": ".*", "?": "."}.get(c, c) for c in pattern)
    return {text for text in TEXTS if re.fullmatch(regex, text)}


@given(patterns, st.sampled_from(TEXTS))
def test_covers_a_text_as_a_regular_expression_does(pattern: str, text: str) -> None:
    assert covers(pattern, text) == (text in matched(pattern))


@given(patterns, patterns)
def test_overlap_is_exact_and_symmetric(one: str, other: str) -> None:
    # Two patterns of at most four characters that meet at all meet in a text of at most eight;
    # with two letters, five are enough but for the longest literals, which are checked by covers.
    expected = bool(matched(one) & matched(other))
    assert overlaps(one, other) == overlaps(other, one)
    if expected or len(one) + len(other) <= 5:
        assert overlaps(one, other) == expected


@given(patterns, patterns)
def test_what_covers_matches_everything_of_the_other(one: str, other: str) -> None:
    if covers(one, other):
        assert matched(other) <= matched(one)


@pytest.mark.parametrize(
    ("pattern", "other", "covered", "meets"),
    [
        ("iam:*user*", "iam:addusertogroup", True, True),
        ("iam:*", "iam:pass*", True, True),
        ("iam:pass*", "iam:*", False, True),
        ("*", "*", True, True),
        ("s3:get*", "s3:put*", False, False),
        ("*:describe*", "ec2:*images", False, True),
        ("ec2:describe?mages", "ec2:describeimages", True, True),
        ("arn:aws:s3:::a/*", "arn:aws:s3:::*", False, True),
        ("", "", True, True),
        ("", "*", False, True),
    ],
)
def test_known_cases(pattern: str, other: str, covered: bool, meets: bool) -> None:
    assert covers(pattern, other) is covered
    assert overlaps(pattern, other) is meets


def test_a_hostile_pattern_is_answered_without_hiding_anything() -> None:
    long = "*a" * 5_000
    assert overlaps(long, "?b" * 5_000 + "*")
    assert covers(long, "a" * 5_000)
    assert not covers(long, "a" * 4_999)
    assert not covers("?*a" * 1_000, "a" * 1_999)
    assert covers(long, long)


@given(st.text("ab*?", max_size=8), st.text("ab*?", max_size=8))
def test_a_text_is_matched_character_by_character(pattern: str, text: str) -> None:
    regex = "".join({"*": ".*", "?": "."}.get(c, c) for c in pattern)
    assert matches(pattern, text) == bool(re.fullmatch(regex, text))


@given(st.text("ab*?", max_size=8), st.text("ab*?", max_size=8))
def test_a_literal_matches_itself_only(pattern: str, text: str) -> None:
    assert matches(literal(pattern), text) == (pattern == text)


# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
@pytest.mark.parametrize(
    ("pattern", "arn", "matched"),
    [
        ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1/2/test/3/o.jpg", True),
        ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b//test/o.jpg", True),
        ("arn:aws:s3:::b/*/test/*", "arn:aws:s3:::b/1-test/o.jpg", False),
        ("arn:aws:s3*", "arn:aws:s3:::b/o", True),
        ("arn:aws:sqs:*:111122223333:q", "arn:aws:sqs:eu-west-1:111122223333:q", True),
        ("arn:aws:sqs:eu-*-1:1:q", "arn:aws:sqs:eu-west-1:1:q", True),
        ("arn:aws:sqs:eu-*-1:1:q", "arn:aws:sqs:eu-west-2:2:x-1:1:q", False),
        ("arn:aws:sqs:eu-west-?:1:q", "arn:aws:sqs:eu-west-2:1:q", True),
        ("arn:aws:s3:::a?c", "arn:aws:s3:::a:c", True),
        ("*", "arn:aws:s3:::b", True),
    ],
)
def test_wildcards_in_the_segments_of_an_arn(pattern: str, arn: str, matched: bool) -> None:
    assert matches_resource(pattern, arn) is matched
