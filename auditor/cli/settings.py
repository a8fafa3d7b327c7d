"""Commands about the configuration: `config show`, `config init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.app import app
from auditor.exits import exits, say
from auditor.options import ConfigOption

config_app = typer.Typer(help="Write or show the configuration.", no_args_is_help=True)
app.add_typer(config_app, name="config")


@config_app.command("show")
@exits
def config_show(config: ConfigOption = None) -> int:
    """Print every setting and where it comes from."""
    from auditor import config as configuration  # noqa: PLC0415
    from auditor.plan import effective  # noqa: PLC0415

    for line in effective(configuration.load(config)):
        typer.echo(line)
    return 0


@config_app.command("init")
@exits
def config_init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = Path("config.toml"),
) -> int:
    """Write a commented configuration, every key at its default."""
    from auditor.config import write_example  # noqa: PLC0415

    write_example(path)
    say(f"wrote {path}; next: auditor audit --config {path}")
    return 0
