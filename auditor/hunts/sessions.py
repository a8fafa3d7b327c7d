"""Whose sessions they were: from a key to the temporary keys it was handed, and on from those.

A stolen key is seldom used alone: AssumeRole and GetSessionToken trade it for keys of a session,
whose events name only these. The call that handed them out names both, and may stand in a file
that is read later. So a first reading only notes where keys of sessions were used; when all is
read it is known which of them follow, and only their records are made into events, by a second
look into the files that hold them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from auditor.hunts.ledger import Listed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Role chaining has no limit of its own; records in a circle must not become one: 20 links.

_ISSUED = """
    CREATE TEMP TABLE issued AS
    SELECT issued_credential_uid AS child, min(coalesce(credential_uid, actor_uid)) AS parent
    FROM kept WHERE issued_credential_uid IS NOT NULL
        AND coalesce(credential_uid, actor_uid) <> issued_credential_uid
    GROUP BY ALL
"""
_ROOTS = """
    WITH RECURSIVE chains(child, root, depth) AS (
        SELECT child, parent, 1 FROM issued WHERE parent NOT IN (SELECT child FROM issued)
        UNION
        SELECT issued.child, chains.root, depth + 1
        FROM issued JOIN chains ON issued.parent = chains.child
        WHERE depth < 20
    )
    UPDATE kept SET session_of = chains.root FROM chains
    WHERE kept.credential_uid = chains.child AND kept.session_of IS NULL
"""


class Seen(msgspec.Struct, frozen=True, gc=False):
    """Which keys of sessions a file (see `Listed`) used, and the numbers of the records."""

    path: str
    name: str
    size: int
    keys: dict[str, list[int]]


class Traded(msgspec.Struct, frozen=True, gc=False):
    """A key that a call handed out, and the session that asked; None: an event that is kept."""

    key: str | None
    issued: str


class Followed(NamedTuple):
    """A file to look into again."""

    file: Listed
    numbers: frozenset[int]
    """Of the records that used a key that follows."""


Kind = TypeVar("Kind")
_SEEN = msgspec.json.Decoder(Seen)
_TRADED = msgspec.json.Decoder(Traded)


def handed_out(traded: Iterable[Path]) -> frozenset[str]:
    """Return the keys that were handed out in events that are kept, or for these, at any depth."""
    given = defaultdict[str | None, set[str]](set)
    for pair in _lines(traded, _TRADED):
        given[pair.key].add(pair.issued)
    below = set[str]()
    fresh = given[None]
    while fresh:
        below |= fresh
        fresh = set().union(*(given[key] for key in fresh & given.keys())) - below
    return frozenset(below)


def where_used(keys: frozenset[str], seen: Iterable[Path]) -> list[Followed]:
    """Return the files that used one of the keys, in order of their names."""
    numbers = defaultdict[Listed, set[int]](set)
    for one in _lines(seen, _SEEN):
        for key in keys & one.keys.keys():
            numbers[one.path, one.name, one.size].update(one.keys[key])
    found = [Followed(file, frozenset(each)) for file, each in numbers.items()]
    return sorted(found, key=lambda each: each.file[1])


def name_roots(connection: DuckDBPyConnection) -> None:
    """Make `session_of` of every event in `kept` the credential at the root of its chain."""
    connection.execute(_ISSUED)
    connection.execute(_ROOTS)


def _lines(parts: Iterable[Path], decoder: msgspec.json.Decoder[Kind]) -> Iterator[Kind]:
    for part in parts:
        with part.open("rb") as lines:
            yield from map(decoder.decode, lines)
