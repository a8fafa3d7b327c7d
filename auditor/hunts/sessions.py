"""Whose sessions they were: from a key to the temporary keys it was handed, and on from those.

A stolen key is seldom used alone: AssumeRole and GetSessionToken trade it for keys of a session,
whose events name only these. The call that handed them out names both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from auditor.hunts.events import Event

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Role chaining has no limit of its own; records in a circle must not become one: 20 links.

_HANDED_OUT = """
    SELECT DISTINCT issued_credential_uid FROM kept WHERE issued_credential_uid IS NOT NULL
"""
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


_ENCODE = msgspec.json.Encoder().encode
_PAIR = msgspec.json.Decoder(tuple[str | None, str])


def append(part: BinaryIO, traded: BinaryIO, events: Iterable[Event]) -> None:
    """Add events of sessions to a part, a line each: the key as JSON, a tab, the event.

    Of those that handed out a key for another, both keys go into `traded`: few, and all that is
    needed to know which lines of the parts are asked for.
    """
    for event in events:
        part.write(b"%b\t%b\n" % (_ENCODE(event.credential_uid), _ENCODE(event)))
        if event.issued_credential_uid:
            pair = (event.credential_uid, event.issued_credential_uid)
            traded.write(_ENCODE(pair) + b"\n")


def handed_out(connection: DuckDBPyConnection) -> set[str]:
    """Return the credentials that calls in the table `kept` handed out."""
    return {name for (name,) in connection.sql(_HANDED_OUT).fetchall()}


def followed(
    credentials: Iterable[str], parts: Sequence[Path], traded: Sequence[Path]
) -> Iterator[bytes]:
    """Yield the events of the parts that used one of the keys, or one they were traded for.

    Most lines follow from nothing, so of each only the key is looked at.
    """
    below = {_ENCODE(key) for key in _below(credentials, traded)}
    for path in parts if below else ():
        with path.open("rb") as part:
            for line in part:
                key, _, event = line.partition(b"\t")
                if key in below:
                    yield event


def name_roots(connection: DuckDBPyConnection) -> None:
    """Make `session_of` of every event in `kept` the credential at the root of its chain."""
    connection.execute(_ISSUED)
    connection.execute(_ROOTS)


def _below(credentials: Iterable[str], traded: Sequence[Path]) -> set[str]:
    """Return the credentials and all that were handed out to them, at any depth."""
    given = defaultdict[str | None, set[str]](set)
    for path in traded:
        with path.open("rb") as pairs:
            for credential, issued in map(_PAIR.decode, pairs):
                given[credential].add(issued)
    below = set[str]()
    fresh = set(credentials)
    while fresh:
        below |= fresh
        fresh = set().union(*(given[each] for each in fresh & given.keys())) - below
    return below
