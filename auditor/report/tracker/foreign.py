"""Keeps the sheets people added: loads a workbook without the tool's own, which are made anew."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.reader.excel import ExcelReader
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.xml.constants import ARC_SHARED_STRINGS, SHEET_MAIN_NS

from auditor.report import cells
from auditor.report.styles import BODY, TOOL_HEADER, Styles
from auditor.report.tracker.preflight import UNREADABLE, Unreadable
from auditor.report.tracker.reading import Loose
from auditor.report.tracker.shapes import rels_of

LOOSE = "Notes without ID"
LOOSE_HEADERS = {"Found by the run of": 22, "Where it stood": 34, "What it said": 90}
LARGEST = 64 << 20
"""Bytes of people's own sheets, unpacked; in memory they take about ten times as much."""
IN_MEMORY = 16 << 20

_EMPTY_SHEET = f'<worksheet xmlns="{SHEET_MAIN_NS}"><sheetData/></worksheet>'
_EMPTY_STRINGS = f'<sst xmlns="{SHEET_MAIN_NS}"/>'


def load(
    path: Path, titles: Mapping[str, str], loose: Collection[Loose], now: datetime
) -> Workbook:
    """Return the workbook with the tool's sheets empty and loose text added. Raises Unreadable.

    `titles` tells which sheets are the tool's.
    """
    try:
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as light, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what openpyxl leaves out: the backup has it
            _lighten(path, set(titles.values()), light)
            book = load_workbook(light, rich_text=True)
    except UNREADABLE as error:
        raise Unreadable(f"has sheets that cannot be kept ({type(error).__name__})") from error
    if loose:
        _add_loose(book, loose, now)
    return book


def _lighten(path: Path, owned: set[str], light: IO[bytes]) -> None:
    """Copy the workbook without the contents of the owned sheets, which may be most of it."""
    with path.open("rb") as file, ZipFile(light, "w", ZIP_DEFLATED) as copy:
        reader = ExcelReader(file, read_only=True)
        reader.read_manifest()
        reader.read_workbook()
        parts = {rel.target: sheet.name for sheet, rel in reader.parser.find_sheets()}
        emptied = dict(_emptied(parts, owned))
        for info in reader.archive.infolist():
            if info.filename in parts and info.filename not in emptied and info.file_size > LARGEST:
                raise Unreadable("has sheets of its own that are too large to keep")
            if emptied.get(info.filename) != "":
                data = emptied.get(info.filename) or reader.archive.read(info)
                copy.writestr(info.filename, data)


def _emptied(parts: Mapping[str, str], owned: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the parts to write otherwise, with "" for those to leave out."""
    for part, title in parts.items():
        if title in owned:
            yield part, _EMPTY_SHEET
            yield rels_of(part), ""
    if set(parts.values()) <= owned:
        yield ARC_SHARED_STRINGS, _EMPTY_STRINGS


def _add_loose(book: Workbook, loose: Collection[Loose], now: datetime) -> None:
    """Add the text below whatever the sheet already holds."""
    family = Styles(book).family(BODY)
    sheet = _loose_sheet(book)
    for found in loose:
        values = (now, found.where, found.text)
        sheet.append([cells.make(sheet, value, family) for value in values])


def _loose_sheet(book: Workbook) -> Worksheet:
    existing = book[LOOSE] if LOOSE in book.sheetnames else None
    if isinstance(existing, Worksheet):
        return existing
    sheet: Worksheet = book.create_sheet(LOOSE)
    family = Styles(book).family(TOOL_HEADER)
    sheet.append([cells.make(sheet, header, family) for header in LOOSE_HEADERS])
    for letter, width in zip("ABC", LOOSE_HEADERS.values(), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    return sheet
