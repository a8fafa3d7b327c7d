"""What everyone else was seen to use, in numbers, so that a hunt can tell "new" from "new for him".

An address that a hundred others use is the company's gateway, not an attacker's. Values and the
actors told apart per value are bounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import msgspec

ACTORS = 20
"""Different actors told apart per value: 20 means that many or more."""
VALUES = 100_000
"""Values kept per kind and task; of more, those seen first."""
KINDS = ("src", "user_agent", "action")


class Line(msgspec.Struct, frozen=True, gc=False):
    """One value of one kind, as one task saw it."""

    platform: str
    kind: str
    value: str
    events: int
    actors: list[str]
    since: str
    until: str


LINE_COLUMNS = {
    "platform": "VARCHAR",
    "kind": "VARCHAR",
    "value": "VARCHAR",
    "events": "BIGINT",
    "actors": "VARCHAR[]",
    "since": "VARCHAR",
    "until": "VARCHAR",
}


class _Use:
    __slots__ = ("actors", "events", "since", "until")

    def __init__(self, since: str, until: str) -> None:
        self.events = 0
        self.actors: set[str] = set()
        self.since = since
        self.until = until


class Sketch:
    """Counts who used what, for one task of one worker."""

    def __init__(self) -> None:
        """Begin with nothing seen."""
        self._seen: dict[tuple[str, str], dict[str, _Use]] = {}

    def add(
        self, platform: str, uses: Counter[tuple[str | None, ...]], since: str, until: str
    ) -> None:
        """Count (src, user agent, action, actor) of records between two times."""
        for place, kind in enumerate(KINDS):
            seen = self._seen.setdefault((platform, kind), {})
            for use, events in uses.items():
                value = use[place]
                if not value:
                    continue
                entry = seen.get(value)
                if entry is None:
                    if len(seen) >= VALUES:
                        continue
                    entry = seen[value] = _Use(since, until)
                entry.events += events
                if len(entry.actors) < ACTORS:
                    entry.actors.add(use[-1] or "")
                entry.since = min(entry.since, since)
                entry.until = max(entry.until, until)

    def lines(self) -> Iterator[Line]:
        """Yield what was counted."""
        for (platform, kind), values in self._seen.items():
            for value, use in values.items():
                actors = sorted(use.actors)
                yield Line(platform, kind, value, use.events, actors, use.since, use.until)
