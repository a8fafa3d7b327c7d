"""Every event is in `seen` once, with a number of its own, whatever is joined to it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from auditor.hunts import seen, store
from auditor.hunts.events import Event, Outcome
from auditor.hunts.rules.loading import packaged
from auditor.hunts.searching import search
from auditor.hunts.wanted import Window

FACTS = seen.Facts(
    addresses=(seen.Address("203.0.113.9", network="cloud"),),
    retired=(seen.Retired("KEY", datetime(2023, 1, 2, tzinfo=UTC)),),
    aliases=(seen.Alias("ci", "the robot"), seen.Alias("key", "the robot", "aws")),
)


def event(number: int, platform: str, **fields: Any) -> Event:
    plain = {
        "time": f"2023-01-{1 + number % 27:02}T00:00:00Z",
        "event_uid": f"{platform} {number}",
        "platform": platform,
        "log": "cloudtrail",
        "action": "ListBuckets",
        "outcome": Outcome.SUCCESS,
        "file": "a.json",
        "position": number,
        "actor_name": "ci",
        "credential_uid": "KEY" if number % 3 else "OTHER",
        "src_ip": "203.0.113.9",
    }
    return Event(**{**plain, **fields})


@pytest.fixture
def connection(tmp_path: Path) -> Any:
    part = tmp_path / "part.ndjson"
    with part.open("wb") as lines:
        for platform in ("gcp", "aws"):
            store.append(lines, [event(number, platform) for number in range(100, 0, -1)])
    store.write(tmp_path, [part])
    with duckdb.connect() as connection:
        store.load(connection, tmp_path)
        seen.make(connection, FACTS)
        yield connection


def test_each_event_has_its_number_in_order_of_time(connection: Any) -> None:
    told = connection.execute("SELECT count(*), count(DISTINCT n), min(n), max(n) FROM seen")
    assert told.fetchone() == (200, 200, 1, 200)
    falls = "SELECT ts < lag(ts) OVER (PARTITION BY platform ORDER BY n) AS falls FROM seen"
    assert connection.execute(f"SELECT count(*) FROM ({falls}) WHERE falls").fetchone() == (0,)


def test_hunts_at_the_same_time_find_what_each_finds_alone(connection: Any) -> None:
    window = Window(since=datetime(2023, 1, 20, tzinfo=UTC))
    together = search(connection, packaged(), window)
    signals = connection.execute("FROM signals ORDER BY ALL").fetchall()
    alone = [search(connection, [hunt], window).runs[0] for hunt in packaged()]
    assert together.runs == tuple(alone)
    assert len(signals) == sum(run.hits for run in alone) > 0
