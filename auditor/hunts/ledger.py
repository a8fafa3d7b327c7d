"""What became of every file of logs: the ground of each statement about what could be seen.

A hunt over a ledger that is not `complete` has no right to say "no findings".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from typing import TypeAlias

import msgspec

Listed: TypeAlias = tuple[str, str, int]
"""A file: where it is, its name below the folder that was asked for, its size."""


class State(StrEnum):
    """How far one file was read."""

    READ = "read"
    PARTIAL = "partial"
    """Some records could not be read; `problems` counts and names them."""
    SKIPPED = "skipped"
    """No log by its own nature: a digest, a connectivity test. Nothing is missing."""
    FAILED = "failed"
    """Nothing of it could be read."""


class FileRead(msgspec.Struct):
    """What became of one file."""

    path: str
    """Below the folder that was asked for."""
    state: State = State.READ
    bytes: int = 0
    """Size on disk."""
    unpacked: int = 0
    """Bytes read out of it."""
    records: int = 0
    """Records found, unreadable ones included."""
    events: int = 0
    """Kept for the hunts."""
    others: int = 0
    """Of identities that nobody asked for: counted in the sketch only."""
    followed: int = 0
    """Of these, kept after all: they used a key that a wanted identity was handed."""
    outside: int = 0
    """Before or after the window."""
    ignored: int = 0
    """Of neighbouring logs that tell nothing of identities; `notes` names them."""
    bad: int = 0
    """Records that could not be read."""
    since: str | None = None
    until: str | None = None
    """Times of the first and the last record, ISO 8601 in UTC."""
    problems: dict[str, int] = {}
    """What went wrong, and how often. The first place of each is in `places`."""
    places: dict[str, int] = {}
    """Number of the first record that has the problem."""
    notes: dict[str, int] = {}
    """What was odd and did no harm: a time in the future, a field of another type."""
    sources: dict[str, int] = {}
    """Records by the source that decoded them."""

    def problem(self, what: str, position: int, records: int = 1) -> None:
        """Count a problem that cost so many records."""
        self.problems[what] = self.problems.get(what, 0) + 1
        self.places.setdefault(what, position)
        self.bad += records

    def add(self, again: FileRead) -> None:
        """Add what came of a second look; if something went wrong, the file is whole no longer.

        Damage that both looks met is one problem.
        """
        self.followed += again.followed
        for what, count in again.problems.items():
            self.problems[what] = max(self.problems.get(what, 0), count)
            self.places.setdefault(what, again.places[what])
        self.bad += again.bad
        if again.problems and self.state is State.READ:
            self.state = State.PARTIAL

    def note(self, what: str) -> None:
        """Count something odd."""
        self.notes[what] = self.notes.get(what, 0) + 1


class Ledger(msgspec.Struct, frozen=True):
    """What became of every file of one reading."""

    files: tuple[FileRead, ...]
    stored: int = 0
    """Events in the store afterwards, each once."""

    @property
    def complete(self) -> bool:
        """Say whether every record of every file was read."""
        return bool(self.files) and not self.troubled

    @property
    def troubled(self) -> tuple[FileRead, ...]:
        """Return the files that were not wholly read."""
        return tuple(f for f in self.files if f.state in {State.PARTIAL, State.FAILED})

    @property
    def since(self) -> str | None:
        """Return the time of the first record of all."""
        return min((file.since for file in self.files if file.since), default=None)

    @property
    def until(self) -> str | None:
        """Return the time of the last record of all."""
        return max((file.until for file in self.files if file.until), default=None)

    def total(self, field: str) -> int:
        """Return the sum of a number over all files: "bytes", "records", "events", "bad"."""
        return sum(getattr(file, field) for file in self.files)

    def files_in(self, state: State) -> int:
        """Return how many files ended in a state."""
        return sum(file.state is state for file in self.files)

    def counts(self, field: str) -> Counter[str]:
        """Return `problems`, `notes` or `sources` summed over all files."""
        return _summed(getattr(file, field) for file in self.files)

    @property
    def share(self) -> float:
        """Return the part that was read, of files or of records, whichever is less: 0 to 1."""
        files = [file for file in self.files if file.state is not State.SKIPPED]
        if not files:
            return 0.0
        whole = 1 - sum(file.state is State.FAILED for file in files) / len(files)
        records = self.total("records")
        return min(whole, 1 - self.total("bad") / records) if records else whole


def _summed(counts: Iterable[dict[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total
