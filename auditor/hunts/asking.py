"""Asks the events of a run: facts, hunts, stories, and what could not be seen."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.collecting import Progress
from auditor.hunts import engines, jobs, seen, sight, store, uses
from auditor.hunts.kinds import kinds
from auditor.hunts.ledger import Ledger
from auditor.hunts.networks import Brought, Intelligence
from auditor.hunts.rules.definition import Hunt, Refused
from auditor.hunts.rules.loading import from_folder, packaged
from auditor.hunts.searching import search
from auditor.hunts.stories import tell
from auditor.hunts.subjects import Subjects
from auditor.hunts.wanted import Window
from auditor.models import Baseline, Hunted, Hunting

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Question:
    """Whom and what to ask about, and when it is asked."""

    now: datetime
    since: datetime | None = None
    until: datetime | None = None
    subjects: Subjects = field(default_factory=Subjects)
    brought: Brought = field(default_factory=Brought)
    rules: Path | None = None
    baselines: Sequence[Baseline] = ()
    """Rotations that runs have watched: those proven tell which credentials are retired."""
    engine: engines.Asked = engines.Asked()  # noqa: RUF009 (frozen)
    """Where the hunts run; the rest is asked of the embedded engine."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a question is asked with; to make it before logs are read shows mistakes at once."""

    question: Question
    hunts: tuple[Hunt, ...]
    refused: tuple[Refused, ...]
    intelligence: Intelligence


def prepare(question: Question) -> Prepared:
    """Load rules and tables. ConfigError where some of those that were brought cannot be used."""
    return Prepared(question, *_hunts(question.rules), Intelligence(question.brought))


def ask(prepared: Prepared, folder: Path, ledgers: Sequence[Ledger], progress: Progress) -> Hunted:
    """Hunt in the events kept in a run's folder; `ledgers` say how they came there."""
    question, hunts, intelligence = prepared.question, prepared.hunts, prepared.intelligence
    window = Window(question.since, question.until)
    with _connection(folder) as connection:
        store.load(connection, folder)
        spans = jobs.spans(connection, question.subjects.scopes(), question.subjects.runs)
        seen.make(connection, _facts(connection, question, intelligence, spans))
        with _engine(question.engine, connection, folder, progress) as engine:
            progress.start("hunting", len(hunts))
            searched = search(connection, hunts, window, progress.advance, engine)
        stories = tell(connection, searched.hunts, question.subjects.known)
        used = uses.called(connection, question.subjects.people, stories.findings)
        kept = kinds(connection)
        looked = sight.look(connection, ledgers, question.subjects, window)
        gaps = (
            *looked.gaps,
            *sight.of_jobs(connection, spans.unknown),
            *intelligence.gaps(question.since, question.until or question.now),
        )
    hunting = Hunting(
        since=window.since,
        until=window.until,
        files=looked.files,
        logs=looked.logs,
        hunts=searched.runs,
        habits=searched.habits,
        unseen=looked.unseen,
        quiet=stories.quiet,
        more=stories.more,
        refused=tuple((one.title, one.file, one.why) for one in prepared.refused),
        tables=tuple((table.name, table.day) for table in intelligence.tables),
        kept=kept,
    )
    return Hunted(stories.findings, hunting, gaps, used)


@contextmanager
def _connection(folder: Path) -> Iterator[DuckDBPyConnection]:
    """Yield a database in memory that spills to the run's folder."""
    import duckdb  # noqa: PLC0415 (loaded where hunts run)

    spill = folder / "events" / "spill"
    with duckdb.connect(
        config={"memory_limit": store.MEMORY, "temp_directory": str(spill)}
    ) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    shutil.rmtree(spill, ignore_errors=True)


def _engine(
    asked: engines.Asked, connection: DuckDBPyConnection, folder: Path, progress: Progress
) -> AbstractContextManager[engines.Engine | None]:
    if asked.embedded:
        return nullcontext()
    return engines.started(asked, connection, folder / "events", progress)


def _hunts(rules: Path | None) -> tuple[tuple[Hunt, ...], tuple[Refused, ...]]:
    theirs, refused = from_folder(rules) if rules else ((), ())
    return (*packaged(), *theirs), refused


def _facts(
    connection: DuckDBPyConnection,
    question: Question,
    intelligence: Intelligence,
    spans: jobs.Spans,
) -> seen.Facts:
    return seen.Facts(
        addresses=intelligence.look_up(seen.addresses(connection)),
        retired=uses.retired(connection, question.baselines),
        jobs=spans.jobs,
        watched=spans.watched,
        granted=question.subjects.granted,
        aliases=tuple(question.subjects.aliases()),
    )
