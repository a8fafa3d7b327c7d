"""Decides whose key a CI variable holds, by everything but the key: its tail tells nothing.

The JSON key of every service account ends in the same characters, so the candidates are all listed
keys, and names, neighbours, dates and logs tell which is likelier. None is dropped that cannot be
excluded, and where nothing narrows them down nobody is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from auditor.models import (
    Candidate,
    Confidence,
    Credential,
    Evidence,
    Gap,
    Known,
    Match,
    NoMatch,
    Secret,
    Tail,
)
from auditor.providers.gcp.estate import Estate
from auditor.providers.gcp.gaps import SOURCE
from auditor.providers.gcp.keys import ENABLED, KeyRecord, Listing
from auditor.tails import TAIL_LENGTH

MOST_CANDIDATES = 20
"""Keys that are offered as candidates; where more fit, nothing tells enough to name anybody."""
_FRESH = timedelta(days=7)
_CI_WORDS = frozenset(
    {"ci", "cd", "cicd", "circle", "circleci", "deploy", "deployer", "build", "builder"}
)
_COMMON = _CI_WORDS | {"gcp", "gcloud", "google", "service", "account", "key", "sa", "prod", "json"}
_LIST = "gcloud iam service-accounts keys list"
_CONFIGURATION = "configuration of jobs"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that speaks for a key, with its points against a rival, and where it is from."""

    points: int
    words: str
    source: str = _LIST


@dataclass(frozen=True, slots=True)
class Asked:
    """What the CI system tells of a credential. `projects`: those its project variable can name."""

    name: str
    words: frozenset[str]
    written: datetime | None
    key_tail: Tail | None
    projects: frozenset[str] | None
    is_json: bool
    mentions: frozenset[str]
    """E-mails and project ids that jobs name together with it."""


class Identifier:
    """All listed keys, and what was not listed."""

    def __init__(
        self,
        estate: Estate,
        listing: Listing,
        unsearched: tuple[Gap, ...],
        seen: Mapping[str, Sequence[Fact]],
        tails: tuple[Mapping[str, Tail], Sequence[Tail]],
    ) -> None:
        """Take the keys; `seen` what logs tell of each, `tails` of projects and of JSON keys."""
        self._estate = estate
        self._keys = [key for email in sorted(listing.keys) for key in listing.keys[email]]
        self._listing = listing
        self._unsearched = unsearched
        self._seen = seen
        self._projects, self._endings = tails

    def identify(
        self,
        credential: Credential,
        secrets: Mapping[str, Secret],
        owner: str | None,
        identities: Iterable[str],
    ) -> Match | NoMatch:
        """Return whose key the credential is; `owner` names a service account, perhaps its key."""
        asked = self._asked(credential, secrets)
        if owner:
            email, _, key = owner.removeprefix("serviceAccount:").partition(" ")
            if email.lower() in identities:
                return self._named(credential, email.lower(), key, asked)
            return self._unmatched(credential, asked, _not_read(owner), _CORRECT, searched=False)
        ranked = self._ranked(asked)
        if not ranked:
            return self._nobody(credential, asked)
        if len(ranked) > MOST_CANDIDATES:
            why = f"{len(ranked)} keys of service accounts fit, and nothing tells which it is"
            return self._unmatched(credential, asked, why, _NAME_IT, searched=False)
        return self._matched(credential, asked, ranked)

    # --- what is asked -----------------------------------------------------------------------

    def _asked(self, credential: Credential, secrets: Mapping[str, Secret]) -> Asked:
        secret = secrets.get(credential.part("secret") or credential.parts[0].secret_id)
        project = secrets.get(credential.part("project") or "")
        key = secrets.get(credential.part("key-id") or "")
        names = (credential.scope.name, credential.stem, secret.name if secret else "")
        tail = secret.tail if secret else None
        return Asked(
            name=secret.name if secret else credential.kind,
            words=frozenset(word for name in names for word in _words(name)) - _COMMON,
            written=secret.last_written if secret else None,
            key_tail=key.tail if key and _is_whole(key.tail) else None,
            projects=self._projects_named(project.tail if project else None),
            is_json=tail is not None and any(tail.hash == end.hash for end in self._endings),
            mentions=frozenset(credential.mentions),
        )

    def _projects_named(self, tail: Tail | None) -> frozenset[str] | None:
        """Return the projects that a masked project id can be of, None where it says nothing."""
        if tail is None or not _is_whole(tail):
            return None
        found = (name for name, own in self._projects.items() if own.hash == tail.hash)
        return frozenset(map(self._estate.project_id, found))

    # --- candidates --------------------------------------------------------------------------

    def _ranked(self, asked: Asked) -> list[tuple[KeyRecord, tuple[Fact, ...]]]:
        """Return the keys that cannot be excluded with what speaks for each, the likeliest first.

        What narrows them down: the key's own id, else the project, else nothing.
        """
        pool = self._keys
        if asked.key_tail:
            pool = [k for k in pool if k.tail and k.tail.hash == asked.key_tail.hash]
        elif asked.projects is not None:
            pool = [k for k in pool if self._estate.project_of(k.email) in asked.projects]
        found = [(key, tuple(self._facts(key, asked))) for key in pool]
        return sorted(found, key=lambda one: (-_points(one[1]), one[0].email, one[0].id))

    def _facts(self, key: KeyRecord, asked: Asked) -> Iterator[Fact]:
        if asked.key_tail:
            yield Fact(16, f"key {key.id} ends as the variable of the key id beside it does")
        project = self._estate.project_of(key.email)
        if asked.projects and project in asked.projects:
            words = f"its project {project} ends as the project variable beside it does"
            yield Fact(4, words, "gcloud projects list")
        if key.email in asked.mentions:
            yield Fact(4, f"jobs with this variable name {key.email}", _CONFIGURATION)
        elif project in asked.mentions:
            yield Fact(2, f"jobs with this variable name its project {project}", _CONFIGURATION)
        yield from self._seen.get(key.id, ())
        yield Fact(2 * (key.status == ENABLED), f"key {key.id} is {key.status}")
        yield _dated(key, asked.written)
        if isinstance(key.last_used, Known):
            used = key.last_used.value
            yield Fact(1 if used else 0, f"last used {used:%Y-%m-%d}" if used else "never used")
        own = frozenset(_words(key.email.partition("@")[0]))
        if shared := sorted(own & asked.words):
            yield Fact(2, f"its name shares {', '.join(shared)} with the variable or its place")
        if own & _CI_WORDS:
            yield Fact(1, "it is called like one of a CI system")

    def _matched(
        self,
        credential: Credential,
        asked: Asked,
        ranked: list[tuple[KeyRecord, tuple[Fact, ...]]],
    ) -> Match:
        (first, facts), *others = ranked
        more = [Fact(0, "its value ends as a JSON key does, whichever it is", "masked tail")]
        more = more if asked.is_json else []
        if others:
            told = f"{len(ranked)} keys cannot be excluded: this is the likeliest by the facts"
            more.append(Fact(0, told))
        if self._unsearched:
            more.append(Fact(0, "not every key could be listed: see the gaps"))
        runner_up = _points(others[0][1]) if others else -1
        confidence = _confidence(asked, facts, _points(facts) - runner_up, bool(others))
        return Match(
            credential.id,
            _candidate(first, (*facts, *more), confidence),
            tuple(_candidate(key, told, Confidence.LOW) for key, told in others),
            self._unlisted(asked) if confidence is not Confidence.HIGH else (),
        )

    def _unlisted(self, asked: Asked) -> tuple[Gap, ...]:
        """Return why keys that cannot be excluded may be missing: those of its projects, if known.

        Not where the key's own id is known: any other one fits by chance only.
        """
        if asked.key_tail:
            return ()
        wanted = asked.projects
        return tuple(gap for gap in self._unsearched if wanted is None or self._hits(gap, wanted))

    def _hits(self, gap: Gap, projects: frozenset[str]) -> bool:
        """Return whether a gap may be about keys of a project, as all but single accounts are."""
        emails = [name for name in gap.affects if "@" in name]
        of = {self._estate.project_of(email) for email in emails}
        return len(emails) < len(gap.affects) or not gap.affects or bool(of & projects)

    def _named(self, credential: Credential, email: str, key: str, asked: Asked) -> Match:
        """Return the account a person named, with the key they named or the likeliest of its."""
        said = Fact(0, "named in the configuration", "configuration")
        own = [one for one in self._ranked(replace(asked, projects=None)) if one[0].email == email]
        if key:
            own = [one for one in own if one[0].id[:8] == key[:8]] or own
        if not own:
            return Match(credential.id, Candidate(email, "", Confidence.CERTAIN, _told([said])))
        (first, facts), *others = own
        best = _candidate(first, (said, *facts), Confidence.CERTAIN)
        if others and not key:
            best = replace(best, confidence=Confidence.HIGH)
        rest = () if key else others
        return Match(credential.id, best, tuple(_candidate(k, f, Confidence.LOW) for k, f in rest))

    # --- nobody ------------------------------------------------------------------------------

    def _nobody(self, credential: Credential, asked: Asked) -> NoMatch:
        if self._unsearched:
            first = self._unsearched[0]
            why = f"no listed key fits, but not all were listed: {first.what}: {first.why}"
            return self._unmatched(credential, asked, why, first.fix, searched=False)
        if asked.projects == frozenset():
            why = "its project is none of those that were read"
            return self._unmatched(credential, asked, why, _ADD_SCOPE, searched=False)
        why = "no service account that was read has such a key: deleted, or of another organisation"
        return self._unmatched(credential, asked, why, _ADD_SCOPE, searched=True)

    def _unmatched(
        self, credential: Credential, asked: Asked, why: str, fix: str, *, searched: bool
    ) -> NoMatch:
        what = f"owner of {asked.name} in {credential.scope.name}"
        gap = Gap(what, why, fix, SOURCE, (credential.scope.id,))
        told = (
            [Fact(0, "its value ends as a JSON key does", "masked tail")] if asked.is_json else []
        )
        return NoMatch(credential.id, searched, gap, _told(told))


_NAME_IT = "name its service account in [[overrides]] of the configuration"
_ADD_SCOPE = "add its organisation to scopes of [providers.gcp]; if there is none, remove it"
_CORRECT = "correct the identity in [[overrides]], or add its organisation to [providers.gcp]"


def _not_read(owner: str) -> str:
    return f"the configuration names {owner}, which nothing that was read holds"


def _is_whole(tail: Tail | None) -> bool:
    return tail is not None and tail.length >= TAIL_LENGTH


def _words(name: str) -> Iterator[str]:
    yield from (word for word in re.split(r"[^a-z0-9]+", name.lower()) if len(word) > 1)


def _points(facts: Iterable[Fact]) -> int:
    return sum(fact.points for fact in facts)


def _dated(key: KeyRecord, written: datetime | None) -> Fact:
    if not key.created or not written:
        return Fact(1, "whether it is older than the variable is not known")
    made, stored = f"made {key.created:%Y-%m-%d}", f"the variable was written {written:%Y-%m-%d}"
    if key.created > written:
        return Fact(0, f"{made}, after {stored}")
    fresh = written - key.created <= _FRESH
    return Fact(6 if fresh else 2, f"{made}, {'just ' if fresh else ''}before {stored}")


def _confidence(asked: Asked, facts: tuple[Fact, ...], lead: int, rivals: bool) -> Confidence:
    """Return how sure the likeliest is: the key's own id or a log nearly prove it, nothing else."""
    if (asked.key_tail and not rivals) or any(fact.points >= NEAR_PROOF for fact in facts):
        return Confidence.HIGH
    narrowed = bool(asked.projects) or any(fact.source == _CONFIGURATION for fact in facts)
    clear = not rivals or lead >= _CLEAR_LEAD
    return Confidence.MEDIUM if narrowed and clear else Confidence.LOW


NEAR_PROOF = 8
"""Points of a fact that nearly proves it, such as a log entry of a CI address with that key."""
_CLEAR_LEAD = 3


def _told(facts: Iterable[Fact]) -> tuple[Evidence, ...]:
    return tuple(Evidence(fact.words, fact.source) for fact in facts)


def _candidate(key: KeyRecord, facts: Iterable[Fact], confidence: Confidence) -> Candidate:
    return Candidate(key.email, key.id, confidence, _told(facts))
