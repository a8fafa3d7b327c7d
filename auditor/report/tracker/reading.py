"""Takes out of a workbook everything that is not the tool's, one row at a time."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from openpyxl.reader.excel import ExcelReader

from auditor.models import HumanEdit
from auditor.report import marks
from auditor.report.layout import Layout, Note, Shape
from auditor.report.rows import TRACKED, Vanished, people, secrets
from auditor.report.rows.vanished import CARRIED
from auditor.report.tables import Formula, Value, as_text
from auditor.report.tracker import finding, shapes
from auditor.report.tracker.columns import Columns
from auditor.report.tracker.preflight import UNREADABLE, Unreadable
from auditor.report.tracker.values import as_date, value_of

T = TypeVar("T")

NOTHING: Mapping[str, str] = {}
"""Shared by all edits: 90,000 empty mappings would take 6 MB."""
BLANK = HumanEdit(other=NOTHING)
_ID = re.compile(r"S-[0-9a-f]{6,64}")


@dataclass(frozen=True, slots=True)
class Loose:
    """Text that belongs to no row: where it stood and what it says."""

    where: str
    text: str


@dataclass(frozen=True, slots=True)
class Content:
    """What the workbook held that is not the tool's."""

    edits: Mapping[str, HumanEdit] = field(default_factory=dict)
    raw: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """Cells of people that `edits` holds as text and that are none: numbers, times, formulas."""
    known: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    """The tool's cells that outlive their entry, in the order of `CARRIED`, of every row."""
    extras: tuple[str, ...] = ()
    """Headers of the columns people added."""
    loose: tuple[Loose, ...] = ()
    run_id: str = ""
    """Which run wrote the workbook, "" where it does not say."""
    overwritten: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """What people wrote into cells of the tool, by Secret ID and header."""
    layout: Layout = field(default_factory=Layout)

    def vanished(self, secret_id: str) -> Vanished:
        """Return the row of an entry that is no longer found."""
        cells = zip(CARRIED, self.known[secret_id], strict=True)
        return Vanished(secret_id, {header: value for header, value in cells if value is not None})


def read(path: Path) -> Content:
    """Return what the workbook holds that is not the tool's. Raises Unreadable."""
    try:
        with path.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of what it leaves out
            reader = ExcelReader(file, read_only=True)
            reader.read()
            return _content(reader)
    except UNREADABLE as error:
        raise Unreadable(f"is damaged ({type(error).__name__})") from error


def _content(reader: ExcelReader) -> Content:
    parts = {sheet.name: rel.target for sheet, rel in reader.parser.find_sheets()}
    if not set(parts.values()) <= set(reader.valid_files):
        raise Unreadable("is damaged (a sheet is missing)")
    book = reader.wb
    titles = finding.owned(book)
    if secrets.NAME not in titles:
        return Content(layout=Layout(titles))
    written = finding.written(book, titles)
    taker = _Taker(written.marks)
    sheets = [
        _take_sheet(reader, taker, titles[name], parts[titles[name]], written.columns)
        for name in TRACKED
        if name in titles
    ]
    columns, shaped = sheets[0]
    extras = dict.fromkeys(header for found, _ in sheets for header in found.extras)
    layout = Layout(titles, columns.headers, shaped, taker.notes)
    return Content(
        *_edits(taker.cells),
        taker.known,
        tuple(extras),
        tuple(taker.loose),
        written.run_id,
        taker.overwritten,
        layout,
    )


def _take_sheet(
    reader: ExcelReader, taker: _Taker, title: str, part: str, former: tuple[str, ...]
) -> tuple[Columns, dict[str, Shape]]:
    """Take in one sheet of entries; return its columns and their shapes."""
    sheet = reader.wb[title]
    found = finding.header_row(sheet)
    if found is None:
        raise Unreadable(f"has no column {secrets.ID} on its sheet {title}")
    columns = Columns(found[1], former)
    taker.begin(title, found[0], columns, shapes.notes(reader.archive, part))
    for number, row in enumerate(finding.rows(sheet), 1):
        taker.take(number, row)
    taker.finish()
    with reader.archive.open(part) as file:
        widths = shapes.columns(file)
    shaped = {name: widths[index] for index, name in columns.names.items() if index in widths}
    return columns, shaped


class _Taker:
    """Sorts the cells of the tracker, sheet by sheet and row by row."""

    def __init__(self, marks: Mapping[str, str]) -> None:
        self.overwritten: dict[str, dict[str, str]] = {}
        self._marks = marks
        self.cells: dict[str, dict[str, Value]] = {}
        self.known: dict[str, tuple[Value, ...]] = {}
        self.loose: list[Loose] = []
        self.notes: dict[tuple[str, str], Note] = {}
        self._pool: dict[Any, Any] = {}

    def begin(
        self, title: str, header_row: int, columns: Columns, notes: dict[tuple[int, int], Note]
    ) -> None:
        """Turn to another sheet."""
        self._sheet = f"sheet {title}, " if self.known else ""
        self._header_row = header_row
        self._columns = columns
        self._noted: dict[int, dict[int, Note]] = {}
        for (row, index), note in notes.items():
            self._noted.setdefault(row, {})[index] = note

    def take(self, number: int, row: tuple[Any, ...]) -> None:
        """Take a row in; also the header, and what stands above it."""
        filled = ((index, value_of(cell)) for index, cell in enumerate(row))
        values = {index: value for index, value in filled if value is not None}
        notes = self._noted.pop(number, {})
        id_ = as_text(values.get(self._columns.id)).strip()
        if number == self._header_row:
            self._keep_notes("", notes)
        elif number > self._header_row and _ID.fullmatch(id_):
            self._take_secret(number, self._same(id_), values)
            self._keep_notes(id_, notes)
        elif values or notes:
            self._take_loose(number, values, notes)

    def finish(self) -> None:
        """Take in the notes on rows that hold no cell."""
        for number, notes in sorted(self._noted.items()):
            self._take_loose(number, {}, notes)

    def _take_secret(self, number: int, id_: str, values: Mapping[int, Value]) -> None:
        written: dict[str, Value] = {}
        known: list[Value] = [None] * len(CARRIED)
        for index, value in values.items():
            if index in self._columns.carried:
                known[self._columns.carried[index]] = self._same(_plain(value))
            elif header := self._columns.person(index):
                written[header] = self._same(value)
        if id_ in self.known:
            self._merge(number, id_, written)
        else:
            self.known[id_] = tuple(known)
            self.cells[id_] = written
        self._compare(id_, values)

    def _compare(self, id_: str, values: Mapping[int, Value]) -> None:
        """Note which of the tool's cells a hand changed."""
        order = self._columns.marked
        row = [values.get(index) for index in order]
        for position in marks.changed(self._marks.get(id_, ""), row):
            if order[position] >= 0:
                header = self._columns.names[order[position]]
                self.overwritten.setdefault(id_, {}).setdefault(header, as_text(row[position]))

    def _merge(self, number: int, id_: str, written: dict[str, Value]) -> None:
        """Take in a second row of an entry: it fills what is blank, and the rest is loose text."""
        kept = self.cells[id_]
        rest = {
            key: value for key, value in written.items() if kept.setdefault(key, value) != value
        }
        if rest:
            text = "\n".join(f"{header}: {as_text(value)}" for header, value in rest.items())
            self.loose.append(Loose(f"{self._sheet}row {number}, a second row of {id_}", text))

    def _take_loose(
        self, number: int, values: Mapping[int, Value], notes: Mapping[int, Note]
    ) -> None:
        above = number < self._header_row
        where = f"{self._sheet}row {number}, " + (
            "above the headers" if above else "without a Secret ID"
        )
        names = {} if above else self._columns.names
        lines = [
            f"{names.get(index, '')}: {as_text(value)}".removeprefix(": ")
            for index, value in sorted(values.items())
        ]
        lines += [f"Note: {text}" for text, _ in notes.values()]
        self.loose.append(Loose(where, "\n".join(lines)))

    def _keep_notes(self, id_: str, notes: Mapping[int, Note]) -> None:
        for index, note in notes.items():
            self._columns.person(index)  # gives a name to a column that has none
            key = (id_, self._columns.names[index])
            if self.notes.setdefault(key, note) != note:
                self.loose.append(Loose(f"a second note on {id_}, {key[1]}", note[0]))

    def _same(self, value: T) -> T:
        """Return one object for equal values: owners, states and dates repeat in every row."""
        kept: T = self._pool.setdefault((type(value), value), value)
        return kept


def _edits(
    cells: dict[str, dict[str, Value]],
) -> tuple[dict[str, HumanEdit], dict[str, dict[str, Value]]]:
    """Return what people wrote, and those cells that are not the text it holds them as."""
    edits = {id_: _edit(written) for id_, written in cells.items()}
    raw = {id_: kept for id_, written in cells.items() if (kept := _raw(written))}
    return edits, raw


def _edit(written: dict[str, Value]) -> HumanEdit:
    if not written:
        return BLANK
    due, until = as_date(written.get(people.DUE)), as_date(written.get(people.EXCEPTION))
    held = {*people.TEXTS, *([people.DUE] if due else ()), *([people.EXCEPTION] if until else ())}
    other = {header: as_text(value) for header, value in written.items() if header not in held}
    status, owner, ticket, notes = (as_text(written.get(header)) for header in people.TEXTS)
    return HumanEdit(status, owner, due, ticket, notes, until, other or NOTHING)


def _raw(written: dict[str, Value]) -> dict[str, Value]:
    return {
        header: value
        for header, value in written.items()
        if not isinstance(value, str) and not (header in people.DATES and type(value) is date)
    }


def _plain(value: Value) -> Value:
    """Return a cell of the tool that a person changed into a formula as its text."""
    return value.text if isinstance(value, Formula) else value
