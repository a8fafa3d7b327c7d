"""The table Changes: what each run found other than the run before, the newest first."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from auditor.report.rows import words
from auditor.report.rows.join import Joined
from auditor.report.tables import Column, Kind, Owner, Row, Table

NAME = "Changes"
MOST_ROWS = 5_000

COLUMNS = (
    Column("When", Owner.TOOL, 12, Kind.DATE, "Day of the run that found it."),
    Column("Run", Owner.TOOL, 10, Kind.TEXT, "Its id."),
    Column("Secret ID", Owner.TOOL, 14, Kind.TEXT, "As in sheet Secrets."),
    Column("Secret name", Owner.TOOL, 34, Kind.TEXT, "At the time of this run.", wrap=True),
    Column("What", Owner.TOOL, 18, Kind.TEXT, "What changed."),
    Column("From", Owner.TOOL, 40, Kind.TEXT, "As the run before knew it.", wrap=True),
    Column("To", Owner.TOOL, 40, Kind.TEXT, "As this run found it.", wrap=True),
    Column("Who", Owner.TOOL, 10, Kind.TEXT, "People in the workbook, or the tool."),
)


def table(joined: Joined) -> Table:
    """Return the changes of every run in this folder, the newest `MOST_ROWS` of them."""
    total = len(joined.results.changes)
    note = ""
    if total > MOST_ROWS:
        note = f"The newest {MOST_ROWS:,} of {total:,} changes; more of them are in results.json."
    return Table(NAME, COLUMNS, lambda: _rows(joined), note)


def _rows(joined: Joined) -> Iterator[Row]:
    names = {base.secret_id: base.name for base in joined.results.baselines}
    names |= {secret.id: secret.name for secret in joined.results.secrets}
    for change in islice(reversed(joined.results.changes), MOST_ROWS):
        yield (
            words.day(change.when),
            change.run_id,
            change.secret_id,
            names.get(change.secret_id, ""),
            change.what,
            change.before,
            change.after,
            change.who.value,
        )
