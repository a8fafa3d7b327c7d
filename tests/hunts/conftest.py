"""Fixtures that read a few log files from beginning to end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from readings import NOW, SEALER, Read, Reading

from auditor.collecting import Silent
from auditor.hunts.reading import read_logs
from auditor.hunts.wanted import Window, wanted


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def reading(
        *paths: Path,
        source: str | None = None,
        names: Sequence[str] | None = None,
        window: Window | None = None,
        workers: int = 1,
    ) -> Reading:
        asked = None if names is None else wanted(names, SEALER)
        folder = tmp_path / f"run-{workers}"
        ledger = read_logs(
            paths or (tmp_path / "logs",),
            source,
            asked,
            folder,
            SEALER,
            window or Window(),
            Silent(),
            now=NOW,
            workers=workers,
        )
        return Reading(ledger, folder)

    return reading


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder
