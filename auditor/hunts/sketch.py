"""What everyone else was seen to use, in numbers, so that a hunt can tell "new" from "new for him".

An address that a hundred others use is the company's gateway, not an attacker's. Values and the
actors told apart per value are bounded.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import msgspec

ACTORS = 20
"""Different actors told apart per value and task: 20 means that many or more."""
VALUES = 100_000
"""Values kept per kind and task; of more, those seen first."""
_HELD = 20_000
"""Records whose uses are held before they are folded: folding after each file costs more."""


class Uses:
    """Who used which value, for a few thousand records."""

    __slots__ = ("action", "src", "user_agent")

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self.src: defaultdict[str | None, set[str]] = defaultdict(set)
        self.user_agent: defaultdict[str | None, set[str]] = defaultdict(set)
        self.action: defaultdict[str | None, set[str]] = defaultdict(set)


class Line(msgspec.Struct, frozen=True, gc=False):
    """One value of one kind, as one task saw it."""

    platform: str
    kind: str
    value: str
    actors: list[str]
    since: str
    until: str


LINE_COLUMNS = {
    "platform": "VARCHAR",
    "kind": "VARCHAR",
    "value": "VARCHAR",
    "actors": "VARCHAR[]",
    "since": "VARCHAR",
    "until": "VARCHAR",
}


class Sketch:
    """Who used what, for one task of one worker: kind "src", "user_agent" or "action"."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._seen: dict[tuple[str, str], dict[str, set[str]]] = {}
        self._held: dict[str, Uses] = {}
        self._records = 0
        self._since: str | None = None
        self._until = ""

    def uses(self, platform: str) -> Uses:
        """Return where to enter what the next records use; `counted` tells when they are in."""
        return self._held.setdefault(platform, Uses())

    def counted(self, records: int, since: str, until: str) -> None:
        """Note that so many records between two times were entered; `uses` may be new after it."""
        self._since = min(since, self._since or since)
        self._until = max(until, self._until)
        self._records += records
        if self._records >= _HELD:
            self._fold()

    def _fold(self) -> None:
        """Take over what is held, as far as the bounds allow."""
        for platform, uses in self._held.items():
            for kind in Uses.__slots__:
                seen = self._seen.setdefault((platform, kind), {})
                for value, actors in getattr(uses, kind).items():
                    known = seen.get(value)
                    if known is None:
                        if value and len(seen) < VALUES:
                            seen[value] = actors
                    elif len(known) < ACTORS:
                        known |= actors
        self._held.clear()
        self._records = 0

    def lines(self) -> Iterator[Line]:
        """Yield what was seen; the times are those of the whole task."""
        self._fold()
        for (platform, kind), values in self._seen.items():
            for value, actors in values.items():
                some = sorted(actors)[:ACTORS]
                yield Line(platform, kind, value, some, self._since or "", self._until)
