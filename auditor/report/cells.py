"""Makes cells: the one way any value gets into the workbook.

Text stays text, whatever it looks like. openpyxl would turn a text that begins with "=" into a
formula, `#N/A` into an error, fail on control characters only after half of the file is written,
and refuse a time that names its zone.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, time, timedelta

from openpyxl.cell import Cell
from openpyxl.cell.cell import ERROR_CODES
from openpyxl.formula.translate import Translator
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.styles import Family
from auditor.report.tables import Formula, Value
from auditor.report.text import escape_cell, for_cell

# Full-width forms too: some applications read them like the plain ones.
_FORMULA_LIKE = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r]")
_FIRST_YEAR = 1901
"""Excel counts days from 1900, with one day too many in that year."""
_EXACT = 10**15
"""Integers beyond 15 digits lose the last ones in a spreadsheet."""


def make(
    sheet: Worksheet, value: Value, family: Family, row: int = 1, column: int = 1
) -> Cell | None:
    """Return the cell for a value, None for nothing. Row and column matter to formulas only."""
    if isinstance(value, str):
        return _text(sheet, value, family) if value else None
    if value is None:
        return None
    if isinstance(value, Formula):
        return _formula(sheet, value, family, f"{get_column_letter(column)}{row}")
    if not _holds(value):
        return _text(sheet, str(value), family)
    if isinstance(value, datetime) and value.tzinfo:
        value = value.astimezone(UTC).replace(tzinfo=None)
    return Cell(sheet, 1, 1, value, _style(value, family))


def blank(sheet: Worksheet, family: Family) -> Cell:
    """Return a cell that holds nothing and shows its style."""
    return Cell(sheet, 1, 1, None, family.text)


def _text(sheet: Worksheet, text: str, family: Family) -> Cell:
    safe = for_cell(text)
    formula_like = _FORMULA_LIKE.match(safe) or safe in ERROR_CODES
    style = family.quoted if formula_like else family.text
    cell = Cell(sheet, 1, 1, escape_cell(safe), style)
    cell.data_type = "s"  # after the value, which would choose formula or error
    return cell


def _formula(sheet: Worksheet, formula: Formula, family: Family, at: str) -> Cell:
    """Return a person's own formula, its relative references moved along with its row."""
    moved = Translator(formula.text, origin=formula.cell).translate_formula(at)
    return Cell(sheet, 1, 1, moved, family.text)


def _holds(value: bool | float | date | time | timedelta) -> bool:
    """Return whether a spreadsheet can hold the value as what it is."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return abs(value) < _EXACT
    return not isinstance(value, date) or value.year >= _FIRST_YEAR


def _style(value: object, family: Family) -> StyleArray | None:
    """Return the style of a value that is no text; times of day keep the one openpyxl chose."""
    if isinstance(value, datetime):
        return family.moment
    if isinstance(value, date):
        return family.date
    return None if isinstance(value, time | timedelta) else family.number
