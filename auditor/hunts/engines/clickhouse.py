"""Hunts on ClickHouse, as the library chdb in this process. Needs the extra `engines`."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from auditor.hunts.engines import EngineError, Hits
from auditor.hunts.rules.dialects import translate
from auditor.hunts.rules.fields import literal

# A row without a partner, and the row before the first, have NULL in other engines' columns.
_SETTINGS = (
    "SET join_use_nulls = 1",
    "SET schema_inference_make_columns_nullable = 1",
    "SET session_timezone = 'UTC'",
)


@contextmanager
def started(files: Mapping[str, Path]) -> Iterator[ClickHouse]:
    """Give a ClickHouse that has each file as a table."""
    session_of: Any = importlib.import_module("chdb.session").Session  # it has no types
    with closing(session_of()) as session:
        for setting in _SETTINGS:
            session.query(setting)
        for name, file in files.items():
            source = f"file({literal(str(file.absolute()))}, Parquet)"
            session.query(f"CREATE VIEW {name} AS SELECT * FROM {source}")
        yield ClickHouse(session)


class ClickHouse:
    """An `Engine`."""

    def __init__(self, session: Any) -> None:
        """Ask a session that has the tables."""
        self._session = session

    def find(self, sql: str) -> Hits:
        """Return the hits of a query. EngineError where it cannot be run."""
        try:
            found = self._session.query(translate(sql, "clickhouse"), "JSONCompactEachRow")
        except (RuntimeError, ValueError) as error:
            raise EngineError(str(error).strip().splitlines()[0][:200]) from error
        rows = map(json.loads, found.bytes().splitlines())
        return [(int(number), note) for number, note in rows]
