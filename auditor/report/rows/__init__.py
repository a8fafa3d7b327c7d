"""Makes the tables of a report from the results of a run: what every output shows, in one place.

`join` brings together what is known of each entry, one module makes each table, `summary` makes
the figures. `people` knows the columns that belong to people.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.models import HumanEdit, Results, RunInfo
from auditor.report.rows import (
    changes,
    closed,
    gaps,
    hunts,
    identities,
    logs,
    permissions,
    readme,
    secrets,
)
from auditor.report.rows import summary as figures
from auditor.report.rows.join import Joined, Options, Vanished
from auditor.report.rows.summary import Summary
from auditor.report.tables import Table

__all__ = ["TRACKED", "Options", "Report", "Summary", "Vanished", "held", "report"]


TRACKED = (secrets.NAME, closed.NAME)
"""The tables in whose columns people write."""


@dataclass(frozen=True, slots=True)
class Report:
    """What every output shows: the figures and the tables, in the order of the sheets."""

    run: RunInfo
    summary: Summary
    tables: tuple[Table, ...]

    def table(self, name: str) -> Table:
        """Return the table with that name."""
        return next(table for table in self.tables if table.name == name)


def held(results: Results, options: Options) -> dict[str, HumanEdit]:
    """Return what the columns of people hold after this run, proposals included, by Secret ID."""
    return Joined(results, options).held()


def report(results: Results, options: Options, vanished: tuple[Vanished, ...] = ()) -> Report:
    """Return the report of a run. `vanished` holds the rows of the last one that it lacks."""
    joined = Joined(results, options, vanished)
    tables = (
        secrets.table(joined, lambda gone: closed.is_closed(gone, joined)),
        identities.table(joined),
        permissions.table(joined),
        hunts.table(joined),
        logs.table(joined),
        changes.table(joined),
        gaps.table(joined),
        closed.table(joined),
        readme.table(options),
    )
    return Report(results.run, figures.summary(joined, tables), tables)
