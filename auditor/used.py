"""Used versus granted: what a hunt's logs show that identities really called.

Only of permissions whose every use a log shows is "not used" said, and only of identities whose
logs were read whole and reach far enough; the span is always told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from auditor.logfields import recorded
from auditor.models import (
    Fact,
    Gap,
    Hunted,
    Known,
    Resolution,
    Results,
    Seen,
    Unknown,
    Usage,
    Used,
)

LEAST = timedelta(days=30)
"""A job may run once a month: what a shorter time shows says nothing of what it needs."""
FRESH = timedelta(days=30)
"""What logs of long ago show is no word on what is needed today."""
_SHOWN = 4


def with_use(results: Results, hunted: Hunted) -> tuple[Resolution, ...]:
    """Return what identities may do with what logs show of its use."""
    now = results.run.started
    calls: dict[str, list[Used]] = {}
    for used in hunted.used:
        calls.setdefault(used.identity_id, []).append(used)
    platforms = {identity.id: identity.provider for identity in results.identities}
    return tuple(
        _with_calls(one, calls[one.identity_id], found)
        if (found := seen(hunted, one.identity_id, platforms.get(one.identity_id, ""), now))
        and one.identity_id in calls
        else one
        for one in results.resolutions
    )


def seen(
    hunted: Hunted | None, identity_id: str, platform: str, now: datetime
) -> Fact[Seen] | None:
    """Return what a run's logs show that an identity used; None where nobody hunted.

    `now` is the time of the audit.
    """
    if hunted is None:
        return None
    habits = [one for one in hunted.hunting.habits if one.identity == identity_id]
    if not habits:
        return _unknown(identity_id, "the logs that were read show no event of it")
    since, until = min(one.since for one in habits), max(one.until for one in habits)
    if not hunted.hunting.files.complete:
        return _unknown(identity_id, "the logs were not read whole")
    if until - since < LEAST:
        why = f"its events reach over {(until - since).days} days, and {LEAST.days} are needed"
        return _unknown(identity_id, why)
    if now - until > FRESH:
        days = (now - until).days
        return _unknown(identity_id, f"its last event in them is {days} days older than the audit")
    used = frozenset(one.what.casefold() for one in hunted.used if one.identity_id == identity_id)
    return Known(Seen(since, until, used, *recorded(platform)))


def _unknown(identity_id: str, why: str) -> Unknown:
    fix = "hunt with --from RUN in logs of a longer time, and whole"
    return Unknown(Gap(f"by logs, what {identity_id} uses", why, fix, "hunts", (identity_id,)))


def _with_calls(resolution: Resolution, calls: Iterable[Used], found: Fact[Seen]) -> Resolution:
    """Return what an identity may do with its calls; the later use counts.

    A call is a use of its service, too, where the provider tells of services: "s3:GetObject".
    """
    known = {one.what.casefold(): one for one in resolution.usage}
    for call in calls:
        service = call.what.partition(":")[0].casefold()
        for key in dict.fromkeys((call.what.casefold(), *([service] if service in known else []))):
            before = known.get(key, Usage(call.what, None))
            if before.last is None or before.last < call.last:
                known[key] = replace(before, last=call.last)
    more = tuple(_left_alone(resolution, found.value)) if isinstance(found, Known) else ()
    return replace(
        resolution,
        usage=tuple(known.values()),
        over_privileged=(*resolution.over_privileged, *more),
    )


def _left_alone(resolution: Resolution, seen: Seen) -> Iterator[str]:
    """Yield which dangerous changes, of those that logs always show, were not made."""
    granted = {
        action.casefold(): action for one in resolution.capabilities for action in one.actions
    }
    watched: Mapping[str, str] = {key: a for key, a in granted.items() if seen.shows(key)}
    unused = sorted(action for key, action in watched.items() if key not in seen.used)
    if unused:
        more = len(unused) - _SHOWN
        named = ", ".join(unused[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        span = f"{seen.since:%Y-%m-%d} to {seen.until:%Y-%m-%d}"
        yield (
            f"of the {len(watched)} dangerous changes that it may make and logs always show,"
            f" those of {span} do not show {len(unused)}: {named}"
        )
