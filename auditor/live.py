"""Asks providers for their own logs of named identities, so that a hunt can read them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path

from auditor.collecting import Collecting
from auditor.models import Gap
from auditor.plan import Plan, require_packages
from auditor.providers import LogCollector
from auditor.runs import SNAPSHOT_NAME


def collect(
    todo: Plan,
    folder: Path,
    names: Collection[str],
    since: datetime,
    until: datetime,
    collecting: Collecting,
) -> tuple[Sequence[tuple[Path, str]], tuple[Gap, ...]]:
    """Read what providers' logs show into the run's snapshot below `folder`.

    Return the folders with the source of each, and what could not be read. What is there already is
    not asked for again. MissingExtra where a provider's packages are not installed.
    """
    require_packages(todo)
    read: list[tuple[Path, str]] = []
    gaps: list[Gap] = []
    for provider, settings in todo.providers.values():
        if not isinstance(provider, LogCollector):
            continue
        prefix = provider.collect_logs(settings, names, since, until, collecting)
        gaps += provider.log_gaps(collecting.snapshot)
        if (logs := folder / SNAPSHOT_NAME / prefix).exists():
            read.append((logs, provider.log_source))
    return read, tuple(gaps)
