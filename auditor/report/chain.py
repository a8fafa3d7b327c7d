"""Tells one secret from where it is kept to what its identity may do, in words a manager reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from auditor.models import (
    Candidate,
    Capability,
    Credential,
    Finding,
    Gap,
    Identity,
    Known,
    NoMatch,
    Resolution,
    Results,
    Secret,
    Weakness,
)
from auditor.report import levers

_FINDINGS_SHOWN = 10


def told(results: Results, id_: str) -> Iterator[str] | None:
    """Return the lines about an id, None where the results know no such thing."""
    secret = next((one for one in results.secrets if one.id == id_), None)
    if secret:
        return _of_secret(results, secret)
    credential = next((one for one in results.credentials if one.id == id_), None)
    if credential:
        return _of_credential(results, credential)
    identity = next((one for one in results.identities if id_ in (one.id, one.name)), None)
    if identity:
        return _of_identity(results, identity)
    finding = next((one for one in results.findings if one.id == id_), None)
    if finding:
        return _of_finding(results, finding)
    weakness = next((one for one in results.weaknesses if one.id == id_), None)
    return _of_weakness(weakness) if weakness else None


def ids(results: Results) -> Iterator[str]:
    """Yield every id that can be asked for, entries first."""
    yield from (one.id for one in results.secrets)
    yield from (one.id for one in results.identities)


def identity_of(results: Results, id_: str) -> str | None:
    """Return the identity of an id or name, or the likeliest one behind an entry or credential."""
    for one in results.identities:
        if id_ in (one.id, one.name):
            return one.id
    wanted = {
        id_,
        *(c.id for c in results.credentials for part in c.parts if part.secret_id == id_),
    }
    return next(
        (match.best.identity_id for match in results.matches if match.credential_id in wanted), None
    )


# --- entries ---------------------------------------------------------------------------------


def _of_secret(results: Results, secret: Secret) -> Iterator[str]:
    kind = secret.scope.kind.value
    yield f"{secret.name}, a {secret.store} of the {kind} {secret.scope.name} ({secret.source})"
    if secret.url:
        yield f"  open it: {secret.url}"
    if secret.last_written:
        yield f"  last written {_day(secret.last_written)}"
    yield from _assessment(results, secret)
    yield ""
    yield from _meaning(results, secret.id)
    held = [c for c in results.credentials if any(part.secret_id == secret.id for part in c.parts)]
    for credential in held:
        yield ""
        yield from _of_credential(results, credential, secret.id)
    yield from _found(one for one in results.findings if secret.id in one.secret_ids)
    yield from _verdicts(results, secret.id)


def _assessment(results: Results, secret: Secret) -> Iterator[str]:
    found = next((one for one in results.assessments if one.secret_id == secret.id), None)
    if found is None:
        return
    yield ""
    score = f"{found.score} of 100 points, confidence {found.confidence.value}"
    yield f"Severity {found.severity.value}, {score}, because"
    yield from (f"  {one.points:+d}  {one.text}" for one in found.reasons)
    yield f"What to do: {found.rotate.value}. {found.advice}"
    yield from levers.severity(results, secret)


def _meaning(results: Results, secret_id: str) -> Iterator[str]:
    found = next((one for one in results.classifications if one.secret_id == secret_id), None)
    if found:
        what = " ".join(part for part in (found.vendor, found.kind) if part) or "nothing known"
        yield f"By its name it is: {what} ({found.role.value}), confidence {found.confidence.value}"
        yield f"  by the rule {found.rule}"


def _verdicts(results: Results, secret_id: str) -> Iterator[str]:
    for one in results.verdicts:
        if one.secret_id == secret_id:
            yield ""
            yield f"Is it closed? {one.closure.value}: {one.why}"
            yield from (f"  {evidence.fact} ({evidence.source})" for evidence in one.evidence)
            yield from levers.closure(one)


# --- whose it is -----------------------------------------------------------------------------


def _of_credential(
    results: Results, credential: Credential, besides: str | None = None
) -> Iterator[str]:
    names = {one.id: one.name for one in results.secrets}
    parts = [
        names.get(p.secret_id, p.secret_id) for p in credential.parts if p.secret_id != besides
    ]
    if parts:
        yield f"It goes with {', '.join(parts)}: one credential of {credential.vendor}"
    answer = next(results.answers_of({credential.id}), None)
    if isinstance(answer, NoMatch):
        yield f"Whose it is, is not known: {answer.gap.why}"
        yield f"  would tell: {answer.gap.fix}"
    elif answer is None:
        yield "Nobody can be asked whose it is"
    else:
        for candidate in answer.candidates:
            yield from _candidate(results, candidate, is_best=candidate == answer.best)


def _candidate(results: Results, candidate: Candidate, *, is_best: bool) -> Iterator[str]:
    told_as = "It is of" if is_best else "It may also be of"
    key = f", key {candidate.key}" if candidate.key else ""
    yield f"{told_as} {candidate.identity_id}{key} (confidence {candidate.confidence.value})"
    yield from (f"  {one.fact} ({one.source})" for one in candidate.evidence)
    identity = next((one for one in results.identities if one.id == candidate.identity_id), None)
    resolution = _resolution(results, candidate.identity_id)
    if identity and resolution:
        yield ""
        yield from of_identity(identity, resolution)


def _resolution(results: Results, identity_id: str) -> Resolution | None:
    return next((one for one in results.resolutions if one.identity_id == identity_id), None)


# --- what it may do --------------------------------------------------------------------------


def of_identity(identity: Identity, resolution: Resolution) -> Iterator[str]:
    """Yield what an identity is and may do, with every path, and what is not known of it."""
    where = f"{identity.provider} {identity.account}"
    yield f"{identity.kind} {identity.name} of {where}: {identity.status}"
    if identity.console_url:
        yield f"  open it: {identity.console_url}"
    for key in identity.keys:
        used = key.last_used.value if isinstance(key.last_used, Known) else None
        last = f"last used {_day(used)}" if used else "no use known"
        yield f"  key {key.label}: {key.status}, {last}"
    yield ""
    if not resolution.capabilities:
        yield f"It can do nothing {'that is known' if resolution.gaps else 'dangerous'}"
    for capability in resolution.capabilities:
        yield from _capability(capability)
    if resolution.over_privileged:
        yield "It holds more than it needs:"
        yield from (f"  {reason}" for reason in resolution.over_privileged)
    yield from _unused(resolution)
    yield from _unknown(resolution.gaps)


def _capability(found: Capability) -> Iterator[str]:
    hedges = [
        *(["on named resources only"] if found.limited else []),
        *(["under conditions that are not known"] if found.conditional else []),
    ]
    hedged = f", {' and '.join(hedges)}" if hedges else ""
    yield f"Capability {found.name.value}{hedged}"
    yield from (f"  {step}" for step in found.path)


def _unused(resolution: Resolution) -> Iterator[str]:
    used = [one for one in resolution.usage if one.last and ":" not in one.what]
    never = [one.what for one in resolution.usage if not one.last and ":" not in one.what]
    if used:
        latest = sorted(used, key=lambda one: (one.last is None, one.last), reverse=True)
        shown = ", ".join(f"{one.what} {_day(one.last)}" for one in latest[:10] if one.last)
        yield f"It used: {shown}"
    if never:
        yield f"It never used: {', '.join(sorted(never)[:20])}"


def _unknown(gaps: Iterable[Gap]) -> Iterator[str]:
    found = list(gaps)
    if found:
        yield "Not known, and able to change all this:"
        yield from (f"  {gap.what}: {gap.why}; {gap.fix}" for gap in found)


# --- from the other end ----------------------------------------------------------------------


def _of_identity(results: Results, identity: Identity) -> Iterator[str]:
    resolution = _resolution(results, identity.id)
    if resolution:
        yield from of_identity(identity, resolution)
    secrets = {one.id: one for one in results.secrets}
    credentials = {one.id: one for one in results.credentials}
    led = [m for m in results.matches if any(c.identity_id == identity.id for c in m.candidates)]
    if led:
        yield ""
        yield "These entries lead to it:"
    for match in led:
        for part in credentials[match.credential_id].parts:
            if secret := secrets.get(part.secret_id):
                yield f"  {secret.id}  {secret.name} in {secret.scope.name}"
    yield from _found(one for one in results.findings if one.identity_id == identity.id)
    for weakness in results.weaknesses:
        if weakness.identity_id == identity.id:
            yield ""
            yield from _of_weakness(weakness)


def _found(findings: Iterable[Finding]) -> Iterator[str]:
    found = list(findings)
    if found:
        yield ""
        yield "What the logs show:"
    for one in found[:_FINDINGS_SHOWN]:
        hits = ", ".join(hit.title for hit in one.hits)
        when = f"{_day(one.first)} to {_day(one.last)}"
        yield f"  {one.id}  {when}, from {one.src_ip or 'nowhere known'}: {hits}"
    if (more := len(found) - _FINDINGS_SHOWN) > 0:
        yield f"  and {more} more"


def _of_finding(results: Results, finding: Finding) -> Iterator[str]:
    worth = f"{finding.severity.value}, {finding.strength.value}"
    yield f"{finding.identity} on {finding.platform}: {worth}"
    when = f"from {finding.first:%Y-%m-%d %H:%M} to {finding.last:%Y-%m-%d %H:%M} UTC"
    yield f"  {finding.events} events {when}, {finding.denied} of them denied"
    yield f"  from {finding.src_ip or 'nowhere known'} {finding.network} {finding.country}".rstrip()
    for hit in finding.hits:
        note = f": {hit.note}" if hit.note else ""
        yield f"  {hit.count:>5} x {hit.title} ({hit.level}){note}"
    if finding.question:
        yield f"Ask next: {finding.question}"
    secrets = {one.id: one for one in results.secrets}
    for id_ in finding.secret_ids:
        if secret := secrets.get(id_):
            yield f"A leak of {id_} ({secret.name} in {secret.scope.name}) would explain it"


def _of_weakness(weakness: Weakness) -> Iterator[str]:
    yield f"{weakness.id}, {weakness.severity.value}: {weakness.what}"
    yield f"  because {weakness.why}"
    yield f"  {weakness.fix}"
    yield from (f"  {one.fact} ({one.source})" for one in weakness.evidence)


def _day(time: datetime | None) -> str:
    return time.date().isoformat() if time else "never"
