"""The end of a run: its conclusions, and every file that people open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from auditor import hunting
from auditor.collecting import Progress
from auditor.conclude import conclude
from auditor.config import Threshold
from auditor.errors import WorkbookError
from auditor.models import Results, Severity
from auditor.plan import Plan
from auditor.report import outputs, rows, tracker
from auditor.report.closing import Closing, closing
from auditor.report.rows import Options, Summary, waivers
from auditor.report.tracker import Tracker
from auditor.risk.changes import put_back
from auditor.runs import RESULTS_NAME, OutputFolder, Run, write_results, write_whole

EXIT_FOUND, EXIT_INCOMPLETE, EXIT_CONTRADICTED = 10, 11, 12


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an audit left behind. `problem` says why a file is not where it belongs.

    `files` are those that people open, by what they are: "workbook", "page", "results".
    """

    results: Results
    summary: Summary
    files: dict[str, Path]
    problem: WorkbookError | None
    exit_code: int

    def closing(self) -> Closing:
        """Return how far the rotation has come."""
        return closing(self.results)


def publish(
    todo: Plan,
    run: Run,
    output: OutputFolder,
    now: datetime,
    progress: Progress,
    problem: WorkbookError | None,
) -> Outcome:
    """Draw the conclusions and write them: results.json first, which no workbook can hold up.

    WorkbookError where not even that can be written; any later file is a problem of the outcome.
    """
    progress.start("drawing conclusions")
    previous = tracker.read(output.tracker)
    results, options = _concluded(todo, run, output, previous, now)
    home = run.folder if run.folder.parent == output.path else output.path
    try:
        files = {"results": write_results(results, home / RESULTS_NAME)}
    except OSError as error:
        raise _unwritten(f"{home / RESULTS_NAME}", error, run) from error
    for complaint in waivers.complaints(options.waivers, _ids(results), options.today):
        progress.note(complaint)
    progress.start("writing the workbook")
    report = tracker.report(results, previous, options)
    try:
        workbook: Path | None = tracker.put(report, output.tracker, previous, options, beside=home)
    except tracker.WrittenElsewhere as error:
        workbook, problem = error.path, error
    progress.start("writing the page and the tables")
    try:
        files |= outputs.write(report, home, write_whole, options.hosts)
    except OSError as error:
        problem = problem or _unwritten("the page and the tables", error, run)
    if workbook:
        files = {"workbook": workbook} | files
    settings = todo.loaded.settings
    return Outcome(
        results,
        report.summary,
        {what: path.resolve() for what, path in files.items()},
        problem,
        exit_code(results, settings.fail_on, strict=settings.strict),
    )


def _unwritten(what: str, error: OSError, run: Run) -> WorkbookError:
    return WorkbookError(
        f"{what} could not be written ({error.strerror or error})",
        f"settle that and run: auditor report --from {run.folder}",
    )


def _concluded(
    todo: Plan, run: Run, output: OutputFolder, previous: Tracker, now: datetime
) -> tuple[Results, Options]:
    edits = previous.edits
    if previous.digest is None or not previous.readable:
        edits = output.edits()  # what people wrote outlives a workbook that is gone or ruined
    past = output.past(run)
    logged = hunting.logged(run, past.baselines.values())
    results = conclude(todo, run, past, edits, logged)
    results = hunting.with_hunt(results, hunting.kept(run))
    by_hand = put_back(past, results.run, previous.content.overwritten)
    results = replace(results, changes=(*results.changes, *by_hand))
    options = _options(todo, results, now)
    return replace(results, edits=rows.held(results, options)), options


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
