"""A page of the workbook that is laid out freely, filled from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from openpyxl.cell import Cell
from openpyxl.chart._chart import ChartBase
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report import cells
from auditor.report.styles import LINE, NAVY, THOUSANDS, TOOL_HEADER, Look, Styles
from auditor.report.tables import Value

WIDTHS = (18, *(11.5,) * 11)
LAST = len(WIDTHS)
CHART_COLUMNS = 4
SECTION = Look(colour=NAVY, size=12, bold=True, vertical="bottom", line=NAVY)
CELL = Look(vertical="center", line=LINE)
COUNT = replace(CELL, horizontal="center", number=THOUSANDS)
STRONG = replace(COUNT, bold=True)
HEAD = replace(TOOL_HEADER, wrap=False)
CENTRED_HEAD = replace(HEAD, horizontal="center", wrap=True)


class Page:
    """A page filled from top to bottom, then written out row by row."""

    def __init__(self, sheet: Worksheet, styles: Styles, titles: Callable[[str], str]) -> None:
        self._sheet = sheet
        self._styles = styles
        self._titles = titles
        self._cells: dict[tuple[int, int], Cell] = {}
        self._row = 0

    def next(self, height: float = 16) -> None:
        """Go to the next row."""
        self._row += 1
        self._sheet.row_dimensions[self._row].height = height

    def put(self, column: int, value: Value, look: Look, to: int = 0, link: str = "") -> None:
        """Place a value in this row, over the columns up to `to`; `link` names a sheet."""
        family = self._styles.family(look)
        for index in range(column, max(column, to) + 1):
            self._cells[self._row, index] = cells.blank(self._sheet, family)
        cell = cells.make(self._sheet, value, family) or self._cells[self._row, column]
        self._cells[self._row, column] = cell
        if link:
            title = self._titles(link).replace("'", "''")
            cell.hyperlink = Hyperlink(ref="", location=f"'{title}'!A1")
        if to > column:
            first, last = get_column_letter(column), get_column_letter(to)
            self._sheet.merged_cells.add(f"{first}{self._row}:{last}{self._row}")

    @property
    def row(self) -> int:
        """Return the number of this row."""
        return self._row

    def draw(self, charts: Callable[[Worksheet], Iterable[ChartBase]], height: int) -> None:
        """Place charts side by side over that many rows below this one."""
        for position, chart in enumerate(charts(self._sheet)):
            column = get_column_letter(1 + position * CHART_COLUMNS)
            self._sheet.add_chart(chart, f"{column}{self._row + 1}")
        for _ in range(height):
            self.next()

    def section(self, title: str, link: str = "") -> None:
        """Begin a section."""
        self.next(10)
        self.next(22)
        self.put(1, title, SECTION, LAST, link)

    def write(self) -> None:
        """Write the rows."""
        for row in range(1, self._row + 1):
            self._sheet.append([self._cells.get((row, column)) for column in range(1, LAST + 1)])
        self._sheet.print_area = f"A1:{get_column_letter(LAST)}{self._row}"
