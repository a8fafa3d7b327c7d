"""A hunt from beginning to end: read logs, run the hunts, tell stories, say what was not seen.

It is targeted: only events of the identities behind the secrets are kept, with their past before
the window, and everything of the CI system's own log, which is about people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from auditor import hunts, incidents, used
from auditor.collecting import Progress
from auditor.config import Hunts
from auditor.errors import ConfigError
from auditor.models import (
    Asked,
    Baseline,
    Gap,
    Hunted,
    Incident,
    KeyUse,
    Logged,
    Results,
    Storing,
)
from auditor.runs import Run, write_whole
from auditor.tails import Sealer

if TYPE_CHECKING:
    from auditor.hunts.ledger import Ledger
    from auditor.hunts.networks import Brought
    from auditor.hunts.subjects import Subjects
    from auditor.hunts.uses import LastUse
    from auditor.hunts.written import Log

HUNTS_NAME = "hunts.json"
PAST = timedelta(days=60)
"""How long before the window events are read, for what is unusual to be told from what is not."""


@dataclass(frozen=True, slots=True)
class Logs:
    """A file or folder of logs, and the source it is of, where somebody says."""

    path: Path
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """What to hunt: in which logs, of which time, by which rules, knowing which addresses."""

    logs: Sequence[Logs]
    since: datetime | None = None
    until: datetime | None = None
    incident: Incident | None = None
    rules: Path | None = None
    runners: Sequence[str] = ()
    databases: Sequence[Path] = ()
    lists: Sequence[Path] = ()
    gaps: tuple[Gap, ...] = ()
    """What of the logs could not be had."""
    asked: tuple[Asked, ...] = ()
    """Which of them the providers themselves were asked for."""
    baselines: Sequence[Baseline] = ()
    """Rotations that runs have watched."""
    engine: str = ""
    """Where the hunts run, "" for the embedded engine; `master` is of Spark."""
    master: str = ""

    @property
    def begin(self) -> datetime | None:
        """Return where the window begins: as told, else with the incident."""
        return self.since or (self.incident.window_start if self.incident else None)


def order(told: Hunts, incident: Incident | None) -> Order:
    """Return what the configuration says of hunts."""
    return Order(
        logs=[Logs(Path(one.path), one.source or None) for one in told.logs],
        incident=incident,
        rules=Path(told.rules) if told.rules else None,
        runners=told.runners,
        databases=[Path(path) for path in told.databases],
        lists=[Path(path) for path in told.ip_lists],
    )


def hunt(
    order: Order,
    subjects: Subjects,
    folder: Path,
    sealer: Sealer,
    now: datetime,
    progress: Progress,
) -> Hunted:
    """Read the logs into `folder`, hunt, and return the stories and how far anybody could see.

    MissingExtra without the packages; ConfigError for a path, rule folder or table that cannot be
    used, the last two before anything is read. A bad file or rule is told of, never raised.
    """
    hunts.ready()
    from auditor.hunts import asking, engines  # noqa: PLC0415

    engine = engines.Asked(order.engine or engines.EMBEDDED, order.master)
    engines.ready(engine)
    mine = asking.Question(
        now,
        order.begin,
        order.until,
        subjects,
        _brought(order),
        order.rules,
        order.baselines,
        engine,
    )
    prepared = asking.prepare(mine)
    ledgers = [_read(one, order, subjects, folder, sealer, now, progress) for one in order.logs]
    hunted = asking.ask(prepared, folder, ledgers, progress)
    read = replace(hunted.hunting, asked=order.asked)
    return replace(hunted, gaps=(*order.gaps, *hunted.gaps), hunting=read)


def of_run(
    run: Run,
    order: Order,
    subjects: Subjects,
    sealer: Sealer,
    now: datetime,
    progress: Progress,
) -> Hunted:
    """Hunt in the run's own folder and keep what came of it there, for `kept` and the reports."""
    hunted = hunt(order, subjects, run.folder, sealer, now, progress)
    write_whole(run.folder / HUNTS_NAME, (TypeAdapter(Hunted).dump_json(hunted, indent=1),))
    return hunted


def of_audit(
    run: Run,
    order: Order,
    results: Results,
    names: Iterable[str],
    ci_systems: Collection[str],
    sealer: Sealer,
    now: datetime,
    progress: Progress,
) -> Hunted:
    """Hunt for the identities behind the secrets of an audit, and for further names.

    With the past of the run in its results, retired credentials are looked for, too: also those of
    identities that are gone since.
    """
    hunts.ready()
    from auditor.hunts.subjects import behind  # noqa: PLC0415

    listed = {identity.id for identity in results.identities}
    proven = [base for base in results.baselines if base.verified]
    gone = {key.identity_id for base in proven for key in base.retired} - listed - {""}
    subjects = behind(results, [*names, *sorted(gone)], ci_systems, sealer)
    order = replace(order, baselines=proven)
    return of_run(run, order, subjects, sealer, now, progress)


def kept(run: Run) -> Hunted | None:
    """Return what the run's last hunt came to, None where nobody hunted."""
    try:
        return TypeAdapter(Hunted).validate_json((run.folder / HUNTS_NAME).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{run.folder / HUNTS_NAME} cannot be read", "hunt again: auditor hunt --from RUN"
        ) from error


def with_hunt(results: Results, hunted: Hunted | None) -> Results:
    """Return the results of an audit with what a hunt found and could not see."""
    if hunted is None:
        return results
    gaps = tuple(dict.fromkeys((*results.gaps, *hunted.gaps)))
    return replace(
        results,
        findings=hunted.findings,
        hunting=hunted.hunting,
        gaps=gaps,
        resolutions=used.with_use(results, hunted),
    )


def logged(run: Run, baselines: Iterable[Baseline]) -> Logged:
    """Return what the run's events show of the entries and credentials that are watched."""
    if not (run.folder / HUNTS_NAME).exists():
        return Logged()
    hunts.ready()
    from auditor.hunts.opening import opened  # noqa: PLC0415
    from auditor.hunts.uses import last_uses  # noqa: PLC0415
    from auditor.hunts.written import written  # noqa: PLC0415

    watched = tuple(baselines)
    with opened(run.folder) as events:
        seen, logs = tuple(last_uses(events)), written(events)
    return Logged(
        uses=tuple(_uses(seen, watched)),
        storings=tuple(_storings(logs, watched)),
        spans={system: (log.first, log.last) for system, log in logs.items()},
    )


def _uses(seen: Sequence[LastUse], baselines: Iterable[Baseline]) -> Iterator[KeyUse]:
    """Yield the last use of each of the credentials."""
    keys = dict.fromkeys(key for base in baselines for key in (*base.keys, *base.retired))
    for key in keys:
        for use in seen:
            if use.is_of(key.provider, key.label):
                where = f"{use.operation} from {use.src_ip or 'no address'} ({use.log})"
                yield KeyUse(key, use.last, where)


def _storings(logs: Mapping[str, Log], baselines: Iterable[Baseline]) -> Iterator[Storing]:
    """Yield the last storing of each of the entries."""
    for base in baselines:
        stored = logs[base.source].of(base.name) if base.source in logs else ()
        mine = (one for one in stored if one.is_in(base.scope_id, base.place))
        if last := max(mine, key=lambda one: one.time, default=None):
            where = f"{last.action} from {last.src_ip or 'no address'}"
            yield Storing(base.secret_id, last.time, where)


def _read(
    logs: Logs,
    order: Order,
    subjects: Subjects,
    folder: Path,
    sealer: Sealer,
    now: datetime,
    progress: Progress,
) -> Ledger:
    from auditor.hunts.reading import read_logs  # noqa: PLC0415
    from auditor.hunts.wanted import Window, wanted  # noqa: PLC0415

    everybody = not subjects.people or logs.source in subjects.open_platforms
    begin = order.begin - PAST if order.begin else None
    return read_logs(
        [logs.path],
        logs.source,
        None if everybody else wanted(subjects.names, sealer),
        folder,
        sealer,
        Window(begin, order.until),
        progress,
        now=now,
    )


def _brought(order: Order) -> Brought:
    from auditor.hunts.networks import Brought  # noqa: PLC0415

    name = order.incident.name if order.incident else ""
    bad = incidents.indicators(name)
    return Brought(
        runners=order.runners,
        databases=order.databases,
        lists=order.lists,
        incident=Path(name).stem if name.endswith(".toml") else name,
        bad_addresses=bad.addresses,
        bad_networks=bad.networks,
    )
