"""Puts what people wrote back into the tables that a run makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from auditor.models import HumanEdit
from auditor.report.layout import arranged
from auditor.report.rows import TRACKED, Report, people
from auditor.report.tables import Column, Kind, Owner, Row, Table, Value
from auditor.report.tracker.reading import BLANK, Content

EXTRA_WIDTH = 18
EXTRA_NOTE = "A column people added."


def carry(report: Report, edits: Mapping[str, HumanEdit], content: Content) -> Report:
    """Return the report with people's own columns and cells, in the order they gave the columns."""
    extras = _extras(edits, content)

    def carried(table: Table) -> Table:
        columns = (*table.columns, *(_column(header) for header in extras))
        rows = partial(_rows, table, extras, edits, content.raw)
        return arranged(replace(table, columns=columns, rows=rows), content.layout.headers)

    tables = (carried(each) if each.name in TRACKED else each for each in report.tables)
    return replace(report, tables=tuple(tables))


def _extras(edits: Mapping[str, HumanEdit], content: Content) -> tuple[str, ...]:
    """Return the headers of people's own columns, also those that only the edits know."""
    headers = dict.fromkeys(content.extras)
    for edit in edits.values():
        if edit.other:
            headers |= dict.fromkeys(edit.other)
    return tuple(header for header in headers if header not in people.DATES)


def _column(header: str) -> Column:
    return Column(header, Owner.HUMAN, EXTRA_WIDTH, Kind.TEXT, EXTRA_NOTE)


def _rows(
    table: Table,
    extras: tuple[str, ...],
    edits: Mapping[str, HumanEdit],
    raw: Mapping[str, Mapping[str, Value]],
) -> Iterator[Row]:
    human = [(i, c.header) for i, c in enumerate(table.columns) if c.owner is Owner.HUMAN]
    for row in table.rows():
        id_ = str(row[0])
        kept = raw.get(id_, {})
        other = edits.get(id_, BLANK).other
        values = list(row)
        for index, header in human if kept else ():
            values[index] = kept.get(header, values[index])
        yield [*values, *(kept.get(header, other.get(header)) for header in extras)]
