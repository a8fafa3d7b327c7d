"""The living workbook: reads what people wrote, and replaces the file without losing any of it.

    previous = tracker.read(path)           before anything else of a run
    results = replace(results, edits=...)   the workflow hands the edits on: previous.edits
    tracker.write(results, path, previous, options, beside=run_folder)

`preflight` looks at the file before a parser does, `reading` takes out what is not the tool's,
`carrying` puts it into the new tables, `foreign` keeps the sheets people added, `saving` replaces
the file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import IO

from auditor.errors import ConfigError, WorkbookError
from auditor.models import HumanEdit, Results
from auditor.report import rows, workbook
from auditor.report.rows import Options, Report, secrets
from auditor.report.tables import Row, Table
from auditor.report.tracker import carrying, checking, foreign, preflight, reading, saving
from auditor.report.tracker.preflight import Unreadable
from auditor.report.tracker.reading import Content
from auditor.report.tracker.saving import Obstructed, Target

__all__ = [
    "Tracker",
    "WrittenElsewhere",
    "obstacles",
    "put",
    "put_aside",
    "read",
    "report",
    "write",
]


HINT = "settle that and run: auditor report --from RUN; or keep the new one under the old name"


class WrittenElsewhere(WorkbookError):
    """The workbook must stay as it is. `path` holds the new one, None where nothing could be."""

    def __init__(self, message: str, hint: str, path: Path | None) -> None:
        """Keep where the new workbook is."""
        super().__init__(message, hint)
        self.path = path


@dataclass(frozen=True, slots=True)
class Tracker:
    """What the workbook held when it was read."""

    source: Path
    """The file that was read: the workbook, or the copy with macros that stands beside it."""
    digest: str | None = None
    """SHA-256 of the workbook, None where there was none."""
    content: Content = field(default_factory=Content)
    problems: tuple[str, ...] = ()
    """Why the workbook must not be replaced; each follows the name of the file."""
    readable: bool = True
    """Whether the file could be read. If not, what people wrote in it is not known."""

    @property
    def edits(self) -> Mapping[str, HumanEdit]:
        """Return what people wrote, by Secret ID."""
        return self.content.edits


def read(path: Path) -> Tracker:
    """Return what people wrote into the workbook. Whatever is wrong with it becomes a problem."""
    path = path.resolve()
    macros = path.with_suffix(".xlsm")
    source = macros if macros.exists() else path
    digest = None
    try:
        digest = saving.digest(path)
        if source is path and digest is None:
            return Tracker(path)
        problems = preflight.check(source)
        content = reading.read(source)
    except Unreadable as error:
        return Tracker(source, digest, problems=(str(error),), readable=False)
    except OSError as error:
        problem = f"cannot be read ({error.strerror or error})"
        return Tracker(source, digest, problems=(problem,), readable=False)
    if source is macros and not problems:
        problems = ("is a workbook with macros",)
    return Tracker(source, digest, content, problems)


def obstacles(path: Path, now: datetime) -> Iterator[str]:
    """Yield why a run could not replace the workbook as it is now, without reading its cells."""
    path = path.resolve()
    try:
        yield from preflight.check(path)
        yield from saving.obstacles(Target(path, saving.digest(path), now))
    except Unreadable as error:
        yield str(error)
    except OSError as error:
        yield f"cannot be read ({error.strerror or error})"


def put_aside(path: Path, now: datetime) -> str:
    """Move a workbook that cannot be read aside, and return where it is, in words.

    ConfigError where it can be read: its edits would be lost from the new one.
    """
    previous = read(path)
    if previous.readable:
        raise ConfigError(
            f"{path} can be read: --rebuild would lose what was written into it",
            "leave --rebuild away; it is for a workbook that is ruined",
        )
    aside = path.with_name(f"{path.stem}.ruined-{now:%Y%m%dT%H%M%SZ}{path.suffix}")
    path.rename(aside)
    return f"the workbook that cannot be read is kept as {aside}"


def write(
    results: Results,
    path: Path,
    previous: Tracker,
    options: Options,
    *,
    beside: Path | None = None,
) -> Path:
    """Write the workbook, everything people wrote included, and return its path.

    Raises WrittenElsewhere when the old one must stay as it is: the new one then stands beside it,
    or in the folder `beside` where that cannot be written to.
    """
    return put(report(results, previous, options), path, previous, options, beside=beside)


def put(
    made: Report,
    path: Path,
    previous: Tracker,
    options: Options,
    *,
    beside: Path | None = None,
) -> Path:
    """Write the workbook of a report that `report` made; raises as `write` does."""
    draft = _Draft(made, previous, options)
    target = Target(path.resolve(), previous.digest, options.now)
    reasons = list(previous.problems)
    try:
        reasons.extend(saving.obstacles(target))
        if not reasons:
            return saving.replace(target, draft.build, draft.check)
    except Unreadable as error:
        reasons, draft.base = [str(error)], None
    except Obstructed as error:
        reasons = [str(error)]
    except OSError as error:
        reasons = [f"could not be replaced ({error.strerror or error})"]
    return _elsewhere(draft, target, reasons, beside)


def report(results: Results, previous: Tracker, options: Options) -> Report:
    """Return what every output shows, with everything people wrote into the last workbook."""
    content = previous.content
    # The workbook always wins over what the results hold of an earlier one.
    edits = {**results.edits, **content.edits}
    gone = content.known.keys() - {secret.id for secret in results.secrets}
    vanished = tuple(content.vanished(id_) for id_ in sorted(gone))
    made = rows.report(replace(results, edits=edits), options, vanished)
    return carrying.carry(made, edits, content)


class _Draft:
    """A report ready to be written to any file, as often as it takes."""

    def __init__(self, report: Report, previous: Tracker, options: Options) -> None:
        """Keep the sheets of the previous workbook where it could be read."""
        self.base = previous.source if previous.readable and previous.source.exists() else None
        self._report = report
        self._content = previous.content
        self._options = options
        self._ids: list[str] = []

    def build(self, file: IO[bytes]) -> None:
        """Write the workbook to a file."""
        self._ids.clear()
        layout = self._content.layout
        book = None
        if self.base:
            book = foreign.load(self.base, layout.titles, self._content.loose, self._options.now)
        tables = tuple(map(self._watched, self._report.tables))
        report = replace(self._report, tables=tables)
        workbook.write(report, file, base=book, layout=layout, hosts=self._options.hosts)

    def check(self, path: Path) -> None:
        """Raise OSError unless the file holds every row that was written to it."""
        checking.check(path, self._ids)

    def _watched(self, table: Table) -> Table:
        """Return the table, noting the ids of the rows that go through it."""
        if table.name not in rows.TRACKED:
            return table

        def rows_() -> Iterator[Row]:
            for row in table.rows():
                self._ids.append(str(row[position]))
                yield row

        position = table.position(secrets.ID)
        return replace(table, rows=rows_)


def _elsewhere(draft: _Draft, target: Target, reasons: list[str], beside: Path | None) -> Path:
    """Write the workbook beside the old one or into the other folder. Always raises."""
    said = f"{target.path} {', and '.join(dict.fromkeys(reasons))}"
    for folder in filter(None, (target.path.parent, beside)):
        try:
            path = _put(draft, target, folder)
        except OSError:
            continue
        raise WrittenElsewhere(f"{said}; the new workbook is {path}", HINT, path)
    raise WrittenElsewhere(
        f"{said}; the new workbook could not be saved anywhere",
        "make room on the disk, or name another folder with --out",
        None,
    )


def _put(draft: _Draft, target: Target, folder: Path) -> Path:
    try:
        return saving.put_beside(target, folder, draft.build, draft.check)
    except Unreadable:  # the sheets people added cannot be kept: the old workbook has them
        draft.base = None
        return saving.put_beside(target, folder, draft.build, draft.check)
