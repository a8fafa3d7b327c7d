"""What one task of a worker writes down: lines of JSON of three kinds, each in a part of its own.

    events      events kept
    sessions    where keys of sessions were used that nobody asked for (see `sessions`)
    traded      which key was handed out for which

What is held from file to file is held as the bytes that are written. Objects that outlive their
file would leave its memory in shreds, and the next file's records scattered over them, which costs
more time than making these lines.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import TypeVar

import msgspec

from auditor.hunts.events import Event
from auditor.hunts.ledger import FileRead, Listed
from auditor.hunts.sessions import Seen, Traded

FUTURE = "a time in the future"
KINDS = ("events", "sessions", "traded")
_BATCH = 4_000
"""Events, or uses of sessions, held of a long file."""
_HELD = 1 << 20
"""Bytes of a part held before they are written."""
Kind = TypeVar("Kind", Event, Seen, Traded)
_LINES = msgspec.json.Encoder().encode_lines


class Parts:
    """The parts of one task; what a dead worker left of one has not the name of a whole part."""

    def __init__(self, folder: Path, number: int, future: str) -> None:
        """Write below a folder; `future` is the time after which an event is noted as odd."""
        self._folder, self._number, self._future = folder, number, future
        self._held = {kind: bytearray() for kind in KINDS}
        self._events: list[Event] = []
        self._traded: list[Traded] = []
        self._used: defaultdict[str, list[int]] = defaultdict(list)
        self._uses = 0

    def keep(self, entry: FileRead, event: Event) -> None:
        """Keep an event of a file; whatever key it hands out is followed."""
        if not event.event_uid:
            entry.note("no id: told apart by content")
            event = msgspec.structs.replace(event, event_uid=_fingerprint(event))
        if event.time > self._future:
            entry.note(FUTURE)
        if event.issued_credential_uid:
            self._traded.append(Traded(None, event.issued_credential_uid))
        self._events.append(event)
        if len(self._events) >= _BATCH:
            self._hold("events", self._events)

    def session(self, file: Listed, key: str, position: int) -> None:
        """Note that a record of a file used a key of a session, by its name."""
        self._used[key].append(position)
        self._uses += 1
        if self._uses >= _BATCH:
            self.end_of(file)

    def traded(self, key: str, issued: str) -> None:
        """Note that a session handed out a key, by their names."""
        self._traded.append(Traded(key, issued))

    def end_of(self, file: Listed) -> None:
        """Put down what is known of a file."""
        self._hold("events", self._events)
        self._hold("traded", self._traded)
        self._hold("sessions", [Seen(*file, self._used)] if self._used else [])
        self._used.clear()
        self._uses = 0

    def finish(self) -> None:
        """Write what is still held, and give the parts their names."""
        for kind in KINDS:
            self._write(kind)
            part = self._folder / self._name(kind)
            if part.exists():
                part.rename(part.with_suffix(".ndjson"))

    def _hold(self, kind: str, items: list[Kind]) -> None:
        if items:
            self._held[kind] += _LINES(items)
            items.clear()
        if len(self._held[kind]) >= _HELD:
            self._write(kind)

    def _write(self, kind: str) -> None:
        if self._held[kind]:
            with (self._folder / self._name(kind)).open("ab") as part:
                part.write(self._held[kind])
            self._held[kind].clear()

    def _name(self, kind: str) -> str:
        return f"{kind}-{self._number:06}.part"


def _fingerprint(event: Event) -> str:
    """Return an id for an event that has none: equal records are one event."""
    bare = msgspec.structs.replace(event, file="", position=0)
    return "~" + hashlib.blake2b(msgspec.json.encode(bare), digest_size=16).hexdigest()
