"""An audit from beginning to end: collect, conclude, publish.

`collect` is the only step that goes outside; it writes what it read into the run's snapshot.
`conclude` is a pure function of that snapshot, so a finished run is repeated offline by `report`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from auditor import hunting
from auditor.collecting import Collecting, Progress
from auditor.conclude import conclude
from auditor.config import Loaded, Threshold, from_json, to_json
from auditor.errors import AuthError, Interrupted, RemoteError, WorkbookError
from auditor.models import Past, Results, Severity
from auditor.plan import Plan, plan, require_packages
from auditor.report import rows, tracker
from auditor.report.closing import Closing, closing
from auditor.report.rows import Options, Summary, waivers
from auditor.runs import RESULTS_NAME, OutputFolder, Run, open_run, write_results

EXIT_FOUND, EXIT_INCOMPLETE, EXIT_CONTRADICTED = 10, 11, 12


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an audit left behind. `problem` says why a file is not where it belongs."""

    results: Results
    options: Options
    results_path: Path
    workbook: Path | None
    problem: WorkbookError | None
    exit_code: int

    @property
    def files(self) -> dict[str, Path]:
        """Return the files that people open, by what they are."""
        workbook = {"workbook": self.workbook.resolve()} if self.workbook else {}
        return workbook | {"results": self.results_path.resolve()}

    def summary(self) -> Summary:
        """Return the figures of the run."""
        return rows.report(self.results, self.options).summary

    def closing(self) -> Closing:
        """Return how far the rotation has come."""
        return closing(self.results)


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
        told = {"loaded": to_json(loaded), "only": sorted(only), "seal": output.sealer().name}
        run = output.begin(now, told)
    progress.note(f"run: {run.folder}")
    collect(todo, run, output, progress, now)
    _hunt(todo, run, output, progress, now)
    return _publish(todo, run, output, now, progress, problem)


def report(run: Run, now: datetime, progress: Progress, out: Path | None = None) -> Outcome:
    """Repeat a finished run from its snapshot, offline, and write its reports anew."""
    output, problem = _open_output(out or run.folder.parent, progress)
    return _publish(_told(run), run, output, now, progress, problem)


def collect(todo: Plan, run: Run, output: OutputFolder, progress: Progress, now: datetime) -> None:
    """Read every system and provider into the run's snapshot: the only step that goes outside."""
    budget = todo.loaded.settings.usage_budget
    collecting = Collecting(run.snapshot, output.sealer(), progress, now, budget)
    try:
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
        results, sealer = conclude(todo, run, Past(), {}), output.sealer()
        names = todo.loaded.settings.hunts.identities
        subjects = hunting.behind(results, names, todo.systems, sealer)
        hunting.of_run(run, order, subjects, sealer, now, progress)


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


def _publish(
    todo: Plan,
    run: Run,
    output: OutputFolder,
    now: datetime,
    progress: Progress,
    problem: WorkbookError | None,
) -> Outcome:
    """Draw the conclusions and write them: results.json first, which nothing can hold up."""
    progress.start("drawing conclusions")
    previous = tracker.read(output.tracker)
    edits = previous.edits
    if previous.digest is None or not previous.readable:
        edits = output.edits(run)  # what people wrote outlives a workbook that is gone or ruined
    results = conclude(todo, run, output.past(run), edits)
    results = hunting.with_hunt(results, hunting.kept(run))
    options = _options(todo, results, now)
    results = replace(results, edits=rows.held(results, options))
    home = run.folder if run.folder.parent == output.path else output.path
    results_path = write_results(results, home / RESULTS_NAME)
    progress.start("writing the workbook")
    for complaint in waivers.complaints(options.waivers, _ids(results), options.today):
        progress.note(complaint)
    workbook: Path | None = None
    try:
        workbook = tracker.write(results, output.tracker, previous, options, beside=home)
    except tracker.WrittenElsewhere as error:
        workbook, problem = error.path, error
    code = exit_code(results, todo.loaded.settings.fail_on, strict=todo.loaded.settings.strict)
    return Outcome(results, options, results_path, workbook, problem, code)


def _ids(results: Results) -> Iterator[str]:
    """Yield the ids of every entry that is or was there."""
    yield from (seen.secret_id for seen in results.history)


def _options(todo: Plan, results: Results, now: datetime) -> Options:
    owners = {secret.id: todo.people.owner(secret) for secret in results.secrets}
    hosts = frozenset(host for system, told in todo.systems.values() for host in system.hosts(told))
    accepted = waivers.by_id(todo.loaded.settings.waivers)
    return Options(now, todo.loaded.settings.sla, owners, accepted, hosts)


def exit_code(results: Results, fail_on: Threshold | None, *, strict: bool) -> int:
    """Return 10 when something is, or may be, as bad as the threshold; else 11 for gaps."""
    if fail_on:
        threshold = Severity(fail_on.capitalize())
        if any(assessed.severity.reaches(threshold) for assessed in results.assessments):
            return EXIT_FOUND
    return EXIT_INCOMPLETE if strict and results.gaps else 0
