"""One table `seen` of the test events of every hunt, so that each engine can be asked it all.

Identities, credentials and days of each case stay apart from those of the others. On top stand some
of the same events with one field in other letters, missing, or of characters that engines read
differently, drawn from a seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import duckdb
from hunt_cases import table

from auditor.hunts.engines import TABLES
from auditor.hunts.rules.definition import Hunt
from auditor.hunts.seen import ANYBODY

STRANGE = (
    "100%", "a_b", "axb", "a!b", "back\\slash", "ÄÖÜ STRASSE ß", "İstanbul", "'quoted'",
    "line\nbreak", "", " ", "7", "7.0", "true", "a.b", "(a|b)", "日本",
)  # fmt: skip
VARIED = ("action", "resource", "user_agent", "error_code", "error_message", "region", "agent")
_OWN = ("who", "session_of", "credential_uid")
_OF_JOBS = ("jobs", "watched")
_APART = 1_000_000
_COPIES = 900_000_000


def corpus(hunts: Sequence[Hunt], seed: int = 1) -> duckdb.DuckDBPyConnection:
    """Return a connection with the tables that hunts ask, filled with all their cases."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    kinds: dict[str, dict[str, str]] = {}
    for number, (platform, case) in enumerate(_cases(hunts)):
        with table(platform, case) as part:
            for name in TABLES:
                kinds[name] = kinds.get(name) or _kinds(part, name)
                rows[name] += (_apart(row, name, number) for row in _told(part, name))
    luck = random.Random(seed)  # noqa: S311 (repeatable)
    rows["seen"] += [_varied(row, luck) for row in luck.choices(rows["seen"], k=3000)]
    whole = duckdb.connect()
    for name in TABLES:
        _fill(whole, name, kinds[name], rows[name])
    return whole


def _cases(hunts: Sequence[Hunt]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for hunt in hunts:
        for case in (*hunt.cases.finds, *hunt.cases.ignores):
            yield hunt.platform or "aws", case


def _kinds(part: duckdb.DuckDBPyConnection, name: str) -> dict[str, str]:
    return {row[0]: row[1] for row in part.execute(f"DESCRIBE {name}").fetchall()}


def _rows(part: duckdb.DuckDBPyConnection, name: str) -> Iterator[dict[str, Any]]:
    found = part.execute(f"SELECT * FROM {name}")
    columns = [column[0] for column in found.description or ()]
    yield from (dict(zip(columns, row, strict=True)) for row in found.fetchall())


def _told(part: duckdb.DuckDBPyConnection, name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a case; of jobs those that held the credential, where that is known."""
    known = any(row["who"] != ANYBODY for row in _rows(part, "watched"))
    for row in _rows(part, name):
        if name not in _OF_JOBS or (row["who"] != ANYBODY) == known:
            yield row


def _apart(row: dict[str, Any], name: str, number: int) -> dict[str, Any]:
    """Return a row of a case as one of nobody else; its jobs are its own identity's."""
    if name in _OF_JOBS:
        return row | {"who": f"{number}-who"}
    own = {column: f"{number}-{row[column]}" for column in _OWN if row.get(column) is not None}
    return row | own | ({"n": row["n"] + number * _APART} if name == "seen" else {})


def _varied(row: dict[str, Any], luck: random.Random) -> dict[str, Any]:
    column = luck.choice(VARIED)
    told = str(row[column] or "x")
    value = luck.choice((told.swapcase(), f"{told}%", None, luck.choice(STRANGE)))
    return row | {column: value, "n": luck.randrange(_COPIES, 2 * _COPIES)}


def _fill(
    whole: duckdb.DuckDBPyConnection, name: str, kinds: dict[str, str], rows: list[dict[str, Any]]
) -> None:
    told = ", ".join(f"{column} {kind}" for column, kind in kinds.items())
    whole.execute(f"CREATE TABLE {name} ({told})")
    lists = ", ".join(f"unnest(?::{kind}[])" for kind in kinds.values())
    whole.execute(f"INSERT INTO {name} SELECT {lists}", [[r[c] for r in rows] for c in kinds])
