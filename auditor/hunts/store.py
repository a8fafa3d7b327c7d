"""Where normalised events live: one Parquet file a platform in the run's folder, asked in SQL.

    <run>/events/<platform>.parquet           every event kept, each once
    <run>/events/others/<platform>.parquet    what everyone else was seen to use, in numbers

Workers write events as lines of JSON (parts); DuckDB turns the parts into Parquet and never meets
a vendor's own file.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import msgspec

from auditor.hunts.content import DamagedError
from auditor.hunts.events import COLUMNS, Event
from auditor.hunts.sessions import name_roots
from auditor.hunts.sketch import LINE_COLUMNS

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

MEMORY = "256MB"
"""What DuckDB may hold before it spills to the run's folder."""
_FETCHED = 1000
_FOLDER = "events"
_ENCODER = msgspec.json.Encoder()
_AS_READ = {**COLUMNS, "time": "VARCHAR"}
"""Columns of a part. The time is cast afterwards: one bad cast would end the whole read."""
_CAST = ", ".join({"time": "TRY_CAST(time AS TIMESTAMP) AS time"}.get(n, n) for n in COLUMNS)
_NOTHING = ", ".join(f"NULL::{kind} AS {name}" for name, kind in COLUMNS.items())
_ONCE = """
    SELECT * FROM kept WHERE rowid IN (
        SELECT arg_min(rowid, (file, position)) FROM kept WHERE platform = $platform
        GROUP BY event_uid
    )
    ORDER BY time, file, position
"""
_OTHERS = """
    SELECT platform, kind, value,
        len(list_distinct(flatten(list(actors)))) AS actors,
        min(TRY_CAST(since AS TIMESTAMP)) AS since, max(TRY_CAST(until AS TIMESTAMP)) AS until
    FROM lines WHERE platform = $platform GROUP BY ALL ORDER BY ALL
"""
_NOBODY = """
    SELECT '' AS platform, '' AS kind, '' AS value, 0::BIGINT AS actors,
        NULL::TIMESTAMP AS since, NULL::TIMESTAMP AS until
"""


def append(part: BinaryIO, events: Iterable[Event]) -> None:
    """Add events to a part, one line of JSON each."""
    part.write(_ENCODER.encode_lines(events))


def load(connection: DuckDBPyConnection, run_folder: Path) -> None:
    """Make the views `events` and `others` over what the run kept, empty where that is nothing.

    `others` counts what everybody was seen to use whose events were not kept: see `sketch`.
    """
    folder = run_folder / _FOLDER
    _stored(connection, sorted(folder.glob("*.parquet"))).create_view("events")
    others = [str(file) for file in sorted((folder / "others").glob("*.parquet"))]
    nothing = connection.query(_NOBODY).limit(0)
    (connection.read_parquet(others) if others else nothing).create_view("others")


def write(run_folder: Path, parts: Sequence[Path]) -> int:
    """Add the parts' events to those kept of each platform; return how many those are then.

    Each event is kept once: of two records with the same id that of the first file stays. Events of
    sessions are told whose they were (`session_of`). A file is whole at every moment.
    """
    folder = run_folder / _FOLDER
    spill = folder / "spill"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    spill.mkdir(exist_ok=True)
    with _database(spill) as connection:
        _parts(connection, parts).create("kept")
        name_roots(connection)
        found = connection.sql("SELECT DISTINCT platform FROM kept ORDER BY ALL").fetchall()
        counts = [_write(connection, folder / f"{platform}.parquet") for (platform,) in found]
    shutil.rmtree(spill, ignore_errors=True)
    return sum(counts)


def write_others(run_folder: Path, parts: Sequence[Path]) -> None:
    """Replace what is known of everybody whose events were not kept.

    Columns: platform, kind ("src", "user_agent", "action"), value, actors (at most
    `sketch.ACTORS` told apart per process of the reading), since, until.
    """
    folder = run_folder / _FOLDER / "others"
    shutil.rmtree(folder, ignore_errors=True)
    written = [str(part) for part in parts if part.stat().st_size]
    if not written:
        return
    folder.mkdir(mode=0o700, parents=True)
    with _database(folder / "spill") as connection:
        lines = connection.read_json(written, columns=LINE_COLUMNS, format="newline_delimited")
        lines.create_view("lines")
        for (platform,) in connection.sql("SELECT DISTINCT platform FROM lines").fetchall():
            rows = connection.sql(_OTHERS, params={"platform": platform})
            _replace(connection, rows, folder / f"{platform}.parquet")


def parquet_lines(file: Path) -> Iterator[bytes]:
    """Yield the rows of somebody's Parquet file as lines of JSON. DamagedError where it is none."""
    import duckdb  # noqa: PLC0415 (workers that only decode never load it)

    with _database(Path(tempfile.gettempdir())) as connection:
        try:
            connection.read_parquet(str(file)).create_view("rows")
            connection.execute("SELECT to_json(rows) FROM rows")
            while batch := connection.fetchmany(_FETCHED):
                yield "".join(f"{line}\n" for (line,) in batch).encode()
        except duckdb.Error as error:
            raise DamagedError("Parquet that cannot be read") from error


def _write(connection: DuckDBPyConnection, target: Path) -> int:
    if target.exists():
        _stored(connection, [target]).insert_into("kept")
    return _replace(connection, connection.sql(_ONCE, params={"platform": target.stem}), target)


def _replace(connection: DuckDBPyConnection, rows: DuckDBPyRelation, target: Path) -> int:
    """Write rows in place of a file, which is whole until then; return how many."""
    fresh = target.with_suffix(".new")
    rows.write_parquet(str(fresh), compression="zstd")
    fresh.chmod(0o600)
    fresh.replace(target)
    return len(connection.read_parquet(str(target)))


def _database(spill: Path) -> DuckDBPyConnection:
    """Return a database in memory that spills to this folder."""
    import duckdb  # noqa: PLC0415 (workers that only decode never load it)

    # Each thread pins blocks of its own: with one a core, a large machine runs out of memory.
    return duckdb.connect(
        config={"memory_limit": MEMORY, "temp_directory": str(spill), "threads": 2}
    )


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
