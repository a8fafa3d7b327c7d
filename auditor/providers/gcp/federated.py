"""Whom builds become that log in without a key: by an identity pool that trusts the CI system.

Nothing is stored but the name of a pool or its provider, and its masked tail and the configuration
of jobs tell which. What the pool may become, and what it holds itself, are the candidates.
https://cloud.google.com/iam/docs/workload-identity-federation
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from auditor.models import (
    Candidate,
    Confidence,
    Credential,
    Evidence,
    Gap,
    Match,
    NoMatch,
    Secret,
    Tail,
)
from auditor.providers.gcp.estate import Binding, Estate, accounts_at
from auditor.providers.gcp.gaps import SOURCE
from auditor.providers.gcp.impersonation import TOKENS
from auditor.providers.gcp.names import short
from auditor.providers.gcp.sensitive import table
from auditor.providers.gcp.trust import Trusted, pool_of, trusted
from auditor.tails import TAIL_LENGTH

KEYLESS = "gcp-workload-identity"
"""The kind of credential, as the catalogue calls it."""
LOGIN = "login"
"""The part of such a credential that names the pool or its provider."""
_PROVIDERS = "gcloud iam workload-identity-pools providers list"
_BINDINGS = "SearchAllIamPolicies"
_CONFIGURATION = "configuration of jobs"
_NO_KEY = "no key is stored: builds log in by the CI system's own tokens"


@dataclass(frozen=True, slots=True)
class _Way:
    """An identity that the pools lead to: a service account, or a set of the pool itself."""

    identity: str
    words: str


class Federated:
    """The pools that trust the CI system, and what bindings give them."""

    def __init__(
        self, estate: Estate, tails: Mapping[str, Tail], unsearched: tuple[Gap, ...]
    ) -> None:
        """Take what was read; `tails` are those of pools and providers by name."""
        self._estate, self._tails, self._unsearched = estate, tails, unsearched

    def identify(
        self,
        credential: Credential,
        secrets: Mapping[str, Secret],
        owner: str | None,
        identities: Iterable[str],
    ) -> Match | NoMatch:
        """Return whom builds become, the likeliest first; `owner` is whom a person named."""
        if owner and owner.removeprefix("serviceAccount:").lower() in identities:
            email = owner.removeprefix("serviceAccount:").lower()
            told = Evidence("named in the configuration", "configuration")
            return Match(credential.id, Candidate(email, "", Confidence.CERTAIN, (told,)))
        named = frozenset(credential.mentions)
        known = tuple(trusted(self._estate))
        fitting = tuple(_fitting(known, named, _tail(credential, secrets), self._tails))
        ways = list(dict.fromkeys(way for one in fitting for way in _ways(self._estate, one)))
        ways.sort(key=lambda way: (way.identity not in named, way.identity.startswith("principal")))
        if ways:
            return _matched(credential, ways, named, fitting)
        return _nobody(credential, known, fitting, self._unsearched)


def _matched(
    credential: Credential, ways: list[_Way], named: frozenset[str], fitting: tuple[Trusted, ...]
) -> Match:
    first, *others = ways
    told = [Evidence(_NO_KEY, "name of the variable"), *_about(fitting)]
    if others:
        words = f"{len(ways)} identities can be meant: this is the likeliest"
        told.append(Evidence(words, _BINDINGS))
    best = _candidate(first, named, told, _confidence(first, named, fitting, others))
    rest = tuple(_candidate(way, named, told, Confidence.LOW) for way in others)
    return Match(credential.id, best, rest)


def _tail(credential: Credential, secrets: Mapping[str, Secret]) -> Tail | None:
    secret = secrets.get(credential.part(LOGIN) or "")
    tail = secret.tail if secret else None
    return tail if tail and tail.length >= TAIL_LENGTH else None


def _fitting(
    known: Iterable[Trusted],
    named: frozenset[str],
    tail: Tail | None,
    tails: Mapping[str, Tail],
) -> Iterator[Trusted]:
    """Yield the providers that can be meant: those that jobs name, else those that the tail fits.

    A variable may hold the whole name, or the last part of the provider's or of the pool's.
    """
    found = list(known)
    if told := [one for one in found if one.name in named]:
        yield from told
        return
    for one in found:
        ends = [tails[name] for name in (one.name, pool_of(one.name)) if name in tails]
        if tail is None or not ends or any(end.hash == tail.hash for end in ends):
            yield one


def _ways(estate: Estate, one: Trusted) -> Iterator[_Way]:
    """Yield the service accounts that identities of a pool can become, then what they are."""
    prefixes = tuple(f"{kind}://iam.googleapis.com/{pool_of(one.name)}/" for kind in _KINDS)
    held = [
        (member, binding)
        for member in estate.by_member
        if member.startswith(prefixes)
        for binding in estate.by_member[member]
    ]
    for member, binding in held:
        if _gives_tokens(estate, binding):
            words = f"{member} has {binding.role} on {short(binding.resource)}"
            yield from (_Way(email, words) for email in _accounts(estate, binding))
    for member, binding in held:
        if not _gives_tokens(estate, binding):
            yield _Way(member, f"it has {binding.role} on {short(binding.resource)} itself")


_KINDS = ("principal", "principalSet")


def _gives_tokens(estate: Estate, binding: Binding) -> bool:
    """Return whether a binding lets its members become service accounts, and little else."""
    given = estate.roles.get(binding.role)
    given = table().known_roles.get(binding.role, frozenset()) if given is None else given
    return not given.isdisjoint(TOKENS)


def _accounts(estate: Estate, binding: Binding) -> tuple[str, ...]:
    if binding.kind == "project":
        return estate.by_project.get(binding.project, ())
    return accounts_at(estate, binding.resource)


def _about(fitting: Iterable[Trusted]) -> Iterator[Evidence]:
    for one in fitting:
        condition = one.condition or "none: every project of the CI organisation may log in"
        yield Evidence(f"{one.name} trusts {one.issuer}", _PROVIDERS)
        yield Evidence(f"its attribute condition: {condition}", _PROVIDERS)


def _candidate(
    way: _Way, named: frozenset[str], told: Iterable[Evidence], confidence: Confidence
) -> Candidate:
    facts = [Evidence(way.words, _BINDINGS)]
    if way.identity in named:
        facts.append(Evidence(f"jobs with this variable name {way.identity}", _CONFIGURATION))
    return Candidate(way.identity, "", confidence, (*facts, *told))


def _confidence(
    first: _Way, named: frozenset[str], fitting: tuple[Trusted, ...], others: list[_Way]
) -> Confidence:
    """Return how sure it is: a configuration that names it says it, a single one suggests it."""
    if first.identity in named:
        return Confidence.HIGH
    return Confidence.MEDIUM if len(fitting) == 1 and not others else Confidence.LOW


def _nobody(
    credential: Credential,
    known: tuple[Trusted, ...],
    fitting: tuple[Trusted, ...],
    unsearched: tuple[Gap, ...],
) -> NoMatch:
    fix = "add the organisation of the pool to scopes of [providers.gcp]"
    if unsearched:
        first = unsearched[0]
        why, fix = f"not everything was listed: {first.what}: {first.why}", first.fix
    elif fitting:
        why = "no binding that was read names the pool: it can log in, and then do nothing"
    elif known:
        why = "the variable ends as none of the pools that were read and trust the CI system"
    else:
        why = "no pool that was read trusts the CI system"
    what = f"whom builds in {credential.scope.name} become without a key"
    gap = Gap(what, why, fix, SOURCE, (credential.scope.id,))
    searched = bool(fitting) and not unsearched
    return NoMatch(credential.id, searched, gap, (Evidence(_NO_KEY, "name of the variable"),))
