"""How people arranged the workbook: kept from one run to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from auditor.report.tables import Table

NAME_PREFIX = "auditor_"
"""Begins the defined names that mark the tool's sheets: renaming a sheet does not change them."""
LISTS, META = "Lists", "_meta"


Note: TypeAlias = tuple[str, str]
"""Text and author of a cell note."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The width of a column, and whether a person hid it."""

    width: float
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """What a person may have changed about the tool's sheets."""

    titles: Mapping[str, str] = field(default_factory=dict)
    """Title a sheet has now, by the name the tool gave it."""
    headers: tuple[str, ...] = ()
    """Headers of sheet Secrets from left to right."""
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    """Of the columns of sheet Secrets, by header."""
    notes: Mapping[tuple[str, str], Note] = field(default_factory=dict)
    """Cell notes on sheet Secrets, by Secret ID ("" on the header) and column header."""

    def title(self, name: str) -> str:
        """Return the title of one of the tool's sheets."""
        return self.titles.get(name, name)


def marker(name: str) -> str:
    """Return the defined name that marks a sheet of the tool."""
    return NAME_PREFIX + name.strip("_").replace(" ", "_")


def same(header: str) -> str:
    """Return what two headers have in common when they name the same column."""
    return header.strip().casefold()


def arranged(table: Table, headers: tuple[str, ...]) -> Table:
    """Return the table with its columns in the order a person gave them.

    A column that is new since stands behind the one it follows in the tool's own order.
    """
    own = {same(column.header): index for index, column in enumerate(table.columns)}
    order = list(dict.fromkeys(own[key] for key in map(same, headers) if key in own))
    for index in range(len(table.columns)):
        if index not in order:
            order.insert(order.index(index - 1) + 1 if index else 0, index)
    if order == sorted(order):
        return table
    return Table(
        table.name,
        tuple(table.columns[index] for index in order),
        lambda: ([row[index] for index in order] for row in table.rows()),
        table.note,
    )
