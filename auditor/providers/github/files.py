"""Finds and parses the exported files: what the REST call of each is, or why it cannot be used.

An export is a folder of what `gh api --paginate` printed. A file lies at the path of its call:

    gh api --paginate /orgs/acme/repos                > orgs/acme/repos.json
    gh api --paginate "/orgs/acme/members?role=admin" > orgs/acme/members-admin.json
    gh api --paginate /repos/acme/shop/keys           > repos/acme/shop/keys.json

Folders above those do not matter. Other files are known by what they hold, where that tells enough
(`loose`). Pages may follow one another, or lie in one list (--slurp).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

from auditor.models import Json
from auditor.providers.exports import Problem, Unusable, read_files, values
from auditor.providers.github.loose import recognise
from auditor.providers.github.part import Part
from auditor.providers.github.parts import PARTS


@dataclass(frozen=True, slots=True)
class Reply:
    """What one call printed, `file` inside the export.

    `names` fill the path of `part`, all of them where the file lies at that path.
    """

    part: Part
    names: dict[str, str]
    pages: tuple[Json, ...]
    file: str


def read_export(folder: Path) -> Iterator[Reply | Problem]:
    """Yield what is found below a folder, and what is wrong with the files that gave nothing."""
    yield from read_files(folder, _replies)


def _replies(name: str, data: bytes) -> Iterator[Reply | Problem]:
    if not name.endswith(".json"):
        return
    pages = tuple(values(data))
    if not pages:
        raise Unusable("it is empty")
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
