"""Draws a table on a sheet: header, rows, widths, filter, frozen panes, print set-up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from openpyxl.cell import Cell
from openpyxl.comments import Comment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.filters import AutoFilter
from openpyxl.worksheet.page import PageMargins
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.table import Table as Region
from openpyxl.worksheet.table import TableColumn, TableStyleInfo
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report import cells, links
from auditor.report.layout import Note, Shape
from auditor.report.styles import (
    BODY,
    CENTRED,
    HUMAN_HEADER,
    LINKED,
    PLAIN,
    TOOL_HEADER,
    Look,
    Styles,
)
from auditor.report.tables import Column, Kind, Owner, Row, Table, Value
from auditor.report.text import for_xml

A3, A4 = 8, 9
HEADER_HEIGHT = 32.0
LINE_HEIGHT = 12.75
"""Points, as are all heights."""
SMALL, CAPITAL = 0.85, 1.2
"""Widths of letters of the report's font, in digits."""
SAFE = 1 / CAPITAL
MOST_LINKS = 20_000
"""Of one sheet. Excel refuses more than 65,530, and each is kept in memory until the end."""


@dataclass(frozen=True, slots=True)
class Grid:
    """How one table is drawn."""

    region: str
    """Name of the table in the workbook ("tblSecrets"), "" for rows that nobody would filter."""
    printed: int = 0
    """How many columns are printed, 0 for all."""
    paper: int = A4
    tab: str = ""
    hosts: frozenset[str] = frozenset()
    links: int = MOST_LINKS
    """How many links the sheet may have; further addresses are text."""
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    key: int = 0
    """Position of the column that tells rows apart."""
    notes: Mapping[tuple[str, str], Note] = field(default_factory=dict)
    """Cell notes by the row's key ("" for the header) and header."""


def draw(sheet: Worksheet, table: Table, styles: Styles, grid: Grid) -> int:
    """Draw the table and return the number of its last row, 2 or more."""
    _prepare(sheet, table, grid)
    pen = _Pen(sheet, table, styles, grid)
    sheet.append(pen.header())
    wrapped = [(i, column.width) for i, column in enumerate(table.columns) if column.wrap]
    last = 1
    for last, row in enumerate(table.rows(), 2):
        _append(sheet, pen.row(row, last), last, _height(row, wrapped, table.lines))
    last = max(last, 2)  # a table without a row makes Excel repair the file
    if table.note:
        sheet.append([])
        sheet.append([cells.make(sheet, table.note, styles.family(PLAIN))])
    if grid.region:
        sheet.tables.add(_region(table, grid, last))
    columns = grid.printed or len(table.columns)
    sheet.print_area = f"A1:{get_column_letter(columns)}{last + 2 if table.note else last}"
    return last


class _Pen:
    """Makes the cells of one table."""

    def __init__(self, sheet: Worksheet, table: Table, styles: Styles, grid: Grid) -> None:
        self._sheet = sheet
        self._columns = table.columns
        self._grid = grid
        self._links = grid.links
        self._styles = styles
        self._linked = styles.family(LINKED)
        self._families = [styles.family(_look(column)) for column in table.columns]
        self._linkable = [i for i, c in enumerate(table.columns) if c.kind is Kind.LINK]

    def header(self) -> list[Cell | None]:
        """Return the header cells: who owns a column shows in its colour."""
        return [self._noted(self._header(column), "", column) for column in self._columns]

    def row(self, row: Row, number: int) -> list[Cell | None]:
        """Return the cells of one row."""
        made = [
            cells.make(self._sheet, value, family, number, index)
            for index, (value, family) in enumerate(zip(row, self._families, strict=True), 1)
        ]
        for index in self._linkable:
            made[index] = self._link(row[index]) or made[index]
        if self._grid.notes:
            key = str(row[self._grid.key])
            pairs = zip(made, self._columns, strict=True)
            made = [self._noted(cell, key, column) for cell, column in pairs]
        return made

    def _header(self, column: Column) -> Cell | None:
        look = HUMAN_HEADER if column.owner is Owner.HUMAN else TOOL_HEADER
        return cells.make(self._sheet, column.header, self._styles.family(look))

    def _link(self, url: Value) -> Cell | None:
        """Return the cell of a link, None for an address that must not be one."""
        if not isinstance(url, str) or not self._links or not links.allowed(url, self._grid.hosts):
            return None
        self._links -= 1
        cell = cells.make(self._sheet, url, self._linked)
        if cell:
            cell.hyperlink = url
        return cell

    def _noted(self, cell: Cell | None, key: str, column: Column) -> Cell | None:
        note = self._grid.notes.get((key, column.header))
        if note is None:
            return cell
        cell = cell or cells.blank(self._sheet, self._styles.family(PLAIN))
        text, author = map(for_xml, note)
        cell.comment = Comment(text, author)
        return cell


def _append(sheet: Worksheet, row: list[Cell | None], number: int, height: float) -> None:
    """Append a row with a first height, which applications change again as the text changes.

    openpyxl's own row heights are fixed ones, and stay in memory. LibreOffice shows a row that has
    none one line high.
    """
    heights = cast("dict[int, dict[str, str]]", sheet.row_dimensions)
    heights[number] = {"ht": f"{height:g}"}
    sheet.append(row)
    del heights[number]


def _height(row: Row, wrapped: list[tuple[int, int]], most: int) -> float:
    """Return the height that shows the longest of the wrapped texts, up to so many lines."""
    lines = max((_lines(row[index], width, most) for index, width in wrapped), default=1)
    return 2.25 + LINE_HEIGHT * min(lines, most)


def _lines(value: object, width: int, most: int) -> int:
    """Return how many lines a text takes in a column of that width, which is counted in digits.

    Beyond `most` it does not matter how many.
    """
    if not isinstance(value, str) or (len(value) < width * SAFE and "\n" not in value):
        return 1
    shown = value[: 2 * width * most].split("\n")
    widths = (SMALL * len(text) + (CAPITAL - SMALL) * sum(map(str.isupper, text)) for text in shown)
    # A long word, such as the path of a call, leaves the rest of the line before it empty.
    broken = any(len(word) > width // 2 for text in shown for word in text.split())
    return sum(max(1, math.ceil(each / width)) for each in widths) + broken


def _look(column: Column) -> Look:
    """Return how its cells look: what is printed may take more lines, the rest stays on one."""
    if column.kind in (Kind.NUMBER, Kind.SEVERITY):
        return CENTRED
    return BODY if column.wrap else PLAIN


def _prepare(sheet: Worksheet, table: Table, grid: Grid) -> None:
    """Set what stands before the rows in the file, and so must be set before the first one."""
    for index, column in enumerate(table.columns, 1):
        shape = grid.shapes.get(column.header, Shape(column.width))
        dimension = sheet.column_dimensions[get_column_letter(index)]
        dimension.width, dimension.hidden = shape.width, shape.hidden
    sheet.freeze_panes = "B2"
    sheet.row_dimensions[1].height = HEADER_HEIGHT
    if grid.tab:
        sheet.sheet_properties.tabColor = grid.tab
    set_page(sheet, grid.paper)
    sheet.print_title_rows = "1:1"


def set_page(sheet: Worksheet, paper: int, *, landscape: bool = True) -> None:
    """Print the sheet as wide as the paper, with the page number below."""
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.orientation = "landscape" if landscape else "portrait"
    sheet.page_setup.paperSize = paper
    sheet.page_setup.fitToWidth = 1
    sheet.page_setup.fitToHeight = 0
    sheet.page_margins = PageMargins(left=0.4, right=0.4, top=0.5, bottom=0.6)
    footer: Any = sheet.oddFooter
    footer.left.text, footer.right.text = "&A", "&P / &N"


def _region(table: Table, grid: Grid, last: int) -> Region:
    ref = f"A1:{get_column_letter(len(table.columns))}{last}"
    # Headers of the region and of the cells must be equal, or Excel repairs the file.
    headers = (for_xml(column.header) for column in table.columns)
    return Region(
        displayName=grid.region,
        ref=ref,
        autoFilter=AutoFilter(ref=ref),
        tableColumns=[TableColumn(id=i, name=header) for i, header in enumerate(headers, 1)],
        tableStyleInfo=TableStyleInfo(name="TableStyleLight1", showRowStripes=False),
    )
