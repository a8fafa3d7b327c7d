"""One table `seen` of the test events of every hunt, so that each engine can be asked it all.

Identities and credentials of each case stay apart from those of the others; so do the days of cases
of which nobody knows which jobs held the credential, since their jobs are everybody's. On top stand
some of the same events with one field in other letters, missing, or of characters that engines read
differently, drawn from a seed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import duckdb
from hunt_cases import table

from auditor.hunts.engines import TABLES
from auditor.hunts.rules.definition import Hunt

STRANGE = (
    "100%", "a_b", "axb", "a!b", "back\\slash", "ÄÖÜ STRASSE ß", "İstanbul", "'quoted'",
    "line\nbreak", "", " ", "7", "7.0", "true", "a.b", "(a|b)", "日本",
)  # fmt: skip
VARIED = ("action", "resource", "user_agent", "error_code", "error_message", "region", "agent")
_OWN = ("who", "session_of", "credential_uid")
_APART = 1_000_000
_ASIDE = timedelta(days=400)
_COPIES = 900_000_000


def corpus(hunts: Sequence[Hunt], seed: int = 1) -> duckdb.DuckDBPyConnection:
    """Return a connection with the tables that hunts ask, filled with all their cases."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in TABLES}
    kinds: dict[str, dict[str, str]] = {}
    aside = 0
    for number, (platform, case) in enumerate(_cases(hunts)):
        with table(platform, case) as part:
            unknown = is_unknown(case)
            aside += unknown
            for name in TABLES:
                kinds[name] = kinds.get(name) or _kinds(part, name)
                told = (_apart(row, name, number) for row in _rows(part, name))
                rows[name] += (_later(row, aside * _ASIDE) for row in told) if unknown else told
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


def is_unknown(case: Mapping[str, Any]) -> bool:
    """Return whether nobody knows of some of its time which jobs held the credential."""
    jobs = case.get("jobs", ())
    return bool(jobs) and ("known" in case or not any("holds" in job for job in jobs))


def _apart(row: dict[str, Any], name: str, number: int) -> dict[str, Any]:
    """Return a row of a case as one of nobody else; what is known of any job stays anybody's."""
    own = {column: f"{number}-{row[column]}" for column in _OWN if row.get(column)}
    return row | own | ({"n": row["n"] + number * _APART} if name == "seen" else {})


def _later(row: dict[str, Any], aside: timedelta) -> dict[str, Any]:
    """Return a row as one of other days, which no other case knows."""
    moved = {k: v + aside for k, v in row.items() if isinstance(v, datetime)}
    seconds = {"ts": row["ts"] + int(aside.total_seconds())} if "ts" in row else {}
    return row | moved | seconds


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
