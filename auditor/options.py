"""The options that commands share, as the command line takes them."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from auditor import __version__


class Severities(StrEnum):
    """Thresholds of --fail-on."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Formats(StrEnum):
    """What goes to stdout."""

    TEXT = "text"
    JSON = "json"


def _tell_version(asked: bool) -> None:
    if asked:
        typer.echo(f"auditor {__version__}")
        raise typer.Exit


VersionOption = Annotated[
    bool,
    typer.Option(
        "--version", help="Print the version and exit.", callback=_tell_version, is_eager=True
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option(
        "--config", help="Configuration file.", envvar="AUDITOR_CONFIG", show_default="config.toml"
    ),
]
OutOption = Annotated[
    Path | None, typer.Option("--out", help="Output folder for runs and tracker.xlsx.")
]
FormatOption = Annotated[Formats, typer.Option("--format", help="What to print on stdout.")]
FailOnOption = Annotated[
    Severities | None,
    typer.Option("--fail-on", help="Exit 10 when something is at least this bad."),
]
StrictOption = Annotated[
    bool | None, typer.Option("--strict", help="Exit 11 when something could not be read.")
]
UsageOption = Annotated[
    int | None,
    typer.Option(
        "--usage-budget", min=0, help="Calls to spend on who uses the secrets.", metavar="N"
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option("--dry-run", help="Only print which calls would be made; ask and write nothing."),
]
