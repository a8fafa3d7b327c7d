"""The table Closed: rows of entries that are gone for good, out of the way of the work."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.models import HumanEdit
from auditor.report.rows import people, secrets
from auditor.report.rows.join import Joined, Vanished
from auditor.report.tables import Row, Table

NAME = "Closed"
AFTER = 2
"""Runs that must have missed an entry before its row moves here."""
_BLANK = HumanEdit()


def table(joined: Joined) -> Table:
    """Return the rows that left the sheet Secrets, with the same columns."""
    return Table(NAME, secrets.COLUMNS, lambda: _rows(joined))


def is_closed(gone: Vanished, joined: Joined) -> bool:
    """Return whether nothing is left to do: the entry is gone for runs, and what it held is dead.

    A person's word closes it too, as long as both sides do not contradict it.
    """
    seen = joined.first_seen(gone.id)
    missed = sum(point.when > seen.last for point in joined.results.trend)
    verdict = joined.verdict(gone.id)
    edit = joined.results.edits.get(gone.id, _BLANK)
    dead = verdict is not None and verdict.closure.done
    return missed >= AFTER and (dead or people.closed(edit, joined.options.today, verdict))


def _rows(joined: Joined) -> Iterator[Row]:
    for gone in joined.vanished:
        if is_closed(gone, joined):
            yield secrets.gone_row(gone, joined)
