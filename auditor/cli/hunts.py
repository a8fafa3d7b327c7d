"""Commands that look into logs: `hunt`, `hunts list`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.app import app
from auditor.exits import exits, say
from auditor.options import ConfigOption, FormatOption, Formats

hunts_app = typer.Typer(help="List or export the hunts.", no_args_is_help=True)
app.add_typer(hunts_app, name="hunts")
RulesOption = Annotated[
    Path | None, typer.Option("--rules", help="Folder of further Sigma rules, yours or others'.")
]


@app.command()
@exits
def hunt(
    logs: Annotated[
        list[Path] | None, typer.Option(help="Folder or file of logs; may be repeated.")
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="Which log it is, such as cloudtrail; else it is guessed."),
    ] = None,
    identity: Annotated[
        list[str] | None,
        typer.Option(help="ARN, key id, e-mail, application or login to look for; repeatable."),
    ] = None,
    run: Annotated[
        Path | None, typer.Option("--from", help="Run whose identities to look for: its folder.")
    ] = None,
    since: Annotated[
        datetime | None, typer.Option(help="Begin of the window, UTC; before it lies the past.")
    ] = None,
    until: Annotated[datetime | None, typer.Option(help="End of the window, UTC.")] = None,
    incident: Annotated[
        str | None,
        typer.Option(help="Incident: circleci-2023-01, or a .toml file of yours."),
    ] = None,
    rules: RulesOption = None,
    live: Annotated[
        bool, typer.Option("--live", help="Ask the configured providers for their own logs, too.")
    ] = False,
    ocsf: Annotated[
        Path | None, typer.Option(help="File to write findings and events to, as OCSF JSON lines.")
    ] = None,
    engine: Annotated[
        str, typer.Option(help="Where hunts run: duckdb (here), spark or clickhouse.")
    ] = "duckdb",
    master: Annotated[
        str, typer.Option(help="Spark's master, such as local[2] or spark://host:7077.")
    ] = "",
    config: ConfigOption = None,
    output_format: FormatOption = Formats.TEXT,
) -> int:
    """Find what stolen secrets were used for, in logs that you have."""
    from auditor import config as configuration  # noqa: PLC0415
    from auditor import hunter  # noqa: PLC0415
    from auditor.console import progress_on  # noqa: PLC0415

    loaded = configuration.load(config, flags={"incident": incident})
    told = hunter.Told(
        logs=logs or [],
        source=source,
        identities=identity or [],
        run=run,
        since=since and since.replace(tzinfo=UTC),
        until=until and until.replace(tzinfo=UTC),
        rules=rules,
        live=live,
        ocsf=ocsf,
        engine=engine,
        master=master,
    )
    try:
        with progress_on(sys.stderr) as progress:
            hunted = hunter.hunt(loaded, told, datetime.now(UTC), progress)
    except KeyboardInterrupt:
        if run and live:
            say("what providers answered so far is kept: the same command goes on from there")
        raise
    hunter.show(hunted, sys.stdout, as_json=output_format is Formats.JSON)
    if run:
        say(f"to have it in the workbook and the verdicts: auditor report --from {run}")
    return 0


@hunts_app.command("list")
@exits
def list_hunts(rules: RulesOption = None, output_format: FormatOption = Formats.TEXT) -> int:
    """List every hunt: what it finds, where, and how telling that is."""
    from auditor import hunter  # noqa: PLC0415

    hunter.show_hunts(rules, sys.stdout, as_json=output_format is Formats.JSON)
    return 0


@hunts_app.command("export")
@exits
def export(
    to: Annotated[
        str, typer.Option("--to", help="splunk, kusto, elasticsearch, sigma, or a dialect of SQL.")
    ],
    rules: RulesOption = None,
    output_format: FormatOption = Formats.TEXT,
) -> int:
    """Write the hunts as queries for your SIEM."""
    from auditor import hunter  # noqa: PLC0415

    hunter.show_export(to, rules, sys.stdout, as_json=output_format is Formats.JSON)
    return 0


@hunts_app.command("query")
@exits
def query(
    provider: Annotated[str, typer.Argument(help="Whose logs they are, such as aws.")],
    table: Annotated[str, typer.Option(help="Table of its logs: DATABASE.TABLE.")],
    identity: Annotated[
        list[str] | None, typer.Option(help="ARN or key id to look for; repeatable.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option("--from", help="Run whose identities to look for: its folder.")
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="Begin of the window, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="End of the window, UTC.")] = None,
    incident: Annotated[str | None, typer.Option(help="Incident, as of auditor hunt.")] = None,
    config: ConfigOption = None,
) -> int:
    """Print the query that fetches identities' events from a table of logs; you run it."""
    from auditor import config as configuration  # noqa: PLC0415
    from auditor import hunter  # noqa: PLC0415

    loaded = configuration.load(config, flags={"incident": incident})
    told = hunter.Told(
        identities=identity or [],
        run=run,
        since=since and since.replace(tzinfo=UTC),
        until=until and until.replace(tzinfo=UTC),
    )
    hunter.show_query(loaded, told, provider, table, sys.stdout, datetime.now(UTC))
    return 0


@hunts_app.command("alerts")
@exits
def alerts(rules: RulesOption = None, output_format: FormatOption = Formats.TEXT) -> int:
    """List the alerts to create, as each cloud's own filter."""
    from auditor import hunter  # noqa: PLC0415

    hunter.show_alerts(rules, sys.stdout, as_json=output_format is Formats.JSON)
    return 0
