"""Goes over every entry that was ever watched and gives its verdict; pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from auditor.models import (
    Baseline,
    Closure,
    Evidence,
    Identity,
    Incident,
    KeyUse,
    Logged,
    OldKey,
    Severity,
    Verdict,
)
from auditor.risk.absence import Reading
from auditor.risk.closure import baselines, ci
from auditor.risk.closure.baselines import Sight
from auditor.risk.closure.ci import CiSide, CiState
from auditor.risk.closure.judge import MEANING, judge
from auditor.risk.closure.provider import Fate, ProviderSide, Registry

_AGAIN = frozenset({CiState.UNCHANGED, CiState.UNSURE})
"""States in which a value whose rotation was proven is still that value."""
_PRESENT = _AGAIN | {CiState.CHANGED, CiState.REWRITTEN, CiState.BLIND}
SHOWN = 5
ELSEWHERE = "other hosts may accept it too, and nobody lists those"
OUTLIVES = (
    "sessions that were begun with the old credential can outlive it by up to 36 hours:"
    " look for them in the logs"
)


@dataclass(frozen=True, slots=True)
class World:
    """What this run saw of both sides."""

    sights: Mapping[str, Sight]
    reading: Reading
    identities: Mapping[str, Identity]
    """Everything the providers list, matched or not."""
    seal: str
    now: datetime
    incident: Incident | None = None
    logged: Logged = field(default_factory=Logged)


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdicts, and the baselines that the next run compares with."""

    verdicts: tuple[Verdict, ...]
    baselines: tuple[Baseline, ...]


def verify(world: World, before: Mapping[str, Baseline]) -> Verification:
    """Return a verdict for every secret that is or was in the CI system."""
    watch = _Watch(world, before)
    found = [watch.known(base) for base in before.values()]
    found += [
        watch.new(sight)
        for id_, sight in world.sights.items()
        if id_ not in before and sight.severity is not Severity.NONE
    ]
    return Verification(
        tuple(verdict for verdict, _ in found if verdict), tuple(base for _, base in found)
    )


class _Watch:
    """One pass over the entries, with what several of them ask for looked up once."""

    def __init__(self, world: World, before: Mapping[str, Baseline]) -> None:
        self._world = world
        self._registry = Registry(world.identities, world.reading, world.now)
        self._uses: dict[OldKey, KeyUse] = {
            use.key: use for use in sorted(world.logged.uses, key=lambda use: use.last)
        }
        self._storings = {one.secret_id: one for one in world.logged.storings}
        self._holders: dict[OldKey, list[Baseline]] = {}
        for base in before.values():
            for key in base.keys:
                self._holders.setdefault(key, []).append(base)

    def new(self, sight: Sight) -> tuple[Verdict, Baseline]:
        """Return the verdict of an entry seen for the first time: nothing to compare it with."""
        world = self._world
        base = baselines.first(
            sight, world.identities, seal=world.seal, now=world.now, incident=world.incident
        )
        return self._unwatched(base), base

    def known(self, base: Baseline) -> tuple[Verdict | None, Baseline]:
        """Return the verdict of an entry that an earlier run saw; None for what is no secret."""
        world = self._world
        sight = world.sights.get(base.secret_id)
        base = baselines.reopened(base, world.incident)
        side = ci.compare(
            base,
            sight.secret if sight else None,
            world.seal,
            all_read=world.reading.proves_absence(base.source, base.scope_id),
            storing=self._storings.get(base.secret_id),
            log=world.logged.spans.get(base.source),
        )
        verdict = self._verdict(base, side)
        after = baselines.kept(
            base, sight, verdict.closure, world.identities, seal=world.seal, now=world.now
        )
        no_secret = sight is not None and sight.severity is Severity.NONE
        return (None if no_secret else verdict), after

    def _verdict(self, base: Baseline, side: CiSide) -> Verdict:
        if base.verified is not None and self._still_dead(base, side):
            return self._proven(base, side)
        if base.late and side.state in _AGAIN:
            return self._unwatched(base)
        provider = self._provider(base, side)
        renewed = self._renewed(base, side)
        state = CiState.CHANGED if renewed else side.state
        closure = judge(state, provider.fate)
        facts = (side.fact, *filter(None, (renewed,)), *provider.facts)
        if closure is Closure.VERIFIED:
            return self._unless_used(base, base.keys, side.written or base.taken, facts)
        if closure is Closure.OLD_ACTIVE:
            facts = (*facts, *self._others(base))
        return _made(base, closure, facts)

    def _provider(self, base: Baseline, side: CiSide) -> ProviderSide:
        if base.issued and side.state is CiState.REMOVED:
            return ProviderSide(Fate.DEAD, ("the CI system issued it: it dies with its entry",))
        found = self._registry.look_up(base.keys)
        if base.elsewhere and found.fate in (Fate.DEAD, Fate.OFF):
            return ProviderSide(Fate.UNKNOWN, (*found.facts, ELSEWHERE))
        return found

    def _renewed(self, base: Baseline, side: CiSide) -> str | None:
        """Return which new key shows that a rewrite stored another value, if one does."""
        if side.state is not CiState.BLIND or side.written is None:
            return None
        return self._registry.renewed(base.keys, base.taken, side.written)

    def _still_dead(self, base: Baseline, side: CiSide) -> bool:
        """Return whether the credential whose death was proven is dead: whatever came after it."""
        if side.state not in _PRESENT:
            return False
        fate = self._registry.look_up(base.retired).fate
        return fate is Fate.DEAD or (fate is Fate.UNKNOWN and side.state in _AGAIN)

    def _proven(self, base: Baseline, side: CiSide) -> Verdict:
        """Return that a proof of an earlier run holds: as long as nobody uses the old one."""
        proven = f"proven by the run of {base.verified:%Y-%m-%d %H:%M} UTC"
        return self._unless_used(
            base, base.retired, base.verified or base.taken, (proven, side.fact)
        )

    def _unless_used(
        self, base: Baseline, keys: Iterable[OldKey], since: datetime, facts: Iterable[str]
    ) -> Verdict:
        later = [self._uses[key] for key in keys if key in self._uses]
        uses = [use for use in later if use.last > since]
        if not uses:
            return _made(base, Closure.VERIFIED, (*facts, OUTLIVES))
        said = (
            f"{use.key.label} used on {use.last:%Y-%m-%d %H:%M} UTC: {use.where}" for use in uses
        )
        return _made(base, Closure.USED_AFTER, (*said, *facts))

    def _others(self, base: Baseline) -> Iterator[str]:
        """Yield which other entries held the same credential: one row of five closes nothing."""
        shared = {
            other.secret_id: other
            for key in base.keys
            for other in self._holders.get(key, ())
            if other.secret_id != base.secret_id and other.secret_id in self._world.sights
        }
        if shared:
            shown = ", ".join(f"{one.name} ({id_})" for id_, one in list(shared.items())[:SHOWN])
            more = f" and {len(shared) - SHOWN:,} more" if len(shared) > SHOWN else ""
            yield f"the same credential is or was kept as {shown}{more}"

    def _unwatched(self, base: Baseline) -> Verdict:
        if base.late:
            fact = "written after the incident and before the first run: nothing to compare it with"
            return _made(base, Closure.CANNOT, (fact,))
        return _made(base, Closure.NOT_ROTATED, (f"first seen {base.taken:%Y-%m-%d}",))


def _made(base: Baseline, closure: Closure, facts: Iterable[str]) -> Verdict:
    evidence = tuple(Evidence(fact, "this run against an earlier one") for fact in facts)
    return Verdict(base.secret_id, closure, MEANING[closure], evidence)
