"""What a collector is handed: where to write, how to seal tails, whom to tell, what time it is.

Collectors are the only code that talks to the outside. They write each vendor's replies, in the
vendor's own shape with tails sealed, into a `Snapshot`; everything after is a pure function of it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from auditor.models import Json, OldKey
from auditor.tails import Sealer


class Snapshot(Protocol):
    """Named JSON documents of one run.

    A document, once saved, is whole: a killed run resumes from them.
    """

    def load(self, key: str) -> Json | None:
        """Return the document of that name, or None where there is none yet."""

    def save(self, key: str, document: Json) -> None:
        """Keep a document under a name such as "circleci/contexts/<uuid>", in place of any."""

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the names that begin with the prefix, sorted."""


@dataclass(slots=True)
class Memory:
    """A `Snapshot` that is never written to disk."""

    documents: dict[str, Json] = field(default_factory=dict)

    def load(self, key: str) -> Json | None:
        """Return the document, or None where there is none."""
        return self.documents.get(key)

    def save(self, key: str, document: Json) -> None:
        """Keep the document under its name."""
        self.documents[key] = document

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the names that begin with the prefix, sorted."""
        yield from sorted(key for key in self.documents if key.startswith(prefix))


class Progress(Protocol):
    """Hears how a long job goes. The default says nothing; the command line draws a bar."""

    def start(self, step: str, total: int | None = None) -> None:
        """Begin a step such as "reading contexts", of that many parts where the number is known."""

    def advance(self, amount: int = 1) -> None:
        """Count parts of the step as done."""

    def note(self, message: str) -> None:
        """Tell the person something that should stay on the screen."""


class Silent:
    """A `Progress` that says nothing."""

    def start(self, step: str, total: int | None = None) -> None:
        """Say nothing."""

    def advance(self, amount: int = 1) -> None:
        """Say nothing."""

    def note(self, message: str) -> None:
        """Say nothing."""


@dataclass(frozen=True, slots=True)
class Sought:
    """Whom a provider's own log is asked about, from when to before when."""

    names: Collection[str]
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Collecting:
    """The collector's whole view of the rest of the program."""

    snapshot: Snapshot
    sealer: Sealer
    progress: Progress
    now: datetime
    usage_budget: int = 0
    """Calls that may be spent on learning who really uses what is found."""
    watched: tuple[OldKey, ...] = ()
    """Credentials whose rotation earlier runs began to watch: any later use of them matters."""
