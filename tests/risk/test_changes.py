"""What changed from run to run is told once, and nothing is told of a first run."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from auditor.models import (
    BY_HAND,
    Assessment,
    Baseline,
    Closure,
    Confidence,
    FirstSeen,
    HumanEdit,
    Past,
    Rotate,
    RunInfo,
    Severity,
    Verdict,
    Who,
)
from auditor.risk.changes import KEPT, Now, changes, point, put_back

THEN = datetime(2026, 1, 1, tzinfo=UTC)
RUN = RunInfo("r2", THEN + timedelta(days=7), "1", "acme")


def assessed(id_: str, severity: Severity) -> Assessment:
    return Assessment(id_, severity, 0, (), Confidence.HIGH, Rotate.ROTATE, "")


def base(id_: str, severity: Severity) -> Baseline:
    return Baseline(id_, "ci", "ctx", "prod", "KEY", severity, THEN, None, None, None, "", ())


PAST = Past(
    seen={id_: FirstSeen(id_, THEN, THEN) for id_ in ("S-1", "S-2")}
    | {"S-0": FirstSeen("S-0", THEN, THEN - timedelta(days=7))},
    baselines={"S-1": base("S-1", Severity.HIGH), "S-2": base("S-2", Severity.LOW)},
    closures={"S-1": Closure.NOT_ROTATED},
    edits={"S-1": HumanEdit("Open", "Ann", date(2026, 1, 8))},
)
NOW = Now(
    RUN,
    {id_: assessed(id_, Severity.CRITICAL) for id_ in ("S-0", "S-1", "S-3")},
    {"S-1": Verdict("S-1", Closure.VERIFIED, "")},
    {"S-1": HumanEdit("Rotated", "Ann", None, notes="done", other={"Due date": "soon"})},
)


def told(past: Past, now: Now) -> set[tuple[str, str, str, str, Who]]:
    return {(one.secret_id, one.what, one.before, one.after, one.who) for one in changes(past, now)}


def test_every_kind_of_change_is_told() -> None:
    assert told(PAST, NOW) == {
        ("S-0", "Entry", "not seen", "came back", Who.TOOL),
        ("S-2", "Entry", "seen", "not seen", Who.TOOL),
        ("S-3", "Entry", "", "appeared", Who.TOOL),
        ("S-1", "Severity", "High", "Critical", Who.TOOL),
        ("S-1", "Rotation verdict", "Not rotated", "Verified", Who.TOOL),
        ("S-1", "Status", "Open", "Rotated", Who.PEOPLE),
        ("S-1", "Due date", "2026-01-08", "soon", Who.PEOPLE),
        ("S-1", "Notes", "", "done", Who.PEOPLE),
    }


def test_a_first_run_changes_nothing() -> None:
    assert changes(Past(), NOW) == ()


def test_earlier_changes_stay_in_front_and_their_number_is_bounded() -> None:
    first = changes(PAST, NOW)
    again = changes(Past(seen=PAST.seen, changes=first), NOW)
    assert again[: len(first)] == first
    many = Past(seen=PAST.seen, changes=first * (KEPT // len(first) + 1))
    assert len(changes(many, NOW)) == KEPT


def test_a_point_counts_what_is_proven() -> None:
    found = point(NOW)
    assert (found.secrets, found.critical, found.done) == (1, 2, 1)


@given(st.dictionaries(st.text(max_size=5), st.builds(HumanEdit, st.text(), st.text())))
def test_what_people_left_alone_is_no_change(edits: dict[str, HumanEdit]) -> None:
    past = Past(seen=PAST.seen, edits=edits)
    found = changes(past, Now(RUN, {}, {}, edits))
    assert not [one for one in found if one.who is Who.PEOPLE]


def test_a_cell_of_the_tool_that_people_changed_is_told_with_what_they_wrote() -> None:
    wrote = {"S-1": {"Severity": "Low, says Ann", "Kind": ""}}
    found, other = put_back(PAST, RUN, wrote)
    assert (found.secret_id, found.what) == ("S-1", f"Severity{BY_HAND}")
    assert (found.before, found.who, found.by_hand) == ("Low, says Ann", Who.PEOPLE, True)
    assert (other.what, other.before) == (f"Kind{BY_HAND}", "")
    again = put_back(Past(overwritten=(found, other)), RUN, {})
    assert again == (found, other), "a second report of a run forgets nothing"
    assert put_back(Past(overwritten=(found, other)), RUN, wrote) == (found, other)
