"""The command that checks a rotation: `verify`."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.app import app
from auditor.exits import exits, say
from auditor.options import ConfigOption, OutOption, StrictOption

if TYPE_CHECKING:
    from auditor.config import Loaded
    from auditor.publishing import Outcome
    from auditor.report.closing import Closing

STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Where GitHub Actions shows the Markdown that a step leaves."""


class Shapes(StrEnum):
    """What goes to stdout."""

    TEXT = "text"
    MARKDOWN = "markdown"
    JSON = "json"


@app.command()
@exits
def verify(
    config: ConfigOption = None,
    out: OutOption = None,
    strict: StrictOption = None,
    resume: Annotated[
        Path | None, typer.Option(help="Go on with an interrupted run: its folder.")
    ] = None,
    output_format: Annotated[
        Shapes, typer.Option("--format", help="What to print on stdout.")
    ] = Shapes.TEXT,
) -> int:
    """Audit again and say what was really rotated, on both sides."""
    from auditor import config as configuration  # noqa: PLC0415

    loaded = configuration.load(config, flags={"out": out and str(out), "strict": strict})
    return check(loaded, output_format, resume)


def check(loaded: Loaded, shape: Shapes, resume: Path | None = None) -> int:
    """Audit, print how far the rotation has come, and return the exit code that it means."""
    from auditor import publishing, workflow  # noqa: PLC0415
    from auditor.console import progress_on  # noqa: PLC0415

    with progress_on(sys.stderr) as progress:
        outcome = workflow.audit(loaded, datetime.now(UTC), progress, resume=resume)
    closing = outcome.closing()
    _print(closing, shape)
    _leave_summary(closing)
    _say_where(outcome)
    if outcome.problem:
        raise outcome.problem
    return publishing.EXIT_CONTRADICTED if closing.contradicted else outcome.exit_code


def _print(closing: Closing, shape: Shapes) -> None:
    from auditor.report import closing as shapes  # noqa: PLC0415

    if shape is Shapes.JSON:
        typer.echo(json.dumps(shapes.to_json(closing), indent=1))
    elif shape is Shapes.MARKDOWN:
        typer.echo(shapes.markdown(closing), nl=False)
    else:
        for line in shapes.text(closing):
            typer.echo(line)


def _leave_summary(closing: Closing) -> None:
    from auditor.report.closing import markdown  # noqa: PLC0415

    path = os.environ.get(STEP_SUMMARY)
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(markdown(closing))
    except OSError as error:
        say(f"{STEP_SUMMARY} cannot be written ({error.strerror}): the summary is on stdout only")


def _say_where(outcome: Outcome) -> None:
    results = outcome.results
    if not any(base.taken < results.run.started for base in results.baselines):
        say("no earlier run in this folder: there is nothing to compare with until the next one")
    for what, path in outcome.files.items():
        say(f"{what}: {path}")
