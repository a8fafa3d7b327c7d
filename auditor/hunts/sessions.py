"""Whose sessions they were: from a key to the temporary keys it was handed, and on from those.

A stolen key is seldom used alone: AssumeRole and GetSessionToken trade it for keys of a session,
whose events name only these. The call that handed them out names both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

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


class _Link(msgspec.Struct, gc=False):
    """The two columns of an event that chain sessions."""

    credential_uid: str | None = None
    issued_credential_uid: str | None = None


_LINK = msgspec.json.Decoder(_Link)


def handed_out(connection: DuckDBPyConnection) -> set[str]:
    """Return the credentials that calls in the table `kept` handed out."""
    return {name for (name,) in connection.sql(_HANDED_OUT).fetchall()}


def followed(credentials: Iterable[str], parts: Sequence[Path]) -> Iterator[bytes]:
    """Yield the lines of the parts that used one of the credentials, or one they were traded for.

    Parts hold an event a line. Most lines follow from nothing, so only what chains them is parsed.
    """
    below = _below(credentials, parts)
    if below:
        yield from (line for line, link in _links(parts) if link.credential_uid in below)


def name_roots(connection: DuckDBPyConnection) -> None:
    """Make `session_of` of every event in `kept` the credential at the root of its chain."""
    connection.execute(_ISSUED)
    connection.execute(_ROOTS)


def _below(credentials: Iterable[str], parts: Sequence[Path]) -> set[str]:
    """Return the credentials and all that were handed out to them, at any depth."""
    traded = defaultdict[str | None, set[str]](set)
    for _, link in _links(parts):
        if link.issued_credential_uid:
            traded[link.credential_uid].add(link.issued_credential_uid)
    below = set[str]()
    fresh = set(credentials)
    while fresh:
        below |= fresh
        fresh = set().union(*(traded[each] for each in fresh & traded.keys())) - below
    return below


def _links(parts: Sequence[Path]) -> Iterator[tuple[bytes, _Link]]:
    for path in parts:
        with path.open("rb") as part:
            yield from ((line, _LINK.decode(line)) for line in part)
