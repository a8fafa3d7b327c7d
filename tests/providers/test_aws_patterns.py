"""Wildcard patterns against the plainest definition of what they match."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.providers.aws.patterns import covers, overlaps

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
    assert not covers(long, "a" * 5_000)
    assert covers(long, long)
