"""The command `doctor`: would an audit work, and what would stay unknown."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.app import app
from auditor.exits import exits
from auditor.options import ConfigOption, OutOption

if TYPE_CHECKING:
    from auditor.models import Check


@app.command()
@exits
def doctor(
    config: ConfigOption = None,
    out: OutOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> int:
    """Look whether an audit would work, and what to grant where it would not."""
    from auditor import config as configuration  # noqa: PLC0415
    from auditor import doctor as examination  # noqa: PLC0415

    loaded = configuration.load(config, flags={"out": out and str(out)})
    checks = examination.examine(loaded, datetime.now(UTC))
    if as_json:
        typer.echo(json.dumps([asdict(check) for check in checks], indent=1))
    else:
        for check in checks:
            _show(check)
    return examination.exit_code(checks)


def _show(check: Check) -> None:
    from auditor.report.text import for_terminal  # noqa: PLC0415

    typer.echo(f"{check.health.value:4}  {for_terminal(f'{check.about}: {check.says}')}")
    if check.fix:
        typer.echo(f"      -> {for_terminal(check.fix)}")
