"""Marks of the tool's cells, kept in the workbook: how a re-run sees which of them a hand changed.

A mark is three characters of a checksum. One row's marks are one text, in the order of the tool's
columns. What applications do to a text on saving (spaces, line ends) changes no mark.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from string import ascii_letters, digits
from zlib import crc32

from auditor.report.tables import Owner, Row, Table, Value, as_text
from auditor.report.text import for_cell

LENGTH = 3
_ALPHABET = ascii_letters + digits + "-_"
_PAIRS = [one + other for one in _ALPHABET for other in _ALPHABET]


def mark(value: Value) -> str:
    """Return the mark of one cell."""
    return _mark(as_text(value)) if value is not None else _NOTHING


def marked(table: Table, key: str, taken: dict[str, str]) -> Table:
    """Return the table, which leaves the marks of each row in `taken` as its rows are made.

    `key` is the header of the column that tells rows apart.
    """
    places = [index for index, column in enumerate(table.columns) if column.owner is Owner.TOOL]
    at = table.position(key)

    def rows() -> Iterator[Row]:
        for row in table.rows():
            taken[str(row[at])] = "".join([mark(row[index]) for index in places])
            yield row

    return Table(table.name, table.columns, rows, table.note)


def changed(marks: str, values: Sequence[Value]) -> Iterator[int]:
    """Yield the positions of the values with another mark; empty and unmarked ones have none."""
    for index, value in enumerate(values[: len(marks) // LENGTH]):
        if value is not None and marks[LENGTH * index : LENGTH * (index + 1)] != mark(value):
            yield index


@lru_cache(maxsize=50_000)
def _mark(text: str) -> str:
    plain = " ".join(for_cell(text).split())
    number = crc32(plain.encode("utf-8", "replace"))
    return _PAIRS[number & 0xFFF] + _ALPHABET[number >> 12 & 0x3F]


_NOTHING = _mark("")
