"""A hunt from beginning to end: read logs, run the hunts, tell stories, say what was not seen.

It is targeted: only events of the identities behind the secrets are kept, with their past before
the window, and everything of the CI system's own log, which is about people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from auditor import hunts
from auditor.collecting import Progress
from auditor.config import Hunts
from auditor.errors import ConfigError
from auditor.models import Hunted, Incident, KeyUse, OldKey, Results, Severity
from auditor.risk import incidents
from auditor.runs import Run, write_whole
from auditor.tails import Sealer

if TYPE_CHECKING:
    from auditor.hunts.ledger import Ledger
    from auditor.hunts.networks import Brought
    from auditor.hunts.stories import Known

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

    @property
    def begin(self) -> datetime | None:
        """Return where the window begins: as told, else with the incident."""
        return self.since or (self.incident.window_start if self.incident else None)


@dataclass(frozen=True, slots=True)
class Subjects:
    """Whom to look for. Nobody named means everybody in the logs."""

    names: Mapping[str, Known] = field(default_factory=dict)
    """What is known of an identity, by each name that a log may have for it."""
    platforms: Mapping[str, str] = field(default_factory=dict)
    """The platform of each identity, where it is known."""
    granted: Sequence[tuple[str, str]] = ()
    """Dangerous actions by identity."""
    open_platforms: Collection[str] = ()
    """Platforms of which everybody is looked for: the CI system's own log is about people."""

    def known(self, name: str) -> Known:
        """Return what is known of an identity of the logs."""
        from auditor.hunts.stories import Known  # noqa: PLC0415

        return self.names.get(name.casefold(), Known())


def named(names: Iterable[str], ci_systems: Collection[str], sealer: Sealer) -> Subjects:
    """Return subjects of which only names are known."""
    return Subjects(_by_name(names, sealer), open_platforms=ci_systems)


def _by_name(names: Iterable[str], sealer: Sealer) -> dict[str, Known]:
    """Return names as logs have them, lower case; an access key id loses its tail at once."""
    from auditor.hunts.stories import Known  # noqa: PLC0415
    from auditor.hunts.wanted import wanted  # noqa: PLC0415

    found: dict[str, Known] = {}
    for name in names:
        for kept in wanted([name], sealer).names:
            found[kept] = Known(name if kept == name.casefold() else kept)
    return found


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


def behind(
    results: Results, names: Iterable[str], ci_systems: Collection[str], sealer: Sealer
) -> Subjects:
    """Return the identities behind the secrets of an audit, each with the worst of its secrets.

    `names` are further ones, of which nothing is known.
    """
    from auditor.hunts.stories import Known  # noqa: PLC0415

    severities = {one.secret_id: one.severity for one in results.assessments}
    holders = {one.id: tuple(part.secret_id for part in one.parts) for one in results.credentials}
    secrets: dict[str, dict[str, Severity]] = {}
    for match in results.matches:
        for candidate in match.candidates:
            held = secrets.setdefault(candidate.identity_id, {})
            held |= {id_: severities[id_] for id_ in holders[match.credential_id]}
    found = _by_name(names, sealer)
    for identity in results.identities:
        worst = sorted(secrets.get(identity.id, {}).items(), key=lambda item: -item[1].rank)
        known = Known(
            identity.id, worst[0][1] if worst else Severity.UNKNOWN, tuple(id_ for id_, _ in worst)
        )
        labels = (key.label for key in identity.keys)
        found |= {name.casefold(): known for name in (identity.id, *labels)}
    granted = [
        (one.identity_id, action.casefold())
        for resolution in results.resolutions
        for one in resolution.capabilities
        for action in one.actions
    ]
    platforms = {identity.id: identity.provider for identity in results.identities}
    return Subjects(found, platforms, granted, ci_systems)


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
    used. A bad file or rule is told of, never raised.
    """
    hunts.ready()
    from auditor.hunts import asking  # noqa: PLC0415

    ledgers = [_read(one, order, subjects, folder, sealer, now, progress) for one in order.logs]
    mine = asking.Question(
        since=order.begin,
        until=order.until,
        names={name: known.identity_id or name for name, known in subjects.names.items()},
        platforms=subjects.platforms,
        known=subjects.known,
        granted=tuple(subjects.granted),
        brought=_brought(order),
        rules=order.rules,
    )
    return asking.ask(mine, folder, ledgers, progress)


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
    return replace(results, findings=hunted.findings, hunting=hunted.hunting, gaps=gaps)


def uses(run: Run, keys: Iterable[OldKey]) -> tuple[KeyUse, ...]:
    """Return the last use of each of the credentials that the run's events show."""
    if not (run.folder / HUNTS_NAME).exists():
        return ()
    hunts.ready()
    from auditor.hunts.uses import last_uses  # noqa: PLC0415

    seen = list(last_uses(run.folder))
    return tuple(
        KeyUse(key, use.last, f"{use.operation} from {use.src_ip or 'no address'} ({use.log})")
        for key in dict.fromkeys(keys)
        for use in seen
        if use.is_of(key.provider, key.label)
    )


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

    everybody = not subjects.names or logs.source in subjects.open_platforms
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
        incident=name,
        bad_addresses=bad.addresses,
        bad_networks=bad.networks,
    )
