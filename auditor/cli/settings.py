"""Commands about the configuration: `config show`, `config init`."""

from __future__ import annotations

import os
import sys
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
    provider: Annotated[
        list[str] | None,
        typer.Option(help="Switch this provider on; may be repeated. Default: those found."),
    ] = None,
    told: Annotated[
        list[str] | None,
        typer.Option("--set", help="A setting, such as providers.aws.region=eu-west-1."),
    ] = None,
    ask: Annotated[
        bool, typer.Option("--ask/--no-ask", help="Ask which providers to switch on.")
    ] = True,
) -> int:
    """Write a commented configuration, with what this machine can log in to switched on.

    Looks for names of variables, profiles and programs; no value of a credential is read.
    """
    from auditor import beginning, config  # noqa: PLC0415

    found = beginning.located(os.environ, Path.home())
    for line in beginning.words(found):
        say(f"found {line}")
    wanted = provider
    if wanted is None:
        names = [table.partition(".")[2] for table in found if table.startswith("providers.")]
        here = {name for name in names if found[f"providers.{name}"]}
        asked = ask and sys.stdin.isatty()
        wanted = [
            name
            for name in names
            if (typer.confirm(f"Read {name}?", name in here, err=True) if asked else name in here)
        ]
    text = beginning.configuration(wanted, found, told or ())
    beginning.check(text)
    config.write_new(path, text)
    say(f"wrote {path}, with {', '.join(wanted) or 'no provider'} switched on")
    say(f"next: auditor doctor --config {path}")
    return 0
