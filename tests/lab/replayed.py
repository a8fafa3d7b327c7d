"""What CircleCI said in one healthy audit, said again without a server, one route gone wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from scripted import NOW, Memory

from auditor.collecting import Collecting, Silent
from auditor.inventory import Inventory
from auditor.inventory.circleci.collect import collect
from auditor.inventory.circleci.listing import Calls
from auditor.inventory.circleci.read import read
from auditor.inventory.circleci.replies import Answer
from auditor.inventory.circleci.settings import Settings
from auditor.models import Json
from auditor.tails import Sealer

Key: TypeAlias = tuple[str, tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]
_NONE: Mapping[str, str] = MappingProxyType({})


def _key(route: str, segments: Mapping[str, str], query: Mapping[str, str]) -> Key:
    return route, tuple(sorted(segments.items())), tuple(sorted(query.items()))


@dataclass(slots=True)
class Recorder:
    """Passes calls on and remembers every answer."""

    calls: Calls
    said: dict[Key, Answer] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def get(
        self, route: str, segments: Mapping[str, str] = _NONE, query: Mapping[str, str] = _NONE
    ) -> Answer:
        """Return the answer to a call."""
        answer = self.calls.get(route, segments, query)
        with self.lock:
            self.said[_key(route, segments, query)] = answer
        return answer


@dataclass(frozen=True, slots=True)
class Replayed:
    """Answers calls as they were answered before; those of one route changed, others 404."""

    said: Mapping[Key, Answer]
    route: str = ""
    change: Callable[[Answer], Answer] = lambda answer: answer

    def get(
        self, route: str, segments: Mapping[str, str] = _NONE, query: Mapping[str, str] = _NONE
    ) -> Answer:
        """Return the answer to a call."""
        paged = ("page-token", "page[cursor]")
        asked = {name: value for name, value in query.items() if name not in paged}
        answer = self.said.get(_key(route, segments, query)) or self.said.get(
            _key(route, segments, asked), self._unasked(route)
        )
        return self.change(answer) if route == self.route else answer

    def _unasked(self, route: str) -> Answer:
        """Return what is said to a call that the healthy audit did not make."""
        listing: Json = {"items": [], "next_page_token": None}
        others = (answer.body for (asked, _, _), answer in self.said.items() if asked == route)
        is_listing = any(isinstance(body, dict) and "items" in body for body in others)
        return Answer(200, body=listing) if is_listing else Answer(404, "404 Not Found")


def audit(
    calls: Calls, snapshot: Memory | None = None, *, usage_budget: int = 200, **told: Any
) -> Inventory:
    """Return the inventory of a collection that asks `calls`."""
    settings = Settings(parallel=1, retries=0, **told)
    kept = snapshot or Memory()
    collect(calls, settings, Collecting(kept, Sealer(b"k" * 32), Silent(), NOW, usage_budget))
    return read(settings, kept)
