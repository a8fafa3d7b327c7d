"""Used versus granted: what a hunt's logs show that identities really called.

Only of permissions whose every use a log shows is "not used" said: by logs that were read whole,
that are seen to record that kind of events of every account where the identity was granted
something (`witness`), over a time that is always told. What a log may not record is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from auditor.logfields import Recorded, recorded
from auditor.models import (
    Fact,
    Gap,
    Habit,
    Hunted,
    Identity,
    Known,
    Resolution,
    Results,
    Seen,
    Unknown,
    Usage,
    Used,
)
from auditor.witness import Span, Witness

_SHOWN = 4


def with_use(results: Results, hunted: Hunted) -> tuple[Resolution, ...]:
    """Return what identities may do with what logs show of its use."""
    shared = _Shared(results, hunted)
    return tuple(
        _with_calls(one, calls, shared.seen(one.identity_id))
        if (calls := [use for use in shared.used.get(one.identity_id, ()) if not use.only])
        else one
        for one in results.resolutions
    )


def seen(results: Results, hunted: Hunted | None, identity_id: str) -> Fact[Seen] | None:
    """Return what a run's logs show that an identity used; None where nobody hunted."""
    return None if hunted is None else _Shared(results, hunted).seen(identity_id)


class _Shared:
    """What is known of everybody, by what it is asked for: there may be thousands."""

    def __init__(self, results: Results, hunted: Hunted) -> None:
        self.results, self.hunted = results, hunted
        self.identities = {one.id: one for one in results.identities}
        self.places = {one.identity_id: one.places for one in results.resolutions}
        self.used: dict[str, list[Used]] = {}
        for use in hunted.used:
            self.used.setdefault(use.identity_id, []).append(use)
        self.others = frozenset(
            (one.what.casefold(), one.where) for one in hunted.used if one.where
        )
        self.habits: dict[str, list[Habit]] = {}
        for habit in hunted.hunting.habits:
            self.habits.setdefault(habit.identity.casefold(), []).append(habit)
        self.called: dict[tuple[str, str], list[str]] = {}
        for one in results.identities:
            self.called.setdefault((one.provider, one.name.casefold()), []).append(one.id)

    def seen(self, identity_id: str) -> Fact[Seen]:
        """Return what the logs show that an identity used."""
        identity = self.identities.get(identity_id)
        if identity is None:
            return _unknown(identity_id, "the run does not know it")
        return _Judge(self, identity).seen()

    def habits_of(self, identity: Identity) -> list[Habit]:
        """Return what of the logs is an identity's; of a token's, all that is its owner's.

        Logs may show the owner in its place.
        """
        owner = identity.owner.casefold()
        people = self.called.get((identity.provider, owner), []) if owner else []
        names = dict.fromkeys(map(str.casefold, (identity.id, owner, *people)))
        return [habit for name in names if name for habit in self.habits.get(name, ())]


class _Judge:
    """Judges what the logs of a hunt can tell of one identity."""

    def __init__(self, shared: _Shared, identity: Identity) -> None:
        self._shared, self._identity = shared, identity
        self._hunting, self._now = shared.hunted.hunting, shared.results.run.started
        self._places = shared.places.get(identity.id) or (identity.account,)
        self._witness = Witness(
            self._hunting, identity, self._places, shared.results.logs, self._now
        )

    def seen(self) -> Fact[Seen]:
        """Return what the logs show of every row of the table that they prove to record."""
        if why := self._blind():
            return _unknown(self._identity.id, why)
        rows = recorded(self._identity.provider)
        if not rows:
            why = f"no log of {self._identity.provider} shows every use of a permission"
            return _unknown(self._identity.id, why)
        judged = [(row, self._witness.span(row)) for row in rows]
        good = {row: span for row, span in judged if isinstance(span, Span)}
        missing = dict.fromkeys(f"{r.title}: {why}" for r, why in judged if isinstance(why, str))
        if not good:
            return _unknown(self._identity.id, "; ".join(missing))
        return Known(self._told(good, tuple(missing)))

    def _told(self, rows: Mapping[Recorded, Span], missing: tuple[str, ...]) -> Seen:
        mine = self._shared.used.get(self._identity.id, [])
        used = frozenset(one.what.casefold() for one in mine if not one.only)
        never = dict.fromkeys(row.never for row in rows)
        return Seen(
            since=min(span.since for span in rows.values()),
            until=max(span.until for span in rows.values()),
            used=used,
            shown=tuple(row.shown for row in rows),
            doubtful=frozenset(one.what.casefold() for one in mine) - used,
            places=frozenset((one.what.casefold(), one.where) for one in mine if one.where),
            others=self._shared.others,
            log=" and ".join(f"{row.title} ({span})" for row, span in rows.items()),
            never="; ".join((*never, *(f"nothing is known of {one}" for one in missing))),
        )

    def _blind(self) -> str:
        """Return why the logs say nothing of the identity at all, "" where they may."""
        habits = self._shared.habits_of(self._identity)
        if not habits:
            return "the logs that were read show no event of it"
        if not self._hunting.files.complete:
            return "the logs were not read whole"
        if gap := next(filter(self._is_about_me, self._shared.hunted.gaps), None):
            return f"of its logs was not read: {gap.what} ({gap.why})"
        span = Span(min(one.since for one in habits), max(one.until for one in habits))
        return span.too_little("its events", "its last event in them", self._now)

    def _is_about_me(self, gap: Gap) -> bool:
        if gap.source.partition(" ")[0] != self._identity.provider:
            return False
        here = {place.casefold() for place in (*self._places, self._identity.account) if place}
        # Some name a part of an account: a day of its log.
        parts = [one.casefold() for one in gap.affects]
        return not parts or any(place in part for place in here for part in parts)


def _unknown(identity_id: str, why: str) -> Unknown:
    fix = "hunt with --from RUN in logs that hold more: of a longer time, whole, and of every kind"
    return Unknown(Gap(f"by logs, what {identity_id} uses", why, fix, "hunts", (identity_id,)))


def _with_calls(
    resolution: Resolution, calls: Iterable[Used], found: Fact[Seen] | None
) -> Resolution:
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
    """Yield which dangerous permissions were not used, of those whose every use the logs show."""
    granted = {
        action.casefold(): action for one in resolution.capabilities for action in one.actions
    } | {name.casefold(): name for name in resolution.shown_as}
    watched = {key: action for key, action in granted.items() if seen.shows(key)}
    unused = sorted(action for key, action in watched.items() if seen.unused(key))
    if unused:
        more = len(unused) - _SHOWN
        named = ", ".join(unused[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        never = f"; they cannot show {seen.never}" if seen.never else ""
        yield (
            f"of the {len(watched)} dangerous permissions whose every use {seen.log} record,"
            f" they do not show {len(unused)}: {named}{never}"
        )
