"""Another engine than the embedded one: which there are, and what becomes of its answers.

That Spark and ClickHouse find the same is `make test-engines`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import duckdb
import pytest
from hunt_cases import NOON, table

from auditor.errors import ConfigError
from auditor.hunts.engines import NAMES, Asked, EngineError, Hits
from auditor.hunts.rules.loading import packaged
from auditor.hunts.searching import Searched, search
from auditor.hunts.wanted import Window

RECON = {"events": [{"action": "ListBuckets", "times": 30, "every": "1s"}]}


class Elsewhere:
    """An engine that asks the same tables through itself."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, refuses: str = "nothing") -> None:
        self._connection, self._refuses = connection, refuses

    def find(self, sql: str) -> Hits:
        if self._refuses in sql:
            raise EngineError("no such thing here")
        return self._connection.execute(sql).fetchall()


@contextmanager
def seen() -> Iterator[duckdb.DuckDBPyConnection]:
    with table("aws", RECON) as connection:
        yield connection


def signals(connection: duckdb.DuckDBPyConnection) -> list[tuple[int, int, str]]:
    return sorted(connection.execute("SELECT * FROM signals").fetchall(), key=str)


def searched(*, refuses: str | None = None) -> tuple[Searched, list[tuple[int, int, str]]]:
    with seen() as connection:
        engine = None if refuses is None else Elsewhere(connection, refuses)
        found = search(connection, packaged(), Window(since=NOON), engine=engine)
        return found, signals(connection)


def test_signals_are_the_same_wherever_they_come_from() -> None:
    assert searched(refuses="nothing of the kind") == searched()


def test_a_hunt_that_an_engine_refuses_says_so_and_the_others_run() -> None:
    here, _ = searched()
    there, _ = searched(refuses="count(")
    refused = 0
    for mine, theirs in zip(here.runs, there.runs, strict=True):
        if theirs.not_run and not mine.not_run:
            refused += 1
            assert theirs.not_run == "the engine refused it: no such thing here"
            assert theirs.hits == 0
        else:
            assert theirs == mine
    assert refused > 2


@pytest.mark.parametrize(
    ("name", "master", "what"),
    [("abacus", "", "there is no engine abacus"), ("duckdb", "local[2]", "duckdb has no master")],
)
def test_an_engine_that_cannot_be_is_a_line(name: str, master: str, what: str) -> None:
    with pytest.raises(ConfigError, match=what):
        Asked(name, master)


def test_the_engines_have_names() -> None:
    assert NAMES == ("duckdb", "spark", "clickhouse")
    assert Asked().embedded
    assert not Asked("spark").embedded
