"""When jobs ran, from starts and ends in a log that may lack some of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from auditor.hunts.jobs import LONGEST, SILENCE, running, unbroken

NOON = datetime(2023, 1, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return NOON + HOUR * hours


@pytest.mark.parametrize(
    ("marks", "spans"),
    [
        ([], []),
        ([(0, True), (1, False)], [(0, 1)]),
        ([(0, True), (0.5, True), (1, False), (2, False)], [(0, 2)]),
        ([(0, True), (1, False), (3, True), (4, False)], [(0, 1), (3, 4)]),
        ([(0, True)], [(0, 5)]),
        ([(0, True), (9, True), (10, False)], [(0, 5), (9, 10)]),
        ([(0, False), (1, True), (2, False)], [(1, 2)]),
        ([(0, True), (4, True), (4.5, False), (20, True), (21, False)], [(0, 9), (20, 21)]),
    ],
)
def test_jobs_are_merged_and_none_runs_for_ever(
    marks: list[tuple[float, bool]], spans: list[tuple[float, float]]
) -> None:
    assert timedelta(hours=5) == LONGEST
    found = list(running((at(hours), starts) for hours, starts in marks))
    assert found == [(at(begin), at(end)) for begin, end in spans]


def test_a_long_silence_is_a_log_that_was_not_read() -> None:
    moments = [NOON, NOON + SILENCE, NOON + SILENCE * 3, NOON + SILENCE * 3 + HOUR]
    assert list(unbroken(moments)) == [
        (NOON, NOON + SILENCE),
        (NOON + SILENCE * 3, NOON + SILENCE * 3 + HOUR),
    ]
    assert list(unbroken([])) == []
