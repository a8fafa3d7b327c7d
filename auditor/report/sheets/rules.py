"""What reacts to people: lists, date checks and colours, over the rows there are.

Every rule is made anew by each run: applications shorten them, and people paste over them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import groupby

from openpyxl.formatting.rule import Rule
from openpyxl.styles import Border, Font, PatternFill, Side
from openpyxl.styles.differential import DifferentialStyle
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from auditor.report.rows import people
from auditor.report.rows.people import Status
from auditor.report.styles import ALARM, CREAM, GREY, LINE, PALE, SEVERITY_COLOURS
from auditor.report.tables import Kind, Owner, Table

STATUS_LIST = "StatusList"
"""Defined name of the statuses on sheet Lists: a rule itself holds 255 characters at most."""
SEVERITY = "Severity"
SPARE_ROWS = 1_000
"""Rows below the last where the lists still work, for notes people add."""


def add(sheet: Worksheet, table: Table, last: int) -> None:
    """Add the rules of the tracker for the rows 2 to `last`."""
    places = _Places(table, last)
    for validation in _validations(places):
        sheet.data_validations.append(validation)
    for area, rule in _formats(places):
        sheet.conditional_formatting.add(area, rule)


def add_plain(sheet: Worksheet, table: Table, last: int) -> None:
    """Add the colours of a table that people only read."""
    places = _Places(table, last)
    special = {column.header for column in table.columns if column.kind is Kind.SEVERITY}
    for header in special:
        for rule in _severities(places, header):
            sheet.conditional_formatting.add(places.area(header), rule)
    sheet.conditional_formatting.add(places.rest(Owner.TOOL, special), _rule())


class _Places:
    """Where the columns are."""

    def __init__(self, table: Table, last: int) -> None:
        self._table = table
        self.last = last

    def letter(self, header: str) -> str:
        return get_column_letter(self._table.position(header) + 1)

    def area(self, header: str, spare: int = 0) -> str:
        letter = self.letter(header)
        return f"{letter}2:{letter}{self.last + spare}"

    def rest(self, owner: Owner, special: Collection[str]) -> str:
        """Return the areas of every other column of that owner, neighbours together."""
        columns = enumerate(self._table.columns, 1)
        plain = [i for i, c in columns if c.owner is owner and c.header not in special]
        runs = groupby(enumerate(plain), key=lambda pair: pair[1] - pair[0])
        return " ".join(self._span([index for _, index in run]) for _, run in runs)

    def _span(self, run: list[int]) -> str:
        return f"{get_column_letter(run[0])}2:{get_column_letter(run[-1])}{self.last}"


def _validations(places: _Places) -> Iterator[DataValidation]:
    statuses = DataValidation(
        type="list",
        formula1=STATUS_LIST,
        allow_blank=True,
        showErrorMessage=True,
        errorStyle="warning",
        errorTitle="Another status",
        error="This is not one of the statuses of the list. It is kept, and counts as open.",
    )
    statuses.add(places.area(people.STATUS, SPARE_ROWS))
    yield statuses
    for header in (people.DUE, people.EXCEPTION):
        dates = DataValidation(
            type="date",
            operator="greaterThan",
            formula1="36526",  # 2000-01-01 in days since 1900
            allow_blank=True,
            showErrorMessage=True,
            errorStyle="warning",
            errorTitle="Not a date",
            error="This is not a date. It is kept as text, and is never overdue.",
        )
        dates.add(places.area(header, SPARE_ROWS))
        yield dates


def _formats(places: _Places) -> Iterator[tuple[str, Rule]]:
    """Yield the colour rules, the first one strongest.

    No two areas overlap and each says all that its cells need: of formats that overlap,
    LibreOffice shows only one.
    """
    for area, special in _areas(places):
        yield area, _rule(_closed(places), Font(color=GREY, italic=True), PALE, stop=True)
        for rule in special:
            yield area, rule


def _areas(places: _Places) -> Iterator[tuple[str, tuple[Rule, ...]]]:
    """Yield every area with its own rules, the last of which is the look of an ordinary row."""
    alarm = Font(color=ALARM, bold=True)
    over = f"ISNUMBER(${places.letter('Days over')}2)"
    yield places.area(SEVERITY), tuple(_severities(places))
    yield places.area("Days over"), (_rule(over, alarm), _rule())
    yield places.area(people.DUE), (_rule(_late(places), alarm, CREAM), _rule(fill=CREAM))
    yield places.area(people.EXCEPTION), (_rule(_lapsed(places), alarm, CREAM), _rule(fill=CREAM))
    special = {SEVERITY, "Days over", people.DUE, people.EXCEPTION}
    yield places.rest(Owner.HUMAN, special), (_rule(fill=CREAM),)
    yield places.rest(Owner.TOOL, special), (_rule(),)


def _severities(places: _Places, header: str = SEVERITY) -> Iterator[Rule]:
    column = places.letter(header)
    for severity, (fill, text) in SEVERITY_COLOURS.items():
        yield _rule(f'${column}2="{severity.value}"', Font(color=text, bold=True), fill)


def _rule(
    condition: str = "TRUE", font: Font | None = None, fill: str = "", *, stop: bool = False
) -> Rule:
    """Return a new rule: each gets a rank of its own where it is added."""
    # In a conditional format the background colour is the one a solid fill shows.
    solid = PatternFill("solid", start_color=fill, end_color=fill) if fill else None
    line = Border(bottom=Side("thin", color=LINE))
    look = DifferentialStyle(font=font, fill=solid, border=line)
    return Rule("expression", dxf=look, formula=[condition], stopIfTrue=stop)


def _closed(places: _Places) -> str:
    """Return the condition of `people.closed`, live: it follows what a person types."""
    status = f"${places.letter(people.STATUS)}2"
    accepted = f'AND({status}="{Status.ACCEPTED}",NOT({_lapsed(places)}))'
    return f'OR({status}="{Status.ROTATED}",{status}="{Status.NOT_APPLICABLE}",{accepted})'


def _late(places: _Places) -> str:
    due, until = f"${places.letter(people.DUE)}2", f"${places.letter(people.EXCEPTION)}2"
    excepted = f"AND(ISNUMBER({until}),{until}>=TODAY())"
    return f"AND(ISNUMBER({due}),{due}<TODAY(),NOT({excepted}))"


def _lapsed(places: _Places) -> str:
    until = f"${places.letter(people.EXCEPTION)}2"
    return f"AND(ISNUMBER({until}),{until}<TODAY())"
