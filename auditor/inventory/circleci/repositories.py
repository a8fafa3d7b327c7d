"""The code host's own list of repositories, from files: a cross-check of the list of projects.

Taken are lines of owner/name, and the JSON of GitHub's API as `gh api --paginate` prints it:
repositories (`orgs/ORG/repos`) and deploy keys (`repos/OWNER/NAME/keys`). A deploy key titled
CircleCI tells that CircleCI has, or had, a project for the repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from auditor import nesting
from auditor.inventory.circleci.fields import objects, same_slug, text
from auditor.inventory.circleci.organizations import Organization
from auditor.inventory.circleci.replies import Reply
from auditor.models import Json

LARGEST_FILE = 64 * 1024 * 1024
_NAME = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)
_OF_KEY = re.compile(r"/repos/([\w.-]+/[\w.-]+)/keys/", re.ASCII)
_TITLE = "circleci"


def read_files(paths: Sequence[str]) -> Reply:
    """Return the repositories that the files name, each with whether CircleCI has a key for it."""
    keyed: dict[str, bool] = {}
    for path in paths:
        try:
            for name, has_key in _entries(_content(Path(path))):
                keyed[name] = keyed.get(name, False) or has_key
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it has an unknown form"
            return Reply(f"the file {path}", error=f"it cannot be read ({why})")
    items = tuple({"slug": f"gh/{name}", "key": has_key} for name, has_key in keyed.items())
    return Reply(", ".join(paths), items=items)


def of(organization: Organization, listed: Reply) -> list[Mapping[str, Json]]:
    """Return those of the repositories that belong to the organisation's account."""
    prefix = f"{same_slug(organization.slug)}/".lower()
    return [one for one in listed.items if one["slug"].lower().startswith(prefix)]


def keyed(organization: Organization, listed: Reply) -> Reply:
    """Return the listing of the organisation's repositories for which CircleCI has a key."""
    items = tuple({"slug": one["slug"]} for one in of(organization, listed) if one["key"])
    return Reply(listed.call, listed.status, listed.error, items=items)


def _content(path: Path) -> str:
    if path.stat().st_size > LARGEST_FILE:
        raise ValueError
    return path.read_text("utf-8-sig")


def _entries(content: str) -> Iterator[tuple[str, bool]]:
    """Yield the repositories of a file, "owner/name", with whether it is there for a key."""
    if content.lstrip()[:1] in ("[", "{"):
        yield from _of_json(content)
        return
    for line in content.split():
        if not _NAME.fullmatch(line):
            raise ValueError
        yield line, False


def _of_json(content: str) -> Iterator[tuple[str, bool]]:
    for entry in _objects(content):
        key = _OF_KEY.search(text(entry, "url"))
        if key and text(entry, "title"):
            yield key[1], _TITLE in text(entry, "title").lower()
        elif name := text(entry, "full_name", "nameWithOwner"):
            yield name, False


def _objects(content: str) -> Iterable[Mapping[str, Json]]:
    """Yield the objects of JSON documents that stand one after the other."""
    at = 0
    while rest := re.compile(r"\S").search(content, at):
        document, at = nesting.decode(content, rest.start())
        yield from [document] if isinstance(document, dict) else objects(document)
