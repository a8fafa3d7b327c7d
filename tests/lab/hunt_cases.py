"""The test events of a hunt, as tables in DuckDB.

A case is one event, by its columns, or `events` after a `history`. What repeats says so: `times`,
`every`, `at` (from noon of the day, where events stand unless they are history), `days`; `{n}` in a
text is the number of the repetition. Facts about an address (`origin`, `as_name`, `ip_list`,
`latitude`, `longitude`), a replaced credential (`retired`), `jobs` (with `holds` where it is known
whether they held the credential, `known` since when that is) and `granted` become the tables that
hunts ask.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

import duckdb

from auditor.hunts import seen
from auditor.hunts.compile import query
from auditor.hunts.events import COLUMNS
from auditor.hunts.rules.backend import packed
from auditor.hunts.rules.definition import Hunt

NOON = datetime(2023, 1, 10, 12, tzinfo=UTC)
WHO = "who"
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_REPEATS = ("times", "every", "at", "days")
_OF_ADDRESS = {field.name for field in fields(seen.Address)} - {"src_ip"}


def span(told: str) -> timedelta:
    found = re.fullmatch(r"(-?\d+)([smhd])", told)
    assert found, told
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def found(hunt: Hunt, case: Mapping[str, Any]) -> list[int]:
    """Return the numbers of the events (history first) that the hunt finds in a case."""
    connection = table(hunt.platform or "aws", case)
    try:
        return sorted(row[0] for row in connection.execute(query(hunt, since=NOON)).fetchall())
    finally:
        connection.close()


def table(platform: str, case: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    """Return a connection whose `seen` holds the events of the case."""
    whole = case if "events" in case else {"events": [case]}
    rows = [row for each in whole.get("history", ()) for row in _repeated(each, history=True)]
    rows += [row for each in whole["events"] for row in _repeated(each, history=False)]
    connection = duckdb.connect()
    kinds = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f"CREATE TABLE events ({kinds})")
    filled = [_columns(platform, number, row) for number, row in enumerate(rows)]
    marks = ", ".join("?" for _ in COLUMNS)
    values = [[row.get(name) for name in COLUMNS] for row in filled]
    _insert(connection, marks, values)
    seen.make(connection, _facts(whole, rows, filled))
    return connection


def _insert(connection: duckdb.DuckDBPyConnection, marks: str, values: list[list[Any]]) -> None:
    for start in range(0, len(values), 200):
        batch = values[start : start + 200]
        places = ", ".join(f"({marks})" for _ in batch)
        flat = [value for row in batch for value in row]
        connection.execute(f"INSERT INTO events VALUES {places}", flat)


def _repeated(told: Mapping[str, Any], *, history: bool) -> Iterator[dict[str, Any]]:
    plain = {name: value for name, value in told.items() if name not in _REPEATS}
    times, every = told.get("times", 1), span(told.get("every", "0s"))
    begin = -(every * times) if history else timedelta()
    begin = span(told["at"]) if "at" in told else begin
    for day in range(told.get("days", 1)):
        for number in range(times):
            row = {
                k: v.replace("{n}", str(number)) if isinstance(v, str) else v
                for k, v in plain.items()
            }
            yield row | {"time": NOON + begin + timedelta(days=day) + every * number}


def _columns(platform: str, number: int, row: dict[str, Any]) -> dict[str, Any]:
    named: dict[str, Any] = {
        "event_uid": f"e{number}",
        "platform": platform,
        "log": platform,
        "actor_uid": WHO,
    }
    named |= {"file": "case", "position": number, "outcome": "unknown", "credential_uid": "KEY"}
    known = {name: value for name, value in row.items() if name in COLUMNS}
    if any(name in row for name in _OF_ADDRESS):
        known.setdefault("src_ip", _address(row))
    if isinstance(known.get("details"), dict):
        known["details"] = json.dumps(known["details"], ensure_ascii=False)
    unknown = set(row) - set(COLUMNS) - _OF_ADDRESS - {"retired"}
    assert not unknown, unknown
    return named | known | {"time": row["time"].replace(tzinfo=None)}


def _address(row: dict[str, Any]) -> str:
    """Return one made-up address for each autonomous system."""
    return f"192.0.2.{sum(map(ord, str(row.get('as_name')))) % 256}"


def _facts(
    case: Mapping[str, Any], rows: list[dict[str, Any]], filled: list[dict[str, Any]]
) -> seen.Facts:
    places: dict[str, seen.Address] = {}
    retired = []
    for row, event in zip(rows, filled, strict=True):
        told = {name: row[name] for name in _OF_ADDRESS if name in row}
        if ip := event.get("src_ip"):
            places.setdefault(ip, seen.Address(ip, packed(ip_address(ip)), **told))
        if row.get("retired"):
            retired.append(seen.Retired(event["credential_uid"], NOON - timedelta(days=1)))
    told = case.get("jobs", ())
    jobs = [
        seen.Job(who, NOON + span(job["start"]), NOON + span(job["end"]))
        for job in told
        for who in (seen.ANYBODY, *([WHO] if job.get("holds") else ()))
    ]
    day = timedelta(days=1)
    watched = [seen.Watched(seen.ANYBODY, NOON - day, NOON + day)] if told else []
    known = NOON + span(case.get("known", "-1d"))
    watched += [seen.Watched(WHO, known, NOON + day)] if any("holds" in j for j in told) else []
    granted = [seen.Granted(WHO, action.lower()) for action in case.get("granted", ())]
    return seen.Facts(tuple(places.values()), tuple(retired), jobs, watched, granted)
