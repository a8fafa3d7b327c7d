"""One static HTML page of a run: what a manager forwards. Read-only; the workbook is for work.

No script, no request to anywhere, a policy that forbids both; light, dark and on paper.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any

from auditor.models import Severity
from auditor.report import links
from auditor.report.rows import Report
from auditor.report.rows.stages import Stage, stages
from auditor.report.rows.summary import Summary
from auditor.report.tables import Column, Formula, Kind, Table, Value
from auditor.report.text import for_xml

WORST = 100
"""Entries that the page shows; the workbook has all."""
MOST = 100
"""Rows that it shows of any other table."""
FITS = 600
LINES = 6
"""Characters and lines of one cell."""
SENTENCE = 110
"""Characters from which a cell is given room: a sentence in a narrow column is a tower."""
SECRETS = (
    "Secret ID",
    "Severity",
    "Rotate",
    "Secret name",
    "Where",
    "Identity",
    "Why",
    "Rotation verdict",
    "Status",
    "Owner",
    "Due date",
)
"""Columns of the worst entries."""
STORIES = "Hunts"
"""The table that comes before the worst entries, where it holds any story, else after them."""
STORY = ("Story", "Severity", "Identity", "Secret IDs", "From", "Address", "Signals", "Ask next")
"""Columns of the stories."""
MOST_STORIES = 10
LEFT_OUT = frozenset({"Secrets", "Read me", "Changes", "Permissions", "Closed"})
"""Tables that the page leaves to the workbook."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One cell: its text, how it is styled, and where it leads."""

    text: str
    look: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the page. `rest` is how many rows it leaves out."""

    name: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Shown, ...], ...]
    rest: int
    note: str


def render(report: Report, hosts: Collection[str] = ()) -> str:
    """Return the page. `hosts` are configured ones that may be linked to."""
    style = _packaged("report.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    stories = _part(report.table(STORIES), hosts, STORY, MOST_STORIES)
    text: str = _template().render(
        summary=report.summary,
        severities=[severity for severity in Severity if severity is not Severity.NONE],
        stages=stages(report.summary.closures),
        progress=_bars(report.summary),
        worst=_part(report.table("Secrets"), hosts, SECRETS, WORST),
        stories=stories,
        told=any(row[STORY.index("Severity")].text for row in stories.rows),
        parts=[_part(one, hosts) for one in report.tables if one.name not in {*LEFT_OUT, STORIES}],
        style=style,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'",
    )
    return text


def _bars(summary: Summary) -> list[tuple[Stage, int, int]]:
    """Return stage, number and share in percent."""
    found = stages(summary.closures)
    total = sum(found.values()) or 1
    return [(stage, number, round(100 * number / total)) for stage, number in found.items()]


def _part(
    table: Table, hosts: Collection[str], headers: Iterable[str] = (), most: int = MOST
) -> Part:
    """Return the first rows of a table, of the columns named, or of all."""
    wanted = tuple(headers) or tuple(column.header for column in table.columns)
    positions = [table.position(header) for header in wanted]
    rows = table.rows()
    kept = tuple(
        tuple(_shown(row[at], table.columns[at], hosts) for at in positions)
        for row in islice(rows, most)
    )
    return Part(table.name, wanted, kept, sum(1 for _ in rows), table.note)


def _shown(value: Value, column: Column, hosts: Collection[str]) -> Shown:
    kind = column.kind
    text = for_xml(_text(value))
    cut = _cut(text)
    if kind is Kind.SEVERITY:
        return Shown(cut, f"severity {_class(text)}")
    if kind is Kind.LINK:
        return Shown("open" if text and links.allowed(text, hosts) else cut, "", _link(text, hosts))
    if column.wrap:
        return Shown(cut, "wordy" if len(cut) > SENTENCE else "long")
    return Shown(cut, kind.value)


def _cut(text: str) -> str:
    """Return as much of a cell as the page shows, and how many lines it leaves out."""
    lines = text.split("\n")
    shown, rest = "\n".join(lines[:LINES]), len(lines) - LINES
    if len(shown) > FITS:
        shown = shown[: FITS - 1] + "…"
    return shown if rest <= 0 else f"{shown}\nand {rest} more"


def _class(text: str) -> str:
    """Return the class of a severity; of a text that is none, no class of its own."""
    return text.lower() if text in {severity.value for severity in Severity} else ""


def _link(text: str, hosts: Collection[str]) -> str:
    return text if text and links.allowed(text, hosts) else ""


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, Formula):
        return value.text
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return value.isoformat() if isinstance(value, date) else str(value)


@cache
def _template() -> Any:
    # jinja2 is imported here because most commands write no page.
    from jinja2 import Environment, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["thousands"] = "{:,}".format
    return environment.from_string(_packaged("report.html.j2"))


def _packaged(name: str) -> str:
    return resources.files("auditor").joinpath("data", name).read_text("utf-8")


def chunks(report: Report, hosts: Collection[str] = ()) -> Iterator[bytes]:
    """Yield the bytes of the page."""
    yield render(report, hosts).encode("utf-8", "backslashreplace")
