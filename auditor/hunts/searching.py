"""Runs hunts over the events of a run: `seen` -> signals, and what could not be judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from auditor.hunts.compile import query
from auditor.hunts.engines import Engine, EngineError, Hits
from auditor.hunts.rules.definition import Hunt
from auditor.hunts.rules.operators import ImpossibleTravel, OutsideJobWindow, UsedVsGranted
from auditor.hunts.sight import jobless
from auditor.hunts.wanted import Window
from auditor.models import Habit, HuntRun

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SIGNALS = "CREATE OR REPLACE TABLE signals (hunt INTEGER, n BIGINT, note VARCHAR)"
_MOST_HITS = 100_000
"""Of one hunt; the count goes on, but no story needs more of one kind."""
AT_ONCE = 2
"""Hunts at a time: each holds memory of its own."""


@dataclass(frozen=True, slots=True)
class Searched:
    """What became of every hunt, and how much past each identity had."""

    hunts: tuple[Hunt, ...]
    runs: tuple[HuntRun, ...]
    habits: tuple[Habit, ...]


def search(
    connection: DuckDBPyConnection,
    hunts: Sequence[Hunt],
    window: Window,
    advance: Callable[[], None] = lambda: None,
    engine: Engine | None = None,
) -> Searched:
    """Run the hunts over `seen` and fill the table `signals`; a hunt that fails says why.

    `engine` is another one than the connection's own, that has the same tables.
    """
    connection.execute(_SIGNALS)
    fill = _Fill(connection, engine)
    habits = tuple(_habits(connection, window.since))
    sight = _Sight(connection, habits)
    runs = []
    # A query over so few rows leaves most cores idle; another engine has its own way of sharing.
    with ThreadPoolExecutor(1 if engine else AT_ONCE) as pool:
        for run in pool.map(partial(_run, fill, window, sight), range(len(hunts)), hunts):
            runs.append(run)
            advance()
    return Searched(tuple(hunts), tuple(runs), habits)


def bounded(sql: str) -> str:
    """Return a hunt's query for as many hits as are kept, the first of `seen`."""
    return f"SELECT n, note FROM ({sql}) found ORDER BY n LIMIT {_MOST_HITS}"


class _Fill:
    """Enters what a query finds into `signals`."""

    def __init__(self, connection: DuckDBPyConnection, engine: Engine | None) -> None:
        self._connection, self._engine = connection, engine

    def __call__(self, number: int, sql: str) -> int:
        """Return how many signals the hunt of that number has. EngineError for a refused query.

        May be called in several threads at a time.
        """
        import duckdb  # noqa: PLC0415 (loaded where hunts run)

        most = bounded(sql)
        with self._connection.cursor() as own:
            try:
                if self._engine:
                    _enter(own, number, self._engine.find(most))
                else:
                    own.execute(f"INSERT INTO signals SELECT {number}, n, note FROM ({most})")
            except duckdb.Error as error:
                raise EngineError(str(error).splitlines()[0][:200]) from error
            return _number(own, f"SELECT count(*) FROM signals WHERE hunt = {number}")


def _enter(connection: DuckDBPyConnection, number: int, hits: Hits) -> None:
    if hits:
        columns = [list(column) for column in zip(*hits, strict=True)]
        lists = "unnest(?::BIGINT[]), unnest(?::VARCHAR[])"
        connection.execute(f"INSERT INTO signals SELECT {number}, {lists}", columns)


def _run(fill: _Fill, window: Window, sight: _Sight, number: int, hunt: Hunt) -> HuntRun:
    hits, why = 0, sight.blind_for(hunt)
    if not why:
        try:
            hits = fill(number, query(hunt, window.since, window.until))
        except EngineError as error:
            why = f"the engine refused it: {error}"
    return HuntRun(
        hunt_id=hunt.id,
        title=hunt.title,
        platform=hunt.platform,
        level=hunt.level.value,
        operator=hunt.operator.operator,
        hits=hits,
        not_run=why,
        unjudged=0 if why else sight.unjudged(hunt),
    )


class _Sight:
    """What the events can tell at all: a hunt that can see nothing is not run, and says so."""

    def __init__(self, connection: DuckDBPyConnection, habits: tuple[Habit, ...]) -> None:
        self._habits = habits
        self._platforms = {habit.platform for habit in habits}
        self._filled = {
            name: _number(connection, f"SELECT count({what}) FROM {table}")
            for name, table, what in (
                ("jobs", "watched", "*"),
                ("granted", "granted", "*"),
                ("places", "seen", "latitude"),
            )
        }
        self._filled["jobless"] = len(jobless(connection))

    def blind_for(self, hunt: Hunt) -> str:
        """Return why a hunt can see nothing here, "" where it can."""
        if hunt.platform and hunt.platform not in self._platforms:
            return f"no events of {hunt.platform}"
        if not self._platforms:
            return "no events"
        if isinstance(hunt.operator, OutsideJobWindow) and not self._filled["jobs"]:
            return "no log tells when jobs ran"
        if isinstance(hunt.operator, UsedVsGranted) and not self._filled["granted"]:
            return "no permissions are known: hunt with --from RUN"
        if isinstance(hunt.operator, ImpossibleTravel) and not self._filled["places"]:
            return "no database tells where addresses are"
        return ""

    def unjudged(self, hunt: Hunt) -> int:
        """Return how many identities have too little past, or no jobs known, for a hunt."""
        if isinstance(hunt.operator, OutsideJobWindow):
            return self._filled["jobless"]
        least: timedelta = getattr(hunt.operator, "min_history", timedelta())
        if not hunt.operator.needs_past:
            return 0
        return sum(
            habit.past_days < least.days
            for habit in self._habits
            if hunt.platform in {None, habit.platform}
        )


def _habits(connection: DuckDBPyConnection, since: datetime | None) -> Iterator[Habit]:
    rows: Iterable[tuple[str, str, int, datetime, datetime]] = connection.execute(
        "SELECT who, platform, count(*), min(time), max(time) FROM seen"
        " WHERE time IS NOT NULL GROUP BY ALL ORDER BY 1, 2"
    ).fetchall()
    for who, platform, events, first, last in rows:
        begin, end = (moment.replace(tzinfo=UTC) for moment in (first, last))
        past = max((since or end) - begin, timedelta())
        yield Habit(who, platform, events, begin, end, past.days)


def _number(connection: DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
