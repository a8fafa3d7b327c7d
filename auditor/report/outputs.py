"""The files of a run beside the workbook: the page, a CSV file for each table, Markdown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from pathlib import Path

from auditor.report import csvfiles, markdown, page
from auditor.report.rows import Report

PAGE_NAME, MARKDOWN_NAME, TABLES_NAME = "report.html", "summary.md", "tables"

Save = Callable[[Path, Iterable[bytes]], None]
"""Writes a file whole or not at all, for its owner only."""


def write(report: Report, folder: Path, save: Save, hosts: Collection[str] = ()) -> dict[str, Path]:
    """Write the files into the folder and return those that people open, by what they are."""
    tables = folder / TABLES_NAME
    tables.mkdir(mode=0o700, exist_ok=True)
    for table in report.tables:
        save(tables / csvfiles.name_of(table), csvfiles.chunks(table))
    save(folder / MARKDOWN_NAME, (markdown.render(report.summary).encode("utf-8", "replace"),))
    save(folder / PAGE_NAME, page.chunks(report, hosts))
    return {"page": folder / PAGE_NAME, "tables": tables}
