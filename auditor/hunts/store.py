"""Where normalised events live: one Parquet file a platform in the run's folder, asked in SQL.

    <run>/events/<platform>.parquet           every event kept, each once
    <run>/events/others/<platform>.parquet    what everyone else was seen to use, in numbers

Workers write events as lines of JSON (parts); DuckDB turns the parts into Parquet and never meets
a vendor's own file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from auditor.hunts.events import COLUMNS, Event

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

MEMORY = "256MB"
"""What DuckDB may hold before it spills to the run's folder."""
_FOLDER = "events"
_ENCODER = msgspec.json.Encoder()
_AS_READ = {**COLUMNS, "time": "VARCHAR"}
"""Columns of a part. The time is cast afterwards: one bad cast would end the whole read."""
_CAST = ", ".join({"time": "TRY_CAST(time AS TIMESTAMP) AS time"}.get(n, n) for n in COLUMNS)
_NOTHING = ", ".join(f"NULL::{kind} AS {name}" for name, kind in COLUMNS.items())
_ONCE = """
    SELECT * FROM kept
    QUALIFY row_number() OVER (PARTITION BY platform, event_uid ORDER BY file, position) = 1
    ORDER BY time, file, position
"""


def append(part: BinaryIO, events: Iterable[Event]) -> None:
    """Add events to a part, one line of JSON each."""
    part.write(_ENCODER.encode_lines(events))


def load(connection: DuckDBPyConnection, run_folder: Path) -> None:
    """Make the view `events` over everything the run kept; it is empty where that is nothing."""
    files = sorted((run_folder / _FOLDER).glob("*.parquet"))
    _stored(connection, files).create_view("events")


def write(run_folder: Path, platform: str, parts: Sequence[Path]) -> int:
    """Add the parts' events to those kept of the platform, each event once; return how many.

    Of two records with the same id the one of the first file stays. The old file is whole until
    the new one is.
    """
    target = run_folder / _FOLDER / f"{platform}.parquet"
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = target.with_suffix(".new")
    with session(target.parent / "spill") as connection:
        _parts(connection, parts).create("kept")
        if target.exists():
            _stored(connection, [target]).insert_into("kept")
        connection.sql(_ONCE).write_parquet(str(fresh), compression="zstd")
        count = len(connection.read_parquet(str(fresh)))
    fresh.chmod(0o600)
    fresh.replace(target)
    return count


def session(spill: Path) -> DuckDBPyConnection:
    """Return a database in memory that spills to this folder."""
    import duckdb  # noqa: PLC0415 (workers that only decode never load it)

    return duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(spill)})


def _stored(connection: DuckDBPyConnection, files: Sequence[Path]) -> DuckDBPyRelation:
    if not files:
        return connection.query(f"SELECT {_NOTHING}").limit(0)
    return connection.read_parquet([str(file) for file in files]).project(", ".join(COLUMNS))


def _parts(connection: DuckDBPyConnection, parts: Sequence[Path]) -> DuckDBPyRelation:
    written = [str(part) for part in parts if part.stat().st_size]
    if not written:
        return _stored(connection, [])
    lines = connection.read_json(written, columns=_AS_READ, format="newline_delimited")
    return lines.project(_CAST)
