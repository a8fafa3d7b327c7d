"""The table Read me: who owns which column, what the words mean, how to run again."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import Any

from auditor.models import Rotate, Severity
from auditor.report.rows import people, secrets
from auditor.report.rows.join import Options
from auditor.report.tables import Column, Kind, Owner, Row, Table

NAME = "Read me"

COLUMNS = (
    Column("Topic", Owner.TOOL, 30, Kind.TEXT, wrap=True),
    Column("What to know", Owner.TOOL, 120, Kind.TEXT, wrap=True),
)


def table(options: Options) -> Table:
    """Return the text of the sheet."""
    return Table(NAME, COLUMNS, lambda: _rows(options))


def meaning(word: Severity | Rotate) -> str:
    """Return what a severity or an advice means, in words a manager reads; "" for none."""
    table = _help()["severities" if isinstance(word, Severity) else "rotate"]
    return str(table.get(word.value, ""))


@cache
def _help() -> dict[str, Any]:
    text = resources.files("auditor").joinpath("data/workbook_help.toml").read_text("utf-8")
    return tomllib.loads(text)


def _rows(options: Options) -> Iterator[Row]:
    for topic in _help()["topics"]:
        yield topic["title"], topic["text"]
    for severity in Severity:
        days = people.sla_days(options.sla, severity)
        allowed = f" Days allowed: {days}." if days is not None else ""
        yield f"Severity {severity.value}", meaning(severity) + allowed
    for column in secrets.COLUMNS:
        whose = "yours" if column.owner is Owner.HUMAN else "the tool's"
        yield f"Column {column.header}", f"{column.note} ({whose})"
