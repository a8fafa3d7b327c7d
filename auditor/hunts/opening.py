"""Opens what a run kept of its logs, to be asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.hunts import store

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@contextmanager
def opened(folder: Path) -> Iterator[DuckDBPyConnection]:
    """Give the views `events` and `others` of a run's folder, empty where nobody hunted.

    MissingExtra without the packages.
    """
    import duckdb  # noqa: PLC0415 (loaded where hunts run)

    with duckdb.connect(config={"memory_limit": store.MEMORY}) as connection:
        store.load(connection, folder)
        yield connection
