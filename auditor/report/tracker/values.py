"""Reads single cells of a workbook that a person may have changed."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from auditor.report.tables import Formula, Value, as_text
from auditor.report.text import unescape_cell

HEADER_LIMIT = 255
"""Characters of a header that a table accepts."""


def value_of(cell: Any) -> Value:
    """Return what a cell holds, None for nothing; a date without a time of day is a date."""
    value = cell.value
    if value is None or value == "":
        return None
    if cell.data_type == "f":
        # Array formulas hold their text in an object.
        return Formula(str(getattr(value, "text", value)), cell.coordinate)
    if isinstance(value, str):
        text = unescape_cell(value)
        return text if text.strip() else None
    if isinstance(value, datetime) and value.time() == time.min:
        return value.date()
    result: Value = value
    return result


def as_header(value: Value) -> str:
    """Return the text of a header on one line, "" for none."""
    return " ".join(as_text(value).split())[:HEADER_LIMIT]


def as_date(value: Value) -> date | None:
    """Return the day a value stands for, None for anything that is not a date."""
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None
