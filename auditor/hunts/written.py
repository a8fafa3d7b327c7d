"""Which entries were stored anew, by the CI system's own log: proof where a store keeps no time.

What an event says of an entry and its place stands in different fields of the log's dialects, so
that all of its names and ids are compared: an event is about an entry where it names both.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auditor.hunts.tables import stored_actions

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# A refused or failed request stored nothing.
_STORED = """
    SELECT time, action, src_ip, resource, details FROM events
    WHERE action IN (SELECT unnest($actions)) AND platform = $platform AND time IS NOT NULL
        AND outcome NOT IN ('denied', 'failure')
    ORDER BY time, event_uid
"""
_AROUND = ' []"'
_SPAN = "SELECT min(time), max(time) FROM events WHERE platform = $platform AND time IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Stored:
    """One storing of a value: when, what the log calls it, and from where."""

    time: datetime
    action: str
    src_ip: str
    named: frozenset[str]
    """Names and ids of the entry, of its place and of whatever else the event is about."""

    def is_in(self, *places: str) -> bool:
        """Return whether it is about a place, by any of the place's names."""
        return any(place in self.named for place in places if place)


class Log:
    """The log of a CI system as a run kept it: its first and last event, and the storings."""

    def __init__(self, first: datetime, last: datetime, stored: Iterable[Stored]) -> None:
        """Index the storings by every name they tell."""
        self.first, self.last = first, last
        self._by_name: dict[str, list[Stored]] = {}
        for one in stored:
            for name in one.named:
                self._by_name.setdefault(name, []).append(one)

    def of(self, name: str) -> Sequence[Stored]:
        """Return the storings that name an entry of that name, of whatever place."""
        return self._by_name.get(name, ())


def written(connection: DuckDBPyConnection) -> dict[str, Log]:
    """Return what the view `events` shows of storings in CI systems, by the system's name."""
    kept = ((platform, _kept(connection, platform)) for platform in stored_actions())
    return {platform: one for platform, one in kept if one}


def _kept(connection: DuckDBPyConnection, platform: str) -> Log | None:
    mine = {"platform": platform}
    first, last = connection.execute(_SPAN, mine).fetchall()[0]
    if first is None:
        return None
    rows = connection.execute(_STORED, mine | {"actions": list(stored_actions()[platform])})
    stored = (
        Stored(time.replace(tzinfo=UTC), action, src or "", _named(resource, details))
        for time, action, src, resource, details in rows.fetchall()
    )
    return Log(first.replace(tzinfo=UTC), last.replace(tzinfo=UTC), stored)


def _named(resource: str | None, details: str | None) -> frozenset[str]:
    texts: list[str] = [resource or "", *json.loads(details or "{}").values()]
    # Of several names a log tells a list, or text with commas between.
    parts = (part.strip(_AROUND) for text in texts for part in text.split(","))
    return frozenset((*texts, *parts)) - {""}
