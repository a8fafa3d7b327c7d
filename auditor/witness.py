"""Since when until when logs are proven to record something: before "not used" may be said of it.

A trail of reads only, of one region, or a folder of one week shows no change of the month before.
So a log has to show events of the same kind, of whomever, of every account in question, over
`LEAST`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations, product

from auditor.logfields import Recorded
from auditor.models import Hunting, Identity, Kept, Known, LogCoverage

LEAST = timedelta(days=30)
"""A job may run once a month: what a shorter time shows says nothing of what it needs."""
FRESH = timedelta(days=30)
"""What logs of long ago show is no word on what is needed today."""
ANYWHERE = "*"
"""In place of accounts: a grant that reaches more of them than can be named."""
_REACH = {"regions": "other regions than its own", "global": "global services"}


@dataclass(frozen=True, slots=True)
class Span:
    """From one time to another."""

    since: datetime
    until: datetime

    def within(self, other: Span) -> Span:
        """Return what both share; what begins after its end shares nothing."""
        return Span(max(self.since, other.since), min(self.until, other.until))

    def too_little(self, what: str, last: str, now: datetime) -> str:
        """Return why it is too short or too old to conclude from, "" where it is neither."""
        length = self.until - self.since
        if length < LEAST:
            days = max(length.days, 0)
            return f"{what} reach over {days} days ({self}), and {LEAST.days} are needed"
        if now - self.until > FRESH:
            return f"{last} is {(now - self.until).days} days older than the audit"
        return ""

    def __str__(self) -> str:
        """Return both days."""
        return f"{self.since:%Y-%m-%d} to {self.until:%Y-%m-%d}"


class Witness:
    """What the logs of a hunt prove to record of the accounts where an identity has grants."""

    def __init__(
        self,
        hunting: Hunting,
        identity: Identity,
        places: Iterable[str],
        logs: Iterable[LogCoverage],
        now: datetime,
    ) -> None:
        """Keep the accounts, and what is known of their logs, as of `now`."""
        self._asked_for, self._identity, self._now = hunting.asked, identity, now
        self._places = tuple(dict.fromkeys(place.casefold() for place in places))
        wanted = {*self._places, identity.account.casefold()}
        self._kept = [one for one in hunting.kept if one.account in wanted]
        self._logs = [log for log in logs if _is_of(log, identity)]

    def span(self, row: Recorded) -> Span | str:
        """Return since when until when the logs show every use of a row's, or why they may not."""
        places = (self._identity.account.casefold(),) if row.own else self._places
        if ANYWHERE in places:
            return "it was granted something above single accounts, and logs of all are not proven"
        found: list[Span] = []
        for place in places:
            span = self._of_place(row, place)
            if isinstance(span, str):
                return span
            found.append(span)
        shared = Span(max(one.since for one in found), min(one.until for one in found))
        if shared.since < shared.until:
            return shared
        return Span(min(one.since for one in found), max(one.until for one in found))

    def _of_place(self, row: Recorded, place: str) -> Span | str:
        asked = self._asked(row)
        if row.always and asked and place == self._identity.account.casefold():
            return asked.too_little("what was asked for", "the end of it", self._now) or asked
        kept = [one for one in self._kept if self._is_of(one, row, place)]
        reached = self._reached(row, place, kept, asked)
        if isinstance(reached, str):
            return reached
        choices = [reached] if row.reach else []
        for kind in row.needs:
            shown = [Span(one.since, one.until) for one in kept if one.kind == kind]
            if not shown:
                return f"they show no {kind} of anybody in {place}, and may record none"
            choices.append(shown)
        # Of several logs each may be the one that shows it: whichever together reach furthest.
        spans = [_shared(some) for some in product(*choices)]
        what, last = f"its {' and '.join(row.needs)} of {place}", f"its last event of {place}"
        good = [one for one in spans if not one.too_little(what, last, self._now)]
        best = max(good or spans, key=lambda one: one.until - one.since)
        return best if good else best.too_little(what, last, self._now)

    def _is_of(self, one: Kept, row: Recorded, place: str) -> bool:
        mine = one.platform == self._identity.provider and one.account == place
        return mine and one.log.startswith(row.log)

    def _asked(self, row: Recorded) -> Span | None:
        source = row.log.partition(":")[0]
        me = self._identity.id.casefold()
        told = (one for one in self._asked_for if one.source == source and me in one.names)
        return next((Span(one.since, one.until) for one in told), None)

    def _reached(
        self, row: Recorded, place: str, kept: Sequence[Kept], asked: Span | None
    ) -> list[Span] | str:
        """Return how long the logs reach to where the row's records are, or why they may not."""
        if not row.reach or asked:
            return [asked] if asked else []
        trails = (log for log in self._logs if log.enabled != Known(value=False))
        if short := next((log.log for log in trails if row.reach in log.misses), ""):
            which = "and which log was read is not known"
            return f"{short} does not record {_REACH[row.reach]}, {which}"
        there = {one: Span(one.since, one.until) for one in kept if one.region and not one.kind}
        if row.reach == "global":
            found = [span for one, span in there.items() if one.region in row.regions]
            return (
                found or f"no event of {place} in {row.regions[0]} was read, where it records them"
            )
        pairs = combinations(there.items(), 2)
        two = [a.within(b) for (one, a), (other, b) in pairs if one.region != other.region]
        regions = ", ".join(one.region for one in there) or "no region"
        return two or f"only events of {regions} were read, and it may record no other"


def _shared(spans: Iterable[Span]) -> Span:
    first, *others = spans
    for one in others:
        first = first.within(one)
    return first


def _is_of(log: LogCoverage, identity: Identity) -> bool:
    """Return whether a log is of an identity's account."""
    provider, _, account = log.source.partition(" ")
    return provider == identity.provider and account in {"", identity.account}
