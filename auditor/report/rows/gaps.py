"""The table Gaps: what could not be seen, why, how many entries that leaves open, what to grant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from auditor.models import Fact, Gap, Results, Unknown
from auditor.report.rows import words
from auditor.report.rows.join import Joined
from auditor.report.tables import Column, Kind, Owner, Row, Table

NAME = "Gaps"
MOST_ROWS = 5_000
AFFECTED_SHOWN = 20

COLUMNS = (
    Column(
        "What could not be seen", Owner.TOOL, 46, Kind.TEXT, "The fact that is missing.", wrap=True
    ),
    Column("Why", Owner.TOOL, 46, Kind.TEXT, "What the other side answered.", wrap=True),
    Column(
        "What to do",
        Owner.TOOL,
        60,
        Kind.TEXT,
        "The permission to grant, the setting to add.",
        wrap=True,
    ),
    Column("Entries", Owner.TOOL, 9, Kind.NUMBER, "How many rows of sheet Secrets stay open."),
    Column("Source", Owner.TOOL, 20, Kind.TEXT, "Who was asked.", wrap=True),
    Column("Where", Owner.TOOL, 40, Kind.TEXT, "The places or accounts it is about.", wrap=True),
)


def table(joined: Joined) -> Table:
    """Return the gaps, the one that leaves most entries open first."""
    gaps = every(joined.results)
    note = ""
    if len(gaps) > MOST_ROWS:
        note = f"The first {MOST_ROWS:,} of {len(gaps):,} gaps; all of them are in results.json."
    return Table(NAME, COLUMNS, lambda: _rows(gaps, joined), note)


def every(results: Results) -> tuple[Gap, ...]:
    """Return each gap once, with everything it affects, wherever the results hold it."""
    merged: dict[tuple[str, str, str, str], dict[str, None]] = {}
    for gap in _all(results):
        key = (gap.what, gap.why, gap.fix, gap.source)
        merged.setdefault(key, {}).update(dict.fromkeys(gap.affects))
    gaps = [Gap(*key, affects=tuple(affects)) for key, affects in merged.items()]
    return tuple(_uncovered(gaps))


def helps(gaps: Iterable[Gap]) -> tuple[str, ...]:
    """Return what would close most gaps, a line each: how many, of which source, and what to do."""
    counted = Counter((gap.source, gap.fix.partition("; until then")[0]) for gap in gaps)
    return tuple(f"{count:,} x {source}: {fix}" for (source, fix), count in counted.most_common())


def _uncovered(gaps: Iterable[Gap]) -> Iterator[Gap]:
    """Yield the gaps that no other one of the same sort, about more places, says already."""
    sorts: dict[tuple[str, str, str, str], list[Gap]] = {}
    for gap in gaps:
        what = gap.what.partition(" of ")[0]
        sorts.setdefault((what, gap.why, gap.fix, gap.source), []).append(gap)
    for alike in sorts.values():
        widest = max(alike, key=lambda gap: len(gap.affects))
        yield widest
        known = set(widest.affects)
        yield from (one for one in alike if one is not widest and not known > set(one.affects))


def _all(results: Results) -> Iterator[Gap]:
    yield from results.gaps
    yield from _unknown(
        (place.readable for place in results.places), (place.scope.id for place in results.places)
    )
    for resolution in results.resolutions:
        yield from resolution.gaps
    for unmatched in results.unmatched:
        if not unmatched.searched:
            yield unmatched.gap
    for secret in results.secrets:
        facts = secret.exposure.facts
        yield from _unknown(facts, (secret.scope.id,) * len(facts))


def _unknown(facts: Iterable[Fact[bool] | Fact[int]], scope_ids: Iterable[str]) -> Iterator[Gap]:
    """Yield the gap of every unknown fact; one that names nothing is about its scope."""
    for fact, scope_id in zip(facts, scope_ids, strict=True):
        if isinstance(fact, Unknown):
            yield fact.gap if fact.gap.affects else replace(fact.gap, affects=(scope_id,))


def _rows(gaps: tuple[Gap, ...], joined: Joined) -> Iterator[Row]:
    names = {place.scope.id: words.where(place.scope) for place in joined.results.places}
    names |= {secret.scope.id: words.where(secret.scope) for secret in joined.results.secrets}
    open_entries = _entries(joined)
    counted = ((sum(open_entries[id_] for id_ in gap.affects), gap) for gap in gaps)
    for entries, gap in islice(sorted(counted, key=lambda pair: -pair[0]), MOST_ROWS):
        shown = words.some([names.get(id_, id_) for id_ in gap.affects], AFFECTED_SHOWN)
        yield (gap.what, gap.why, gap.fix, entries or None, gap.source, shown)


def _entries(joined: Joined) -> Counter[str]:
    """Return the number of entries of every scope and of every account."""
    counts: Counter[str] = Counter()
    for secret in joined.results.secrets:
        counts[secret.scope.id] += 1
        behind = joined.candidates(joined.outcome(secret.id))
        counts.update({identity.account for identity in behind})
    return counts
