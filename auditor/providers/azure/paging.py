"""Tells when the pages of a listing lead nowhere."""

from __future__ import annotations

from typing import Any

MOST_PAGES = 5000
_MOST_EMPTY = 20
"""Empty pages in a row that promise another: Graph and ARM may filter whole pages away."""


class EndlessPages(ValueError):
    """A listing whose pages do not end: the same page or address again, or too many."""


class TooManyPages(ValueError):
    """A listing of which a run may read no more."""


class Pages:
    """Counts the pages of one listing."""

    def __init__(self, most: int = 0) -> None:
        """Have seen none; take so many at most, 0 for any number that ends."""
        self._most = most
        self._links: set[str] = set()
        self._before: list[Any] | None = None
        self._empty = 0

    def turn(self, items: list[Any], link: str) -> None:
        """Take note of a page and of the address of the next. EndlessPages where that is no use."""
        same = bool(items) and items == self._before
        self._before = items
        self._empty = 0 if items else self._empty + 1
        if link and (
            same
            or link in self._links
            or self._empty > _MOST_EMPTY
            or len(self._links) >= MOST_PAGES
        ):
            raise EndlessPages("the pages of the listing do not end")
        if self._most and len(self._links) >= self._most:
            raise TooManyPages
        self._links.add(link)
