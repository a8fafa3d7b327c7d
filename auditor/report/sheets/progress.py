"""The part of the Summary about the rotation: verdicts, runs, and both as charts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from auditor.models import Closure, Severity
from auditor.report.rows.stages import Stage, stages
from auditor.report.rows.summary import STATUSES, Summary
from auditor.report.sheets import charts
from auditor.report.sheets.charts import Block
from auditor.report.sheets.page import CELL, CENTRED_HEAD, COUNT, HEAD, STRONG, Page

CHART_ROWS = 12
SHADES = {
    Stage.PROVEN: "2E6E8E",
    Stage.MOVING: "F2C14E",
    Stage.OPEN: "A61B1B",
    Stage.UNSEEN: "BFBFBF",
}
"""Colour of each stage."""
RUN_ROWS = len(Closure) - len(Stage) - 1
"""Rows beside the verdicts that are left for runs: the stages and their header stand below."""


def draw(page: Page, summary: Summary) -> None:
    """Draw how far the rotation has come: the verdicts, the runs, and both as charts."""
    severities = Block(1, (len(STATUSES) + 3,), page.row - len(Severity) + 1, page.row)
    page.section("How far the rotation has come, as both sides show")
    page.next(18)
    _header(page, ("Rotation verdict", 1, 4), ("Secrets", 5, 5))
    _header(page, ("Run (UTC)", 7, 8), ("Secrets", 9, 9), ("Critical", 10, 10), ("Proven", 11, 11))
    first = page.row + 1
    beside = _beside(page, summary)
    for closure in Closure:
        page.next()
        page.put(1, closure.value, replace(CELL, bold=closure.done), 4)
        page.put(5, summary.closures[closure], STRONG if closure.done else COUNT)
        next(beside, None)
    runs = Block(7, (9, 10, 11), first, first + max(1, len(summary.trend[-RUN_ROWS:])) - 1)
    in_short = Block(7, (9,), first + RUN_ROWS + 1, first + len(Closure) - 1)
    page.next(8)
    page.draw(
        lambda sheet: (
            charts.severities(sheet, severities, tuple(Severity)),
            charts.progress(sheet, in_short, (SHADES[stage] for stage in Stage)),
            charts.trend(sheet, runs),
        ),
        CHART_ROWS,
    )


def _beside(page: Page, summary: Summary) -> Iterator[None]:
    """Fill what stands right of the verdicts, one row at a time: the runs, then the stages."""
    for point in summary.trend[-RUN_ROWS:]:
        page.put(7, f"{point.when:%Y-%m-%d %H:%M}", CELL, 8)
        for column, number in enumerate((point.secrets, point.critical, point.done), 9):
            page.put(column, number, COUNT)
        yield
    for _ in range(RUN_ROWS - len(summary.trend[-RUN_ROWS:])):
        yield
    _header(page, ("In short", 7, 8), ("Secrets", 9, 9))
    yield
    for stage, number in stages(summary.closures).items():
        page.put(7, stage.value, CELL, 8)
        page.put(9, number, COUNT)
        yield


def _header(page: Page, *headers: tuple[str, int, int]) -> None:
    for header, column, to in headers:
        page.put(column, header, HEAD if to > column else CENTRED_HEAD, to)
