"""What `auditor hunt` and `auditor hunts` do: hunts over logs that somebody has, without an audit.

The identities to look for are named, or are those behind the secrets of a finished run, whose
folder then keeps the events and `hunts.json`; with neither, everybody in the logs is looked at.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from auditor import hunting, hunts, live
from auditor.collecting import Collecting, Progress, Sought
from auditor.conclude import conclude
from auditor.config import Loaded, from_json
from auditor.errors import ConfigError
from auditor.hunting import Logs, Order
from auditor.inventory import systems
from auditor.locking import alone
from auditor.models import Hunted, Json
from auditor.plan import Plan, plan
from auditor.providers import LogQueries, provider_called, providers
from auditor.report.text import for_terminal
from auditor.runs import SNAPSHOT_NAME, OutputFolder, Run, SnapshotFolder, open_run, write_whole
from auditor.tails import KEY_LENGTH, Sealer

if TYPE_CHECKING:
    from auditor.hunts.rules.definition import Hunt


@dataclass(frozen=True, slots=True)
class Told:
    """What the command line says; what it leaves out stands in the configuration."""

    logs: Sequence[Path] = ()
    source: str | None = None
    identities: Sequence[str] = ()
    run: Path | None = None
    since: datetime | None = None
    until: datetime | None = None
    rules: Path | None = None
    live: bool = False
    """Whether the configured providers are asked for their own logs, too."""
    ocsf: Path | None = None
    """Where findings and events are written for a SIEM."""
    engine: str = ""
    master: str = ""
    """Where the hunts run, and where Spark is."""


def hunt(loaded: Loaded, told: Told, now: datetime, progress: Progress) -> Hunted:
    """Hunt and return what came of it; ConfigError where no logs are named."""
    hunts.ready()
    todo = plan(loaded)
    order = replace(
        hunting.order(loaded.settings.hunts, todo.incident), since=told.since, until=told.until
    )
    if told.logs:
        order = replace(order, logs=[Logs(path, told.source) for path in told.logs])
    order = replace(order, rules=told.rules or order.rules, engine=told.engine, master=told.master)
    if not order.logs and not told.live:
        raise ConfigError("no logs to hunt in", "give --logs FOLDER, --live, or [hunts] logs")
    if told.ocsf and not told.ocsf.absolute().parent.is_dir():
        raise ConfigError(f"{told.ocsf} cannot be written", "name a file in a folder that exists")
    names = [*told.identities, *loaded.settings.hunts.identities]
    if told.run:
        run = open_run(told.run)
        with alone(run.folder.parent, now):
            hunted = _of_run(run, order, names, now, progress, ask_providers=told.live)
            _write_ocsf(hunted, run.folder, told.ocsf, now)
        return hunted
    from auditor.hunts.subjects import named  # noqa: PLC0415 (needs the extra)

    with tempfile.TemporaryDirectory(prefix="auditor-hunt-") as folder:
        # A key for this call alone: nothing outside of it is compared with these seals.
        sealer = Sealer(secrets.token_bytes(KEY_LENGTH))
        subjects = named(names, systems(), sealer)
        if told.live:
            snapshot = SnapshotFolder(Path(folder) / SNAPSHOT_NAME)
            collecting = Collecting(snapshot, sealer, progress, now)
            order = _with_live(todo, order, Path(folder), names, collecting)
        hunted = hunting.hunt(order, subjects, Path(folder), sealer, now, progress)
        _write_ocsf(hunted, Path(folder), told.ocsf, now)
        return hunted


def _write_ocsf(hunted: Hunted, folder: Path, target: Path | None, now: datetime) -> None:
    """Write what was found and kept as OCSF; ConfigError where the file cannot be written."""
    if target is None:
        return
    from auditor.hunts import ocsf  # noqa: PLC0415 (needs the extra)

    try:
        write_whole(target, ocsf.lines(folder, hunted.findings, now))
    except OSError as error:
        raise ConfigError(f"{target} cannot be written", "name another file") from error


def _of_run(
    run: Run,
    order: Order,
    names: Sequence[str],
    now: datetime,
    progress: Progress,
    *,
    ask_providers: bool,
) -> Hunted:
    """Hunt for the identities of a finished run, and keep what came of it in its folder."""
    loaded = from_json(run.settings["loaded"], str(run.folder / "run.json"))
    todo = plan(loaded, run.settings["only"])
    output = OutputFolder(run.folder.parent)
    results, sealer = conclude(todo, run, output.past(run), {}), output.sealer()
    order = replace(order, incident=order.incident or todo.incident)
    if ask_providers:
        everybody = [*names, *(identity.id for identity in results.identities)]
        collecting = Collecting(run.snapshot, sealer, progress, now)
        order = _with_live(todo, order, run.folder, everybody, collecting)
    return hunting.of_audit(run, order, results, names, systems(), sealer, now, progress)


def _with_live(
    todo: Plan, order: Order, folder: Path, names: Sequence[str], collecting: Collecting
) -> Order:
    """Return the order with the logs that providers gave of these names."""
    until = order.until or collecting.now
    since = (order.begin or until) - hunting.PAST
    sought = Sought(names, since, until)
    read = live.collect(todo, folder, sought, collecting, order.begin)
    logs = [*order.logs, *(Logs(*one) for one in read.folders)]
    return replace(order, logs=logs, gaps=read.gaps, asked=read.asked)


def show(hunted: Hunted, stream: TextIO, *, as_json: bool) -> None:
    """Write what came of a hunt."""
    from auditor.report import hunted as shapes  # noqa: PLC0415 (pydantic is for JSON only)

    if as_json:
        stream.write(json.dumps(shapes.to_json(hunted), indent=1) + "\n")
        return
    encoding = getattr(stream, "encoding", None) or "utf-8"
    for line in shapes.text(hunted):
        stream.write(for_terminal(line).encode(encoding, "backslashreplace").decode(encoding))
        stream.write("\n")


def show_query(
    loaded: Loaded, told: Told, provider: str, table: str, stream: TextIO, now: datetime
) -> None:
    """Write the query that fetches the events of the named identities from a table of logs.

    ConfigError where the provider offers none, and as its `log_query` says.
    """
    found = provider_called(provider)
    if not isinstance(found, LogQueries):
        offering = [name for name, one in providers().items() if isinstance(one, LogQueries)]
        raise ConfigError(f"{provider} has no query of logs", f"one of: {', '.join(offering)}")
    names = [*told.identities, *loaded.settings.hunts.identities]
    todo = plan(loaded)
    if told.run:
        run = open_run(told.run)
        loaded = from_json(run.settings["loaded"], str(run.folder / "run.json"))
        todo = plan(loaded, run.settings["only"])
        results = conclude(todo, run, OutputFolder(run.folder.parent).past(run), {})
        names += [one.id for one in results.identities if one.provider == provider]
    order = replace(hunting.order(loaded.settings.hunts, todo.incident), since=told.since)
    until = told.until or now
    since = (order.begin or until) - hunting.PAST
    stream.writelines(
        for_terminal(line) + "\n"
        for line in found.log_query(Sought(names, since, until), table).splitlines()
    )


def show_hunts(rules: Path | None, stream: TextIO, *, as_json: bool) -> None:
    """Write every hunt, ours and those of a folder, and the rules of it that cannot be run."""
    hunts.ready()
    from auditor.hunts.rules.loading import from_folder, packaged  # noqa: PLC0415

    theirs, refused = from_folder(rules) if rules else ((), ())
    every = (*packaged(), *theirs)
    if as_json:
        bad = [{"title": one.title, "file": one.file, "why": one.why} for one in refused]
        told = {"schema_version": 1, "hunts": [_facts(one) for one in every], "refused": bad}
        stream.write(json.dumps(told, indent=1) + "\n")
        return
    for one in sorted(every, key=lambda one: (one.platform or "", one.title)):
        line = f"{one.platform or 'any':<9} {one.level.value:<13} {one.title}"
        stream.write(for_terminal(line) + "\n")
    for bad_rule in refused:
        line = f"cannot be run: {bad_rule.file}: {bad_rule.title}: {bad_rule.why}"
        stream.write(for_terminal(line) + "\n")
    stream.write(f"{len(every)} hunts, {len(refused)} rules that cannot be run\n")


def _facts(hunt: Hunt) -> Json:
    return {
        "id": hunt.id,
        "title": hunt.title,
        "platform": hunt.platform,
        "level": hunt.level.value,
        "operator": hunt.operator.operator,
        "description": hunt.description,
        "tags": list(hunt.tags),
        "false_positives": list(hunt.false_positives),
        "question": hunt.question,
        "file": hunt.file,
        "ours": hunt.ours,
    }


def show_export(target: str, rules: Path | None, stream: TextIO, *, as_json: bool) -> None:
    """Write every hunt as a query of another system, and which cannot be said there."""
    hunts.ready()
    from auditor.hunts.rules import exporting  # noqa: PLC0415
    from auditor.hunts.rules.loading import from_folder, packaged  # noqa: PLC0415

    exporting.ready(target)
    theirs = from_folder(rules)[0] if rules else ()
    found = list(exporting.export((*packaged(), *theirs), target))
    was_run = target in exporting.EXECUTED
    if as_json:
        told = [{"hunt": _facts(one.hunt), "query": one.query, "why_not": one.why} for one in found]
        whole = {"schema_version": 1, "target": target, "was_run": was_run, "hunts": told}
        stream.write(json.dumps(whole) + "\n")
        return
    documents = target == exporting.SIGMA
    said = [one for one in found if one.query]
    for one in said:
        head = f"{one.hunt.level.value}: {one.hunt.title}"
        stream.write(f"---\n{one.query}" if documents else f"### {head}\n{one.query}\n\n")
    mark = "#" if documents else "###"
    for one in (one for one in found if not one.query):
        stream.write(f"{mark} not exported: {one.hunt.title}: {one.why}\n")
    how = "run" if was_run else "not run"
    hint = "the tests compare their results" if was_run else "try each first"
    stream.write(f"{mark} {len(said)} of {len(found)} hunts; {how} on {target}: {hint}\n")


def show_alerts(rules: Path | None, stream: TextIO, *, as_json: bool) -> None:
    """Write the alerts to create: hunts that are telling alone, as each cloud's own filter."""
    hunts.ready()
    from auditor.hunts.rules.alerts import alerts, left_out  # noqa: PLC0415
    from auditor.hunts.rules.loading import from_folder, packaged  # noqa: PLC0415

    theirs = from_folder(rules)[0] if rules else ()
    every = (*packaged(), *theirs)
    found, left = list(alerts(every)), list(left_out(every))
    if as_json:
        told = [
            {"hunt": _facts(a.hunt), "where": a.where, "filter": a.filter, "sigma": a.hunt.document}
            for a in found
        ]
        more = [{"hunt": _facts(hunt), "why": why} for hunt, why in left]
        whole = {"schema_version": 1, "alerts": told, "left_out": more}
        stream.write(json.dumps(whole, default=str) + "\n")
        return
    for alert in found:
        stream.write(f"### {alert.hunt.level.value}: {alert.hunt.title}\n")
        stream.write(f"# {alert.where}\n{alert.filter}\n\n")
    for hunt, why in left:
        stream.write(
            f"### no filter for {hunt.level.value}: {hunt.title} ({hunt.platform}): {why}\n"
        )
    stream.write(
        f"### {len(found)} alerts; these and the {len(left)} without a filter for your SIEM:"
        " auditor hunts export\n"
    )
