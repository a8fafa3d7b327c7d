"""The figures of a run as Markdown: for a ticket, a pull request, a CI step."""

from __future__ import annotations

import re

from auditor.models import Severity
from auditor.report.rows.stages import Stage
from auditor.report.rows.summary import Summary
from auditor.report.text import for_terminal

FITS = 300
"""Characters of outside text in one cell."""


def render(summary: Summary) -> str:
    """Return the figures, the worst entries and what could not be seen; of bounded size."""
    head = ", ".join(summary.organizations) or "no organization"
    parts = [
        f"# {summary.title}",
        "",
        f"{escaped(head)}, as of {summary.when:%Y-%m-%d %H:%M} UTC (run {summary.run_id})",
        "",
        *(f"- **{tile.value:,}** {tile.label}" for tile in summary.tiles),
        "",
        *_table(("Severity", *(stage.value for stage in Stage), "Total"), _matrix(summary)),
        "",
        "## Rotate these first",
        "",
        *_table(("Severity", "Rotate", "Secret", "Where", "Identity"), _first(summary)),
        "",
        "## What could not be read",
        "",
        *(f"- {escaped(one.text)}" for one in summary.coverage if not one.complete),
        f"- {summary.gaps:,} gaps in all",
        *(f"- {escaped(note)}" for note in summary.notes),
    ]
    return "\n".join((*parts, ""))


def escaped(outside: str) -> str:
    """Return outside text as Markdown shows it literally: no link, no markup, no further cell."""
    text = for_terminal(outside)
    cut = text if len(text) <= FITS else text[: FITS - 1] + "…"
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~@&:])", r"\\\1", cut)


def _matrix(summary: Summary) -> list[tuple[str, ...]]:
    return [
        (
            severity.value,
            *(f"{summary.progress[severity][stage]:,}" for stage in Stage),
            f"{sum(summary.matrix[severity].values()):,}",
        )
        for severity in Severity
        if severity is not Severity.NONE
    ]


def _first(summary: Summary) -> list[tuple[str, ...]]:
    return [
        (
            entry.severity.value,
            entry.rotate,
            f"{entry.id} {escaped(entry.name)}",
            escaped(entry.where),
            escaped(entry.identity),
        )
        for entry in summary.first
    ]


def _table(headers: tuple[str, ...], rows: list[tuple[str, ...]]) -> list[str]:
    lines = [headers, ("---",) * len(headers), *rows]
    return [f"| {' | '.join(cells)} |" for cells in lines]
