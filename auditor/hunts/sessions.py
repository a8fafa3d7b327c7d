"""Whose sessions they were: from a key to the temporary keys it was handed, and on from those.

A stolen key is seldom used alone: AssumeRole and GetSessionToken trade it for keys of a session,
whose events name only these. The call that handed them out names both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

# Role chaining has no limit of its own; records in a circle must not become one: 20 links.

_BELOW = """
    CREATE TEMP TABLE below AS
    WITH RECURSIVE below(credential, depth) AS (
        SELECT DISTINCT issued_credential_uid, 1 FROM kept WHERE issued_credential_uid IS NOT NULL
        UNION
        SELECT sessions.issued_credential_uid, depth + 1
        FROM sessions JOIN below ON sessions.credential_uid = below.credential
        WHERE sessions.issued_credential_uid IS NOT NULL AND depth < 20
    )
    SELECT DISTINCT credential FROM below
"""
_FOLLOWED = """
    SELECT * FROM sessions WHERE credential_uid IN (SELECT credential FROM below)
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


def follow(connection: DuckDBPyConnection) -> int:
    """Add to the table `kept` what followed from it of `sessions`; return how many events.

    `session_of` of every kept event becomes the credential at the root of its chain.
    """
    connection.execute(_BELOW)
    followed = connection.sql(_FOLLOWED)
    count = len(followed)
    followed.insert_into("kept")
    connection.execute(_ISSUED)
    connection.execute(_ROOTS)
    return count
