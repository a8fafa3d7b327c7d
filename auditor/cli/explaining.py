"""The command that tells one thing from end to end: `explain`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.app import app
from auditor.errors import ConfigError
from auditor.exits import exits


@app.command()
@exits
def explain(
    id_: Annotated[
        str, typer.Argument(metavar="ID", help="Id of an entry or a finding; name of an identity.")
    ],
    run: Annotated[Path | None, typer.Option("--from", help="Folder of a finished run.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="What the provider's own CLI printed, in place of a run.")
    ] = None,
    provider: Annotated[
        str, typer.Option(help="Provider whose export it is; else it is found.")
    ] = "",
    suggest_policy: Annotated[
        bool, typer.Option("--suggest-policy", help="Print the rights it should have instead.")
    ] = False,
) -> int:
    """Tell one thing from the secret to what it opens, with the evidence for every step."""
    from auditor import explaining  # noqa: PLC0415

    now, out = datetime.now(UTC), sys.stdout
    if export and not run:
        if suggest_policy:
            explaining.suggest_of_export(id_, provider, export, now, out, sys.stderr)
        else:
            explaining.of_export(id_, provider, export, now, out)
    elif run and not export:
        if suggest_policy:
            explaining.suggest_of_run(id_, run, out, sys.stderr)
        else:
            explaining.of_run(id_, run, out)
    else:
        raise ConfigError("give either --from or --export", "auditor explain --help")
    return 0
