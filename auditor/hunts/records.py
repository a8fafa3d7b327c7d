"""Records out of a file of any form: which log each belongs to, and what could not be read.

JSON documents, lists, lines and several documents in a row; envelopes (S3 objects, LookupEvents,
EventBridge, CloudWatch, Pub/Sub, Event Hub, diagnostic settings, Graph pages) to any sensible
depth; CSV with a known header. Forms may be mixed: each record is looked at by itself.
"""

from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from auditor.hunts.content import LONGEST_LINE, lines
from auditor.hunts.sources import Source

ENVELOPES = (
    "Records", "records", "Events", "events", "value", "entries", "Findings", "findings",
    "logEvents", "CloudTrailEvent", "detail", "message", "@message", "body", "data",
)  # fmt: skip
"""Keys under which records are wrapped, looked for in this order where no source knows the object.
A list holds several; text is JSON or base64 of it."""
DEEPEST = 5
_OPENING = re.compile(rf'\s*(?:{{\s*"(?:{"|".join(ENVELOPES[:9])})"\s*:\s*)?\[')
_BETWEEN = " \t\r\n,"
_BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_UTF8_BOM = b"\xef\xbb\xbf"
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError)
NOT_JSON = "not JSON"
TOO_DEEP = "nested too deeply"


@dataclass(frozen=True, slots=True)
class Found:
    """One record, decoded by the source that knows it, or why there is none."""

    position: int
    source: Source | None = None
    record: Any = None
    problem: str | None = None
    note: str | None = None


def of_document(content: bytes, known: Sequence[Source]) -> Iterator[Found]:
    """Yield the records of a file that is held whole, whatever its form."""
    text_note = None
    for mark, encoding in _BOMS.items():
        if content.startswith(mark):
            content, text_note = content.decode(encoding, "replace").encode(), "not UTF-8"
    content = content.removeprefix(_UTF8_BOM)
    if not content.strip():
        yield Found(0, problem="empty")
        return
    if not content.lstrip().startswith((b"{", b"[")):
        yield from of_rows(iter(content.split(b"\n")), known)
        return
    position = 0
    for piece in _documents(content):
        for found in _inside(piece, known):
            position += 1
            note = found.note or text_note
            yield replace(found, position=position, note=note)


def of_lines(blocks: Iterator[bytes], known: Sequence[Source]) -> Iterator[Found]:
    """Yield the records of a file of lines, without holding more than one line."""
    for number, line in enumerate(lines(blocks), 1):
        if line is None:
            yield Found(number, problem=f"line longer than {LONGEST_LINE >> 20} MB")
        elif line := line.removeprefix(_UTF8_BOM).strip():
            for found in _inside(line, known):
                yield replace(found, position=number)


def of_rows(content: Iterator[bytes | None], known: Sequence[Source]) -> Iterator[Found]:
    """Yield the records of a CSV file, by the first line's columns."""
    csv.field_size_limit(LONGEST_LINE)
    texts = (line.decode("utf-8-sig", "replace") + "\n" for line in content if line is not None)
    rows = csv.reader(texts)
    try:
        header = [name.strip().lower() for name in next(rows, [])]
        source = next((each for each in known if each.recognises(set(header))), None)
        if source is None:
            yield Found(1, problem="neither JSON nor a CSV file of a known log")
            return
        for number, row in enumerate(rows, 1):
            if not row:
                continue
            if len(row) > len(header):
                yield Found(number, problem="more cells than columns")
                continue
            yield Found(number, source, source.row(dict(zip(header, row, strict=False))))
    except csv.Error:
        yield Found(rows.line_num, problem="damaged CSV")


def _documents(content: bytes) -> Iterator[bytes | str]:
    """Yield JSON documents, as bytes; a text is a problem instead."""
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
    except UnicodeDecodeError:
        yield from _documents(content.decode("utf-8", "replace").encode())
    except RecursionError:
        yield from _one_by_one(content.decode("utf-8", "replace"))
    except msgspec.DecodeError:
        first = next((line for line in content.split(b"\n") if line.strip()), b"")
        if is_json(first.strip()):
            yield from (line.strip() for line in content.split(b"\n") if line.strip())
        else:
            yield from _one_by_one(content.decode("utf-8", "replace"))
    else:
        yield content


def _one_by_one(text: str) -> Iterator[bytes | str]:
    """Yield documents that follow each other, or the records of one that is cut off or damaged."""
    decoder = json.JSONDecoder()
    opening = _OPENING.match(text)
    place = opening.end() if opening else 0
    while True:
        while text[place : place + 1] in _BETWEEN:
            if place >= len(text):
                break
            place += 1
        if place >= len(text) and not opening:
            return
        try:
            _, end = decoder.raw_decode(text, place)
        except RecursionError:
            yield TOO_DEEP
            return
        except json.JSONDecodeError:
            closed = opening and text.startswith("]", place) and not text[place:].strip("]} \r\n\t")
            if not closed:
                yield "JSON is cut off or damaged: the rest is lost"
            return
        yield text[place:end].encode("utf-8", "replace")
        place = end


def is_json(content: bytes) -> bool:
    """Say whether the bytes are one JSON document."""
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
    except (*_UNREADABLE, RecursionError):
        return False
    return True


def _inside(piece: bytes | str, known: Sequence[Source], depth: int = 0) -> Iterator[Found]:
    """Yield the records of one JSON value: itself, or what it wraps."""
    if isinstance(piece, str):
        yield Found(0, problem=piece)
        return
    try:
        if piece.startswith(b"["):
            for item in msgspec.json.decode(piece, type=list[msgspec.Raw]):
                yield from _inside(bytes(item), known, depth + 1)
        else:
            fields = msgspec.json.decode(piece, type=dict[str, msgspec.Raw])
            yield from _of_object(piece, fields, known, depth)
    except UnicodeDecodeError:
        fixed = piece.decode("utf-8", "replace").encode()
        yield from (replace(f, note="not UTF-8") for f in _inside(fixed, known, depth))
    except RecursionError:
        yield Found(0, problem=TOO_DEEP)
    except msgspec.ValidationError:
        yield Found(0, problem="no JSON object")
    except msgspec.DecodeError:
        yield Found(0, problem=NOT_JSON)


def _of_object(
    piece: bytes, fields: dict[str, msgspec.Raw], known: Sequence[Source], depth: int
) -> Iterator[Found]:
    source = next((each for each in known if each.recognises(fields.keys())), None)
    inner = next((fields[key] for key in ENVELOPES if key in fields), None)
    if source:
        yield _decoded(source, piece)
    elif inner is None or depth >= DEEPEST:
        yield Found(0, problem="a record of no known log")
    else:
        if "error" in fields:  # what a collector wrote down where it was refused the rest
            yield Found(0, problem="cut short when it was collected")
        yield from _unwrapped(bytes(inner), known, depth + 1)


def _unwrapped(inner: bytes, known: Sequence[Source], depth: int) -> Iterator[Found]:
    if inner.startswith((b"[", b"{")):
        yield from _inside(inner, known, depth)
        return
    try:
        text = msgspec.json.decode(inner, type=str).strip()
        if not text.startswith(("{", "[")):
            text = base64.b64decode(text, validate=True).decode()
    except ValueError:  # neither JSON nor base64 of text
        yield Found(0, problem="a record of no known log")
        return
    yield from _inside(text.encode("utf-8", "replace"), known, depth)


def _decoded(source: Source, piece: bytes) -> Found:
    """Return a record, as far as its fields are what they should be."""
    try:
        return Found(0, source, source.decode(piece))
    except msgspec.ValidationError as error:
        wrong = str(error).partition("`$.")[2].partition("`")[0]
        try:
            record = source.lenient(msgspec.json.decode(piece))
        except (msgspec.MsgspecError, RecursionError):
            return Found(0, problem=f"unexpected type at {wrong}")
        return Found(0, source, record, note=f"unexpected type at {wrong}")
    except RecursionError:
        return Found(0, problem=TOO_DEEP)
