"""Events come back out of Parquet as they went in, each once, and add up over several reads."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from auditor.hunts import store
from auditor.hunts.events import COLUMNS, LONGEST, Event, Outcome, bounded, credential_name
from auditor.tails import Sealer

SEALER = Sealer(b"k" * 32)


def event(uid: str, **fields: Any) -> Event:
    plain = {
        "time": "2023-01-01T00:00:00Z",
        "event_uid": uid,
        "platform": "aws",
        "log": "cloudtrail",
        "action": "ListBuckets",
        "outcome": Outcome.SUCCESS,
        "file": "a.json",
        "position": 1,
    }
    return Event(**{**plain, **fields})


def written(folder: Path, *events: Event, name: str = "part") -> Path:
    path = folder / f"{name}.ndjson"
    with path.open("wb") as part:
        store.append(part, events)
    return path


def rows(folder: Path, query: str) -> list[Any]:
    with duckdb.connect() as connection:
        store.load(connection, folder)
        return connection.sql(query).fetchall()


def test_what_was_never_written_is_an_empty_view_of_the_same_columns(tmp_path: Path) -> None:
    described = rows(tmp_path, "DESCRIBE events")
    assert {name: kind for name, kind, *_ in described} == dict(COLUMNS)
    assert rows(tmp_path, "FROM events") == []


def test_columns_are_the_fields_of_an_event() -> None:
    assert set(COLUMNS) == set(Event.__struct_fields__)


def test_an_event_comes_back_as_it_went_in(tmp_path: Path) -> None:
    hostile = "=cmd|' /C calc'!A0\x00\n\u202e\U0001f600\"},{"
    part = written(tmp_path, event("1", time="2023-01-01T03:04:05.123456789Z", read_only=True,
                                   user_agent=hostile, position=7))  # fmt: skip
    assert store.write(tmp_path, [part]) == 1
    assert rows(tmp_path, "SELECT time, read_only, user_agent, country, position FROM events") == [
        (datetime(2023, 1, 1, 3, 4, 5, 123456), True, hostile, None, 7)  # noqa: DTZ001
    ]


def test_each_event_is_kept_once_whatever_read_brings_it(tmp_path: Path) -> None:
    first = written(tmp_path, event("1", file="b.json"), event("1"), event("2"), name="one")
    again = written(tmp_path, event("2", file="z.json"), event("3"), name="two")
    empty = written(tmp_path, name="none")
    assert store.write(tmp_path, [first]) == 2
    assert store.write(tmp_path, [again, empty]) == 3
    assert store.write(tmp_path, []) == 0
    other = written(tmp_path, event("1", platform="gcp"), name="three")
    assert store.write(tmp_path, [other]) == 1
    assert rows(tmp_path, "SELECT platform, event_uid, file FROM events ORDER BY ALL") == [
        ("aws", "1", "a.json"),
        ("aws", "2", "a.json"),
        ("aws", "3", "a.json"),
        ("gcp", "1", "a.json"),
    ]


def test_the_store_is_for_its_owner_alone(tmp_path: Path) -> None:
    store.write(tmp_path, [written(tmp_path, event("1"))])
    assert (tmp_path / "events").stat().st_mode & 0o077 == 0
    assert (tmp_path / "events" / "aws.parquet").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("key_id", "shown"),
    [("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXA"), ("ASIA123", "ASI"), ("abc", "")],
)
def test_a_credential_is_named_without_its_tail(key_id: str, shown: str) -> None:
    name = credential_name(key_id, SEALER)
    assert name.startswith(f"{shown}****#")
    assert key_id[-4:] not in name
    assert name == credential_name(key_id, SEALER)
    assert name != credential_name(key_id, Sealer(b"other" * 8))


def test_text_is_bounded_and_never_empty() -> None:
    assert bounded("") is None
    assert bounded(None) is None
    assert bounded("x" * LONGEST) == "x" * LONGEST
    assert len(bounded("x" * 10_000) or "") == LONGEST
