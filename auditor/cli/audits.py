"""Commands that audit: `audit`, `demo`, `report`."""

from __future__ import annotations

import json
import os
import shlex
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import rotation as rotations
from auditor.cli.app import app
from auditor.exits import exits, say
from auditor.options import (
    ConfigOption,
    DryRunOption,
    FailOnOption,
    FormatOption,
    Formats,
    OutOption,
    StrictOption,
    UsageOption,
)

if TYPE_CHECKING:
    from auditor.config import Loaded
    from auditor.demo.organisation import Organisation
    from auditor.publishing import Outcome


@app.command()
@exits
def audit(
    config: ConfigOption = None,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Audit only this CI system or provider; may be repeated."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Date (2023-01-05): what was not rewritten since is exposed.")
    ] = None,
    incident: Annotated[
        str | None,
        typer.Option(help="Incident: circleci-2023-01, or a .toml file of yours."),
    ] = None,
    out: OutOption = None,
    fail_on: FailOnOption = None,
    strict: StrictOption = None,
    usage_budget: UsageOption = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with an interrupted run: its folder.")
    ] = None,
    dry_run: DryRunOption = False,
    output_format: FormatOption = Formats.TEXT,
) -> int:
    """Audit your CI system and write the workbook."""
    from auditor import config as configuration  # noqa: PLC0415
    from auditor.errors import ConfigError  # noqa: PLC0415

    flags = {"since": since, "incident": incident, "out": out and str(out)}
    more = {"fail_on": fail_on, "strict": strict, "usage_budget": usage_budget}
    loaded = configuration.load(config, flags=flags | more)
    if dry_run and resume:
        raise ConfigError("--dry-run tells of a new run", "give it without --resume")
    if dry_run:
        return _announce(loaded, output_format, only or [])
    return _audit(loaded, output_format, only or [], resume)


@app.command()
@exits
def demo(
    out: Annotated[Path, typer.Option(help="Output folder.")] = Path("reports/demo"),
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the servers running and print how to audit them.")
    ] = False,
    rotated: Annotated[
        bool, typer.Option("--rotated", help="After people rotated its secrets: verify them.")
    ] = False,
    output_format: FormatOption = Formats.TEXT,
) -> int:
    """Audit an invented company on this machine."""
    from auditor import config as configuration  # noqa: PLC0415
    from auditor.demo import logs, rotation, scenario  # noqa: PLC0415
    from auditor.demo.organisation import Organisation  # noqa: PLC0415

    say("starting an invented company on this machine ...")
    served = rotation.rotated(scenario.load(), datetime.now(UTC)) if rotated else None
    with Organisation(served) as organisation:
        os.environ.update(organisation.environment())
        file = organisation.folder / "config.toml"
        kept = logs.write(scenario.load(), organisation.folder / "logs")
        file.write_text(organisation.config_toml() + logs.config_toml(kept), "utf-8")
        flags = {"out": str(out), "incident": "circleci-2023-01"}
        loaded = configuration.load(file, flags=flags)
        if rotated:
            code = rotations.check(loaded, rotations.Shapes(output_format.value))
        else:
            code = _audit(loaded, output_format)
        if keep:
            _keep(organisation, file)
    return code


@app.command()
@exits
def report(
    run: Annotated[Path, typer.Option("--from", help="Folder of a finished run.")],
    out: OutOption = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Make a workbook that cannot be read anew.")
    ] = False,
    output_format: FormatOption = Formats.TEXT,
) -> int:
    """Write the reports of a finished run again, offline."""
    from auditor import workflow  # noqa: PLC0415
    from auditor.console import progress_on  # noqa: PLC0415
    from auditor.runs import open_run  # noqa: PLC0415

    with progress_on(sys.stderr) as progress:
        outcome = workflow.report(open_run(run), datetime.now(UTC), progress, out, rebuild=rebuild)
    return _finish(outcome, output_format)


def _announce(loaded: Loaded, output_format: Formats, only: list[str]) -> int:
    """Print what an audit would ask."""
    from auditor import dryrun  # noqa: PLC0415
    from auditor.report.text import for_terminal  # noqa: PLC0415

    sources = dryrun.dry_run(loaded, only)
    if output_format is Formats.JSON:
        typer.echo(json.dumps([source.as_json() for source in sources], indent=1))
    else:
        for line in dryrun.lines(sources):
            typer.echo(for_terminal(line))
        say("nothing was asked of anybody, and nothing was written")
    return 0


def _audit(
    loaded: Loaded,
    output_format: Formats,
    only: list[str] | None = None,
    resume: Path | None = None,
) -> int:
    from auditor import workflow  # noqa: PLC0415
    from auditor.console import progress_on  # noqa: PLC0415

    with progress_on(sys.stderr) as progress:
        outcome = workflow.audit(loaded, datetime.now(UTC), progress, only or (), resume)
    return _finish(outcome, output_format)


def _finish(outcome: Outcome, output_format: Formats) -> int:
    """Print what an audit concluded and return the exit code that it means."""
    if output_format is Formats.JSON:
        from auditor.runs import results_chunks  # noqa: PLC0415

        sys.stdout.buffer.writelines(results_chunks(outcome.results))
        sys.stdout.flush()
    else:
        from rich.console import Console  # noqa: PLC0415

        from auditor.report import terminal  # noqa: PLC0415

        terminal.show(Console(file=sys.stdout), outcome.summary, outcome.files)
    if outcome.problem:
        raise outcome.problem
    return outcome.exit_code


def _keep(organisation: Organisation, file: Path) -> None:
    say("\nThe servers stay up until you press Ctrl-C. In another terminal:\n")
    for name, value in organisation.environment().items():
        say(f"  export {name}={shlex.quote(value)}")
    say(f"  auditor audit --config {file}\n")
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        say("stopped")
