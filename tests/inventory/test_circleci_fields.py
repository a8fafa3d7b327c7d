from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.inventory.circleci.fields import kept, part, same_slug, sealed, shown, text, when
from auditor.tails import Sealer

APRIL = datetime(2023, 4, 14, 21, 20, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wire", "time"),
    [
        ("2023-04-14T21:20:14Z", APRIL),
        ("2023-04-14T21:20:14.000Z", APRIL),
        ("2023-04-14T21:20:14.123456789Z", APRIL.replace(microsecond=123456)),
        ("#joda/inst 2023-04-14T21:20:14+0000", APRIL),
        ("2023-04-14T23:20:14+02:00", APRIL),
        ("2023-04-14T21:20:14", APRIL),
        (" 2023-04-14T21:20:14Z\n", APRIL),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (1681507214, None),
        ({"time": "2023-04-14T21:20:14Z"}, None),
    ],
)
def test_dates_are_read_leniently(wire: Any, time: datetime | None) -> None:
    assert when(wire) == time


@given(st.text())
def test_no_date_crashes_and_every_time_is_utc(wire: str) -> None:
    time = when(wire)
    assert time is None or time.tzinfo is UTC


def test_only_known_plain_fields_are_kept() -> None:
    entry = {"id": "1", "name": "n", "value": "secret", "nested": {"a": "secret"}, "none": None}
    assert kept(entry, "id", "name", "nested", "none", "absent") == {"id": "1", "name": "n"}


def test_text_and_part_pass_over_what_is_of_another_type() -> None:
    entry: dict[str, Any] = {"a": None, "b": 7, "c": "", "d": "found", "e": {"x": 1}}
    assert text(entry, "a", "b", "c", "d") == "found"
    assert text(entry, "a") == ""
    assert part(entry, "e") == {"x": 1}
    assert part(entry, "d") == {}
    assert part(None, "d") == {}


def test_lone_surrogates_become_visible_and_the_rest_stays() -> None:
    assert shown("a\ud800=é🚀\x07") == "a\\ud800=é🚀\x07"


@pytest.mark.parametrize("masked", [None, 7, {"value": "xxxxABCD"}, "", "xxxx", "****"])
def test_a_mask_without_a_tail_seals_to_nothing(masked: Any) -> None:
    assert sealed(Sealer(b"k" * 32), masked) is None


def test_a_sealed_tail_shows_nothing_of_the_tail() -> None:
    made = sealed(Sealer(b"k" * 32), "xxxxMPLE")
    assert made["length"] == 4
    assert "MPLE" not in str(made)
    assert made == sealed(Sealer(b"k" * 32), "MPLE")


@pytest.mark.parametrize(
    ("slug", "short"),
    [
        ("github/acme/web", "gh/acme/web"),
        ("bitbucket/acme", "bb/acme"),
        ("gh/github/web", "gh/github/web"),
        ("circleci/a/b", "circleci/a/b"),
        ("", ""),
    ],
)
def test_slugs_have_one_short_form(slug: str, short: str) -> None:
    assert same_slug(slug) == short
