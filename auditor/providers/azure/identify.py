"""Decides whose credential a CI variable holds, by the sealed tail of the client id beside it.

Of a client secret Azure shows the first characters and CI the last ones, so secrets are never
compared. The id in AZURE_CLIENT_ID is: four of its characters fit a given wrong application once in
65,536 times. Tenant, subscription, dates and names tell which of several is likelier.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from auditor.models import (
    AccessKey,
    Candidate,
    Confidence,
    Credential,
    Evidence,
    Gap,
    Identity,
    Match,
    NoMatch,
    Secret,
    Tail,
)
from auditor.providers.azure.documents import mask, text
from auditor.providers.azure.estate import Estate
from auditor.providers.azure.gaps import SOURCE
from auditor.tails import TAIL_LENGTH, tail_from_json

_CI_WORDS = re.compile(
    r"(?<![a-z])(?:ci|cd|cicd|circle(?:ci)?|deploy(?:er|ment)?|build(?:er)?|pipelines?)(?![a-z])",
    re.IGNORECASE,
)
_PRINCIPALS = "GET /servicePrincipals"
_GAPS_SHOWN = 3
_NAME_IT = "name its identity in [[overrides]] of the configuration"
_OTHER_TENANT = "add an audit of its tenant; if there is none, remove the variable"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the CI system tells of a credential."""

    name: str
    written: datetime | None
    client: Tail | None
    tenant: Tail | None
    subscription: Tail | None


@dataclass(frozen=True, slots=True)
class _Hit:
    identity: Identity
    facts: tuple[tuple[int, str], ...]
    against: bool
    """The tenant or the dates speak against it."""

    @property
    def points(self) -> int:
        return sum(points for points, _ in self.facts)

    def candidate(self, confidence: Confidence, *more: str) -> Candidate:
        told = (*(fact for _, fact in self.facts), *more)
        evidence = tuple(Evidence(fact, _PRINCIPALS) for fact in told)
        return Candidate(self.identity.id, "", confidence, evidence)


class Identifier:
    """All service principals by the tails of their application ids."""

    def __init__(
        self, estate: Estate, identities: Mapping[str, Identity], unsearched: tuple[Gap, ...]
    ) -> None:
        """Index them; `unsearched` is every reason why one could be missing."""
        self._estate = estate
        self._identities = identities
        self._unsearched = unsearched
        self._by_tail: dict[str, list[str]] = defaultdict(list)
        for id_, item in estate.principals.items():
            for name in ("appIdTail", "appIdTailUpper"):
                if (tail := tail_from_json(item.get(name))) and id_ in identities:
                    self._by_tail[tail.hash].append(id_)

    def identify(
        self, credential: Credential, secrets: Mapping[str, Secret], owner: str | None
    ) -> Match | NoMatch:
        """Return whose a credential is, with every other that cannot be excluded."""
        asked = _asked(credential, secrets)
        hits = self._hits(asked)
        if owner:
            return self._named(credential, asked, owner, hits)
        if hits:
            return self._matched(credential, hits)
        return self._nobody(credential, asked)

    def login(self, credential: Credential, secrets: Mapping[str, Secret]) -> Match | None:
        """Return whose client id the user name of a credential is, None where it is nobody's.

        Registries take a service principal's client id and secret for a login, too.
        """
        user = secrets.get(credential.part("user") or "")
        if user is None or user.tail is None:
            return None
        asked = replace(_asked(credential, secrets), client=user.tail)
        hits = self._hits(asked)
        return self._matched(credential, hits) if hits else None

    # --- candidates --------------------------------------------------------------------------

    def _hits(self, asked: Asked) -> list[_Hit]:
        if not _is_whole(asked.client):
            return []
        found = dict.fromkeys(self._by_tail.get(asked.client.hash if asked.client else "", ()))
        hits = [self._hit(self._identities[id_], asked) for id_ in found]
        return sorted(hits, key=lambda hit: (hit.against, -hit.points, hit.identity.id))

    def _hit(self, identity: Identity, asked: Asked) -> _Hit:
        shown = text(self._estate.principals[identity.id], "appId")
        facts = [
            (8, f"its client id {shown} ends as the variable does"),
            *self._of_tenant(identity, asked.tenant),
            *self._of_subscription(identity, asked.subscription),
            *_of_dates(identity, asked.written),
            *_of_itself(identity),
        ]
        return _Hit(identity, tuple(facts), against=any(points < 0 for points, _ in facts))

    def _of_tenant(self, identity: Identity, tail: Tail | None) -> Iterator[tuple[int, str]]:
        own = tail_from_json(self._tails.get("tenant"))
        if not _is_whole(tail) or tail is None or own is None:
            return
        if tail.hash == own.hash:
            yield 4, f"the tenant beside it ends as {identity.account} does"
        else:
            yield -4, "the tenant beside it ends otherwise: it is of another tenant"

    def _of_subscription(self, identity: Identity, tail: Tail | None) -> Iterator[tuple[int, str]]:
        if not _is_whole(tail) or tail is None:
            return
        known = self._tails.get("subscriptions")
        for id_, raw in (known if isinstance(known, dict) else {}).items():
            own = tail_from_json(raw)
            if own and own.hash == tail.hash:
                name = self._estate.subscriptions.get(id_, id_)
                yield 2, f"the subscription beside it ends as {name} does"
                scope = f"/subscriptions/{id_}"
                given = self._estate.assignments.get(identity.id, ())
                if any(one.scope.startswith(scope) for one in given):
                    yield 2, f"it has a role in the subscription {name}"

    @property
    def _tails(self) -> Mapping[str, object]:
        found = self._estate.document("tails")
        return found if isinstance(found, dict) else {}

    # --- answers -----------------------------------------------------------------------------

    def _matched(self, credential: Credential, hits: Sequence[_Hit]) -> Match:
        first, *others = hits
        more = [f"{len(hits)} client ids end so: the likeliest by the facts"] if others else []
        if self._unsearched:
            more.append("not every service principal could be listed: see the gaps")
        return Match(
            credential.id,
            first.candidate(_confidence(first, others), *more),
            tuple(hit.candidate(Confidence.LOW) for hit in others),
        )

    def _named(
        self, credential: Credential, asked: Asked, owner: str, hits: Sequence[_Hit]
    ) -> Match | NoMatch:
        """Return the identity a person named: by object id, client id or user name."""
        told = owner.strip().lower()
        wanted = {told, mask(told)}
        named = next((one for one in self._identities.values() if wanted & self._names(one)), None)
        if named is None:
            why = (
                f"the configuration names {_without_tail(owner)}, which nothing that was read holds"
            )
            fix = "correct the identity in [[overrides]], or audit its tenant"
            return _unmatched(credential, asked, why, fix, searched=False)
        said = Evidence("named in the configuration", "configuration")
        best = Candidate(named.id, "", Confidence.CERTAIN, (said,))
        own = [hit for hit in hits if hit.identity.id == named.id]
        if own:
            proven = own[0].candidate(Confidence.CERTAIN)
            return Match(credential.id, replace(proven, evidence=(said, *proven.evidence)))
        if _is_whole(asked.client) and named.id in self._estate.principals:
            against = Evidence("its client id does not end as the variable does", _PRINCIPALS)
            best = replace(best, confidence=Confidence.MEDIUM, evidence=(said, against))
        return Match(credential.id, best, tuple(hit.candidate(Confidence.LOW) for hit in hits))

    def _names(self, identity: Identity) -> set[str]:
        """Return what a person may call an identity by; a display name is nobody's alone."""
        shown = text(self._estate.principals.get(identity.id), "appId").lower()
        user = identity.name.lower() if identity.kind == "user" else ""
        return {identity.id, shown, user} - {""}

    def _nobody(self, credential: Credential, asked: Asked) -> NoMatch:
        why, fix = _unreadable(credential, asked), _NAME_IT
        searched = not why and not self._unsearched
        if not why and self._unsearched:
            told = "; ".join(f"{gap.what}: {gap.why}" for gap in self._unsearched[:_GAPS_SHOWN])
            why = f"no client id that was listed ends so, but not all were listed: {told}"
            fix = "; ".join(dict.fromkeys(gap.fix for gap in self._unsearched[:_GAPS_SHOWN]))
        elif not why:
            why = "no service principal of the tenant ends so: deleted, or of another tenant"
            fix = _OTHER_TENANT
        return _unmatched(credential, asked, why, fix, searched=searched)


def _asked(credential: Credential, secrets: Mapping[str, Secret]) -> Asked:
    def tail(part: str) -> Tail | None:
        found = secrets.get(credential.part(part) or "")
        return found.tail if found else None

    secret = secrets.get(credential.part("secret") or credential.parts[0].secret_id)
    return Asked(
        name=secret.name if secret else credential.stem or credential.kind,
        written=secret.last_written if secret else None,
        client=tail("id"),
        tenant=tail("tenant"),
        subscription=tail("subscription"),
    )


def _of_dates(identity: Identity, written: datetime | None) -> Iterator[tuple[int, str]]:
    if written is None:
        return
    stored = f"the variable was written {written:%Y-%m-%d}"
    if identity.created and identity.created > written:
        yield -2, f"it was made {identity.created:%Y-%m-%d}, after {stored}"
        return
    fitting = [key for key in identity.keys if _covers(key, written)]
    if fitting:
        newest = max(fitting, key=lambda key: key.created or written)
        yield 3, f"its {newest.kind} {newest.label} was valid when {stored}"
    elif identity.keys:
        yield 0, f"none of its secrets was valid when {stored}"


def _covers(key: AccessKey, written: datetime) -> bool:
    made = key.created is None or key.created <= written
    return made and (key.expires is None or key.expires > written)


def _of_itself(identity: Identity) -> Iterator[tuple[int, str]]:
    if identity.status != "active":
        yield 0, f"it is {identity.status}"
    else:
        yield 2, "it can log in"
    if _CI_WORDS.search(identity.name):
        yield 1, "it is called like one of a CI system"


def _confidence(first: _Hit, others: Sequence[_Hit]) -> Confidence:
    if first.against:
        return Confidence.LOW
    if not others or all(hit.against for hit in others):
        return Confidence.HIGH
    return Confidence.MEDIUM if first.points > others[0].points else Confidence.LOW


def _unreadable(credential: Credential, asked: Asked) -> str:
    """Return why a credential cannot be compared with client ids at all, "" where it can."""
    if credential.part("user") is not None:
        return "a user's login: what CI shows of its name is the end of the domain"
    if credential.part("id") is None:
        return "no client id beside it, and Azure shows no end of a secret"
    if asked.client is None:
        return "the CI system shows no tail of the client id"
    if asked.client.length < TAIL_LENGTH:
        return "its value is too short for a client id"
    if asked.client.alphabet not in ("digits", "hex", "base32", "alphanumeric"):
        return "its value does not end as a client id does: it is something else"
    return ""


def _unmatched(
    credential: Credential, asked: Asked, why: str, fix: str, *, searched: bool
) -> NoMatch:
    what = f"owner of {asked.name} in {credential.scope.name}"
    gap = Gap(what, why, fix, SOURCE, (credential.scope.id,))
    return NoMatch(credential.id, searched, gap)


def _is_whole(tail: Tail | None) -> bool:
    return tail is not None and tail.length >= TAIL_LENGTH


def _without_tail(owner: str) -> str:
    return mask(owner) if re.fullmatch(r"[0-9A-Fa-f-]{36}", owner.strip()) else owner
