"""A reading of a few log files, whole: from a folder to rows of the view `events`."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from auditor.hunts import store
from auditor.hunts.ledger import FileRead, Ledger
from auditor.tails import Sealer

SEALER = Sealer(b"k" * 32)
NOW = datetime(2023, 2, 1, tzinfo=UTC)
SAMPLES = Path(__file__).parents[3] / "shared" / "data" / "logs"
needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="../shared/data/logs is not there")


@dataclass(frozen=True)
class Reading:
    ledger: Ledger
    folder: Path

    def rows(self, query: str) -> list[Any]:
        with duckdb.connect() as connection:
            store.load(connection, self.folder)
            return connection.sql(query).fetchall()

    def file(self, name: str) -> FileRead:
        return next(file for file in self.ledger.files if file.path == name)


Read = Callable[..., Reading]


class Dying(Executor):
    """Processes that die of whatever they are given."""

    def submit(self, work: Callable[..., Any], /, *_: Any, **__: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(BrokenProcessPool(work))
        return future
