"""A first reading, one worker's task: files in, parts of events and lines of the ledger out.

Runs in a process of its own; what it holds does not grow with the files.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Collection, Iterable, Sequence
from collections.abc import Set as AbstractSet
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.hunts.files import UNLIKE, FileReader
from auditor.hunts.ledger import FileRead, Listed
from auditor.hunts.parts import Parts
from auditor.hunts.sketch import Sketch
from auditor.hunts.sources import Glance, NoEventError, Session, Source, Whole
from auditor.hunts.values import MANY, NO_TIME, Names
from auditor.hunts.wanted import Wanted
from auditor.tails import Sealer

_DATE = len("2023-01-01")
_ALLOCATIONS = 100_000
"""After so many objects a worker looks for garbage."""


@dataclass(frozen=True, slots=True)
class Order:
    """What every task of one reading has in common."""

    source: str | None
    wanted: Wanted | None
    since: str
    until: str
    future: str
    """Times after this are noted as being in the future."""
    sealer: Sealer
    parts: Path


@dataclass(frozen=True, slots=True)
class Task:
    """Some files, for one worker at a time."""

    number: int
    files: tuple[Listed, ...]

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(size for *_, size in self.files)


def begin(order: Order) -> None:
    """Make this process one that `run`s tasks of an order."""
    global _reader  # noqa: PLW0603 (what an executor's initializer leaves for its tasks)
    _reader = Reader(order)


def begin_process(order: Order) -> None:
    """Do the same in a process that does nothing else."""
    # What was loaded stays, and records are no garbage that only a search finds: looking for some
    # among what is remembered took a tenth of all time.
    gc.freeze()
    gc.set_threshold(_ALLOCATIONS, *gc.get_threshold()[1:])
    begin(order)


def run(task: Task) -> list[FileRead]:
    """Read the files of a task into its own parts; return what became of each."""
    if _reader is None:
        raise RuntimeError("no order was given")
    return _reader.run(task)


class _Asked(dict[str, bool]):
    """Says of every name whether somebody asked for it; each is worked out once."""

    def __init__(self, wanted: Wanted, names: Names) -> None:
        super().__init__()
        self._wanted, self._names = wanted, names

    def among(self, names: Iterable[str | None]) -> Collection[str]:
        """Return those of the names that somebody asked for."""
        return {name for name in self._wanted.may_hold(names) if self[name]}

    def __missing__(self, name: str) -> bool:
        if len(self) >= MANY:
            self.clear()
        answer = self[name] = self._names.of(name) in self._wanted
        return answer


class Reader(FileReader):
    """Reads tasks one after the other, and remembers whom it has met."""

    def __init__(self, order: Order) -> None:
        """Begin with nobody met."""
        super().__init__(order.source)
        self.order = order
        self.names = Names(order.sealer)
        self.sketch = Sketch()
        self.handed = set[str]()
        """Keys that were handed out in events that are kept, as far as they were met."""
        self.asked = _Asked(order.wanted, self.names) if order.wanted else None

    def run(self, task: Task) -> list[FileRead]:
        """Read the files of a task into its own parts; return what became of each."""
        self.parts = Parts(self.order.parts, task.number, self.order.future)
        with ExitStack() as stack:
            stack.callback(self.parts.finish)
            entries = [self.read(file) for file in task.files]
        self.sketch.write(self.order.parts / f"others-{os.getpid()}.ndjson")
        return entries

    def read(self, file: Listed) -> FileRead:
        """Read one file as far as it goes."""
        self.file = file
        entry = super().read(file)
        self.parts.end_of(file)
        return entry

    def take_whole(self, entry: FileRead, source: Source, content: bytes) -> bool:
        """Take a file at once, if it has its source's usual form and lies within the window."""
        try:
            whole = source.whole(content)
            if whole is None or not self._inside(whole.times):
                return False
            kept, followed, others = self._screened(source, whole)
            picked = source.picked(content, sorted((*kept, *followed))) or ()
        except UNLIKE:
            return False
        self._enter(entry, source, whole.times)
        entry.others = len(whole.times) - len(kept)
        for number, record in zip(sorted((*kept, *followed)), picked, strict=True):
            try:
                self._keep(entry, source, record, number, followed=number in followed)
            except ValueError as error:
                entry.problem(str(error), number)
        for session in others:
            self._note(session)
        return True

    def _screened(
        self, source: Source, whole: Whole
    ) -> tuple[Sequence[int], AbstractSet[int], Sequence[Session]]:
        """Return which records are kept, which follow from kept ones, and sessions that may yet."""
        if self.asked is None:
            return range(1, len(whole.times) + 1), frozenset(), ()
        screened = source.screen(whole.records, self.asked, self.sketch.uses(source.platform))
        followed, others = set[int](), list[Session]()
        for session in screened.sessions:
            if not session.key or session.key in self.handed:
                self._hand_out(session.issued)
                followed.update([session.number] if session.key else [])
            else:
                others.append(session)
        return screened.kept, followed, others

    def _inside(self, times: Sequence[str]) -> bool:
        """Say whether all times are good and within the window."""
        first, last = min(times, default=""), max(times, default="")
        inside = self.order.since <= first and last < self.order.until
        return not times or (inside and all(map(_is_time, (first, last))))

    def _enter(self, entry: FileRead, source: Source, times: Sequence[str]) -> None:
        entry.records = len(times)
        if times:
            entry.since, entry.until = min(times), max(times)
            entry.sources[source.name] = len(times)
            self.sketch.spans(entry.since, entry.until)

    def take(self, entry: FileRead, source: Source, records: Iterable[tuple[int, Any]]) -> None:
        """Keep, count or sketch records of one source, one by one."""
        first, last = entry.since or "~", entry.until or ""
        count = 0
        for position, record in records:
            count += 1
            try:
                glance = source.glance(record)
                if not first <= glance[0] <= last:
                    first, last = _widened(entry, glance[0])
                if self.order.since <= glance[0] < self.order.until:
                    self._take_one(entry, source, position, record, glance)
                else:
                    entry.outside += 1
            except NoEventError as error:
                entry.ignored += 1
                entry.note(str(error))
            except ValueError as error:
                entry.problem(str(error), position)
        if last:
            self.sketch.spans(first, last)
        entry.records += count
        entry.sources[source.name] = entry.sources.get(source.name, 0) + count

    def _take_one(
        self, entry: FileRead, source: Source, position: int, record: Any, glance: Glance
    ) -> None:
        _, who, src, agent, action, session = glance
        if self.asked is None or self.asked.among(who):
            self._hand_out(source.issued(record))
            self._keep(entry, source, record, position)
            return
        entry.others += 1
        self.sketch.uses(source.platform).add(src, agent, action, who[-1])
        if session in self.handed:
            self._hand_out(source.issued(record))
            self._keep(entry, source, record, position, followed=True)
        elif session:
            self._note(Session(position, session, source.issued(record)))

    def _keep(
        self, entry: FileRead, source: Source, record: Any, position: int, *, followed: bool = False
    ) -> None:
        self.parts.keep(entry, source.event(record, self.names, entry.path, position))
        if followed:
            entry.followed += 1
        else:
            entry.events += 1

    def _hand_out(self, key: str | None) -> None:
        """Follow a key from here on; with too many of them it is left to the second look."""
        if key and len(self.handed) < MANY:
            self.handed.add(key)

    def _note(self, session: Session) -> None:
        """Leave a session to the second look, in case it follows from what is read elsewhere."""
        name = self.names.credential(session.key)
        self.parts.session(self.file, name, session.number)
        if session.issued:
            self.parts.traded(name, self.names.credential(session.issued))


def _is_time(text: str) -> bool:
    """Say whether a text looks like a time; whether it is one shows when an event is made."""
    return "1" <= text < "3" and text[_DATE : _DATE + 1] == "T"


def _widened(entry: FileRead, time: str) -> tuple[str, str]:
    """Widen an entry's times; ValueError for what cannot be one."""
    if not _is_time(time):
        raise ValueError(NO_TIME)
    entry.since = min(entry.since or "~", time)
    entry.until = max(entry.until or "", time)
    return entry.since, entry.until


_reader: Reader | None = None
