"""Reads a folder of exported JSON files: every document in it, or why a file cannot be used.

Files may lie in any arrangement, packed with gzip or not. One may hold several documents after one
another, as a shell loop writes them, or a list of them.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import os
import stat
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from auditor import nesting

T = TypeVar("T")
LARGEST_FILE = 512 * 2**20
LARGEST_EXPORT = 2 * 2**30
MOST_FILES = 50_000

_NOT_TEXT = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
"""Byte order marks, the other halves of UTF-16 letters, and space."""
_GZIP, _GZIP_HEAD = ".gz", b"\x1f\x8b"
NO_OBJECTS = "it holds something else than JSON objects"
_TOO_LARGE = "it is larger than {} MiB"


@dataclass(frozen=True, slots=True)
class Found:
    """One JSON object of an export. `file` is the path inside it.

    `listed`: whether it stood in a list. `entry`: its number in the file, from 1.
    """

    document: dict[str, Any]
    file: str
    listed: bool
    entry: int = 0


@dataclass(frozen=True, slots=True)
class Nothing:
    """A file that holds an empty list: its name may tell of what."""

    file: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that cannot be used, or can only in part, and why."""

    file: str
    why: str
    strange: bool = False
    """Whether it is sound, but nothing that the audit reads."""
    entry: int = 0
    """Number, from 1, of the entry of a list that is left out; 0 where it is more than one."""


class Unusable(Exception):
    """Says why a file cannot be used."""


def read_folder(folder: Path) -> Iterator[Found | Nothing | Problem]:
    """Yield what is found below a folder, or in a file, and what is wrong with what gave nothing.

    No link out of the folder is followed, and no pipe opened.
    """
    yield from read_files(folder, _documents)


def read_files(folder: Path, parse: Callable[[str, bytes], Iterator[T]]) -> Iterator[T | Problem]:
    """Yield what a function makes of each file, or why it cannot be used.

    It is handed the name, inside the folder and without .gz, and the bytes, unpacked. It may raise
    Unusable, or whatever parsing raises.
    """
    if not folder.exists():
        yield Problem(str(folder), "the export does not exist")
        return
    left = LARGEST_EXPORT
    for number, path in enumerate(_paths(folder)):
        name = path.name if path == folder else path.relative_to(folder).as_posix()
        if number >= MOST_FILES or left <= 0:
            yield Problem(name, "the export is too large: this file and the rest were not read")
            return
        try:
            data = _data(path, folder)
            left -= len(data)
            yield from parse(name.removesuffix(_GZIP), data)
        except (Unusable, ValueError, OSError) as error:
            yield Problem(name, _reason(error))


def counted(problems: Iterable[Problem]) -> list[Problem]:
    """Return each problem of a file once, with how many of its entries have it, and the first."""
    found: dict[Problem, list[int]] = defaultdict(list)
    for problem in problems:
        found[replace(problem, entry=0)] += [problem.entry] if problem.entry else []
    return [replace(one, why=one.why + _counted(entries)) for one, entries in found.items()]


def _counted(entries: list[int]) -> str:
    if len(entries) <= 1:
        return "".join(f" (entry {one})" for one in entries)
    return f" ({len(entries):,} entries, the first is entry {min(entries)})"


def is_json(data: bytes) -> bool:
    """Return whether bytes begin as JSON objects or lists do, in any coding that is read."""
    return begin(data).startswith((b"{", b"["))


def begin(data: bytes) -> bytes:
    """Return the first bytes that are no space and no mark of a coding."""
    return data[:64].translate(None, _NOT_TEXT)


def values(data: bytes) -> Iterator[Any]:
    """Yield the JSON values written one after the other. ValueError where they are broken."""
    content, at = decoded(data), 0
    while (at := _past_space(content, at)) < len(content):
        value, at = nesting.decode(content, at)
        yield value


def decoded(data: bytes) -> str:
    """Return the text: UTF-8, or the UTF-16 that PowerShell's > writes. ValueError for others."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def _paths(folder: Path) -> Iterator[Path]:
    """Yield every file below the folder, sorted; links to folders are not followed but yielded."""
    if folder.is_file():
        yield folder
        return
    for where, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        yield from (Path(where) / name for name in sorted([*names, *links]))


def _data(path: Path, folder: Path) -> bytes:
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise Unusable("it is a link out of the export folder")
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise Unusable("it is not a plain file")
    if found.st_size > LARGEST_FILE:
        raise Unusable(_TOO_LARGE.format(LARGEST_FILE // 2**20))
    data = path.read_bytes()
    return _unpacked(data) if data.startswith(_GZIP_HEAD) else data


def _unpacked(data: bytes) -> bytes:
    """Return what a gzip file holds, of which no more is unpacked than a plain file may have."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            found = packed.read(LARGEST_FILE + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise Unusable("it is broken gzip") from error
    if len(found) > LARGEST_FILE:
        raise Unusable(_TOO_LARGE.format(LARGEST_FILE // 2**20))
    return found


def _documents(name: str, data: bytes) -> Iterator[Found | Nothing | Problem]:
    if not is_json(data):
        if name.lower().endswith((".json", ".jsonl")):
            raise Unusable("it is empty" if not data.strip() else "it is not JSON")
        return
    entry = 0
    for value in values(data):
        if value == []:
            yield Nothing(name)
        listed = isinstance(value, list)
        for item in value if listed else [value]:
            entry += 1
            if isinstance(item, dict):
                yield Found(item, name, listed, entry)
            else:
                yield Problem(name, NO_OBJECTS, strange=True, entry=entry)


def _past_space(content: str, at: int) -> int:
    while at < len(content) and content[at].isspace():
        at += 1
    return at


def _reason(error: Exception) -> str:
    """Return why a file cannot be used, without any of its text."""
    if isinstance(error, json.JSONDecodeError):
        return f"it is broken JSON: {error.msg}, line {error.lineno}"
    if isinstance(error, UnicodeDecodeError):
        return "it is neither UTF-8 nor UTF-16 text"
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror or type(error).__name__}"
    return str(error) if isinstance(error, (Unusable, nesting.TooDeep)) else "it is broken"
