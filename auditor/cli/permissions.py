"""The command `permissions`: what the audit's own identity must be granted."""

from __future__ import annotations

from typing import Annotated

import typer

from auditor.cli.app import app
from auditor.exits import exits


@app.command()
@exits
def permissions(
    provider: Annotated[str, typer.Argument(help="Provider that the audit is to read.")],
) -> int:
    """Print the least permissions with which a provider is read whole."""
    from auditor.errors import ConfigError  # noqa: PLC0415
    from auditor.providers import Permitted, provider_called  # noqa: PLC0415

    found = provider_called(provider)
    if not isinstance(found, Permitted):
        raise ConfigError(f"{found.title} needs no permissions of its own", "see the README")
    typer.echo(found.permissions(), nl=False)
    return 0
