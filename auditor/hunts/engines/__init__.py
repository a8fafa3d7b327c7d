"""Other engines than the embedded one, that hunt over the same normalised events.

The table `seen` and the small tables beside it are written as Parquet into the run's folder; an
engine reads these files where they are and gives back the numbers of the events that each hunt
finds. A hunt has one definition: its query, said in the engine's words by `rules.dialects`.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from auditor.collecting import Progress
from auditor.errors import ConfigError, MissingExtra

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLES = ("seen", "jobs", "watched", "granted")
"""What hunts ask."""
_PACKAGES = {"spark": "pyspark", "clickhouse": "chdb"}
EMBEDDED = "duckdb"
NAMES = (EMBEDDED, *_PACKAGES)

Hits: TypeAlias = Sequence[tuple[int, str | None]]
"""Numbers of events of `seen`, and what was unusual about each."""


class EngineError(Exception):
    """An engine refused a query; the text says why in a line."""


class Engine(Protocol):
    """An engine that has the tables at hand."""

    def find(self, sql: str) -> Hits:
        """Return the hits of a query in DuckDB's words. EngineError where it cannot be run."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which engine to hunt on; `master` is where Spark runs, "" for this machine."""

    name: str = EMBEDDED
    master: str = ""

    def __post_init__(self) -> None:
        """Raise ConfigError for what is no engine, and for a master of one that has none."""
        if self.name not in NAMES:
            raise ConfigError(f"there is no engine {self.name}", f"known: {', '.join(NAMES)}")
        if self.master and self.name != "spark":
            raise ConfigError(f"{self.name} has no master", "--master goes with --engine spark")

    @property
    def embedded(self) -> bool:
        """Return whether hunts run where the events are prepared, in this process."""
        return self.name == EMBEDDED


def ready(asked: Asked) -> None:
    """Raise MissingExtra, or ConfigError without Java, where the engine cannot be started."""
    package = _PACKAGES.get(asked.name)
    if package and not find_spec(package):
        raise MissingExtra(f"hunting on {asked.name}", "engines")
    if asked.name == "spark":
        from auditor.hunts.engines import spark  # noqa: PLC0415

        spark.ready()


@contextmanager
def started(
    asked: Asked, connection: DuckDBPyConnection, folder: Path, progress: Progress
) -> Iterator[Engine]:
    """Give the engine with the tables of the connection, which it reads from files in the folder.

    What it will scan is told before it starts. The files are gone afterwards.
    """
    home = folder / "engine"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(mode=0o700, parents=True)
    try:
        files = {name: _written(connection, name, home) for name in TABLES}
        progress.note(f"{asked.name}{_at(asked)} will scan {_weighed(connection, files)}")
        with _start(asked, files) as engine:
            yield engine
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _written(connection: DuckDBPyConnection, name: str, home: Path) -> Path:
    file = home / f"{name}.parquet"
    connection.table(name).write_parquet(str(file), compression="zstd")
    file.chmod(0o600)
    return file


def _weighed(connection: DuckDBPyConnection, files: Mapping[str, Path]) -> str:
    """Return how much an engine has to read at most for one hunt."""
    size = sum(file.stat().st_size for file in files.values())
    told = connection.execute(
        "SELECT count(DISTINCT (file_name, row_group_id)), sum(num_values) FILTER (column_id = 0)"
        " FROM parquet_metadata(?)",
        [[str(file) for file in files.values()]],
    ).fetchone()
    parts, rows = told or (0, 0)
    return f"{size:,} bytes in {len(files)} files of {parts} partitions, {int(rows or 0):,} rows"


def _at(asked: Asked) -> str:
    return f" at {asked.master}" if asked.master else ""


def _start(asked: Asked, files: Mapping[str, Path]) -> AbstractContextManager[Engine]:
    if asked.name == "spark":
        from auditor.hunts.engines import spark  # noqa: PLC0415

        return spark.started(files, asked.master or spark.HERE)
    from auditor.hunts.engines import clickhouse  # noqa: PLC0415

    return clickhouse.started(files)
