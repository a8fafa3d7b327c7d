"""Asks providers for their own logs of named identities, so that a hunt can read them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from auditor.collecting import Collecting, Sought
from auditor.models import Asked, Gap
from auditor.plan import Plan, require_packages
from auditor.providers import LogCollector
from auditor.runs import SNAPSHOT_NAME

_SHOWN = 5
_AGAIN_IN_AN_AUDIT = "run again with --resume"
_AGAIN_IN_A_HUNT = "hunt again with --live --from RUN"


class Answered(NamedTuple):
    """What providers gave of their logs."""

    folders: Sequence[tuple[Path, str]]
    """Each with its source."""
    gaps: tuple[Gap, ...]
    """What could not be read."""
    asked: tuple[Asked, ...]


def collect(
    todo: Plan,
    folder: Path,
    sought: Sought,
    collecting: Collecting,
    begin: datetime | None = None,
) -> Answered:
    """Read what providers' logs show into the run's snapshot below `folder`.

    `begin` is that of the window, before which its past lies. What is there already is not asked
    for again. MissingExtra where a provider's packages are not installed.
    """
    require_packages(todo)
    read: list[tuple[Path, str]] = []
    gaps: list[Gap] = []
    asked: set[str] = set()
    of: list[Asked] = []
    for provider, settings in todo.providers.values():
        if not isinstance(provider, LogCollector):
            continue
        prefix = provider.collect_logs(settings, sought, collecting)
        gaps += _of_a_hunt(provider.log_gaps(collecting.snapshot))
        known = set(provider.log_names(settings, sought.names, collecting.snapshot))
        if known or not sought.names:
            days = provider.log_days(collecting.snapshot)
            gaps += _too_old(days, begin, collecting.now)
            oldest = collecting.now - timedelta(days=min(days.values()))
            end = min(sought.until, collecting.now)
            since, names = max(sought.since, oldest), _kept(known, collecting)
            of.append(Asked(provider.log_source, since, end, names))
        asked |= known
        if (logs := folder / SNAPSHOT_NAME / prefix).exists():
            read.append((logs, provider.log_source))
    unknown = _unknown(sorted(set(sought.names) - asked), collecting)
    return Answered(read, (*gaps, *unknown), tuple(of))


def _of_a_hunt(gaps: Iterable[Gap]) -> Iterator[Gap]:
    """Yield gaps with what helps in a hunt: it has no --resume, but asks a run's missing parts."""
    for gap in gaps:
        yield replace(gap, fix=gap.fix.replace(_AGAIN_IN_AN_AUDIT, _AGAIN_IN_A_HUNT))


class Reach(NamedTuple):
    """How far back a log goes that a provider keeps."""

    log: str
    days: int
    oldest: datetime


def reach(days: Mapping[str, int], now: datetime) -> Iterator[Reach]:
    """Yield how far back each log goes, by the days that a provider says it keeps."""
    for log, kept in days.items():
        yield Reach(log, kept, now - timedelta(days=kept))


def _too_old(days: Mapping[str, int], begin: datetime | None, now: datetime) -> Iterator[Gap]:
    """Yield a gap for each log that keeps nothing of the beginning of the window any more."""
    for log, kept, oldest in reach(days, now):
        if begin and begin < oldest:
            yield Gap(
                what=f"what happened from {begin:%Y-%m-%d} to {oldest:%Y-%m-%d} in the {log}",
                why=f"it goes back {kept} days",
                fix="fetch older records from where they were shipped, and give them with --logs",
                source="hunts",
            )


def _unknown(names: Sequence[str], collecting: Collecting) -> Iterator[Gap]:
    """Yield a gap for names that no configured provider's log could be asked about."""
    if names:
        kept = _kept(names, collecting)
        more = f" and {len(kept) - _SHOWN} more" if len(kept) > _SHOWN else ""
        yield Gap(
            what=f"what {', '.join(kept[:_SHOWN])}{more} did, in the providers' own logs",
            why="no configured provider's log can be asked about such a name",
            fix="configure its provider or account, name it as the log does (ARN, key id, e-mail,"
            " application id, login), or give its log with --logs",
            source="hunts",
            affects=kept,
        )


def _kept(names: Iterable[str], collecting: Collecting) -> tuple[str, ...]:
    """Return names as logs keep them, in order: access key ids without their tails."""
    from auditor.hunts.wanted import wanted  # noqa: PLC0415 (needs the extra)

    return tuple(sorted(wanted(list(names), collecting.sealer).names))
