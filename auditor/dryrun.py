"""What an audit would ask, told without asking: `auditor audit --dry-run`.

How many calls of a kind there will be nobody knows before the first run; after that `calls.jsonl`
of the latest run with calls to a source tells how many it took, and how long.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from auditor import calls, nesting
from auditor.config import Loaded
from auditor.inventory import System
from auditor.models import PlannedCall
from auditor.plan import plan, require_packages
from auditor.providers import Provider
from auditor.runs import run_folders

_LATEST = 5
"""How many runs are looked at for calls to a source."""


@dataclass(frozen=True, slots=True)
class Made:
    """One call of an earlier run: method and path, AWS's name for it, where it went, and when."""

    request: str
    operation: str
    host: str
    time: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A kind of call, and how many of them the latest run made; None where nothing tells."""

    planned: PlannedCall
    last: int | None


@dataclass(frozen=True, slots=True)
class Source:
    """What would be asked of one CI system or provider."""

    name: str
    title: str
    calls: tuple[Told, ...]
    last_run: str = ""
    """Folder of the run that `last` and `seconds` are of, "" where there is none."""
    seconds: float | None = None
    """From the first to the last of that run's calls to the source."""

    @property
    def total(self) -> int:
        """Return how many calls the latest run made."""
        return sum(one.last or 0 for one in self.calls)

    @property
    def paced_minutes(self) -> int:
        """Return how many minutes the paced calls take at most, 0 where none are paced."""
        paced = (one.planned for one in self.calls if one.planned.per_minute and one.planned.most)
        return max((-(-(one.most or 0) // one.per_minute) for one in paced), default=0)

    def as_json(self) -> dict[str, Any]:
        """Return it as one JSON object."""
        told = [asdict(one.planned) | {"last": one.last} for one in self.calls]
        about = {"name": self.name, "title": self.title, "paced_minutes": self.paced_minutes}
        return about | {"last_run": self.last_run, "last_seconds": self.seconds, "calls": told}


def dry_run(loaded: Loaded, only: Collection[str] = ()) -> tuple[Source, ...]:
    """Return what an audit with these settings would ask, source by source, in its order.

    Nothing is asked and nothing written. ConfigError and MissingExtra as for the audit itself.
    """
    todo = plan(loaded, only)
    require_packages(todo)
    earlier = run_folders(Path(loaded.settings.out))[: -_LATEST - 1 : -1]
    made = cache(_made)  # a run is read once, and only where a source needs it
    parts: list[tuple[System | Provider, Any]] = [
        *todo.systems.values(),
        *todo.providers.values(),
    ]
    found = []
    for part, settings in parts:
        planned = tuple(part.planned_calls(settings, loaded.settings.usage_budget))
        runs = ((folder.name, made(folder)) for folder in earlier)
        found.append(_source(part.name, part.title, planned, runs))
    return tuple(found)


def _source(
    name: str,
    title: str,
    planned: tuple[PlannedCall, ...],
    earlier: Iterable[tuple[str, Sequence[Made]]],
) -> Source:
    for run, made in earlier:
        counted, times = _counted(planned, made)
        if times:
            seconds = (max(times) - min(times)).total_seconds()
            return Source(name, title, counted, run, round(seconds, 1))
    return Source(name, title, tuple(Told(one, None) for one in planned))


def _counted(
    planned: tuple[PlannedCall, ...], made: Sequence[Made]
) -> tuple[tuple[Told, ...], list[datetime]]:
    """Return how many of each kind were made, and when; a host nobody called tells nothing."""
    hosts = {one.host for one in made}
    counted, times = [], []
    for one in planned:
        matches = _matching(one)
        when = [call.time for call in made if matches(call)]
        times += when
        counted.append(Told(one, len(when) if when or one.host in hosts else None))
    return tuple(counted), times


def is_of(line: dict[str, Any], planned: PlannedCall) -> bool:
    """Return whether a line of `calls.jsonl` is a call of this kind."""
    return _matching(planned)(_call(line))


def _matching(planned: PlannedCall) -> Callable[[Made], bool]:
    """Return what tells whether a call is of a kind.

    Names that hold a path are told apart by their host; the operations of AWS need none.
    """
    method, space, path = planned.call.partition(" ")
    if not space:
        return lambda made: made.operation == planned.call
    filled = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))
    # Below whatever a server puts first, such as /api/v3.
    pattern = re.compile(f"{method} (?:/.*)?{filled}", re.IGNORECASE)
    return lambda made: made.host == planned.host and bool(pattern.fullmatch(made.request))


def _made(folder: Path) -> tuple[Made, ...]:
    """Return the calls that a run wrote down; what comes after a torn line is not told."""
    found: list[Made] = []
    try:
        with (folder / calls.NAME).open(encoding="utf-8") as file:
            found.extend(_call(nesting.loads(line)) for line in file)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return tuple(found)


def _call(line: dict[str, Any]) -> Made:
    request = f"{line['method']} {line['path']}"
    time = datetime.fromisoformat(line["time"])
    return Made(request, str(line.get("operation", "")), line["host"], time)


# --- for people ------------------------------------------------------------------------------


def lines(sources: Iterable[Source]) -> Iterator[str]:
    """Yield what a person reads: a line for each source, and under it one for each kind of call."""
    for source in sources:
        shared = _shared(source)
        yield f"{source.title}: {'; '.join(_summary(source, shared))}"
        rows = [_row(one, shared) for one in source.calls]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            yield f"  {'  '.join(cells)}".rstrip()


def _shared(source: Source) -> tuple[str, ...]:
    """Return the limits that all calls of a source have in common."""
    first, *others = {tuple(_limits(one.planned)) for one in source.calls} or {()}
    return () if others else first


def _summary(source: Source, shared: tuple[str, ...]) -> Iterator[str]:
    if not source.calls:
        yield "no calls, only exported files are read"
        return
    yield ", ".join((f"{len(source.calls)} kinds of calls", *shared))
    if source.paced_minutes:
        yield f"those with a pace take up to {source.paced_minutes} minutes"
    if source.last_run:
        yield f"run {source.last_run} made {source.total:,} in {source.seconds} s"
    else:
        yield "no earlier run tells how many, and how long they take"


def _row(told: Told, shared: tuple[str, ...]) -> tuple[str, ...]:
    one = told.planned
    last = "" if told.last is None else f"{told.last:,} last time"
    often = f"each {one.each}" if one.each else "once"
    own = "" if shared else ", ".join(_limits(one))
    return one.host, one.call, often, last, own


def _limits(one: PlannedCall) -> Iterator[str]:
    if one.most is not None:
        yield f"at most {one.most:,} in all"
    if one.per_minute:
        yield f"{one.per_minute:,} a minute"
    if one.quota:
        yield f"quota {one.quota}"
