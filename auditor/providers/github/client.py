"""Asks the REST API through PyGithub: the only place of the product that does.

PyGithub lacks half of the calls, so all go through its requester, which knows GitHub's limits.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from auditor import nesting
from auditor.models import Json
from auditor.providers.github.documents import refusal
from auditor.providers.github.login import Login, connection
from auditor.providers.github.part import Part
from auditor.providers.github.refusals import Refused, refusals
from auditor.providers.github.settings import Settings

if TYPE_CHECKING:
    from github import Github

PAGE = 100
_MOST_PAGES = 5_000
_NEXT = re.compile(r'<([^<>]+)>;\s*rel="next"')


@dataclass(slots=True)
class Budget:
    """How many requests are left, and how fast they may follow one another."""

    left: int
    per_minute: int
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> None:
        """Wait for one's turn. Refused when nothing is left."""
        with self._lock:
            if self.left <= 0:
                raise Refused(refusal("Budget", "the requests of this run are used up"))
            self.left -= 1
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + 60 / self.per_minute
        time.sleep(turn - now)


class Calls:
    """Reads parts of organisations; may be used from many threads."""

    def __init__(self, settings: Settings, login: Login) -> None:
        """Prepare to ask as somebody."""
        self._settings = settings
        self._login = login
        self._local = threading.local()
        self.budget = Budget(settings.requests, settings.per_minute)

    def pages(self, part: Part, names: Mapping[str, str]) -> Iterator[Json]:
        """Yield the pages of a listing, one page of what is no list. Refused as GitHub words it."""
        query = {"per_page": str(PAGE), **part.query} if part.inside is not None else {}
        path = part.at(**names) + (f"?{urlencode(query)}" if query else "")
        seen: set[str] = set()
        while path not in seen and len(seen) < _MOST_PAGES:
            seen.add(path)
            headers, page = self.get(path, names.get("org", ""))
            yield page
            found = _NEXT.search(headers.get("link", "")) if part.follow else None
            if found is None:
                return
            path = self._own(found[1])
        raise Refused(refusal("EndlessPages", "the pages of the listing do not end"))

    def first(
        self, part: Part, names: Mapping[str, str], most: int = 1
    ) -> tuple[Mapping[str, str], Json]:
        """Return the headers and the first entries of a listing, as `get` does."""
        query = {"per_page": str(most), **part.query} if part.inside is not None else {}
        path = part.at(**names) + (f"?{urlencode(query)}" if query else "")
        return self.get(path, names.get("org", ""))

    def get(self, path: str, organization: str = "") -> tuple[Mapping[str, str], Json]:
        """Return the headers, by small letters, and the body of a reply. Refused where it fails.

        `organization` is whose installation asks, where an app does.
        """
        self.budget.take()
        asking = self._github(organization)
        with refusals(self._settings.web):
            headers, body = asking.requester.requestJsonAndCheck("GET", path)
            return headers, nesting.checked(body)

    def _own(self, url: str) -> str:
        """Return the path of an address of this API. Refused for any other address."""
        base = self._settings.base_url.rstrip("/")
        if not url.startswith(f"{base}/"):
            raise Refused(refusal("StrangeLink", "the next page is said to lie on another server"))
        return url.removeprefix(base)

    def _github(self, organization: str) -> Github:
        """Return this thread's client: PyGithub's connection is not for several at once."""
        from github import Auth, Github  # noqa: PLC0415 (the SDK costs most of a second)

        token = self._login.token(organization)
        made: dict[str, Github] = self._local.__dict__
        if token not in made:
            made[token] = Github(auth=Auth.Token(token), **connection(self._settings))
        return made[token]
