"""Workbooks in which some sheets are streamed to disk and others are kept as they were loaded.

openpyxl offers either in one workbook, not both: this module is the one place that reaches below
its public surface. The version is pinned, and the tests of the workbook fail if it changes.
"""
# ruff: noqa: SLF001 (see above)

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from lxml.etree import LxmlError
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.drawing.spreadsheet_drawing import SpreadsheetDrawing
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.indexed_list import IndexedList
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from openpyxl.worksheet.worksheet import Worksheet
from openpyxl.writer.excel import ExcelWriter

_HEAD = 2**16
"""Bytes of a file of rows in which its views begin: what stands before them is short."""
_VIEWS = b"<sheetViews"
"""What the size stands before, by the order of the elements in ECMA-376."""


def new_book(font: Font) -> Workbook:
    """Return a workbook without a sheet, in whose empty cells people type in that font."""
    book: Any = Workbook()
    book.remove(book.worksheets[0])
    book._fonts = IndexedList([font])
    book._named_styles["Normal"].font = font
    return cast("Workbook", book)


def add_sheet(book: Workbook, title: str, position: int) -> Worksheet:
    """Return a new streamed sheet: it offers what a Worksheet does, and takes rows of cells only.

    What stands before the rows in the file (widths, panes, page) must be set before the first one.
    """
    sheet = _Streamed(book, title)
    cast("Any", book)._sheets.insert(position, sheet)
    return cast("Worksheet", sheet)


def is_taken(book: Workbook, name: str) -> bool:
    """Return whether a table or a defined name of the workbook has that name."""
    return bool(cast("Any", book)._duplicate_name(name))


def save(book: Workbook, file: IO[bytes]) -> None:
    """Write the workbook to a file."""
    with ZipFile(file, "w", ZIP_DEFLATED, allowZip64=True) as archive:
        _Writer(book, archive).save()


def discard(book: Workbook) -> None:
    """Remove the files the rows went to, after a failure too."""
    for sheet in cast("Any", book)._sheets:
        if isinstance(sheet, _Streamed):
            sheet.discard()


class _Streamed(WriteOnlyWorksheet):
    """A sheet whose rows go to disk as they are appended."""

    _writer: Any
    _last_row = _last_column = 0

    @property
    def size(self) -> bytes:
        """Return the element that tells which cells there are, none where there are none."""
        if not self._last_column:
            return b""
        last = f"{get_column_letter(self._last_column)}{self._last_row}"
        return f'<dimension ref="A1:{last}"/>'.encode()

    def _values_to_row(self, values: Iterable[Cell | None], row_idx: int) -> Iterator[Cell]:
        """Yield the cells with their place.

        openpyxl tries each as a plain value first, which takes a third of the time of a large run.
        """
        self._last_row, column = row_idx, 0
        for column, cell in enumerate(values, 1):
            if cell is not None:
                cell.row, cell.column = row_idx, column
                if cell.hyperlink is not None:
                    cell.hyperlink.ref = cell.coordinate
                yield cell
        self._last_column = max(self._last_column, column)

    def discard(self) -> None:
        """Remove the file the rows went to."""
        with contextlib.suppress(LxmlError, StopIteration):
            if not self.closed:
                self.close()
        with contextlib.suppress(OSError):
            self._writer.cleanup()


class _Writer(ExcelWriter):
    """Saves a workbook that has streamed sheets and ordinary ones."""

    _archive: ZipFile

    def write_worksheet(self, ws: Any) -> None:
        """Write one sheet; openpyxl itself streams either every sheet of a workbook or none."""
        if not isinstance(ws, _Streamed):
            super().write_worksheet(ws)
            return
        sheet: Any = ws
        sheet.close()
        sheet._drawing = SpreadsheetDrawing()
        sheet._drawing.charts, sheet._drawing.images = sheet._charts, sheet._images
        sheet._rels = sheet._writer._rels
        self._copy(Path(sheet._writer.out), sheet.path[1:], sheet.size)
        self.manifest.append(sheet)
        sheet._writer.cleanup()

    def _copy(self, file: Path, name: str, size: bytes) -> None:
        """Write a file of rows with its size at its head, which is known only now.

        Without it, a reader that only asks for the size goes through all rows, as openpyxl's does.
        """
        info = ZipInfo.from_file(file, name)
        info.compress_type = self._archive.compression
        with file.open("rb") as source, self._archive.open(info, "w") as target:
            head = source.read(_HEAD)
            before, views, rest = head.partition(_VIEWS)
            target.write(before + size + views + rest if views else head)
            shutil.copyfileobj(source, target)
