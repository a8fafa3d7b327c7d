"""Questions to CircleCI: a single object, or a listing over all its pages.

Paging ends when CircleCI says so, repeats a token, or sends a page with nothing new: some routes
hand out page tokens they then ignore, and `/api/private/project` has repeated its pages for ever
(https://github.com/CircleCI-Public/CircleCI-Env-Inspector/pull/44).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Protocol, TypeAlias

from auditor.inventory.circleci.replies import Answer, Reply
from auditor.models import Json

MOST_PAGES = 1000
_BAD_SHAPE = "the answer is not of the expected shape"
_NONE: Mapping[str, str] = MappingProxyType({})
_NAMING = ("id", "variable", "slug", "name", "hostname")

Keep: TypeAlias = Callable[[Mapping[str, Json]], Json]
"""Takes one entry as CircleCI sent it and returns what may be kept of it, tails sealed; None drops
an entry that does not belong here."""


class Calls(Protocol):
    """What a question needs of the client."""

    def get(
        self, route: str, segments: Mapping[str, str] = ..., query: Mapping[str, str] = ...
    ) -> Answer:
        """Return the end of one call."""


def one(
    calls: Calls,
    route: str,
    keep: Keep,
    *,
    segments: Mapping[str, str] = _NONE,
    query: Mapping[str, str] = _NONE,
    must: str = "",
) -> Reply:
    """Return the single object of a route as the only item.

    `must` names a field without which it is not what was asked for.
    """
    answer = calls.get(route, segments, query)
    error = answer.error
    if not error and not (isinstance(answer.body, Mapping) and (not must or must in answer.body)):
        error = _BAD_SHAPE
    items = () if error else (keep(answer.body),)
    return Reply(f"GET {route}", answer.status, error, items=items)


def every(
    calls: Calls,
    route: str,
    keep: Keep,
    *,
    segments: Mapping[str, str] = _NONE,
    query: Mapping[str, str] = _NONE,
    must: str = "",
    most_pages: int = MOST_PAGES,
) -> Reply:
    """Return all entries of a listing, over all its pages, each entry once.

    `must` names a field that holds text in every entry: without it the listing is not complete.
    """
    reading = _Reading(keep, must)
    page: dict[str, str] = {}
    status = None
    for _ in range(most_pages):
        answer = calls.get(route, segments, {**query, **page})
        status, error = answer.status, answer.error or reading.take(answer.body)
        page = {} if error else _next_page(answer.body)
        if error or not page or reading.repeats(page):
            return reading.reply(route, status, error)
    return reading.reply(route, status, f"more than {most_pages} pages")


def nested(outer: Reply, inner: Callable[[Json], Reply]) -> Reply:
    """Return what `inner` lists of every item of a listing, as one reply.

    It is complete when all of them are; the first that failed says why it is not.
    """
    parts = [outer, *(inner(item) for item in outer.items)]
    failed = next((part for part in parts if not part.complete), parts[-1])
    items = tuple(item for part in parts[1:] for item in part.items)
    return replace(failed, items=items, repeated=any(part.repeated for part in parts))


@dataclass(slots=True)
class _Reading:
    """What was read of a listing so far."""

    keep: Keep
    must: str
    kept: list[Json] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    odd: int = 0
    new: int = 0
    repeated: bool = False

    def take(self, body: Json) -> str:
        """Keep the new entries of a page and return what is wrong with the page, "" if nothing."""
        entries = _entries(body)
        if entries is None:
            return _BAD_SHAPE
        self.new = 0
        for entry in entries:
            if not isinstance(entry, Mapping) or not self._is_one(entry):
                self.odd += 1
            elif (name := _name(entry)) not in self.seen:
                self.seen.add(name)
                self.new += 1
                if (kept := self.keep(entry)) is not None:
                    self.kept.append(kept)
        return ""

    def _is_one(self, entry: Mapping[str, Json]) -> bool:
        return not self.must or isinstance(entry.get(self.must), str)

    def repeats(self, page: Mapping[str, str]) -> bool:
        """Return whether to go on would lead nowhere: a token seen before, or nothing new."""
        token = next(iter(page.values()))
        self.repeated = token in self.tokens or not self.new
        self.tokens.add(token)
        return self.repeated

    def reply(self, route: str, status: int | None, error: str) -> Reply:
        """Return all of it; entries that could not be understood leave the listing incomplete."""
        if self.odd and not error:
            error = f"{self.odd} entries are not of the expected shape"
        return Reply(f"GET {route}", status, error, self.repeated, tuple(self.kept))


def _entries(body: Json) -> list[Json] | None:
    """Return the entries of a page of any version: v1.1 a bare array, v2 `items`, v3 `data`."""
    if isinstance(body, Mapping):
        body = body["items"] if "items" in body else body.get("data")
    return body if isinstance(body, list) else None


def _next_page(body: Json) -> dict[str, str]:
    """Return the parameter that asks for the page after this one, {} when it was the last."""
    if not isinstance(body, Mapping):
        return {}
    if token := body.get("next_page_token"):
        return {"page-token": str(token)}
    page = body.get("page")
    cursor = page.get("next") if isinstance(page, Mapping) else None
    return {"page[cursor]": str(cursor)} if cursor else {}


def _name(entry: Mapping[str, Json]) -> str:
    """Return what tells one entry of a listing from another."""
    named = {key: entry[key] for key in _NAMING if entry.get(key) is not None}
    return json.dumps(named or entry, sort_keys=True, default=str)
