"""Tells whose each column of a tracker is, by its header."""

from __future__ import annotations

from openpyxl.utils import get_column_letter

from auditor.report.layout import same
from auditor.report.rows import secrets
from auditor.report.rows.vanished import CARRIED
from auditor.report.tables import Owner

_OWN = {same(column.header): column for column in secrets.COLUMNS}


class Columns:
    """The columns from left to right. Positions count from 0.

    A column is the tool's when this version has it, or the version that wrote the workbook had it.
    Any other is a person's, one without a header too, once something is written in it.
    """

    def __init__(self, headers: list[str], former: tuple[str, ...]) -> None:
        """Sort the headers; `former` holds the tool's when the workbook was written."""
        self.id = -1
        self.carried: dict[int, int] = {}
        """Position in `CARRIED`, by position."""
        self.extras: list[str] = []
        self.marked = [-1] * len(former)
        """Where each of `former` is now; -1 where a person removed it."""
        self._people: dict[int, str] = {}
        self._names: dict[int, str] = {}
        for index, header in enumerate(headers):
            if header:
                self._sort(index, header, former)

    @property
    def headers(self) -> tuple[str, ...]:
        """Return the name of every column that has one, from left to right."""
        return tuple(self._names[index] for index in sorted(self._names))

    @property
    def names(self) -> dict[int, str]:
        """Return the names by position."""
        return self._names

    def person(self, index: int) -> str | None:
        """Return the header of a person's column, None for the tool's; one without gets a name."""
        if index not in self._names:
            self._add_extra(index, f"Column {get_column_letter(index + 1)}")
        return self._people.get(index)

    def _sort(self, index: int, header: str, former: tuple[str, ...]) -> None:
        own = _OWN.get(same(header))
        if own and own.header not in self._names.values():
            self._names[index] = own.header
            if own.owner is Owner.HUMAN:
                self._people[index] = own.header
            elif own.header == secrets.ID:
                self.id = index
            elif own.header in CARRIED:
                self.carried[index] = CARRIED.index(own.header)
        elif own or same(header) not in former:
            self._add_extra(index, header)
        else:
            self._names[index] = header
        if index not in self._people and same(header) in former:
            self.marked[former.index(same(header))] = index

    def _add_extra(self, index: int, header: str) -> None:
        """Name a person's column. Tables refuse two headers that differ in case only."""
        taken = {same(name) for name in self._names.values()} | set(_OWN)
        unique, count = header, 1
        while same(unique) in taken:
            count += 1
            unique = f"{header} ({count})"
        self._names[index] = self._people[index] = unique
        self.extras.append(unique)
