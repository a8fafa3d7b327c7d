"""Rows of what is gone for good move to the sheet Closed, with everything people wrote."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditor.models import Closure, FirstSeen, Point, Results, Verdict
from auditor.report.rows import closed

NOW = datetime(2023, 1, 20, 9, 30, tzinfo=UTC)


def later(results: Results, runs: int, closure: Closure, *, seen: bool = False) -> Results:
    """Return the results of a run that many runs after the first entry was last seen."""
    gone = results.secrets[0].id
    times = [NOW + timedelta(days=number) for number in range(runs + 1)]
    return replace(
        results,
        secrets=results.secrets if seen else results.secrets[1:],
        verdicts=(Verdict(gone, closure, "why"),),
        history=(FirstSeen(gone, NOW, times[-1] if seen else NOW), *results.history[1:]),
        trend=tuple(Point(str(n), time, 1, 0, 0) for n, time in enumerate(times)),
        edits={},
    )


def ids(lab: Any, sheet: str) -> list[str]:
    return [row["Secret ID"] for row in lab.rows(sheet)]


@pytest.mark.parametrize(
    ("runs", "closure", "status", "moves"),
    [
        (closed.AFTER, Closure.REMOVED_DEAD, "Open", True),
        (closed.AFTER - 1, Closure.REMOVED_DEAD, "Open", False),
        (closed.AFTER, Closure.REMOVED_ALIVE, "Open", False),
        (closed.AFTER, Closure.REMOVED_ALIVE, "Rotated", False),  # both sides deny it
        (closed.AFTER, Closure.REMOVED_UNKNOWN, "Open", False),
        (closed.AFTER, Closure.REMOVED_UNKNOWN, "Not applicable", True),
        (closed.AFTER, Closure.CANNOT, "Open", False),
    ],
)
def test_a_row_moves_when_nothing_is_left_to_do(
    lab: Any, results: Results, runs: int, closure: Closure, status: str, moves: bool
) -> None:
    lab.run(results)
    gone = results.secrets[0].id
    lab.set(gone, "Status", status)
    lab.run(later(results, runs, closure))
    assert (gone in ids(lab, "Closed")) is moves
    assert (gone in ids(lab, "Secrets")) is not moves


def test_what_people_write_on_the_sheet_stays_and_comes_back_with_the_entry(
    lab: Any, results: Results
) -> None:
    lab.run(results)
    gone = results.secrets[0].id
    lab.set(gone, "Notes", "ask the vendor")
    lab.run(later(results, 2, Closure.REMOVED_DEAD))

    def write(book: Any) -> None:
        sheet = book["Closed"]
        columns = {cell.value: cell.column for cell in sheet[1]}
        sheet.cell(2, columns["Owner"]).value = "Mei"
        sheet.cell(4, columns["Notes"]).value = "a text without an id"

    lab.change(write)
    lab.run(later(results, 3, Closure.REMOVED_DEAD))
    (row,) = (row for row in lab.rows("Closed") if row["Secret ID"] == gone)
    assert (row["Owner"], row["Notes"]) == ("Mei", "ask the vendor")
    (loose,) = lab.rows("Notes without ID")
    assert loose["Where it stood"].startswith("sheet Closed, row 4")
    lab.run(later(results, 4, Closure.NOT_ROTATED, seen=True))
    assert ids(lab, "Closed") == []
    row = lab.row(gone)
    assert (row["Owner"], row["Notes"]) == ("Mei", "ask the vendor")
