"""Looks at a workbook that a person could have changed before any parser reads it.

It may be encrypted, damaged, a bomb, or hold things that a rewrite would lose.
"""

from __future__ import annotations

import importlib.util
import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from zipfile import BadZipFile, ZipFile, ZipInfo

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse

MOST_PARTS = 10_000
LARGEST = 1 << 30
"""Bytes of all parts, unpacked; 100,000 rows take about a third of it."""
LARGEST_PART = 256 << 20
"""Bytes of one part that is read as a whole, which all but the sheets are."""
LARGEST_DRAWING = 16 << 20

UNREADABLE = (
    OSError,
    ValueError,  # bad XML values, DTDs and entities (defusedxml), bad references
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    SyntaxError,  # XML that is not well formed, of both parsers
    RuntimeError,  # encrypted or unknown compression
    EOFError,
    BadZipFile,
    zlib.error,
    struct.error,
)
"""What openpyxl raises on files that are not what they should be."""

_OLE = b"\xd0\xcf\x11\xe0"
_FLAG_ENCRYPTED = 1
_DRAWING = re.compile(r"xl/drawings/drawing\d+\.xml")
_SHAPE = re.compile(rb"<(\w+:)?(sp|grpSp|cxnSp)[ />]")

# Parts that openpyxl drops, by what a person would call them.
_LOST = {
    r"xl/vbaProject\.bin": "macros",
    r"xl/threadedComments/": "threaded comments",
    r"docMetadata/LabelInfo\.xml": "a sensitivity label",
    r"_xmlsignatures/": "a digital signature",
    r"xl/slicers/|xl/slicerCaches/|xl/timelines/": "slicers",
    r"xl/ctrlProps/|xl/activeX/": "form controls",
    r"xl/embeddings/": "embedded files",
    r"xl/diagrams/": "SmartArt",
    r"xl/richData/": "pictures in cells or linked data types",
    r"xl/connections\.xml|xl/queryTables/": "data connections",
}


class Unreadable(Exception):
    """The file cannot be read, and so must stay as it is. The text follows its name."""


def check(path: Path) -> tuple[str, ...]:
    """Return why the file must not be replaced although it can be read.

    Raises Unreadable when it cannot, OSError when the file itself cannot be opened.
    """
    with path.open("rb") as file:
        if file.read(len(_OLE)) == _OLE:
            raise Unreadable("is encrypted, or in the old .xls format")
        try:
            with ZipFile(file) as archive:
                _bounded(archive.infolist())
                _no_entities(archive)
                return tuple(f"holds {what}, which a rewrite would lose" for what in _lost(archive))
        except UNREADABLE as error:
            raise Unreadable(f"is damaged ({type(error).__name__})") from error


def _bounded(parts: list[ZipInfo]) -> None:
    if len(parts) > MOST_PARTS:
        raise Unreadable(f"has {len(parts):,} parts, more than any workbook")
    if len({part.filename for part in parts}) < len(parts):
        raise Unreadable("is damaged (two parts have the same name)")
    if any(part.flag_bits & _FLAG_ENCRYPTED for part in parts):
        raise Unreadable("is encrypted")
    whole = (part for part in parts if not part.filename.startswith("xl/worksheets/"))
    if sum(part.file_size for part in parts) > LARGEST or any(
        part.file_size > LARGEST_PART for part in whole
    ):
        raise Unreadable("unpacks to more than a tracker can hold")


def _no_entities(archive: ZipFile) -> None:
    """Refuse document types: no workbook has one, and an entity bomb needs one."""
    for name in archive.namelist():
        if name.endswith((".xml", ".rels")):
            try:
                with archive.open(name) as part:
                    next(iterparse(part, events=("start",), forbid_dtd=True), None)
            except DefusedXmlException as error:
                raise Unreadable("holds a document type definition, as no workbook does") from error


def _lost(archive: ZipFile) -> Iterator[str]:
    names = archive.namelist()
    for pattern, what in _LOST.items():
        if any(re.match(pattern, name) for name in names):
            yield what
    if any(name.startswith("xl/media/") for name in names) and not _keeps_pictures():
        yield "pictures"
    if any(_draws_shapes(archive, name) for name in names if _DRAWING.fullmatch(name)):
        yield "text boxes or shapes"


def _keeps_pictures() -> bool:
    """Return whether openpyxl can keep pictures, which takes Pillow."""
    return importlib.util.find_spec("PIL") is not None


def _draws_shapes(archive: ZipFile, name: str) -> bool:
    with archive.open(name) as part:
        return bool(_SHAPE.search(part.read(LARGEST_DRAWING)))
