"""Whose events are kept, and of which time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from auditor.hunts.values import KEY_ID, Names
from auditor.tails import MARK, TAIL_LENGTH, Sealer

_SECONDS = len("2023-01-01T00:00:00")


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, in UTC; None is without end."""

    since: datetime | None = None
    until: datetime | None = None

    def texts(self) -> tuple[str, str]:
        """Return the span as texts that compare with the beginning of an event's time."""
        since = self.since.isoformat()[:_SECONDS] if self.since else ""
        until = self.until.isoformat()[:_SECONDS] if self.until else "~"
        return since, until


@dataclass(frozen=True)
class Wanted:
    """The names of identities and credentials somebody asked for, as `Glance.who` has them."""

    names: frozenset[str]

    @cached_property
    def _starts(self) -> frozenset[str]:
        """What key ids begin with that are among them."""
        return frozenset(name.partition(MARK)[0] for name in self.names if MARK in name)

    @cached_property
    def _hidden(self) -> bool:
        """Say whether one of them holds a hidden id and does not begin as a key id does."""
        return any(MARK in name and not KEY_ID.match(name.upper()) for name in self.names)

    def may_hold(self, names: Iterable[str | None]) -> list[str]:
        """Return those that may be among them: of most names a look is enough to know they are not.

        A key id is told by what is shown of it.
        """
        if self._hidden:
            return [name for name in names if name]
        mine, starts = self.names, self._starts
        return [
            name
            for name in names
            if name and (name.casefold() in mine or name[:-TAIL_LENGTH].casefold() in starts)
        ]

    def __contains__(self, name: str) -> bool:
        """Say whether it is one of them; letters of names count for nothing in any log."""
        return name.casefold() in self.names


def wanted(names: Iterable[str], sealer: Sealer) -> Wanted:
    """Return what to keep for ARNs, e-mails, application ids and access key ids.

    A whole access key id is turned at once into the form that is kept of it; a form that is kept
    already ("AKIAIOSFODNN7EXA****#0a1b2c3d") stays.
    """
    known = Names(sealer)
    return Wanted(frozenset(known.of(name.strip()).casefold() for name in names if name.strip()))
