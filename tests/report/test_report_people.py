from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.config import Sla
from auditor.models import HumanEdit, Severity
from auditor.report.rows import people

TODAY = date(2023, 1, 20)
SEEN = datetime(2023, 1, 5, tzinfo=UTC)


def proposed(edit: HumanEdit, severity: Severity = Severity.HIGH) -> HumanEdit:
    return people.proposed(edit, severity=severity, first_seen=SEEN, sla=Sla(), owner="Ana")


def test_a_new_row_is_open_with_an_owner_and_a_due_date() -> None:
    assert proposed(HumanEdit()) == HumanEdit("Open", "Ana", date(2023, 2, 4))


def test_a_due_date_that_a_person_cleared_stays_cleared() -> None:
    assert proposed(HumanEdit("Open")) == HumanEdit("Open")


def test_a_person_who_wrote_before_the_first_proposal_is_kept() -> None:
    kept = HumanEdit("", "Mei", None, "SEC-1", "soon", None, {"Due date": "after the summit"})
    found = proposed(kept)
    assert (found.owner, found.due, found.status) == ("Mei", None, "Open")
    assert found.other == kept.other


def test_what_is_no_secret_is_proposed_nothing_until_it_becomes_one() -> None:
    nothing = proposed(HumanEdit(notes="a public value"), Severity.NONE)
    assert nothing == HumanEdit(notes="a public value")
    assert proposed(nothing, Severity.CRITICAL).due == date(2023, 1, 12)


@pytest.mark.parametrize(
    ("status", "until", "closed"),
    [
        ("Open", None, False),
        ("", None, False),
        ("In progress", None, False),
        ("Rotated", None, True),
        (" rotated ", None, True),
        ("NOT APPLICABLE", None, True),
        ("Accepted risk", None, True),
        ("Accepted risk", TODAY, True),
        ("Accepted risk", date(2023, 1, 19), False),
        ("Rotated", date(2023, 1, 19), True),
        ("waiting for the vendor", None, False),
    ],
)
def test_closed(status: str, until: date | None, *, closed: bool) -> None:
    assert people.closed(HumanEdit(status, exception_until=until), TODAY) is closed


@pytest.mark.parametrize(
    ("edit", "days"),
    [
        (HumanEdit("Open", due=date(2023, 1, 10)), 10),
        (HumanEdit("Open", due=TODAY), None),
        (HumanEdit("Open"), None),
        (HumanEdit("Rotated", due=date(2023, 1, 10)), None),
        (HumanEdit("Open", due=date(2023, 1, 10), exception_until=TODAY), None),
        (HumanEdit("Accepted risk", due=date(2023, 1, 10), exception_until=date(2023, 1, 1)), 10),
    ],
)
def test_days_over(edit: HumanEdit, days: int | None) -> None:
    assert people.days_over(edit, TODAY) == days


@given(st.sampled_from([*people.Status]), st.sampled_from([*Severity]))
def test_a_status_once_set_is_never_changed(status: people.Status, severity: Severity) -> None:
    edit = HumanEdit(status.value)
    assert proposed(edit, severity) == edit
