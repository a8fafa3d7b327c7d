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
        return frozenset(name.partition(MARK)[0] for name in self.names if MARK in name)

    def may_hold(self, name: str) -> bool:
        """Say cheaply whether it can be one of them: of a key id, by what is shown of it."""
        return not KEY_ID.fullmatch(name) or name[:-TAIL_LENGTH].casefold() in self._starts

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
