"""What an audit with something gone wrong may say, compared with one where all went well."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from auditor.models import (
    CapabilityName,
    Closure,
    Exposure,
    Fact,
    Gap,
    Identity,
    Known,
    LogCoverage,
    Resolution,
    Results,
    Severity,
    Unknown,
)

_TOLD = ("places", "secrets", "classifications", "credentials", "identities", "matches",
         "unmatched", "resolutions", "assessments", "uses", "job_runs", "logs",
         "verdicts")  # fmt: skip
"""The fields of results that say something of the world."""
_GONE = frozenset((Closure.REMOVED_ALIVE, Closure.REMOVED_DEAD, Closure.REMOVED_UNKNOWN))


def lies(healthy: Results, faulty: Results) -> list[str]:
    """Return what the second says that is less than is true, one line each."""
    return list(_Comparison(healthy, faulty).all())


@dataclass(slots=True)
class _Comparison:
    healthy: Results
    faulty: Results

    def all(self) -> Iterator[str]:
        yield from self._severities()
        yield from self._secrets()
        yield from self._verdicts()
        yield from self._owners()
        yield from self._identities()
        yield from self._resolutions()
        yield from self._logs()
        yield from self._weaknesses()
        yield from self._gaps()

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """Return the gaps that only the faulty audit has."""
        before = {_gap(gap) for gap in _every_gap(self.healthy)}
        return tuple(gap for gap in _every_gap(self.faulty) if _gap(gap) not in before)

    def _explained(self, source: str, *ids: str) -> bool:
        """Return whether a gap says of one of these that not all of it was read."""
        own = [gap for gap in self.gaps if gap.source == source]
        return any(not gap.affects or {*gap.affects} & {*ids} for gap in own)

    def _severities(self) -> Iterator[str]:
        before = {one.secret_id: one for one in self.healthy.assessments}
        for one in self.faulty.assessments:
            was = before[one.secret_id].severity if one.secret_id in before else Severity.NONE
            if _falls(was, one.severity):
                yield f"severity of {one.secret_id} fell from {was.value} to {one.severity.value}"

    def _secrets(self) -> Iterator[str]:
        found = {one.id: one for one in self.faulty.secrets}
        for one in self.healthy.secrets:
            now = found.get(one.id)
            if now is None:
                if not self._explained(one.source, one.scope.id, one.scope.organization, *_orgs(
                    self.healthy, one.scope.organization)):  # fmt: skip
                    yield f"{one.store} {one.scope.name}/{one.name} disappeared without a gap"
            elif _safer(one.exposure, now.exposure):
                yield f"{one.scope.name}/{one.name} looks safer: {now.exposure}"

    def _verdicts(self) -> Iterator[str]:
        before = {one.secret_id: one.closure for one in self.healthy.verdicts}
        after = {one.secret_id: one.closure for one in self.faulty.verdicts}
        for id_, was in before.items():
            now = after.get(id_)
            if now is None:
                yield f"verdict of {id_} disappeared"
            elif now is not was and (now.done or now in _GONE):
                yield f"verdict of {id_} went from {was.value} to {now.value}"

    def _owners(self) -> Iterator[str]:
        before = {one.credential_id: one for one in self.healthy.matches}
        for one in self.faulty.unmatched:
            if one.credential_id in before and one.searched:
                yield f"{one.credential_id} is said to be known to nobody"
        after = {one.credential_id: one for one in self.faulty.matches}
        for id_, was in before.items():
            if id_ in after:
                lost = {c.identity_id for c in was.candidates} - {
                    c.identity_id for c in after[id_].candidates}  # fmt: skip
                if lost and not self.gaps:
                    yield f"{id_} no longer may be {sorted(lost)}"

    def _identities(self) -> Iterator[str]:
        found = {one.id: one for one in self.faulty.identities}
        for one in self.healthy.identities:
            now = found.get(one.id)
            if now is None:
                if not self.gaps:
                    yield f"identity {one.id} disappeared without a gap"
            else:
                yield from _keys(one, now)

    def _resolutions(self) -> Iterator[str]:
        found = {one.identity_id: one for one in self.faulty.resolutions}
        for one in self.healthy.resolutions:
            now = found.get(one.identity_id)
            lost = now and _abilities(one) - _abilities(now)
            if now and not now.gaps and lost:
                yield f"{one.identity_id} lost {sorted(lost)} and is said to be read whole"

    def _logs(self) -> Iterator[str]:
        found = {(one.source, one.log): one for one in self.faulty.logs}
        for one in self.healthy.logs:
            now = found.get((one.source, one.log))
            if now is None:
                if not any(gap.source.split()[0] == one.source.split()[0] for gap in self.gaps):
                    yield f"log {one.source} {one.log} disappeared without a gap"
            elif better := list(_brighter(one, now)):
                yield f"log {one.source} {one.log} sees more: {better}"

    def _weaknesses(self) -> Iterator[str]:
        found = {one.id: one for one in self.faulty.weaknesses}
        for one in self.healthy.weaknesses:
            now = found.get(one.id)
            if now is None and not any(
                gap.source.split()[0] == one.source.split()[0] for gap in self.gaps
            ):
                yield f"weakness {one.what} disappeared without a gap"
            elif now and _falls(one.severity, now.severity):
                yield f"weakness {one.what} fell to {now.severity.value}"

    def _gaps(self) -> Iterator[str]:
        for gap in self.gaps:
            if not (gap.what and gap.why and gap.fix and gap.source):
                yield f"a gap does not say what, why or what to do: {gap}"
        changed = [name for name in _TOLD if _set(self.healthy, name) != _set(self.faulty, name)]
        if changed and not self.gaps:
            yield f"{', '.join(changed)} changed without a gap"
        worse = [
            one for one in self.faulty.coverage if one.known is not None and one.read > one.known
        ]
        yield from (f"read more than there is: {one}" for one in worse)


def differs(healthy: Results, faulty: Results) -> bool:
    """Return whether the two say anything different of the world."""
    return any(_set(healthy, name) != _set(faulty, name) for name in _TOLD)


def new_gaps(healthy: Results, faulty: Results) -> tuple[Gap, ...]:
    """Return the gaps that only the second has."""
    return _Comparison(healthy, faulty).gaps


def _falls(before: Severity, after: Severity) -> bool:
    """Return whether a severity falls; unknown is no fall, it may be as bad as critical."""
    return after is not Severity.UNKNOWN and after.rank < before.rank


def _gap(gap: Gap) -> tuple[Any, ...]:
    return gap.what, gap.why, gap.fix, gap.source, frozenset(gap.affects)


def _every_gap(results: Results) -> tuple[Gap, ...]:
    """Return all gaps, those that stand in a row of their own included."""
    unasked = (one.gap for one in results.unmatched)
    facts = (place.readable for place in results.places)
    return (*results.gaps, *unasked, *(one.gap for one in facts if isinstance(one, Unknown)))


def _set(results: Results, name: str) -> set[str]:
    if name == "places":  # which listings told of a place is no fact of the world
        return {repr((one.scope, one.readable)) for one in results.places}
    if name == "resolutions":  # since when use is known of depends on the second of asking
        return {repr(replace(one, usage=())) for one in results.resolutions}
    return {repr(one) for one in getattr(results, name)}


def _orgs(results: Results, name: str) -> Iterator[str]:
    """Return the ids of the organisation of that name."""
    return (
        place.scope.id for place in results.places if name in (place.scope.name, place.scope.id)
    )


def _safer(before: Exposure, after: Exposure) -> bool:
    return any(_fell(*pair) for pair in zip(before.facts, after.facts, strict=True))


def _fell(before: Fact[Any], after: Fact[Any]) -> bool:
    """Return whether a fact looks safer than it did, or is sure of what was not known."""
    if isinstance(after, Unknown):
        return False
    return isinstance(before, Unknown) or bool(after.value < before.value)


def _keys(before: Identity, after: Identity) -> Iterator[str]:
    held = {key.label for key in after.keys}
    lost = [key.label for key in before.keys if key.label not in held]
    if lost and after.keys_complete:
        yield f"{before.id} lost keys {lost}, and all are said to be listed"
    status = {key.label: key.status for key in after.keys}
    for key in before.keys:
        if key.status == "Active" and status.get(key.label, "Active") not in ("Active", ""):
            yield f"key {key.label} of {before.id} is now {status[key.label]}"


def _abilities(one: Resolution) -> set[tuple[str, bool]]:
    """Return what one can do, but for reading configuration, which harms nobody by itself."""
    return {
        (ability.name.value, ability.limited)
        for ability in one.capabilities
        if ability.name is not CapabilityName.READ_CONFIG
    }


def _brighter(before: LogCoverage, after: LogCoverage) -> Iterator[str]:
    """Yield the facts of a log that are now known otherwise than they were."""
    for name in ("enabled", "retention_days", "records_ips", "central"):
        was, now = getattr(before, name), getattr(after, name)
        if isinstance(now, Known) and now != was:
            yield f"{name} {was} -> {now}"
