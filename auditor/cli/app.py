"""The application that the commands join, and what every one of them needs first."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from auditor.options import VersionOption

app = typer.Typer(
    name="auditor",
    help="Lists every secret a CI system holds, who stands behind it and how bad a leak is. "
    "Read-only: it changes nothing anywhere and never reads a secret's value.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def options(
    verbose: Annotated[
        int, typer.Option("--verbose", "-v", count=True, help="Log more; -vv logs everything.")
    ] = 0,
    version: VersionOption = False,  # noqa: ARG001 (its callback does it)
) -> None:
    """Prepare what every command needs."""
    os.umask(0o077)  # whatever is written holds what an audit saw
    from auditor.console import start_logging  # noqa: PLC0415

    start_logging(verbose)
