"""Commands that answer offline, from what they are given: `classify`, `simulate`, `resolve`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.app import app
from auditor.exits import exits
from auditor.options import ConfigOption, FormatOption, Formats


@app.command()
@exits
def classify(
    names: Annotated[list[str] | None, typer.Argument(help="Names, as if of one scope.")] = None,
    file: Annotated[
        Path | None, typer.Option(help="File of names, one a line, or of NAME=value; - is stdin.")
    ] = None,
    config: ConfigOption = None,
    output_format: FormatOption = Formats.TEXT,
) -> int:
    """Tell what variables hold by their names, and by which rule."""
    from auditor.report import explained  # noqa: PLC0415

    given = [*(names or ()), *(explained.names_in(file) if file else ())]
    explained.show(given, config, sys.stdout, as_json=output_format is Formats.JSON)
    return 0


@app.command()
@exits
def simulate(
    provider: Annotated[str, typer.Argument(help="Provider whose rules decide.")],
    requests: Annotated[
        str, typer.Option(help="Requests, one JSON object a line, policies included; - is stdin.")
    ],
    output_format: FormatOption = Formats.TEXT,
) -> int:
    """Tell what made-up requests would be answered, offline."""
    from auditor import whatif  # noqa: PLC0415

    as_json = output_format is Formats.JSON
    whatif.simulate(provider, requests, datetime.now(UTC), sys.stdout, as_json=as_json)
    return 0


@app.command()
@exits
def resolve(
    provider: Annotated[str, typer.Argument(help="Provider whose files these are.")],
    export: Annotated[
        Path | None, typer.Option(help="Folder or file of what the provider's own CLI printed.")
    ] = None,
    role_definitions: Annotated[
        Path | None, typer.Option(help="File of roles to rate, in place of an export.")
    ] = None,
) -> int:
    """Tell what identities may do from exported files alone, one JSON line each."""
    from auditor import exported  # noqa: PLC0415

    lines = exported.answer(provider, datetime.now(UTC), export, role_definitions)
    exported.show(lines, sys.stdout, sys.stderr)
    return 0
