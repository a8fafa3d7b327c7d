"""Reads what openpyxl's streaming reader leaves out: column widths and cell notes."""

from __future__ import annotations

from typing import IO, Any
from zipfile import ZipFile

from lxml import etree
from openpyxl.comments.comment_sheet import CommentSheet
from openpyxl.packaging.relationship import get_dependents
from openpyxl.utils.cell import coordinate_to_tuple
from openpyxl.xml.constants import COMMENTS_NS, SHEET_MAIN_NS
from openpyxl.xml.functions import fromstring

from auditor.report.layout import Note, Shape

WIDEST = 255.0
COLUMNS = 16_384


def columns(sheet: IO[bytes]) -> dict[int, Shape]:
    """Return the shape of every column that has one, by position from 0."""
    found: dict[int, Shape] = {}
    tags = [f"{{{SHEET_MAIN_NS}}}{name}" for name in ("col", "sheetData")]
    parsed = etree.iterparse(sheet, events=("start",), tag=tags, resolve_entities=False)
    for _, element in parsed:
        if element.tag == tags[1]:
            break
        found.update(_shapes(element))
    return found


def rels_of(part: str) -> str:
    """Return the part that holds the relationships of a part."""
    folder, _, name = part.rpartition("/")
    return f"{folder}/_rels/{name}.rels"


def _shapes(element: Any) -> dict[int, Shape]:
    first, last = int(element.get("min")), min(int(element.get("max")), COLUMNS)
    if element.get("width") is None:
        return {}
    width = min(max(float(element.get("width")), 0.0), WIDEST)
    shape = Shape(width, hidden=element.get("hidden") in ("1", "true"))
    return {index - 1: shape for index in range(first, last + 1)}


def notes(archive: ZipFile, part: str) -> dict[tuple[int, int], Note]:
    """Return text and author of the cell notes of a sheet, by row from 1 and position from 0."""
    rels = rels_of(part)
    if rels not in archive.namelist():
        return {}
    found = {}
    for rel in get_dependents(archive, rels).find(COMMENTS_NS):
        tree: Any = fromstring(archive.read(rel.target))
        sheet: Any = CommentSheet.from_tree(tree)
        for reference, comment in sheet.comments:
            row, column = coordinate_to_tuple(reference)
            found[row, column - 1] = (comment.text, comment.author or "")
    return found
