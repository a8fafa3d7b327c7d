"""Colours, fonts and ready-made cell styles of the workbook.

The palette was chosen by computed contrast (WCAG, at least 7:1) and by the distances that remain
with each kind of colour blindness. Colour is never alone: the word stands in every cell.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Any, cast

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.styles.styleable import StyleableObject

from auditor.models import Severity

FONT = "Arial"
"""Present, or replaced by the same metrics, on Windows, macOS and Linux."""
DATE = "yyyy-mm-dd"
MOMENT = "yyyy-mm-dd hh:mm"
THOUSANDS = "#,##0"

NAVY = "1F3864"
BROWN = "6B4423"
CREAM = "FFF9E8"
PAPER = "FFFFFF"
INK = "1A1A1A"
GREY = "595959"
PALE = "F2F2F2"
LINE = "D9D9D9"
ALARM = "A61B1B"
LINK = "1F4E9E"

SEVERITY_COLOURS = {
    Severity.CRITICAL: ("7B1E3A", PAPER),
    Severity.UNKNOWN: ("D9D9D9", "000000"),
    Severity.HIGH: ("E07B39", "000000"),
    Severity.MEDIUM: ("F2C14E", "000000"),
    Severity.LOW: ("8FBCDB", "000000"),
    Severity.NONE: (PAPER, GREY),
}
"""Fill and text of each severity."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a cell looks, in words."""

    colour: str = INK
    fill: str = ""
    size: int = 10
    bold: bool = False
    italic: bool = False
    underline: bool = False
    horizontal: str = "left"
    vertical: str = "top"
    wrap: bool = False
    shrink: bool = False
    line: str = ""
    """Colour of the line below."""
    indent: int = 0
    number: str = "General"
    """Format of its numbers: people's own are shown as they wrote them, a year without a comma."""


@dataclass(frozen=True, slots=True)
class Family:
    """One look as the style arrays that cells of each kind of value share."""

    text: StyleArray
    quoted: StyleArray
    """As `text`; editing a cell never turns its text into a formula."""
    date: StyleArray
    moment: StyleArray
    number: StyleArray


class Styles:
    """The styles of one workbook. Each look is registered once, however many cells share it."""

    def __init__(self, book: Workbook) -> None:
        """Register styles with this workbook."""
        self._anchor = _Anchor(book)
        self._families: dict[Look, Family] = {}

    def family(self, look: Look) -> Family:
        """Return the styles of a look."""
        if look not in self._families:
            self._families[look] = self._register(look)
        return self._families[look]

    def _register(self, look: Look) -> Family:
        text = self._array(look, "General")
        quoted = copy(text)
        quoted.quotePrefix = 1
        right = replace(look, horizontal="right" if look.horizontal == "left" else look.horizontal)
        return Family(
            text,
            quoted,
            date=self._array(look, DATE),
            moment=self._array(look, MOMENT),
            number=self._array(right, look.number),
        )

    def _array(self, look: Look, number_format: str) -> StyleArray:
        cell = StyleableObject(cast("Any", self._anchor))
        cell.font = _font(look)
        cell.alignment = Alignment(
            horizontal=look.horizontal,
            vertical=look.vertical,
            wrap_text=look.wrap,
            shrink_to_fit=look.shrink,
            indent=look.indent,
        )
        cell.number_format = number_format
        if look.fill:
            cell.fill = PatternFill("solid", start_color=look.fill)
        if look.line:
            cell.border = Border(bottom=Side("thin", color=look.line))
        array: StyleArray = cast("Any", cell)._style  # noqa: SLF001 (nothing public gives it)
        return array


def _font(look: Look) -> Font:
    return Font(
        name=FONT,
        size=look.size,
        bold=look.bold,
        italic=look.italic,
        underline="single" if look.underline else None,
        color=look.colour,
    )


@dataclass(frozen=True, slots=True)
class _Anchor:
    """Stands where a style looks for its sheet, to find the workbook."""

    parent: Workbook


BODY = Look(wrap=True)
PLAIN = Look(wrap=False)
CENTRED = Look(horizontal="center", number=THOUSANDS)
LINKED = Look(colour=LINK, underline=True)
TOOL_HEADER = Look(colour=PAPER, fill=NAVY, bold=True, vertical="center", wrap=True)
HUMAN_HEADER = Look(colour=CREAM, fill=BROWN, bold=True, vertical="center", wrap=True)
