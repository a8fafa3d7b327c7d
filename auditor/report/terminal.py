"""Prints the end of a run: the worst ten, the counts, what could not be seen, where the files are.

Readable at 80 columns, without colours and in a pipe. Names are printed as text: whatever a
terminal or rich would act on is written out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from rich.console import Console, OverflowMethod
from rich.table import Table
from rich.text import Text

from auditor.models import Severity
from auditor.report.rows.summary import First, Summary
from auditor.report.rows.words import many
from auditor.report.text import for_terminal

STYLES = {
    Severity.CRITICAL: "bold red",
    Severity.UNKNOWN: "bold",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.NONE: "dim",
}
HEADERS = {"Severity": 8, "Rotate": 10, "Secret": 20, "Where": 14, "Identity": 11, "Can do": 12}
"""Columns and the share of the width each has: at 80 columns the characters."""
NARROW, SPARED = 72, ("Identity", "Can do")
"""Fewer characters than that show the severity and the name whole, and leave these columns out."""
LISTINGS = 4


def show(console: Console, summary: Summary, files: Mapping[str, Path]) -> None:
    """Print the summary; `files` names what was written ("workbook") and where."""
    if summary.first:
        console.print(_table(console, summary))
        console.print()
    for line in (*_counts(summary), *summary.stories, *_seen(summary), *_files(files)):
        console.print(_text(console, line), soft_wrap=True)


def _table(console: Console, summary: Summary) -> Table:
    # An ellipsis has no place in ASCII.
    overflow: OverflowMethod = "ellipsis" if _speaks(console, "…") else "crop"
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", expand=True)
    headers = [header for header in HEADERS if console.width >= NARROW or header not in SPARED]
    for header in headers:
        share = HEADERS[header]
        fixed = share if header == "Severity" else None
        table.add_column(header, no_wrap=True, overflow=overflow, ratio=share, min_width=fixed)
    for entry in summary.first:
        values = dict(zip(HEADERS, _values(entry), strict=True))
        cells = [_text(console, values[header]) for header in headers]
        cells[0].stylize(STYLES[entry.severity])
        table.add_row(*cells)
    return table


def _values(entry: First) -> Iterator[str]:
    yield entry.severity.value
    yield entry.rotate
    yield entry.name
    yield entry.scope
    yield entry.identity or "-"
    yield entry.worst or "-"


def _counts(summary: Summary) -> Iterator[str]:
    counts = (
        f"{severity.value} {sum(summary.matrix[severity].values()):,}"
        for severity in Severity
        if severity is not Severity.NONE
    )
    none = sum(summary.matrix[Severity.NONE].values())
    yield f"Found: {', '.join(counts)}, no secret {none:,}"
    late = sum(summary.overdue.values())
    if late:
        yield f"Overdue: {late:,}"


def _seen(summary: Summary) -> Iterator[str]:
    """Yield what was read in part, how much in full, and what could not be seen."""
    partly = [listing for listing in summary.coverage if not listing.complete]
    yield from (f"Read in part: {listing.text}" for listing in partly[:LISTINGS])
    if len(partly) > LISTINGS:
        yield f"Read in part: {len(partly) - LISTINGS:,} more listings"
    yield f"Read in full: {many(len(summary.coverage) - len(partly), 'listing')}"
    if summary.gaps:
        yield f"Could not see {many(summary.gaps, 'thing')}: see sheet Gaps. What helps most:"
        yield from (f"  {line}" for line in summary.helps)


def _files(files: Mapping[str, Path]) -> Iterator[str]:
    width = max(map(len, files), default=0) + 1
    return (f"{f'{name}:':<{width}} {path}" for name, path in files.items())


def _text(console: Console, text: str) -> Text:
    """Return text that nothing acts on and that the console's encoding holds."""
    held = for_terminal(text).encode(console.encoding, "backslashreplace").decode(console.encoding)
    return Text(held)


def _speaks(console: Console, character: str) -> bool:
    try:
        character.encode(console.encoding)
    except UnicodeEncodeError:
        return False
    return True
