"""Accepted risks: they hold up to their last day, and nothing malformed hides anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from auditor.config import Waiver
from auditor.models import Results
from auditor.report.rows import Options, waivers
from auditor.report.rows.join import Joined

TODAY = date(2026, 5, 1)


@pytest.mark.parametrize(
    ("until", "holds"),
    [
        (date(2026, 5, 1), True),  # the last day is included
        (date(2026, 4, 30), False),
        (datetime(2026, 5, 2, tzinfo=UTC), True),
        ("2026-05-01", True),  # as a resumed run reads it
        (" 2026-05-01 ", True),
        ("2026-13-01", False),
        ("next year", False),
        ("", False),
    ],
)
def test_a_waiver_holds_up_to_its_last_day_and_a_malformed_one_never(
    until: date | str, holds: bool
) -> None:
    waiver = Waiver("S-1", "a reason", until, "ann")
    assert waivers.in_force(waiver, TODAY) is holds
    assert waivers.said(waiver, TODAY).startswith("accepted until" if holds else "lapsed")
    assert bool(list(waivers.complaints({"S-1": waiver}, ["S-1"], TODAY))) is not holds


def test_a_waiver_of_nothing_is_told() -> None:
    waiver = Waiver("S-9", "a reason", TODAY)
    assert list(waivers.complaints({"S-9": waiver}, ["S-1"], TODAY)) == [
        "waiver of S-9: no entry has this id"
    ]


def test_a_waived_row_is_closed_and_says_why(results: Results, now: datetime) -> None:
    late = next(row for row in Joined(results, Options(now)).rows() if row.days_over)
    id_ = late.secret.id
    waiver = Waiver(id_, "the account is closed in June", now.date() + timedelta(days=1))
    options = Options(now, waivers={id_: waiver})
    row = next(row for row in Joined(results, options).rows() if row.secret.id == id_)
    assert (row.open, row.days_over) == (False, None)
    lapsed = replace(waiver, until=now.date() - timedelta(days=1))
    row = next(
        row
        for row in Joined(results, Options(now, waivers={id_: lapsed})).rows()
        if row.secret.id == id_
    )
    assert row.open
