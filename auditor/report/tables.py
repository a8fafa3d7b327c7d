"""Neutral tables: columns and lazily made rows, the one source of every output.

A table knows nothing of Excel, HTML or CSV. Rows can be asked for more than once; each time they
are made anew, one at a time, so that 90,000 of them never stand in memory together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeAlias


class Owner(StrEnum):
    """Whose column it is: the tool rewrites its own each run and never touches people's."""

    TOOL = "tool"
    HUMAN = "human"


class Kind(StrEnum):
    """What the values of a column are, for writers that tell them apart."""

    TEXT = "text"
    DATE = "date"
    NUMBER = "number"
    LINK = "link"
    SEVERITY = "severity"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its header, who owns it, its width in characters and what it means."""

    header: str
    owner: Owner
    width: int
    kind: Kind
    note: str = ""
    wrap: bool = False
    """Whether a long text may make its row higher."""


@dataclass(frozen=True, slots=True)
class Formula:
    """A live formula that a person wrote, and the cell it was written for ("H5")."""

    text: str
    cell: str


Value: TypeAlias = str | bool | int | float | date | datetime | time | timedelta | Formula | None
"""What a row holds. Tool columns hold text, numbers, dates and None (nothing to say)."""

Row: TypeAlias = Sequence[Value]


def as_text(value: Value) -> str:
    """Return the text of a value, as a person would type it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.text if isinstance(value, Formula) else str(value)


@dataclass(frozen=True, slots=True)
class Table:
    """A named table. `rows` makes the rows anew; `note` tells what the table leaves out."""

    name: str
    columns: tuple[Column, ...]
    rows: Callable[[], Iterator[Row]]
    note: str = ""
    lines: int = 4
    """A row is made no higher for a longer text: the whole of it is in the cell."""

    def position(self, header: str) -> int:
        """Return the index of the column with that header."""
        return [column.header for column in self.columns].index(header)
