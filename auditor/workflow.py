"""An audit from beginning to end: collect, conclude, publish.

`collect` is the only step that goes outside; it writes what it read into the run's snapshot.
`conclude` is a pure function of that snapshot, so a finished run is repeated offline by `report`.
"""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from auditor import calls, hunting
from auditor.collecting import Collecting, Progress
from auditor.conclude import conclude
from auditor.config import Loaded, from_json, to_json
from auditor.errors import AuthError, Interrupted, RemoteError, WorkbookError
from auditor.locking import alone
from auditor.plan import Plan, plan, require_packages
from auditor.publishing import Outcome, publish
from auditor.report import tracker
from auditor.runs import OutputFolder, Run, open_run


def audit(
    loaded: Loaded,
    now: datetime,
    progress: Progress,
    only: Collection[str] = (),
    resume: Path | None = None,
) -> Outcome:
    """Run the whole audit, or go on with an interrupted one, and return what it left behind."""
    if resume:
        run = open_run(resume)
        todo, output, problem = _told(run), OutputFolder(run.folder.parent), None
    else:
        todo = plan(loaded, only)
        require_packages(todo)
        output, problem = _open_output(Path(loaded.settings.out), progress)
    with alone(output.path, now):
        if not resume:
            run = _begin(todo, output, now, progress, only)
        progress.note(f"run: {run.folder}")
        with _room_for(run):
            collect(todo, run, output, progress, now)
            _hunt(todo, run, output, progress, now)
            return publish(todo, run, output, now, progress, problem)


def report(
    run: Run,
    now: datetime,
    progress: Progress,
    out: Path | None = None,
    *,
    rebuild: bool = False,
) -> Outcome:
    """Repeat a finished run from its snapshot, offline, and write its reports anew.

    `rebuild` puts a workbook that cannot be read aside and makes a new one from what results.json
    of the latest run holds of people's work.
    """
    output, problem = _open_output(out or run.folder.parent, progress)
    with alone(output.path, now), _room_for(run):
        if rebuild:
            progress.note(tracker.put_aside(output.tracker, now))
        return publish(_told(run), run, output, now, progress, problem)


def collect(todo: Plan, run: Run, output: OutputFolder, progress: Progress, now: datetime) -> None:
    """Read every system and provider into the run's snapshot: the only step that goes outside."""
    budget = todo.loaded.settings.usage_budget
    bases = output.past(run).baselines.values()
    watched = tuple(dict.fromkeys(key for base in bases for key in (*base.keys, *base.retired)))
    collecting = Collecting(run.snapshot, output.sealer(), progress, now, budget, watched)
    try:
        with calls.written_to(run.folder):
            for system, settings in todo.systems.values():
                system.collect(settings, collecting)
            for provider, settings in todo.providers.values():
                provider.collect(settings, collecting)
    except (AuthError, RemoteError):
        run.forget_if_empty()
        raise
    except KeyboardInterrupt as stop:
        raise Interrupted(
            "interrupted; what was read so far is kept",
            f"go on with: auditor audit --resume {run.folder}",
        ) from stop


def _hunt(todo: Plan, run: Run, output: OutputFolder, progress: Progress, now: datetime) -> None:
    """Look for the identities behind the secrets in the logs that the configuration names."""
    order = hunting.order(todo.loaded.settings.hunts, todo.incident)
    if order.logs:
        results, sealer = conclude(todo, run, output.past(run), {}), output.sealer()
        names = todo.loaded.settings.hunts.identities
        hunting.of_audit(run, order, results, names, todo.systems, sealer, now, progress)


_HARMLESS = timedelta(minutes=1)
"""A run that begins within the second of the one before it is no clock gone wrong."""


def _begin(
    todo: Plan, output: OutputFolder, now: datetime, progress: Progress, only: Collection[str]
) -> Run:
    told = {"loaded": to_json(todo.loaded), "only": sorted(only), "seal": output.sealer().name}
    run = output.begin(now, told)
    if run.started > now + _HARMLESS:
        progress.note(
            f"this machine's clock says {now:%Y-%m-%d %H:%M} UTC, before the latest run here began:"
            f" is it right? This run counts from {run.started:%Y-%m-%d %H:%M} UTC"
        )
    return run


_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


@contextmanager
def _room_for(run: Run) -> Iterator[None]:
    """Say how to go on where the disk gets full: every file is whole, the old one or the new."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise WorkbookError(
            f"no room to write in {run.folder.parent} ({error.strerror}); what was read is kept",
            f"make room, then go on with: auditor audit --resume {run.folder}",
        ) from error


def _told(run: Run) -> Plan:
    """Return the plan that a run was begun with, whatever the configuration says today."""
    told = from_json(run.settings["loaded"], str(run.folder / "run.json"))
    return plan(told, run.settings["only"])


def _open_output(path: Path, progress: Progress) -> tuple[OutputFolder, WorkbookError | None]:
    """Return the output folder; where it cannot be written one beside it, and what to say of it."""
    try:
        return OutputFolder(path), None
    except OSError as error:
        elsewhere = Path(tempfile.mkdtemp(prefix="auditor-"))
        message = f"{path} cannot be written ({error.strerror}); everything is in {elsewhere}"
        progress.note(message)
        return OutputFolder(elsewhere), WorkbookError(message, "name another folder with --out")
