"""How far the logs could see: what was read of each, who appears in it, and what is missing.

A hunt over logs that were not read whole, not given, or silent about addresses saw less than it
seems: each such lack is a `Gap`, so that nothing of it is ever taken for "no findings".
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from auditor.hunts.ledger import Ledger, State
from auditor.hunts.subjects import Subjects
from auditor.hunts.wanted import Window
from auditor.models import FilesRead, Gap, Json, LogRead

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SOURCE = "hunts"
_SHOWN = 10
_LONGEST_PATH = 120
_LOGS = """
SELECT platform, log, count(*), min(time), max(time),
  count(DISTINCT who), count(src_ip)
FROM seen GROUP BY platform, log ORDER BY platform, log
"""
_NAMES = """
SELECT who FROM seen UNION SELECT credential_uid FROM seen WHERE credential_uid <> ''
"""
# Use that a hunt for jobs looks at: not the CI system's own, and within what its log covers.
_JOBLESS = """
SELECT DISTINCT who FROM seen
WHERE platform NOT IN (SELECT DISTINCT platform FROM seen WHERE action = 'workflow.job.start')
  AND NOT EXISTS (SELECT 1 FROM watched w
    WHERE w.who = seen.who AND seen.time >= w.since AND seen.time <= w.until)
  AND EXISTS (SELECT 1 FROM watched w WHERE seen.time >= w.since AND seen.time <= w.until)
ORDER BY who
"""
_NO_PLACE = "it is not known which context or project holds them"
_LATE = "of some of the time the log does not tell which jobs took the context"
_KNOWN_LATER = "SELECT DISTINCT who FROM watched WHERE who <> ''"
_FEW = 3
_SECONDS = len("2023-01-01T00:00:00")


class Looked(NamedTuple):
    """What was read, whom nothing shows, and what could not be seen."""

    files: FilesRead
    logs: tuple[LogRead, ...]
    unseen: tuple[str, ...]
    gaps: tuple[Gap, ...]


def look(
    connection: DuckDBPyConnection,
    ledgers: Sequence[Ledger],
    subjects: Subjects,
    window: Window,
) -> Looked:
    """Return how far the logs could see the subjects."""
    read = files_read(ledgers)
    logs = tuple(_logs(connection))
    shown = {str(name).casefold() for (name,) in connection.execute(_NAMES).fetchall()}
    gaps = (
        *_of_files(read),
        *_of_platforms(logs, subjects.platforms),
        *_of_logs(logs, window),
    )
    return Looked(read, logs, subjects.unseen(shown), gaps)


def of_jobs(connection: DuckDBPyConnection, unknown: Mapping[str, str]) -> Iterator[Gap]:
    """Yield a gap for identities of which it is not known when jobs ran that held their secrets.

    `unknown` says why of those whose secrets' places are known.
    """
    blind = jobless(connection)
    if not blind:
        return
    later = {str(who) for (who,) in connection.execute(_KNOWN_LATER).fetchall()}
    why = dict.fromkeys(unknown.get(who, _LATE if who in later else _NO_PLACE) for who in blind)
    more = f" and {len(blind) - _FEW} more" if len(blind) > _FEW else ""
    yield Gap(
        f"whether {', '.join(blind[:_FEW])}{more} were used while only jobs without their secrets"
        " ran",
        "; ".join([*why][:_FEW]),
        "hunt with --from RUN, and give the CI system's audit log whole; until then only that no"
        " job ran at all is judged",
        SOURCE,
    )


def jobless(connection: DuckDBPyConnection) -> list[str]:
    """Return the identities of whose use, in part or all, no job is known that held the secrets."""
    return [str(who) for (who,) in connection.execute(_JOBLESS).fetchall()]


def files_read(ledgers: Sequence[Ledger]) -> FilesRead:
    """Return what became of all files together."""
    entries = [entry for ledger in ledgers for entry in ledger.files]
    problems: dict[str, int] = {}
    first: dict[str, str] = {}
    for entry in entries:
        for what, count in entry.problems.items():
            problems[what] = problems.get(what, 0) + count
            first.setdefault(what, entry.path[-_LONGEST_PATH:])
    states = [entry.state for entry in entries]
    return FilesRead(
        files=len(entries),
        skipped=states.count(State.SKIPPED),
        failed=states.count(State.FAILED),
        partial=states.count(State.PARTIAL),
        bytes=sum(entry.bytes for entry in entries),
        records=sum(entry.records for entry in entries),
        events=sum(entry.events for entry in entries),
        bad=sum(entry.bad for entry in entries),
        since=_moment(min((e.since for e in entries if e.since), default=None)),
        until=_moment(max((e.until for e in entries if e.until), default=None)),
        complete=bool(ledgers) and all(ledger.complete for ledger in ledgers),
        problems=tuple(
            (f"{what}, first in {first[what]}", count)
            for what, count in sorted(problems.items(), key=lambda item: -item[1])[:_SHOWN]
        ),
    )


@cache
def kinds() -> tuple[Json, ...]:
    """Return the rows of `auditor/data/log_coverage.toml`."""
    text = files("auditor").joinpath("data", "log_coverage.toml").read_text("utf-8")
    return tuple(tomllib.loads(text)["log"])


def _logs(connection: DuckDBPyConnection) -> Iterator[LogRead]:
    for platform, log, events, since, until, who, ips in connection.execute(_LOGS).fetchall():
        yield LogRead(platform, log, events, _zoned(since), _zoned(until), who, ips)


def _of_files(read: FilesRead) -> Iterator[Gap]:
    if not read.files:
        yield Gap(
            "what logs tell",
            "no file of logs was found",
            "look into the folders that --logs or [hunts] logs name",
            SOURCE,
        )
    elif not read.complete:
        troubled = [f"{read.bad:,} records"] * bool(read.bad)
        troubled += [f"{read.failed:,} whole files"] * bool(read.failed)
        told = "; ".join(f"{what} ({count:,})" for what, count in read.problems)
        yield Gap(
            f"what {' and '.join(troubled) or 'parts'} of logs tell",
            told or "they could not be read",
            'mend or fetch them again, and hunt anew; until then nothing is "no findings"',
            SOURCE,
        )


def _of_platforms(logs: Sequence[LogRead], wanted: frozenset[str]) -> Iterator[Gap]:
    """Yield a gap for each kind of log without an event, of platforms somebody looked for."""
    looked = {log.platform for log in logs}
    for kind in kinds():
        if kind["platform"] not in looked | wanted or kind.get("optional"):
            continue
        if not any(_is_of(log, kind) for log in logs):
            why = f"no event of the {kind['title']} was read"
            yield Gap(kind["without"], why, kind["fix"], SOURCE)


def _of_logs(logs: Sequence[LogRead], window: Window) -> Iterator[Gap]:
    for kind in kinds():
        mine = [log for log in logs if _is_of(log, kind)]
        if mine and not any(log.addresses for log in mine):
            yield Gap(
                f"where calls in the {kind['title']} came from",
                "none of its events tells an address",
                "have addresses recorded; until then no hunt for places sees this log",
                SOURCE,
            )
        first = min((log.since for log in mine if log.since), default=None)
        if first and window.since and first > window.since:
            yield Gap(
                f"what happened before {first:%Y-%m-%d %H:%M} in the {kind['title']}",
                f"its first event that was read is of then; the window begins "
                f"{window.since:%Y-%m-%d %H:%M}",
                "fetch older logs, if they are kept anywhere",
                SOURCE,
            )


def _is_of(log: LogRead, kind: Json) -> bool:
    return bool(log.platform == kind["platform"] and log.log.startswith(kind["log"]))


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text[:_SECONDS]).replace(tzinfo=UTC) if text else None


def _zoned(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None
