"""Draws the figures of a run on one page: what is open, how bad, who is late, what comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import zip_longest

from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from auditor.models import Rotate, Severity
from auditor.report.rows.readme import meaning
from auditor.report.rows.summary import STATUSES, First, Listing, Summary, Tile
from auditor.report.rows.words import many, one_line
from auditor.report.sheets import progress
from auditor.report.sheets.grid import A4, set_page
from auditor.report.sheets.page import (
    CELL,
    CENTRED_HEAD,
    COUNT,
    HEAD,
    LAST,
    STRONG,
    WIDTHS,
    Page,
)
from auditor.report.styles import (
    ALARM,
    GREY,
    HUMAN_HEADER,
    LINE,
    NAVY,
    PALE,
    PAPER,
    SEVERITY_COLOURS,
    THOUSANDS,
    TOOL_HEADER,
    Look,
    Styles,
)
from auditor.report.tables import Value

FITS = 60
"""Characters that a shrunken cell of the list still shows in a readable size."""
LINE_FITS = 150
"""Characters of a line over the whole page."""
BAR = 30
"""Longest bar, in blocks."""
COVERAGE_SHOWN = 12

TITLE = Look(colour=PAPER, fill=NAVY, size=18, bold=True, vertical="center", indent=1)
UNDER_TITLE = Look(colour=PAPER, fill=NAVY, size=10, vertical="center", indent=1)
TEXT = Look(vertical="center", wrap=True)
STRONG_TEXT = replace(TEXT, bold=True)
SHRUNK = replace(CELL, shrink=True)
WARNING = Look(colour=ALARM, bold=True, vertical="center")
FIGURE = Look(
    colour=NAVY,
    fill=PALE,
    size=20,
    bold=True,
    horizontal="center",
    vertical="bottom",
    number=THOUSANDS,
)
LABEL = Look(colour=GREY, fill=PALE, size=9, horizontal="center", vertical="top")
CLOSED = Look(colour=GREY, fill=PALE, italic=True, vertical="center")
LATE = Look(colour=ALARM, bold=True, vertical="center", line=LINE)


def draw(sheet: Worksheet, summary: Summary, styles: Styles, titles: Callable[[str], str]) -> None:
    """Draw the sheet. `titles` gives the title a sheet has, for links to it."""
    for index, width in enumerate(WIDTHS, 1):
        sheet.column_dimensions[get_column_letter(index)].width = width
    sheet.sheet_view.showGridLines = False
    sheet.sheet_properties.tabColor = NAVY
    set_page(sheet, A4, landscape=False)
    sheet.page_setup.fitToHeight = 1
    page = Page(sheet, styles, titles)
    for part in (_head, _tiles, _coverage, _matrix, progress.draw, _worklist, _first, _legend):
        part(page, summary)
    page.write()


def _head(page: Page, summary: Summary) -> None:
    page.next(34)
    page.put(1, summary.title, TITLE, LAST)
    page.next(17)
    organizations = ", ".join(summary.organizations) or "no organization"
    page.put(1, one_line(organizations, LINE_FITS), replace(UNDER_TITLE, bold=True), LAST)
    when = f"As of the run of {summary.when:%Y-%m-%d %H:%M} UTC"
    version = f"run {summary.run_id} · auditor {summary.tool_version}"
    lines = {"": f"{when} · {version}", "Scope: ": summary.scope, "Incident: ": summary.incident}
    for label, line in lines.items():
        if line:
            page.next(17)
            page.put(1, one_line(label + line, LINE_FITS), UNDER_TITLE, LAST)


def _tiles(page: Page, summary: Summary) -> None:
    page.next(8)
    width = LAST // len(summary.tiles)
    starts = range(1, LAST + 1, width)
    page.next(32)
    for start, tile in zip(starts, summary.tiles, strict=True):
        page.put(start, tile.value, _figure(tile), start + width - 1)
    page.next(18)
    for start, tile in zip(starts, summary.tiles, strict=True):
        page.put(start, tile.label, LABEL, start + width - 1)


def _figure(tile: Tile) -> Look:
    return replace(FIGURE, colour=ALARM) if tile.alarm else FIGURE


def _coverage(page: Page, summary: Summary) -> None:
    page.section("What was read")
    for listing in _shown(summary.coverage):
        page.next()
        note = f" ({listing.note})" if listing.note else ""
        page.put(1, f"{listing.text}{note}", TEXT if listing.complete else STRONG_TEXT, LAST)
    if len(summary.coverage) > COVERAGE_SHOWN:
        page.next()
        page.put(1, f"… and {len(summary.coverage) - COVERAGE_SHOWN:,} more lists", TEXT, LAST)
    if summary.gaps:
        page.next()
        things = many(summary.gaps, "thing")
        page.put(1, f"Could not see {things}: see sheet Gaps.", WARNING, LAST, "Gaps")
    for note in summary.notes:
        page.next()
        page.put(1, note, TEXT, LAST)


def _shown(coverage: tuple[Listing, ...]) -> tuple[Listing, ...]:
    """Return the listings that have room, those that are not complete first."""
    ranked = sorted(coverage, key=lambda listing: listing.complete)
    return tuple(ranked[:COVERAGE_SHOWN]) or (Listing("Nothing was listed.", complete=False),)


def _matrix(page: Page, summary: Summary) -> None:
    page.section("Severity by status")
    page.next(30)
    page.put(1, "Severity", replace(HEAD, horizontal="center"))
    for column, header in enumerate((*STATUSES, "Overdue", "Total"), 2):
        page.put(column, header, CENTRED_HEAD)
    first_bar = len(STATUSES) + 4
    page.put(first_bar, "", HEAD, LAST)
    most = max(sum(counts.values()) for counts in summary.matrix.values())
    for severity, counts in summary.matrix.items():
        total = sum(counts.values())
        page.next(18)
        page.put(1, severity.value, _swatch(severity))
        for column, status in enumerate(STATUSES, 2):
            page.put(column, counts[status] or None, COUNT)
        late = summary.overdue[severity]
        page.put(len(STATUSES) + 2, late or None, replace(STRONG, colour=ALARM))
        page.put(len(STATUSES) + 3, total, STRONG)
        page.put(first_bar, _bar(total, most), _bar_look(severity), LAST)


def _bar(number: int, most: int) -> str:
    """Return a bar of blocks: one at least for any number above none."""
    return "█" * max(1, round(BAR * number / most)) if number else ""


def _bar_look(severity: Severity) -> Look:
    fill = SEVERITY_COLOURS[severity][0]
    return replace(CELL, colour=LINE if fill == PAPER else fill, size=8)


def _swatch(severity: Severity) -> Look:
    fill, text = SEVERITY_COLOURS[severity]
    return Look(
        colour=text, fill=fill, bold=True, horizontal="center", vertical="center", line=LINE
    )


def _worklist(page: Page, summary: Summary) -> None:
    page.section("What is open: to do, and with whom")
    page.next(18)
    page.put(1, "Rotate", HEAD)
    page.put(2, "Entries", CENTRED_HEAD)
    page.put(3, "Which means", HEAD, 7)
    page.put(8, "Owner", HEAD, 9)
    for column, header in enumerate(("Open", "Critical", "Overdue"), 10):
        page.put(column, header, CENTRED_HEAD)
    words = (word for word in Rotate if meaning(word))
    for word, load in zip_longest(words, summary.owners):
        page.next(16)
        if word:
            page.put(1, word.value, replace(CELL, bold=True))
            page.put(2, summary.rotate[word], COUNT)
            page.put(3, meaning(word), replace(CELL, colour=GREY, size=8), 7)
        if load:
            page.put(8, load.owner, CELL, 9)
            page.put(10, load.open, COUNT)
            page.put(11, load.critical or None, COUNT)
            page.put(12, load.overdue or None, replace(STRONG, colour=ALARM))


def _first(page: Page, summary: Summary) -> None:
    page.section("Rotate these first (all of them: sheet Secrets)", "Secrets")
    page.next(18)
    for header, column, to in _FIRST:
        page.put(column, header, HEAD, to)
    for entry in summary.first:
        page.next(18)
        for (_, column, to), (value, look) in zip(_FIRST, _first_values(entry), strict=True):
            page.put(column, value, look, to)
    if not summary.first:
        page.next()
        page.put(1, "Nothing is open.", TEXT, LAST)


_FIRST = (
    ("Secret ID", 1, 1),
    ("Severity", 2, 2),
    ("Rotate", 3, 3),
    ("Secret name", 4, 6),
    ("Where", 7, 9),
    ("Identity", 10, 11),
    ("Due", 12, 12),
)
"""Header, first and last column of the list."""


def _first_values(entry: First) -> Iterator[tuple[Value, Look]]:
    yield entry.id, CELL
    yield entry.severity.value, _swatch(entry.severity)
    yield entry.rotate, replace(CELL, bold=True, shrink=True)
    for text in (entry.name, entry.where, entry.identity):
        yield one_line(text, FITS), SHRUNK
    yield entry.due, CELL


def _legend(page: Page, summary: Summary) -> None:
    del summary
    page.section("How to read this workbook (more: sheet Read me)", "Read me")
    for severity in Severity:
        page.next()
        page.put(1, severity.value, _swatch(severity))
        page.put(2, meaning(severity), replace(TEXT, indent=1), LAST)
    for word, look, said in (
        ("Yours", HUMAN_HEADER, "Brown headers, cream cells: fill them in; they are kept."),
        ("The tool's", TOOL_HEADER, "Navy headers: written anew by each run."),
        ("Closed", CLOSED, "Status Rotated, Accepted risk or Not applicable."),
        ("Overdue", LATE, "Past its due date and still open; Days over says by how many days."),
    ):
        page.next()
        page.put(1, word, replace(look, horizontal="center"))
        page.put(2, said, replace(TEXT, indent=1), LAST)
