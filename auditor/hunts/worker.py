"""One worker's task: files in, parts of events and lines of the ledger out.

Runs in a process of its own; what it holds does not grow with the files.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from auditor.hunts import sessions, store
from auditor.hunts.content import PARQUET, DamagedError, blocks, held, lines
from auditor.hunts.events import Event
from auditor.hunts.ledger import FileRead, State
from auditor.hunts.records import Found, is_json, of_document, of_lines, of_rows
from auditor.hunts.sketch import Sketch, Uses
from auditor.hunts.sources import NoEventError, Source, ordered
from auditor.hunts.values import MANY, NO_TIME, Names
from auditor.hunts.wanted import Wanted
from auditor.tails import Sealer

FUTURE = "a time in the future"
_DATE = len("2023-01-01")
_BATCH = 4_000
"""Events held before they are written."""


Listed: TypeAlias = tuple[str, str, int]
"""A file: where it is, its name below the folder that was asked for, its size."""


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


def run(order: Order, task: Task) -> list[FileRead]:
    """Read the files of a task into its own parts; return what became of each."""
    reader = _Reader(order, task.number)
    with ExitStack() as stack:
        stack.callback(reader.finish)
        return [reader.read(*file) for file in task.files]


class _Asked(dict[str, bool]):
    """Says of every name whether somebody asked for it; each is worked out once."""

    def __init__(self, wanted: Wanted | None, names: Names) -> None:
        super().__init__()
        self._wanted, self._names = wanted, names

    def __missing__(self, name: str) -> bool:
        if len(self) >= MANY:
            self.clear()
        wanted = self._wanted
        # Naming a key hashes it, and most are nobody's who was asked for.
        answer = wanted is None or (wanted.may_hold(name) and self._names.of(name) in wanted)
        self[name] = answer
        return answer


class _Reader:
    def __init__(self, order: Order, number: int) -> None:
        self.order = order
        self.known = ordered(order.source)
        self.skips = [source.skips for source in self.known if "skips" in vars(type(source))]
        self.names = Names(order.sealer)
        self.sketch = Sketch()
        self.asked = _Asked(order.wanted, self.names)
        self.kept: list[Event] = []
        self.sessions: list[Event] = []
        self.number = number

    def read(self, path: str, name: str, size: int) -> FileRead:
        """Read one file as far as it goes."""
        entry = FileRead(name, bytes=size)
        skipped = next(filter(None, (skips(name) for skips in self.skips)), None)
        if skipped:
            entry.state = State.SKIPPED
            entry.note(skipped)
            return entry
        try:
            self._content(entry, path, _counted(blocks(path), entry))
        except DamagedError as error:
            entry.problem(str(error), entry.records + 1, records=0)
        if entry.problems:
            usable = entry.records - entry.bad
            entry.state = State.PARTIAL if usable > 0 else State.FAILED
        return entry

    def finish(self) -> None:
        """Write what is still held."""
        self._write()
        with self._part("others").open("wb") as part:
            part.write(msgspec.json.Encoder().encode_lines(self.sketch.lines()))

    def _content(self, entry: FileRead, path: str, content: Iterator[bytes]) -> None:
        """Choose how to read by the first block: lines are streamed, a document is held whole."""
        start = next(content, b"")
        follows = next(content, b"")
        if not start and entry.problems:
            return
        if start.startswith(PARQUET):
            self._found(entry, of_lines(store.parquet_lines(Path(path)), self.known))
        elif not follows:
            self._document(entry, start)
        elif not start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")):
            self._found(entry, of_rows(lines(chain([start, follows], content)), self.known))
        elif _is_lines(start):
            self._found(entry, of_lines(chain([start, follows], content), self.known))
        else:
            document, damage = held(start + follows, content)
            self._document(entry, document)
            if damage:
                raise damage

    def _document(self, entry: FileRead, content: bytes) -> None:
        source = self.known[0]
        try:
            whole = source.whole(content)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            whole = None
        if whole is None:
            self._found(entry, of_document(content, self.known))
        elif not self._screen(entry, source, *whole):
            self._take(entry, source, enumerate(whole[0], 1))

    def _screen(
        self, entry: FileRead, source: Source, records: Sequence[Any], times: Sequence[str]
    ) -> bool:
        """Take a whole file at once, if all its times are good and within the window."""
        if not times:
            return True
        first, last = min(times), max(times)
        inside = self.order.since <= first and last < self.order.until
        if not inside or not all(map(_is_time, (first, last))):
            return False
        if self.order.wanted is None:
            kept, used, others = list(range(1, len(records) + 1)), list[int](), 0
        else:
            uses = self.sketch.uses(source.platform)
            kept, used = source.screen(records, self.asked, uses)
            others = len(records) - len(kept)
            self.sketch.spans(first, last)
        entry.records, entry.others, entry.since, entry.until = len(records), others, first, last
        entry.sources[source.name] = len(records)
        for part, numbers in ((self.kept, kept), (self.sessions, used)):
            for number in numbers:
                try:
                    event = source.event(records[number - 1], self.names, entry.path, number)
                    self._keep(entry, part, event)
                    entry.events += part is self.kept
                except ValueError as error:
                    entry.others -= part is self.sessions
                    entry.problem(str(error), number)
        return True

    def _found(self, entry: FileRead, found: Iterable[Found]) -> None:
        for source, group in groupby(found, key=lambda each: each.source):
            if source is not None:
                self._take(entry, source, _records(entry, group))
                continue
            for each in group:
                entry.records += 1
                entry.problem(each.problem or "unreadable", each.position)

    def _take(self, entry: FileRead, source: Source, records: Iterable[tuple[int, Any]]) -> None:
        """Keep, count or sketch records of one source, one by one."""
        uses, asked = self.sketch.uses(source.platform), self.asked
        everybody, since, until = self.order.wanted is None, self.order.since, self.order.until
        first, last = entry.since or "~", entry.until or ""
        count = 0
        for position, record in records:
            count += 1
            try:
                time, who, src, agent, action, session = source.glance(record)
                if not first <= time <= last:
                    first, last = _widened(entry, time)
                if not since <= time < until:
                    entry.outside += 1
                elif everybody or any(asked[name] for name in who):
                    event = source.event(record, self.names, entry.path, position)
                    self._keep(entry, self.kept, event)
                    entry.events += 1
                else:
                    if session:
                        event = source.event(record, self.names, entry.path, position)
                        self._keep(entry, self.sessions, event)
                    entry.others += 1
                    _use(uses, src, agent, action, who[-1])
            except NoEventError as error:
                entry.ignored += 1
                entry.note(str(error))
            except ValueError as error:
                entry.problem(str(error), position)
        if last:
            self.sketch.spans(first, last)
        entry.records += count
        entry.sources[source.name] = entry.sources.get(source.name, 0) + count

    def _keep(self, entry: FileRead, held: list[Event], event: Event) -> None:
        if not event.event_uid:
            entry.note("no id: told apart by content")
            event = msgspec.structs.replace(event, event_uid=_fingerprint(event))
        if event.time > self.order.future:
            entry.note(FUTURE)
        held.append(event)
        if len(held) >= _BATCH:
            self._write()

    def _write(self) -> None:
        with self._part("events").open("ab") as part:
            store.append(part, self.kept)
        with self._part("sessions").open("ab") as part, self._part("traded").open("ab") as traded:
            sessions.append(part, traded, self.sessions)
        self.kept.clear()
        self.sessions.clear()

    def _part(self, name: str) -> Path:
        return self.order.parts / f"{name}-{self.number:06}.ndjson"


def _use(uses: Uses, src: str | None, agent: str | None, action: str, actor: str) -> None:
    uses.src.add(src, actor)
    uses.user_agent.add(agent, actor)
    uses.action.add(action, actor)


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


def _fingerprint(event: Event) -> str:
    """Return an id for an event that has none: equal records are one event."""
    bare = msgspec.structs.replace(event, file="", position=0)
    return "~" + hashlib.blake2b(msgspec.json.encode(bare), digest_size=16).hexdigest()


def _counted(content: Iterator[bytes], entry: FileRead) -> Iterator[bytes]:
    """Yield blocks as long as there are good ones, and enter why there are no more."""
    try:
        for block in content:
            entry.unpacked += len(block)
            yield block
    except DamagedError as error:
        entry.problem(str(error), entry.records + 1, records=0)


def _is_lines(start: bytes) -> bool:
    """Say whether a long file is lines of JSON: its first line is a document by itself."""
    first, end, _ = start.lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")
    return bool(end) and is_json(first.strip())


def _records(entry: FileRead, found: Iterable[Found]) -> Iterator[tuple[int, Any]]:
    for each in found:
        if each.note:
            entry.note(each.note)
        yield each.position, each.record
