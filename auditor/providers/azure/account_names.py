"""Decides which resource a key is of, by the account's name that stands beside it in CI.

Of keys, connection strings and SAS tokens CI shows the last characters, which Azure never tells
without the rest. The name beside them ends as that of a resource, or the variable itself is called
after one. Names are words that people choose, so their ends repeat: a single fit is no proof.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from auditor.models import (
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
from auditor.providers.azure.documents import text
from auditor.providers.azure.estate import Estate
from auditor.providers.azure.gaps import SOURCE, gap_of
from auditor.providers.azure.resources import (
    ADMIN,
    DEVOPS,
    REGISTRY,
    SORTS,
    STORAGE,
    UNNAMED,
    Resource,
)
from auditor.tails import TAIL_LENGTH, tail_from_json

KINDS = {"azure-storage-key": STORAGE, "azure-registry": REGISTRY, "azure-devops-token": DEVOPS}
"""Which resources the credentials of each kind of the catalogue may be of."""
_PARTS = {
    "account": "the account's name",
    "user": "the user name",
    "host": "the registry's name",
    "organization": "the organisation's name",
}
"""What may stand beside a key, in words."""
_CALLS = {
    STORAGE: "GET Microsoft.Storage/storageAccounts",
    REGISTRY: "GET Microsoft.ContainerRegistry/registries",
    DEVOPS: "GET /subscriptions/{id}/resources",
}
_SHORTEST = 5
"""Characters of a name that is looked for in names of variables."""
_NEVER = "\0"
"""Stands in no name."""
_NAME_IT = "name its identity in [[overrides]] of the configuration"


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the CI system tells of a credential."""

    names: tuple[str, ...]
    written: datetime | None
    dated: bool
    """Whether the value itself is that old, and not the entry alone."""
    beside: tuple[tuple[str, Tail | None], ...]
    """The parts that may be a name, with what is shown of each."""

    def readable(self, sort: str) -> tuple[tuple[str, Tail], ...]:
        """Return the parts whose shown end can be that of a name."""
        return tuple((part, tail) for part, tail in self.beside if tail and _is_end(tail, sort))


@dataclass(frozen=True, slots=True)
class _Hit:
    resource: Resource
    key: str
    facts: tuple[tuple[int, str], ...]
    sure: Confidence
    """How sure it is as long as nothing else fits."""

    @property
    def points(self) -> int:
        return sum(points for points, _ in self.facts)

    def candidate(self, confidence: Confidence, *more: str) -> Candidate:
        call = _CALLS[self.resource.sort]
        told = (*(fact for _, fact in self.facts), *more)
        evidence = tuple(Evidence(fact, call) for fact in told)
        return Candidate(self.resource.id, self.key, confidence, evidence)


class AccountNames:
    """The resources of one snapshot by the tails of their names."""

    def __init__(
        self, estate: Estate, found: Iterable[Resource], identities: Mapping[str, Identity]
    ) -> None:
        """Index them."""
        self._estate = estate
        self._identities = identities
        self._of_sort: dict[str, list[Resource]] = defaultdict(list)
        self._plain: dict[str, str] = {}
        for one in found:
            self._of_sort[one.sort].append(one)
            plain = _plain(one.name)
            self._plain[one.id] = plain if len(plain) >= _SHORTEST else _NEVER

    def named(self, credential: Credential, owner: str) -> Match | None:
        """Return the resource that a person named, by its path or its name; None for no such."""
        told = owner.strip().lower()
        for one in self._of_sort[KINDS[credential.kind]]:
            if told in (one.id, one.name.lower()):
                said = (Evidence("named in the configuration", "configuration"),)
                return Match(credential.id, Candidate(one.id, "", Confidence.CERTAIN, said))
        return None

    def identify(self, credential: Credential, secrets: Mapping[str, Secret]) -> Match | NoMatch:
        """Return the resource whose name stands beside a credential, or in its own name."""
        sort, asked = KINDS[credential.kind], _asked(credential, secrets)
        found = sorted(self._hits(sort, asked), key=lambda hit: (-hit.points, hit.resource.id))
        # No value was a key of what was made after it was stored.
        hits = [hit for hit in found if hit.points > 0 or not asked.dated] or found
        if not hits:
            return self._nobody(credential, sort, asked)
        first, *others = hits
        title = SORTS[sort]
        more = [f"{len(hits)} {title}s fit: the likeliest by the facts"] if others else []
        if any(self._unread(sort)):
            more.append(f"not every {title} could be listed: see the gaps")
        return Match(
            credential.id,
            first.candidate(_confidence(first, others), *more),
            tuple(hit.candidate(Confidence.LOW) for hit in others),
        )

    # --- candidates ----------------------------------------------------------------------------

    def _hits(self, sort: str, asked: _Asked) -> Iterator[_Hit]:
        readable, names = asked.readable(sort), [_plain(name) for name in asked.names]
        for one in self._of_sort[sort]:
            ends = self._ends.get(one.id, frozenset())
            fitting = [part for part, tail in readable if tail.hash in ends]
            called = any(self._plain[one.id] in name for name in names)
            if fitting or (called and not readable):
                facts = tuple(self._facts(one, fitting, called, asked.written))
                yield _Hit(one, _key(one, fitting), facts, _sureness(fitting, called))

    def _facts(
        self, one: Resource, fitting: Sequence[str], called: bool, written: datetime | None
    ) -> Iterator[tuple[int, str]]:
        for part in fitting:
            yield 6, f"{_PARTS[part]} beside it ends as {one.name} does"
        if called:
            yield 3, f"the variable is called after {one.name}"
        if written:
            yield from _of_dates(self._identities[one.id], written)

    @cached_property
    def _ends(self) -> Mapping[str, frozenset[str]]:
        """Return the seals of the ends of each resource's name, in every way people write it."""
        told = self._estate.document("tails")
        names = told.get("names") if isinstance(told, dict) else None
        return {
            id_: frozenset(tail.hash for raw in listed if (tail := tail_from_json(raw)))
            for id_, listed in (names or {}).items()
        }

    # --- nobody --------------------------------------------------------------------------------

    def _nobody(self, credential: Credential, sort: str, asked: _Asked) -> NoMatch:
        """Return why: never that it is nowhere, since Azure hides what the audit may not read."""
        title, unread = SORTS[sort], list(self._unread(sort))
        if not asked.beside:
            why = f"no name of a {title} beside it, nor in its own: of keys Azure tells no end"
        elif not asked.readable(sort):
            why = f"what CI shows of the name beside it is no end of the name of a {title}"
        else:
            why = (
                f"no {title} that was listed ends so: deleted, of another tenant, or of a "
                "subscription that the audit may not read"
            )
        fix = _NAME_IT
        if unread:
            why = f"{why}; not all were listed: {unread[0].what}: {unread[0].why}"
            fix = f"{unread[0].fix}; or {_NAME_IT}"
        what = f"owner of {asked.names[0]} in {credential.scope.name}"
        gap = Gap(what, why, fix, SOURCE, (credential.scope.id,))
        return NoMatch(credential.id, searched=False, gap=gap)

    def _unread(self, sort: str) -> Iterator[Gap]:
        documents = self._estate.documents.get(sort, {})
        if not documents:
            yield gap_of(sort, None)
        for part, document in documents.items():
            if text(document, "error"):
                name = self._estate.subscriptions.get(part, part)
                yield gap_of(sort, document, [f"the subscription {name}"])


def with_login(found: Match | NoMatch, login: Match | None) -> Match | NoMatch:
    """Return the answer where a user name may be a client id: a registry takes both for a login.

    One that ends as a client id and as a registry's name, too, is either.
    """
    if login is None:
        return found
    if not isinstance(found, Match) or found.best.key != ADMIN:
        return login
    others = (*found.runners_up, *login.candidates)
    return Match(
        found.credential_id,
        replace(found.best, confidence=Confidence.LOW),
        tuple(replace(one, confidence=Confidence.LOW) for one in others),
    )


def _asked(credential: Credential, secrets: Mapping[str, Secret]) -> _Asked:
    held = [(part.name, secrets[part.secret_id]) for part in credential.parts]
    own = next((one for name, one in held if name == "secret"), held[0][1])
    return _Asked(
        names=(own.name, *(one.name for _, one in held if one is not own)),
        written=own.last_written,
        dated=own.updated is not None,
        beside=tuple((name, one.tail) for name, one in held if name in _PARTS),
    )


def _is_end(tail: Tail, sort: str) -> bool:
    """Return whether a shown end may be that of a name: an address ends otherwise (.net, r.io)."""
    return tail.length >= TAIL_LENGTH and (tail.alphabet != "other" or sort == DEVOPS)


def _plain(name: str) -> str:
    """Return a name as it is compared with others, however either is written."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _key(one: Resource, fitting: Sequence[str]) -> str:
    """Return which login of a registry it is; a storage account's key may be either of both."""
    if one.sort == REGISTRY:
        return ADMIN if "user" in fitting else UNNAMED
    return ""


def _sureness(fitting: Sequence[str], called: bool) -> Confidence:
    if not fitting:
        return Confidence.LOW
    return Confidence.HIGH if called or len(fitting) > 1 else Confidence.MEDIUM


def _of_dates(identity: Identity, written: datetime) -> Iterator[tuple[int, str]]:
    stored = f"the variable was written {written:%Y-%m-%d}"
    if identity.created and identity.created > written:
        yield -8, f"it was made {identity.created:%Y-%m-%d}, after {stored}"
        return
    if not identity.keys or identity.kind != SORTS[STORAGE]:
        return
    existed = [key for key in identity.keys if key.created is None or key.created <= written]
    if not existed:
        yield 0, f"both its keys were renewed after {stored}: no key that was stored then opens it"
    elif len(existed) < len(identity.keys):
        yield 1, f"{existed[0].label} was there when {stored}, the other key is younger"


def _confidence(first: _Hit, others: Sequence[_Hit]) -> Confidence:
    if first.points <= 0:
        return Confidence.LOW
    if not others:
        return first.sure
    better = first.points > others[0].points and first.sure is not Confidence.LOW
    return Confidence.MEDIUM if better else Confidence.LOW
