"""The charts of the Summary. They point at numbers of the page, never at formulas."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from openpyxl.chart import BarChart, DoughnutChart, LineChart, Reference
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.layout import Layout, ManualLayout
from openpyxl.chart.legend import Legend
from openpyxl.chart.marker import DataPoint
from openpyxl.chart.text import RichText, Text
from openpyxl.chart.title import Title
from openpyxl.drawing.text import (
    CharacterProperties,
    Paragraph,
    ParagraphProperties,
    RegularTextRun,
)
from openpyxl.worksheet.worksheet import Worksheet

from auditor.models import Severity
from auditor.report.styles import ALARM, INK, LINE, NAVY, PAPER, SEVERITY_COLOURS

WIDTH, HEIGHT = 8.8, 6.4
"""Centimetres."""
TITLE_SIZE = 1_000
"""Hundredths of a point."""
TREND = (NAVY, ALARM, "2E6E8E")
"""Colours of secrets, critical ones, proven ones."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of cells: a column of words and columns of numbers beside it, its header above."""

    words: int
    numbers: tuple[int, ...]
    first: int
    last: int


def severities(sheet: Worksheet, block: Block, shown: Sequence[Severity]) -> BarChart:
    """Return the entries by severity, worst on top."""
    chart = BarChart()
    chart.type, chart.legend, chart.gapWidth = "bar", None, 40
    _fill(chart, sheet, block, "Entries by severity")
    chart.x_axis.scaling.orientation = "maxMin"  # a bar chart lists its categories bottom-up
    _axes(chart)
    chart.y_axis.delete = True
    colours = (SEVERITY_COLOURS[severity][0] for severity in shown)
    _colour(chart, (LINE if colour == PAPER else colour for colour in colours))
    _label(chart)
    return chart


def progress(sheet: Worksheet, block: Block, colours: Iterable[str]) -> DoughnutChart:
    """Return how far the rotation has come."""
    chart = DoughnutChart(holeSize=55)
    _fill(chart, sheet, block, "Rotation, from both sides")
    _colour(chart, colours)
    place = Layout(ManualLayout(x=0.55, y=0.2, w=0.45, h=0.75))
    chart.legend = Legend(legendPos="r", layout=place)
    chart.layout = Layout(ManualLayout(x=0.02, y=0.2, w=0.5, h=0.72))
    return chart


def trend(sheet: Worksheet, block: Block) -> LineChart:
    """Return the runs of this folder side by side."""
    chart = LineChart()
    _fill(chart, sheet, block, "Run by run")
    _axes(chart)
    chart.legend = Legend(legendPos="b")
    for series, colour in zip(chart.series, TREND, strict=False):
        series.graphicalProperties.line.solidFill = colour
        series.graphicalProperties.line.width = 22_000
        series.marker.symbol, series.marker.size = "circle", 5
        series.marker.graphicalProperties.solidFill = colour
        series.marker.graphicalProperties.line.solidFill = colour
        series.smooth = False
    return chart


def _fill(chart: Any, sheet: Worksheet, block: Block, title: str) -> None:
    chart.title = _title(title)
    chart.width, chart.height = WIDTH, HEIGHT
    for column in block.numbers:
        numbers = Reference(sheet, column, block.first - 1, column, block.last)
        chart.add_data(numbers, titles_from_data=True)
    words = Reference(sheet, block.words, block.first, block.words, block.last)
    chart.set_categories(words)


def _title(text: str) -> Title:
    look = CharacterProperties(sz=TITLE_SIZE, b=True, solidFill=INK)
    words = Paragraph(pPr=ParagraphProperties(defRPr=look), r=[RegularTextRun(rPr=look, t=text)])
    return Title(tx=Text(rich=RichText(p=[words])), overlay=False)


def _axes(chart: Any) -> None:
    # openpyxl leaves this out, and Excel then draws no axis at all.
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.y_axis.majorGridlines = None


def _colour(chart: Any, colours: Iterable[str]) -> None:
    for index, colour in enumerate(colours):
        point = DataPoint(idx=index)
        point.graphicalProperties.solidFill = colour
        chart.series[0].dPt.append(point)


def _label(chart: Any) -> None:
    labels = DataLabelList()
    labels.showVal = True
    labels.showSerName = labels.showCatName = labels.showLegendKey = False
    chart.dataLabels = labels
