"""Every table as a CSV file, whole, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime

from auditor.report.tables import Formula, Table, Value
from auditor.report.text import for_xml

_ACTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 (meant)
"""Beginnings that a spreadsheet takes for a formula, full-width ones included."""
# https://owasp.org/www-community/attacks/CSV_Injection
BOM = "\ufeff"
"""Tells Excel that the file is UTF-8."""
CHUNK = 500
"""Rows that are written at once."""


def name_of(table: Table) -> str:
    """Return the file name of a table: "log-coverage.csv"."""
    return f"{table.name.lower().replace(' ', '-')}.csv"


def chunks(table: Table) -> Iterator[bytes]:
    """Yield the bytes of the file, a few hundred rows at a time."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    text.write(BOM)
    writer.writerow([_safe(column.header) for column in table.columns])
    for number, row in enumerate(table.rows(), 1):
        writer.writerow([_cell(value) for value in row])
        if number % CHUNK == 0:
            yield _taken(text)
    yield _taken(text)


def _taken(text: io.StringIO) -> bytes:
    data = text.getvalue().encode("utf-8", "backslashreplace")
    text.seek(0)
    text.truncate()
    return data


def _cell(value: Value) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, Formula):
        return _safe(value.text)
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _safe(str(value))
    return value


def _safe(text: str) -> str:
    """Return outside text as a spreadsheet shows it, whatever it begins with."""
    clean = for_xml(text)
    return f"'{clean}" if clean.lstrip(" ").startswith(_ACTS) or clean.startswith(_ACTS) else clean
