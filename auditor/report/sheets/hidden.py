"""The hidden sheets: what lists offer, and which run wrote the workbook."""

from __future__ import annotations

from collections.abc import Mapping

from openpyxl.worksheet.worksheet import Worksheet

from auditor.models import RunInfo
from auditor.report import cells
from auditor.report.rows.people import Status
from auditor.report.styles import PLAIN, Styles
from auditor.report.tables import Owner, Table, Value

SCHEMA_VERSION = 1
"""Raised when sheet Secrets changes in a way that an older version could not read."""
RUN_ID = "run id"
TOOL_COLUMN = "tool column"
"""Begins the rows of _meta that name the tool's columns, for versions that lack one of them."""

MARKS = "marks"
"""Begins the rows of _meta with the marks of a row's cells, and its Secret ID."""


def draw_lists(sheet: Worksheet, styles: Styles) -> str:
    """Draw the list of statuses; return the range it takes on the sheet."""
    for value in ("Status", *(status.value for status in Status)):
        _append(sheet, styles, value)
    sheet.sheet_state = "hidden"
    return f"$A$2:$A${len(Status) + 1}"


def draw_meta(
    sheet: Worksheet, styles: Styles, run: RunInfo, secrets: Table, marks: Mapping[str, str]
) -> None:
    """Draw which version and run wrote the workbook, and which columns were the tool's.

    `marks` are those of the tool's cells, by Secret ID, in the order of these columns.
    """
    _append(sheet, styles, "schema version", SCHEMA_VERSION)
    _append(sheet, styles, RUN_ID, run.id)
    _append(sheet, styles, "tool version", run.tool_version)
    for column in secrets.columns:
        if column.owner is Owner.TOOL:
            _append(sheet, styles, TOOL_COLUMN, column.header)
    for secret_id, row in marks.items():
        _append(sheet, styles, MARKS, row, secret_id)
    sheet.sheet_state = "veryHidden"


def _append(sheet: Worksheet, styles: Styles, *values: Value) -> None:
    family = styles.family(PLAIN)
    sheet.append([cells.make(sheet, value, family) for value in values])
