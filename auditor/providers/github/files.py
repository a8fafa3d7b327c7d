"""Finds and parses the exported files: what the REST call of each is, or why it cannot be used.

An export is a folder of what `gh api --paginate` printed. A file lies at the path of its call:

    gh api --paginate /orgs/acme/repos                > orgs/acme/repos.json
    gh api --paginate "/orgs/acme/members?role=admin" > orgs/acme/members-admin.json
    gh api --paginate /repos/acme/shop/keys           > repos/acme/shop/keys.json

Folders above those do not matter. Other files are known by what they hold, where that tells enough
(`loose`). Pages may follow one another, or lie in one list (--slurp).
"""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from auditor.models import Json
from auditor.providers.github.loose import recognise
from auditor.providers.github.parts import PARTS, Part

LARGEST_FILE = 64 * 2**20
LARGEST_EXPORT = 512 * 2**20
MOST_FILES = 50_000


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call printed, `file` inside the export.

    `names` fill the path of `part`, all of them where the file lies at that path.
    """

    part: Part
    names: dict[str, str]
    pages: tuple[Json, ...]
    file: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that cannot be used, and why; `strange` where no call that the audit makes is it."""

    file: str
    why: str
    strange: bool = False


class _Unusable(Exception):
    """Says why a file cannot be used."""


def read_export(folder: Path) -> Iterator[Reply | Problem]:
    """Yield what is found below a folder, and what is wrong with the files that gave nothing."""
    if not folder.is_dir():
        yield Problem(str(folder), "the export folder does not exist")
        return
    left = LARGEST_EXPORT
    for number, path in enumerate(_paths(folder)):
        name = path.relative_to(folder).as_posix()
        if number >= MOST_FILES or left <= 0:
            yield Problem(name, "the export is too large: this file and the rest were not read")
            return
        try:
            data = _data(path, folder)
            left -= len(data)
            yield from _replies(name, data)
        except (_Unusable, ValueError, RecursionError, OSError) as error:
            yield Problem(name, _reason(error))


def _paths(folder: Path) -> Iterator[Path]:
    """Yield every JSON file below the folder, sorted; links to folders are not followed."""
    for where, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(where) / name for name in sorted(names) if name.endswith(".json"))


def _data(path: Path, folder: Path) -> bytes:
    """Return the bytes of a plain file; nothing outside the folder is opened, and no pipe."""
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise _Unusable("it is a link out of the export folder")
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise _Unusable("it is not a plain file")
    if found.st_size > LARGEST_FILE:
        raise _Unusable(f"it is larger than {LARGEST_FILE // 2**20} MiB")
    return path.read_bytes()


def _replies(name: str, data: bytes) -> Iterator[Reply | Problem]:
    pages = tuple(_pages(_decoded(data)))
    if not pages:
        yield Problem(name, "it is empty")
        return
    for part, pattern in _patterns():
        if found := pattern.search(name):
            names = {key: unquote(value) for key, value in found.groupdict().items()}
            yield Reply(part, names, pages, name)
            return
    told = list(recognise(pages, name))
    yield from (Reply(part, names, (entries,), name) for part, names, entries in told)
    if not told:
        yield Problem(name, "it is no reply of a call that the audit makes", strange=True)


@cache
def _patterns() -> tuple[tuple[Part, re.Pattern[str]], ...]:
    """Return the patterns of each part's file, longer paths first, so that none hides another.

    People also write a path with _ for /: orgs_acme_repos.json.
    """
    longest_first = sorted(PARTS, key=lambda part: -part.path.count("/"))
    return tuple((part, _pattern(part, sign)) for sign in "/_" for part in longest_first)


def _pattern(part: Part, sign: str) -> re.Pattern[str]:
    words = re.split(r"\{(\w+)\}", (part.path + part.suffix).lstrip("/").replace("/", sign))
    texts = (_name(word, sign) if at % 2 else re.escape(word) for at, word in enumerate(words))
    return re.compile(rf"(?:^|/){''.join(texts)}\.json$")


def _name(word: str, sign: str) -> str:
    """Return the pattern of a name. A branch may hold slashes; no organisation's holds a _."""
    letters = "[^/_]+" if word == "org" else ".+" if word == "branch" and sign == "/" else "[^/]+"
    return f"(?P<{word}>{letters})"


def _pages(content: str) -> Iterator[Json]:
    """Yield the JSON values written one after the other."""
    decoder, at = json.JSONDecoder(), 0
    while (at := _past_space(content, at)) < len(content):
        value, at = decoder.raw_decode(content, at)
        yield value


def _past_space(content: str, at: int) -> int:
    while at < len(content) and content[at] in " \t\r\n":
        at += 1
    return at


def _decoded(data: bytes) -> str:
    """Return the text: UTF-8, or the UTF-16 that PowerShell's > writes."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def _reason(error: Exception) -> str:
    if isinstance(error, _Unusable):
        return str(error)
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, OSError):
        return f"it cannot be opened ({error.strerror or type(error).__name__})"
    return "it is no sound JSON: cut off, or not in UTF-8"
