"""The law of the tracker: whatever people and runs do, in any order, no human value is lost."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from auditor.models import Results
from auditor.report import tracker
from auditor.report.text import escape_cell, unescape_cell

NAMES = ("ONE", "TWO", "THREE", "FOUR", "FIVE")
HUMAN = ("Status", "Owner", "Due date", "Ticket", "Notes", "Exception until")
TOOL = ("Severity", "Secret name", "Kind", "First seen", "Score", "Evidence", "Open in CI")
EXTRA = ("Team", "Cost", "notes ", "=Sum")

# What a workbook can hold: XML has no control characters and no surrogates.
TEXT = st.text(
    st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"),
    min_size=1,
    max_size=40,
).filter(str.strip)
VALUES = st.one_of(
    TEXT,
    st.sampled_from(("=1+1", "#N/A", "a\nb", "_x0041_", "TRUE", "Open", "rotated", "S-0123456789")),
    st.integers(-(10**6), 10**6),
    st.integers(-1000, 1000).map(lambda number: number / 4),
    st.booleans(),
    st.dates(date(1990, 1, 1), date(2090, 1, 1)),
    st.times().map(lambda at: at.replace(second=0, microsecond=0)),
)
# Two hundred take three minutes of one core; CI draws the same fifty each time.
STORIES = 50 if settings.get_current_profile_name() == "ci" else 200
INDEX = st.integers(0, len(NAMES) - 1)

STEPS = st.one_of(
    st.tuples(st.just("write"), INDEX, st.sampled_from(HUMAN + EXTRA), VALUES),
    st.tuples(st.just("overwrite"), INDEX, st.sampled_from(TOOL), TEXT),
    st.tuples(st.just("shuffle"), st.integers(0, 99)),
    st.tuples(st.just("move column"), st.integers(0, 40), st.integers(0, 40)),
    st.tuples(st.just("delete row"), INDEX),
    st.tuples(st.just("second row"), INDEX, st.sampled_from(HUMAN), TEXT),
    st.tuples(st.just("row without id"), TEXT),
    st.tuples(st.just("run"), st.sets(INDEX, min_size=1)),
)


class Story:
    """A tracker, the people and the runs that work on it, and what must be in it."""

    def __init__(self, lab: Any, results: Results) -> None:
        self.lab = lab
        self.results = results
        self.ids = [secret.id for secret in results.secrets]
        self.written: dict[tuple[str, str], Any] = {}
        self.overwritten: dict[tuple[str, str], str] = {}
        self.loose: list[str] = []
        self.book: Workbook | None = None

    def step(self, name: str, *arguments: Any) -> None:
        getattr(self, name.replace(" ", "_"))(*arguments)

    def run(self, found: set[int]) -> None:
        if self.book:
            self.book.save(self.lab.path)
            self.book = None
            self.check_overwritten()
        secrets = tuple(self.results.secrets[index] for index in sorted(found))
        self.lab.run(replace(self.results, secrets=secrets))

    def write(self, index: int, header: str, value: Any) -> None:
        def change(sheet: Worksheet) -> None:
            row = self.row(sheet, index)
            if row is None:
                return
            column = self.column(sheet, header)
            put(sheet, row, column, value)
            self.written[self.ids[index], str(sheet.cell(1, column).value)] = value

        self.change(change)

    def overwrite(self, index: int, header: str, text: str) -> None:
        def change(sheet: Worksheet) -> None:
            if row := self.row(sheet, index):
                put(sheet, row, self.column(sheet, header), f"by hand: {text}")
                self.overwritten[self.ids[index], header] = f"by hand: {text}"

        self.change(change)

    def check_overwritten(self) -> None:
        """Exactly the tool's cells that people changed are told of."""
        found = tracker.read(self.lab.path).content.overwritten
        flat = {(id_, name): text for id_, told in found.items() for name, text in told.items()}
        assert flat == self.overwritten
        self.overwritten.clear()

    def shuffle(self, seed: int) -> None:
        def change(sheet: Worksheet) -> None:
            top, *body = snapshot(sheet)
            random.Random(seed).shuffle(body)  # noqa: S311 (repeatable)
            restore(sheet, [top, *body])

        self.change(change)

    def move_column(self, source: int, target: int) -> None:
        def change(sheet: Worksheet) -> None:
            rows = snapshot(sheet)
            for row in rows:
                row.insert(target % len(row), row.pop(source % len(row)))
            restore(sheet, rows)

        self.change(change)

    def delete_row(self, index: int) -> None:
        def change(sheet: Worksheet) -> None:
            if row := self.row(sheet, index):
                sheet.delete_rows(row)
                for cells in (self.written, self.overwritten):
                    for key in [key for key in cells if key[0] == self.ids[index]]:
                        del cells[key]

        self.change(change)

    def second_row(self, index: int, header: str, text: str) -> None:
        def change(sheet: Worksheet) -> None:
            row = self.row(sheet, index)
            if row is None:
                return
            column = self.column(sheet, header)
            new = sheet.max_row + 1
            put(sheet, new, self.column(sheet, "Secret ID"), self.ids[index])
            put(sheet, new, column, text)
            there = sheet.cell(row, column).value
            if there is None:
                self.written[self.ids[index], header] = text
            elif there != escape_cell(text):
                self.loose.append(text)

        self.change(change)
        self.run(set(range(len(NAMES))))

    def row_without_id(self, text: str) -> None:
        def change(sheet: Worksheet) -> None:
            put(sheet, sheet.max_row + 2, self.column(sheet, "Notes"), text)

        self.change(change)
        self.loose.append(text)

    def change(self, change: Callable[[Worksheet], None]) -> None:
        self.book = self.book or load_workbook(self.lab.path)
        change(self.book["Secrets"])

    def row(self, sheet: Worksheet, index: int) -> int | None:
        column = self.column(sheet, "Secret ID")
        found = (
            r for r in range(2, sheet.max_row + 1) if sheet.cell(r, column).value == self.ids[index]
        )
        return next(found, None)

    def column(self, sheet: Worksheet, header: str) -> int:
        headers = [cell.value for cell in sheet[1]]
        wanted = " ".join(header.split())
        wanted = "notes (2)" if wanted == "notes" and "notes (2)" in headers else wanted
        if wanted in headers:
            return headers.index(wanted) + 1
        put(sheet, 1, len(headers) + 1, wanted)
        return len(headers) + 1

    def check(self) -> None:
        book = load_workbook(self.lab.path)
        top, *body = snapshot(book["Secrets"])
        key = [value for value, _ in top].index("Secret ID")
        cells = {
            (row[key][0], header): shown(cell)
            for row in body
            for (header, _), cell in zip(top, row, strict=True)
        }
        for (id_, header), value in self.written.items():
            kept = cells.get((id_, header), cells.get((id_, f"{header} (2)")))
            assert kept == plain(value), (id_, header)
        notes = book["Notes without ID"] if "Notes without ID" in book.sheetnames else None
        said = [unescape_cell(str(cell.value)) for cell in notes["C"]] if notes else []
        for text in self.loose:
            assert any(text in line for line in said), text


def put(sheet: Worksheet, row: int, column: int, value: Any) -> None:
    """Write as a person's application stores it: text stays text."""
    cell = sheet.cell(row, column)
    cell.number_format = "General"
    if isinstance(value, str):
        cell.value = escape_cell(value)
        cell.data_type = "s"
    else:
        cell.value = value


def snapshot(sheet: Worksheet) -> list[list[tuple[Any, str]]]:
    return [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows()]


def restore(sheet: Worksheet, rows: list[list[tuple[Any, str]]]) -> None:
    for number, row in enumerate(rows, 1):
        for column, (value, kind) in enumerate(row, 1):
            cell = sheet.cell(number, column)
            cell.number_format = "General"  # applications move it along; a day brings its own
            cell.value = value
            if value is not None:
                cell.data_type = kind


def shown(cell: tuple[Any, str]) -> Any:
    value, _ = cell
    return unescape_cell(value) if isinstance(value, str) else plain(value)


def plain(value: Any) -> Any:
    """Return a value as it compares: a day is a day with or without midnight."""
    if isinstance(value, datetime) and value.time() == time.min:
        return value.date()
    return value


@pytest.fixture
def five(with_names: Callable[..., Results]) -> Results:
    return with_names(*NAMES)


@settings(
    max_examples=STORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=1, max_size=8))
def test_no_human_value_is_ever_lost(steps: list[tuple[Any, ...]], lab: Any, five: Results) -> None:
    if not lab.path.exists():
        lab.run(five)  # every story begins with the same first run
    with tempfile.TemporaryDirectory(dir=lab.path.parent) as folder:
        shutil.copy(lab.path, folder)
        story = Story(type(lab)(Path(folder)), five)
        for name, *arguments in steps:
            story.step(name, *arguments)
        story.run(set(range(len(NAMES))))
        story.check()
