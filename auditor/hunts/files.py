"""One file of logs, whatever its form -> records of the sources that know them.

A whole JSON document in a source's most common form is taken at once; everything else is read
record by record: lines, rows, several documents, envelopes (see `records`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import msgspec

from auditor.hunts import store
from auditor.hunts.content import PARQUET, DamagedError, blocks, held, lines
from auditor.hunts.ledger import FileRead, Listed, State
from auditor.hunts.records import Found, is_json, of_document, of_lines, of_rows
from auditor.hunts.sources import Source, ordered

UNLIKE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What a source raises where a file does not have its most common form."""


class FileReader(ABC):
    """Reads files as far as they go; what is made of their records is a subclass's business."""

    def __init__(self, source: str | None) -> None:
        """Expect the records of a source or platform (None: of any)."""
        self.known = ordered(source)
        self._skips = [one.skips for one in self.known if "skips" in vars(type(one))]

    def read(self, file: Listed) -> FileRead:
        """Read one file as far as it goes."""
        path, name, size = file
        entry = FileRead(name, bytes=size)
        skipped = next(filter(None, (skips(name) for skips in self._skips)), None)
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

    @abstractmethod
    def take(self, entry: FileRead, source: Source, records: Iterable[tuple[int, Any]]) -> None:
        """Take numbered records of one source."""

    @abstractmethod
    def take_whole(self, entry: FileRead, source: Source, content: bytes) -> bool:
        """Take a file at once; False where it does not have the source's most common form."""

    def unreadable(self, entry: FileRead, found: Found) -> None:
        """Count what no source could make a record of."""
        entry.records += 1
        entry.problem(found.problem or "unreadable", found.position)

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
        if not self.take_whole(entry, self.known[0], content):
            self._found(entry, of_document(content, self.known))

    def _found(self, entry: FileRead, found: Iterable[Found]) -> None:
        for source, group in groupby(found, key=lambda each: each.source):
            if source is not None:
                self.take(entry, source, _records(entry, group))
                continue
            for each in group:
                self.unreadable(entry, each)


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
