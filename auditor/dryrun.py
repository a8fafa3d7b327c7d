"""What an audit would ask, told without asking: `auditor audit --dry-run`.

How many calls of a kind there will be nobody knows before the first run; after that `calls.jsonl`
of the latest run with calls to a source tells how many it took, and how long.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor import calls
from auditor.config import Loaded
from auditor.inventory import System
from auditor.models import PlannedCall
from auditor.plan import plan, require_packages
from auditor.providers import Planned, Provider
from auditor.runs import run_folders

_LATEST = 5
"""How many runs are looked at for calls to a source."""


@dataclass(frozen=True, slots=True)
class Made:
    """One call of an earlier run: what it is called, where it went, and when."""

    names: tuple[str, ...]
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
    folders = run_folders(Path(loaded.settings.out))[-_LATEST:]
    earlier = [(folder.name, list(_made(folder))) for folder in reversed(folders)]
    parts: list[tuple[System | Provider, Any]] = [
        *todo.systems.values(),
        *todo.providers.values(),
    ]
    found = []
    for part, settings in parts:
        if not isinstance(part, Planned):  # a conformance test keeps every source from it
            raise TypeError(f"{part.name} does not tell which calls it makes")
        planned = tuple(part.planned_calls(settings, loaded.settings.usage_budget))
        found.append(_source(part.name, part.title, planned, earlier))
    return tuple(found)


def _source(
    name: str,
    title: str,
    planned: tuple[PlannedCall, ...],
    earlier: Sequence[tuple[str, Sequence[Made]]],
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
        when = [call.time for call in made if _is_of(call, one)]
        times += when
        counted.append(Told(one, len(when) if when or one.host in hosts else None))
    return tuple(counted), times


def is_of(line: dict[str, Any], planned: PlannedCall) -> bool:
    """Return whether a line of `calls.jsonl` is a call of this kind."""
    return _is_of(_call(line), planned)


def _is_of(made: Made, planned: PlannedCall) -> bool:
    """Names that hold a path are told apart by their host; operations of AWS need none."""
    if " " not in planned.call:
        return planned.call in made.names
    if made.host != planned.host:
        return False
    method, _, path = planned.call.partition(" ")
    pattern = _pattern(method, path)
    return any(pattern.fullmatch(name) for name in made.names)


def _pattern(method: str, path: str) -> re.Pattern[str]:
    """Return what matches a path with its names filled in, below whatever a server puts first."""
    filled = re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path))
    return re.compile(f"{method} (?:/.*)?{filled}", re.IGNORECASE)  # re keeps what it compiled


def _made(folder: Path) -> Iterator[Made]:
    """Yield the calls that a run wrote down, none where there are none or a line is torn."""
    try:
        with (folder / calls.NAME).open(encoding="utf-8") as file:
            for line in file:
                yield _call(json.loads(line))
    except (OSError, ValueError, KeyError, TypeError):
        return


def _call(line: dict[str, Any]) -> Made:
    names = (f"{line['method']} {line['path']}", str(line.get("operation", "")))
    return Made(names, line["host"], datetime.fromisoformat(line["time"]))


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
        yield f"run {source.last_run} made {source.total} in {source.seconds} s"
    else:
        yield "no earlier run tells how many, and how long they take"


def _row(told: Told, shared: tuple[str, ...]) -> tuple[str, ...]:
    one = told.planned
    last = "" if told.last is None else f"{told.last} last time"
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
