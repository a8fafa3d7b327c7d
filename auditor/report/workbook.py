"""Builds the workbook: the tool's sheets, streamed, beside whatever sheets people added.

Rows go to a temporary file as they are made, so memory does not grow with them. The same code
serves a new workbook and one whose other sheets have to be kept.
"""

from __future__ import annotations

from typing import IO

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import quote_sheetname
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report import marks, streaming
from auditor.report.layout import LISTS, META, Layout, marker
from auditor.report.rows import TRACKED, Report, readme, secrets
from auditor.report.sheets import hidden, rules, summary
from auditor.report.sheets.grid import A3, Grid, draw
from auditor.report.styles import BROWN, FONT, GREY, Styles
from auditor.report.tables import Table

SUMMARY = "Summary"
NAMES = (
    SUMMARY,
    secrets.NAME,
    "Identities",
    "Permissions",
    "Hunts",
    "Log coverage",
    "Changes",
    "Gaps",
    "Closed",
    "Read me",
    LISTS,
    META,
)
"""The tool's sheets, in their order."""
PRINTED = {"Identities": 9, "Hunts": 13, "Log coverage": 10}
"""How many columns are printed of a table too wide for paper."""
DEFAULT = Layout()


def write(
    report: Report,
    file: IO[bytes],
    *,
    base: Workbook | None = None,
    layout: Layout = DEFAULT,
    hosts: frozenset[str] = frozenset(),
) -> None:
    """Write the workbook to a file.

    `base` holds the sheets to keep, and stands for an empty workbook when there are none.
    """
    book = base or _new(report)
    try:
        _Builder(book, report, layout, hosts).build()
        streaming.save(book, file)
    finally:
        streaming.discard(book)


def _new(report: Report) -> Workbook:
    book = streaming.new_book(Font(name=FONT, size=10))
    book.properties.creator = f"ci-secrets-auditor {report.run.tool_version}"
    when = report.summary.when.replace(tzinfo=None)
    book.properties.created = book.properties.modified = when
    return book


class _Builder:
    """Puts the tool's sheets into a workbook."""

    def __init__(
        self, book: Workbook, report: Report, layout: Layout, hosts: frozenset[str]
    ) -> None:
        self._book = book
        self._report = report
        self._layout = layout
        self._hosts = hosts
        self._styles = Styles(book)
        self._position = 0
        self._marks: dict[str, str] = {}

    def build(self) -> None:
        """Draw every sheet, in their order."""
        styles, report = self._styles, self._report
        summary.draw(self._sheet(SUMMARY), report.summary, styles, self._layout.title)
        for table in report.tables:
            if table.name in TRACKED:
                self._tracked(table)
            else:
                self._plain(table)
        lists = self._sheet(LISTS)
        self._name(rules.STATUS_LIST, lists, hidden.draw_lists(lists, styles))
        secrets_table, meta = report.table(secrets.NAME), self._sheet(META)
        hidden.draw_meta(meta, styles, report.run, secrets_table, self._marks)

    def _tracked(self, table: Table) -> None:
        sheet = self._sheet(table.name)
        grid = Grid(
            self._region(table),
            printed=table.position(secrets.PRINTED) + 1,
            paper=A3,
            tab=BROWN if table.name == secrets.NAME else GREY,
            hosts=self._hosts,
            shapes=self._layout.shapes,
            key=table.position(secrets.ID),
            notes=self._layout.notes,
        )
        noted = marks.marked(table, secrets.ID, self._marks)
        rules.add(sheet, table, draw(sheet, noted, self._styles, grid))

    def _plain(self, table: Table) -> None:
        sheet = self._sheet(table.name)
        region = "" if table.name == readme.NAME else self._region(table)
        printed = PRINTED.get(table.name, 0)
        grid = Grid(region, printed=printed, tab=GREY, hosts=self._hosts)
        rules.add_plain(sheet, table, draw(sheet, table, self._styles, grid))

    def _region(self, table: Table) -> str:
        """Return the name of the table's region, which no other sheet may use."""
        region = "tbl" + table.name.title().replace(" ", "")
        while streaming.is_taken(self._book, region):
            region += "_"
        return region

    def _sheet(self, name: str) -> Worksheet:
        """Return a new, streamed sheet in the place of the old one of that name.

        A sheet that is new stands behind the tool's sheet drawn before it.
        """
        title, position = self._layout.title(name), self._position
        kept = name in self._layout.titles and title in self._book.sheetnames
        old = self._book[title] if kept else None
        if old:
            position = self._book.index(old)
            self._book.remove(old)
        sheet = streaming.add_sheet(self._book, title, position)
        sheet.sheet_state = old.sheet_state if old else "visible"
        self._position = position + 1
        self._name(marker(name), sheet, "$A$1", hidden_name=True)
        return sheet

    def _name(self, name: str, sheet: Worksheet, cell: str, *, hidden_name: bool = False) -> None:
        target = f"{quote_sheetname(sheet.title)}!{cell}"
        self._book.defined_names[name] = DefinedName(name, attr_text=target, hidden=hidden_name)
