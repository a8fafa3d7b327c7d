"""Turns exported files into the documents that reading live would have left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from auditor.collecting import Collecting
from auditor.models import Json
from auditor.providers.exports import Problem
from auditor.providers.github.documents import (
    EXPORT_FILES,
    clean,
    is_complete,
    listing,
    refusal,
    single,
)
from auditor.providers.github.files import Reply, read_export
from auditor.providers.github.loose import completed
from auditor.providers.github.settings import Settings
from auditor.tails import Sealer

_WHOLE_PAGES = (30, 100)
"""Entries of a page as GitHub sends it, or at most: who forgets --paginate gets so many."""


def collect(settings: Settings, collecting: Collecting) -> None:
    """Write the export into the snapshot, but for what reading live has already answered."""
    found = list(read_export(Path(settings.export)))
    replies = [one for one in found if isinstance(one, Reply)]
    problems = [one for one in found if isinstance(one, Problem)]
    organizations = [one.names["org"] for one in replies if "org" in one.names]
    used: list[str] = []
    taken: dict[str, str] = {}
    for reply in replies:
        names = completed(reply.part, reply.names, organizations)
        if not names:
            problems.append(
                Problem(reply.file, f"it does not tell of what the {reply.part.what} are")
            )
            continue
        key = reply.part.key(**names)
        if key in taken:
            problems.append(Problem(reply.file, f"{taken[key]} holds the same listing"))
            continue
        taken[key] = reply.file
        used.append(reply.file)
        if not is_complete(collecting.snapshot.load(key)):
            collecting.snapshot.save(key, _document(reply, collecting.sealer))
    wrong = [
        {"File": one.file, "error": "Strange" if one.strange else "Unusable", "message": one.why}
        for one in problems
    ]
    collecting.snapshot.save(EXPORT_FILES, clean({"Files": used, "Problems": wrong}))


def _document(reply: Reply, sealer: Sealer) -> dict[str, Any]:
    if (refused := _refused(reply.pages)) is not None:
        return refused
    if reply.part.inside is None:
        return single(reply.part, next(iter(_flat(reply.pages)), None), sealer)
    document = listing(reply.part, _items(reply), sealer)
    if len(reply.pages) == 1 and len(document["Items"]) in _WHOLE_PAGES:
        told = f"it holds {len(document['Items'])} entries, as one page does: export all of them"
        document |= refusal("Truncated", f"{told} with --paginate --slurp")
    return document


def _items(reply: Reply) -> Iterator[Json]:
    inside = reply.part.inside
    for page in _flat(reply.pages):
        if inside and isinstance(page, dict) and isinstance(page.get(inside), list):
            yield from page[inside]
        else:
            yield page


def _flat(pages: Iterable[Json]) -> Iterator[Json]:
    """Yield what the pages hold, lists and lists of lists taken apart."""
    for page in pages:
        if isinstance(page, list):
            yield from _flat(page)
        else:
            yield page


def _refused(pages: Iterable[Json]) -> dict[str, str] | None:
    """Return the refusal that `gh api` prints in place of a reply, None where it is none."""
    for page in pages:
        if isinstance(page, dict) and "message" in page and "documentation_url" in page:
            return refusal(str(page.get("status") or "Error"), str(page["message"]))
    return None
