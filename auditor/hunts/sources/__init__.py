"""Kinds of logs: one module each, found by listing this folder.

A module is a source when it offers `SOURCE`. It only decodes: what fetches a log over the network
is the business of the provider's own package. These modules and the tables under `auditor/data`
are where hunts name vendors.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import cache
from typing import Any, NamedTuple, Protocol, TypeAlias

import msgspec

from auditor.errors import ConfigError
from auditor.hunts.events import Event
from auditor.hunts.sketch import Uses
from auditor.hunts.values import Names

Glance: TypeAlias = tuple[str, Sequence[str], str | None, str | None, str, str]
"""The little that decides whether a record is kept, and what the sketch counts of it otherwise.

In order: its time (as in `Event`, checked when the event is made); every name by which somebody may
ask for the actor, the one to count last (access key ids are whole here: they are looked up and
never kept); address; user agent; action; the key of a session that a wanted identity may have been
handed, "" where it used none. A plain tuple: one is made per record.
"""


class Asked(Protocol):
    """Whose records are kept."""

    def among(self, names: Iterable[str | None]) -> Collection[str]:
        """Return those of the names, as in `Glance`, that somebody asked for."""


class Whole(NamedTuple):
    """A file in its source's most common form."""

    records: Sequence[Any]
    """What `Source.screen` needs of each record."""
    times: Sequence[str]


class Session(NamedTuple):
    """A record that used a key of a session, which a wanted identity may have been handed."""

    number: int
    """Of the record within its file, from 1."""
    key: str
    """"" for a record that is kept anyway and handed out a key."""
    issued: str | None
    """The key that the call handed out, if it did."""


class Screened(NamedTuple):
    """Which records of a file matter."""

    kept: Sequence[int]
    """Numbers, from 1, of the records of wanted identities."""
    sessions: Sequence[Session]
    """Of all records, in their order."""


class NoEventError(Exception):
    """A record of a neighbouring log that tells nothing of identities, such as a network flow.

    Its text names the log.
    """


class Source(Protocol):
    """One kind of log."""

    name: str
    platform: str
    title: str

    def skips(self, path: str) -> str | None:
        """Return why a file of this name is no log ("digest"), None where it is one."""

    def recognises(self, fields: AbstractSet[str]) -> bool:
        """Say whether an object with these keys is a record of this log.

        So is a row of a CSV file with these columns, in lower case.
        """

    def whole(self, content: bytes) -> Whole | None:
        """Return what screening needs of a file in the log's most common form, None for another.

        msgspec.ValidationError and DecodeError say the same.
        """

    def screen(self, records: Sequence[Any], asked: Asked, uses: Uses) -> Screened:
        """Return what is kept of a file that `whole` read: `glance` over all records, in a hurry.

        The others go into `uses`.
        """

    def picked(self, content: bytes, numbers: Sequence[int]) -> Sequence[Any] | None:
        """Return some of the records, by number from 1, of a file that `whole` would read.

        Numbers beyond its end are left out. None and errors mean the same as of `whole`.
        """

    def issued(self, record: Any) -> str | None:
        """Return the access key that the call made or handed out, whole; None for no such call."""

    def decode(self, raw: bytes) -> Any:
        """Return one record. msgspec.ValidationError for a field of another type."""

    def lenient(self, fields: Any) -> Any:
        """Return a record of a parsed object that `decode` refused, as far as it makes sense."""

    def row(self, row: Mapping[str, str]) -> Any:
        """Return the record of a CSV row; its columns are in lower case."""

    def glance(self, record: Any) -> Glance:
        """Return what decides whether it is kept.

        ValueError says what it lacks, NoEventError that it is none.
        """

    def event(self, record: Any, names: Names, file: str, position: int) -> Event:
        """Return the event. ValueError says what the record lacks."""


class JsonSource:
    """What sources have in common whose records are plain JSON objects."""

    def skips(self, path: str) -> str | None:  # noqa: ARG002 (the protocol's)
        """Skip nothing."""
        return None

    def whole(self, content: bytes) -> None:  # noqa: ARG002 (the protocol's)
        """Know no form that is worth a way of its own."""
        return

    def screen(self, records: Sequence[Any], asked: Asked, uses: Uses) -> Screened:
        """Be never asked: no file is read whole."""
        raise NotImplementedError

    def picked(self, content: bytes, numbers: Sequence[int]) -> None:  # noqa: ARG002 (the protocol's)
        """Know no form that is worth a way of its own."""
        return

    def issued(self, record: Any) -> str | None:  # noqa: ARG002 (the protocol's)
        """Know no call that hands out keys."""
        return None

    def decode(self, raw: bytes) -> Any:
        """Return the object."""
        return msgspec.json.decode(raw)

    def lenient(self, fields: Any) -> Any:
        """Return the object: nothing is expected of its fields."""
        return fields

    def row(self, row: Mapping[str, str]) -> Any:
        """Return the row: no CSV form is known."""
        return dict(row)


@cache
def sources() -> Mapping[str, Source]:
    """Return every source by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    modules = (importlib.import_module(f"{__name__}.{name}") for name in names)
    found = [module.SOURCE for module in modules if hasattr(module, "SOURCE")]
    return {source.name: source for source in found}


def ordered(name: str | None) -> tuple[Source, ...]:
    """Return all sources, those first that are called so or read that platform's logs.

    A file in another form than expected is then still read by whoever knows it. ConfigError where
    nothing is called so; None is everybody.
    """
    found = sources()
    asked = [s for s in found.values() if name is None or name in {s.name, s.platform}]
    if not asked:
        raise ConfigError(f"no log source is called {name}", f"known: {', '.join(found)}")
    return (*asked, *(source for source in found.values() if source not in asked))
