"""Engines as people start them: each on this machine, with what it needs or a reason to skip."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest
from hunt_corpus import corpus

from auditor.collecting import Silent
from auditor.errors import AuditorError
from auditor.hunts import engines
from auditor.hunts.rules.loading import packaged

ASKED = (engines.Asked("spark", "local[2]"), engines.Asked("clickhouse"))


@pytest.fixture(scope="session")
def everything() -> Iterator[duckdb.DuckDBPyConnection]:
    with corpus(packaged()) as connection:
        yield connection


@pytest.fixture(scope="module", params=ASKED, ids=lambda asked: asked.name)
def asked(request: pytest.FixtureRequest) -> engines.Asked:
    wanted: engines.Asked = request.param
    try:
        engines.ready(wanted)
    except AuditorError as error:
        pytest.skip(f"{error} ({error.hint})")
    return wanted


@pytest.fixture(scope="module")
def engine(
    asked: engines.Asked,
    everything: duckdb.DuckDBPyConnection,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[engines.Engine]:
    folder: Path = tmp_path_factory.mktemp(asked.name)
    with ExitStack() as stack:
        yield stack.enter_context(engines.started(asked, everything, folder, Silent()))
