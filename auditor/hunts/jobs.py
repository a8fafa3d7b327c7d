"""When jobs of the CI system ran, by its own log: outside of them nobody should use its secrets."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from auditor.hunts.seen import Job, Watched

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LONGEST = timedelta(hours=5)
"""How long a job runs at most: one whose end the log lacks is over then."""
SILENCE = timedelta(days=4)
"""A log without any event for so long was not read there, rather than that nothing happened."""
_MARKS = {"workflow.job.start": True, "workflow.job.finish": False}
_SELECT = f"""
SELECT time, action FROM events
WHERE time IS NOT NULL AND action IN ({", ".join(f"'{name}'" for name in _MARKS)})
ORDER BY time, action DESC
"""
_MOMENTS = """
SELECT DISTINCT time FROM events WHERE time IS NOT NULL AND platform IN (
  SELECT DISTINCT platform FROM events WHERE action = 'workflow.job.start')
ORDER BY time
"""


def spans(connection: DuckDBPyConnection) -> tuple[list[Job], list[Watched]]:
    """Return when jobs ran, merged, and the times of which that is known; nothing without a log.

    Which credentials a job held is not looked at: any job may have held any of them.
    """
    marks = ((_utc(time), _MARKS[str(action)]) for time, action in _rows(connection, _SELECT))
    ran = [Job(None, began, ended) for began, ended in running(marks)]
    moments = (_utc(time) for (time,) in _rows(connection, _MOMENTS))
    return ran, [Watched(*span) for span in unbroken(moments)] if ran else []


def running(marks: Iterable[tuple[datetime, bool]]) -> Iterator[tuple[datetime, datetime]]:
    """Yield the spans in which at least one job ran, from starts (true) and ends in order."""
    began: datetime | None = None
    ended = datetime.min.replace(tzinfo=UTC)
    open_: deque[datetime] = deque()
    for time, starts in marks:
        while open_ and time - open_[0] > LONGEST:
            ended = max(ended, open_.popleft() + LONGEST)
        if began and not open_ and time > ended:
            yield began, ended
            began = None
        if starts:
            open_.append(time)
            began = began or time
        elif open_:
            open_.popleft()
        ended = max(ended, time) if began else ended
    if began:
        yield began, max([ended, *(start + LONGEST for start in open_)])


def unbroken(moments: Iterable[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Yield the spans in which no two neighbours are further apart than `SILENCE`."""
    begin = last = None
    for moment in moments:
        if begin and last and moment - last > SILENCE:
            yield begin, last
            begin = moment
        begin, last = begin or moment, moment
    if begin and last:
        yield begin, last


def _rows(connection: DuckDBPyConnection, sql: str) -> Iterator[tuple[object, ...]]:
    found = connection.execute(sql)
    while batch := found.fetchmany(10_000):
        yield from batch


def _utc(moment: object) -> datetime:
    assert isinstance(moment, datetime)  # noqa: S101 (a TIMESTAMP column)
    return moment.replace(tzinfo=UTC)
