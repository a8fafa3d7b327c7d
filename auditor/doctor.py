"""Looks, before an audit, whether it would work: the machine, the folder, every source.

Each source is asked a few cheap questions, all of them at once, within a deadline; nothing is
written but a test file that is removed at once.
"""

from __future__ import annotations

import platform
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from auditor import __version__, hunts
from auditor.collecting import Memory
from auditor.config import Loaded
from auditor.errors import AuditorError
from auditor.hunts import places
from auditor.inventory import System
from auditor.live import reach
from auditor.models import Check, Health
from auditor.plan import Plan, missing_packages, plan
from auditor.providers import Examined, LogCollector, Provider
from auditor.report import tracker
from auditor.runs import OutputFolder

DEADLINE = 30.0
"""Seconds after which a source that has not answered is given up."""
EXIT_HARD = 3


def examine(loaded: Loaded, now: datetime) -> tuple[Check, ...]:
    """Return every check: those of this machine first, then those of each source."""
    todo = plan(loaded)
    here = (*_machine(), *_folder(Path(loaded.settings.out), now), *_addresses(loaded))
    return (*here, *_sources(todo), *_reach(todo, now))


def exit_code(checks: tuple[Check, ...]) -> int:
    """Return 3 where an audit, or a source of it, would fail."""
    return EXIT_HARD if any(check.health is Health.FAIL for check in checks) else 0


def _machine() -> Iterator[Check]:
    says = f"auditor {__version__} on Python {platform.python_version()}, {platform.system()}"
    yield Check("this machine", Health.OK, says)


def _folder(path: Path, now: datetime) -> Iterator[Check]:
    about = f"output folder {path}"
    near = next(folder for folder in (path, *path.resolve().parents) if folder.is_dir())
    try:
        with tempfile.TemporaryFile(dir=near):
            pass
    except OSError as error:
        yield Check(about, Health.FAIL, f"cannot be written ({error.strerror})", "use --out")
        return
    yield Check(about, Health.OK, "can be written" if near == path else "will be made")
    if near == path:
        yield from _workbook(OutputFolder(path).tracker, now)


def _workbook(path: Path, now: datetime) -> Iterator[Check]:
    if not path.exists():
        return
    for problem in tracker.obstacles(path, now):
        yield Check(
            path.name,
            Health.WARN,
            f"{problem}: the next run writes a new one beside it",
            "close it, or see the README on workbooks",
        )
        return
    yield Check(path.name, Health.OK, "can be replaced, with everything that people wrote")


def _addresses(loaded: Loaded) -> Iterator[Check]:
    """Yield what hunts look addresses up in, and whether every database that was given is one."""
    for path in loaded.settings.hunts.databases:
        try:
            hunts.ready()
            (table,) = places.Databases([Path(path)]).tables
        except AuditorError as error:
            yield Check(path, Health.FAIL, error.message, error.hint)
        else:
            yield Check(path, Health.OK, f"a database of addresses, of {table.day}")
    told = ", ".join(f"{one.title} of {one.day}" for one in places.packaged_tables().values())
    yield Check("addresses in logs", Health.OK, f"looked up in {told}, below your own databases")


def _reach(todo: Plan, now: datetime) -> Iterator[Check]:
    """Yield whether the logs that providers keep still go back to the incident."""
    if todo.incident is None:
        return
    begin = todo.incident.window_start
    for provider, _ in todo.providers.values():
        if not isinstance(provider, LogCollector):
            continue
        for log, days, oldest in reach(provider.log_days(Memory()), now):
            says = f"goes back {days} days; the incident began {begin:%Y-%m-%d}"
            if oldest <= begin:
                yield Check(log, Health.OK, says)
            else:
                yield Check(
                    log,
                    Health.WARN,
                    f"{says}: nothing from then to {oldest:%Y-%m-%d} is in it",
                    "give what was shipped elsewhere under [hunts] logs",
                )


# --- sources ---------------------------------------------------------------------------------


def _sources(todo: Plan) -> Iterator[Check]:
    """Yield the checks of every source, in their order; all are asked at the same time."""
    parts: list[tuple[System | Provider, Any]] = [
        *todo.systems.values(),
        *todo.providers.values(),
    ]
    pool = ThreadPoolExecutor(max_workers=max(1, len(parts)))
    asked = [(part, pool.submit(_of_source, part, settings)) for part, settings in parts]
    for part, future in asked:
        yield from _ended(part, future)
    pool.shutdown(wait=False, cancel_futures=True)
    for name in sorted(todo.known_providers - set(todo.providers)):
        says = "not configured: whose its credentials are, and what they may do, stays unknown"
        yield Check(name, Health.WARN, says, f"add the table [providers.{name}]")


def _ended(part: System | Provider, future: Future[tuple[Check, ...]]) -> tuple[Check, ...]:
    try:
        return future.result(timeout=DEADLINE)
    except TimeoutError:
        says = f"no answer within {DEADLINE:.0f} seconds"
        return (Check(part.title, Health.FAIL, says, "check the network and its address"),)


def _of_source(part: System | Provider, settings: Any) -> tuple[Check, ...]:
    lacking = missing_packages(part, settings)
    if lacking:
        fix = f"pip install 'ci-secrets-auditor[{part.name}]'"
        return (Check(part.title, Health.FAIL, "its packages are not installed", fix),)
    if not isinstance(part, Examined):
        says = "configured; what it refuses is told by the audit itself"
        return (Check(part.title, Health.OK, says),)
    try:
        return tuple(part.examine(settings))
    except AuditorError as error:
        return (Check(part.title, Health.FAIL, error.message, error.hint),)
