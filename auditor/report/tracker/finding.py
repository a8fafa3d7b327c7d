"""Finds the tool's sheets in a workbook, renamed or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from openpyxl import Workbook

from auditor.report.layout import META, marker, same
from auditor.report.rows import people, secrets
from auditor.report.sheets.hidden import MARKS, RUN_ID, TOOL_COLUMN
from auditor.report.tracker.preflight import UNREADABLE, Unreadable
from auditor.report.tracker.values import as_header, value_of
from auditor.report.workbook import NAMES

HEADER_WITHIN = 20
"""Rows from the top in which the header is looked for."""
LAST_ROW = 1_048_576


def owned(book: Workbook) -> dict[str, str]:
    """Return the title of each of the tool's sheets by the name the tool gave it.

    A defined name marks each sheet and follows a renaming. Where the names are gone, titles decide;
    a workbook that shows no trace of the tool has none of its sheets.
    """
    marked = {name: _marked(book, name) for name in NAMES}
    tracker = marked[secrets.NAME] or _tracker(book)
    if not tracker and not any(marked.values()) and META not in book.sheetnames:
        return {}
    titles = {name: marked[name] or (name if name in book.sheetnames else "") for name in NAMES}
    titles[secrets.NAME] = tracker
    return {name: title for name, title in titles.items() if title}


def header_row(sheet: Any) -> tuple[int, list[str]] | None:
    """Return the number of the header row and its headers, None where there is none."""
    for number, row in enumerate(islice(rows(sheet), HEADER_WITHIN), 1):
        headers = [as_header(value_of(cell)) for cell in row]
        if same(secrets.ID) in map(same, headers):
            return number, headers
    return None


def rows(sheet: Any) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of cells of a read-only sheet, whatever size the sheet says it has."""
    sheet.reset_dimensions()
    return iter(sheet.iter_rows(max_row=LAST_ROW))


@dataclass(frozen=True, slots=True)
class Written:
    """What the workbook says of its own writing, empty where it says nothing."""

    run_id: str = ""
    columns: tuple[str, ...] = ()
    """What `same` makes of the headers that were the tool's, in the order of the marks."""
    marks: Mapping[str, str] = field(default_factory=dict)
    """Of the tool's cells, by Secret ID."""


def written(book: Workbook, titles: dict[str, str]) -> Written:
    """Return what the hidden sheet tells of the writing."""
    run_id, columns, marks = "", [], {}
    for name, value, of in _meta(book, titles):
        if name == MARKS:
            marks[of] = value
        elif name == TOOL_COLUMN:
            columns.append(same(value))
        elif name == RUN_ID:
            run_id = value
    return Written(run_id, tuple(columns), marks)


def _meta(book: Workbook, titles: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    if META not in titles:
        return
    for row in rows(book[titles[META]]):
        name, value, of, *_ = (*(as_header(value_of(cell)) for cell in row[:3]), "", "", "")
        yield name, value, of


def _marked(book: Workbook, name: str) -> str:
    """Return the title of the sheet a defined name points to, "" when it points nowhere."""
    defined = book.defined_names.get(marker(name))
    if defined is None:
        return ""
    try:
        titles = [title.replace("''", "'") for title, _ in defined.destinations]
    except UNREADABLE:  # "#REF!", once the sheet is gone
        return ""
    return next((title for title in titles if title in book.sheetnames), "")


def _tracker(book: Workbook) -> str:
    """Return the title of the sheet that is the tracker by its headers."""
    needed = {same(header) for header in (secrets.ID, people.STATUS, people.OWNER)}
    sheets = sorted(book.worksheets, key=lambda sheet: sheet.title != secrets.NAME)
    for sheet in sheets:
        found = header_row(sheet)
        if found and needed <= set(map(same, found[1])):
            return str(sheet.title)
    if secrets.NAME in book.sheetnames and META in book.sheetnames:
        raise Unreadable(f"has no column {secrets.ID} on its sheet {secrets.NAME}")
    return ""
