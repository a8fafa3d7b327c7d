"""A second look, one worker's task: the records of sessions that follow from events that are kept.

The first reading left which records these are (see `sessions`); what has changed in between is a
problem of its file.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from auditor.hunts.files import UNLIKE, FileReader
from auditor.hunts.ledger import FileRead
from auditor.hunts.parts import Parts
from auditor.hunts.records import Found
from auditor.hunts.sessions import Followed
from auditor.hunts.sources import NoEventError, Source
from auditor.hunts.values import Names
from auditor.hunts.worker import Order

CHANGED = "changed while it was read"


@dataclass(frozen=True, slots=True)
class Errand:
    """Some files to look into again, and for which keys."""

    number: int
    files: tuple[Followed, ...]
    keys: frozenset[str]

    @property
    def size(self) -> int:
        """Return the bytes of all files."""
        return sum(each.file[-1] for each in self.files)


def follow(order: Order, errand: Errand) -> list[FileRead]:
    """Keep the records that follow; return what came of each file."""
    reader = _Follower(order, errand)
    with ExitStack() as stack:
        stack.callback(reader.parts.finish)
        return [reader.again(each) for each in errand.files]


class _Follower(FileReader):
    def __init__(self, order: Order, errand: Errand) -> None:
        super().__init__(order.source)
        self.order, self.keys = order, errand.keys
        self.names = Names(order.sealer)
        self.parts = Parts(order.parts, errand.number, order.future)

    def again(self, followed: Followed) -> FileRead:
        """Return the entry of what a file lost since it was read first."""
        self.numbers, self.left = followed.numbers, set(followed.numbers)
        entry = self.read(followed.file)
        self.parts.end_of(followed.file)
        if self.left:
            entry.problem(CHANGED, min(self.left), len(self.left))
        return entry

    def take_whole(self, entry: FileRead, source: Source, content: bytes) -> bool:
        """Take only the records that are asked for, without a look at the others."""
        numbers = sorted(self.numbers)
        try:
            picked = source.picked(content, numbers)
        except UNLIKE:
            return False
        if picked is None:
            return False
        # Of a file that has become shorter the last ones are missing.
        self.take(entry, source, zip(numbers, picked, strict=False))
        return True

    def take(self, entry: FileRead, source: Source, records: Iterable[tuple[int, Any]]) -> None:
        """Keep those of some records that use one of the keys."""
        for position, record in records:
            if position not in self.numbers:
                continue
            try:
                if self._follows(source, record):
                    event = source.event(record, self.names, entry.path, position)
                    self.parts.keep(entry, event)
                    entry.followed += 1
                    self.left.discard(position)
            except NoEventError:
                continue
            except ValueError as error:
                entry.problem(str(error), position)
                self.left.discard(position)

    def unreadable(self, entry: FileRead, found: Found) -> None:
        """Count nothing: the first reading did."""

    def _follows(self, source: Source, record: Any) -> bool:
        time, *_, key = source.glance(record)
        inside = self.order.since <= time < self.order.until
        return bool(key) and inside and self.names.credential(key) in self.keys
