"""Hunts on Spark: on this machine, or on a cluster that sees the run's folder under the same path.

Needs the extra `engines` and Java 17: https://spark.apache.org/docs/latest/
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.errors import ConfigError
from auditor.hunts.engines import EngineError, Hits
from auditor.hunts.rules.dialects import translate

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

HERE = "local[*]"
_OPTIONS: Mapping[str, str] = {
    "spark.app.name": "auditor hunt",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.log.level": "OFF",
}
_SHUFFLES = "8"
"""Partitions of a shuffle on this machine, where 200, the default, cost more than they spread."""


def ready() -> None:
    """Raise ConfigError where Java is missing: Spark would say so in fifty lines."""
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        raise ConfigError("Spark needs Java 17", "install a Java runtime, or set JAVA_HOME")


@contextmanager
def started(files: Mapping[str, Path], master: str) -> Iterator[Spark]:
    """Give a Spark that has each file as a table; ConfigError where none can be reached."""
    from py4j.protocol import Py4JError  # noqa: PLC0415
    from pyspark.errors import PySparkException  # noqa: PLC0415
    from pyspark.sql import SparkSession  # noqa: PLC0415

    # PySpark writes every refused query to stderr by itself.
    logging.getLogger("SQLQueryContextLogger").disabled = True
    builder = SparkSession.builder.master(master)
    if master.startswith("local"):
        builder = builder.config("spark.sql.shuffle.partitions", _SHUFFLES)
    try:
        session = builder.config(map={**_OPTIONS}).getOrCreate()
    except (PySparkException, Py4JError) as error:
        raise ConfigError(f"no Spark at {master}: {_line(error)}", "is it Java 17?") from error
    try:
        for name, file in files.items():
            session.read.parquet(file.absolute().as_uri()).createOrReplaceTempView(name)
        session.catalog.cacheTable("seen")
        yield Spark(session)
    finally:
        session.stop()


class Spark:
    """An `Engine`."""

    def __init__(self, session: SparkSession) -> None:
        """Ask a session that has the tables as views."""
        self._session = session

    def find(self, sql: str) -> Hits:
        """Return the hits of a query. EngineError where it cannot be run."""
        from py4j.protocol import Py4JError  # noqa: PLC0415
        from pyspark.errors import PySparkException  # noqa: PLC0415

        try:
            rows = self._session.sql(translate(sql, "spark")).collect()
        except (PySparkException, Py4JError, ValueError) as error:
            raise EngineError(_line(error)) from error
        return [(int(number), note) for number, note in rows]


def _line(error: Exception) -> str:
    """Return what an error says; Java's stands below a line of the bridge's own."""
    said = str(error).strip().splitlines()
    return next((line for line in said[1:2] if "Exception: " in line), said[0])[:200]
