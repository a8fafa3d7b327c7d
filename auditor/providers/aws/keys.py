"""Decides whose access key a CI variable holds, by the sealed tail that CI shows of it.

The candidates are all listed keys of all accounts. A tail of four characters fits a given wrong
key once in 32^4 times, so one hit is strong evidence and no proof; of several, the facts around
them tell which is likelier, and none is dropped.
"""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime

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
)
from auditor.providers.aws.accounts import KeyRecord
from auditor.tails import TAIL_LENGTH

_CI_WORDS = re.compile(
    r"(?<![a-z])(?:ci|cd|cicd|circle(?:ci)?|deploy(?:er|ment)?|build(?:er)?)(?![a-z])",
    re.IGNORECASE,
)
_LONGEST_QUOTE = 100
_GAPS_SHOWN = 3
_ALPHABETS = ("digits", "base32")
"""Those of `tails` that an access key id may end in: its characters are A-Z and 2-7."""
_SOURCE = "iam:ListAccessKeys, account {}"


def account_of_key(key_id: str) -> str | None:
    """Return the account id that an access key id carries, None where it is no whole key id.

    AWS documents no format; this is what the ids are seen to hold. Ids made before 2019 or so do
    not carry it and give an account that does not exist.
    """
    if not re.fullmatch(r"A[KS]IA[A-Z2-7]{16}", key_id):
        return None
    number = int.from_bytes(base64.b32decode(key_id[4:])[:6], "big")
    return f"{(number & 0x7FFFFFFFFF80) >> 7:012d}"


@dataclass(frozen=True, slots=True)
class _Hit:
    """A key that fits, the facts that speak for and against it, and how likely they make it."""

    record: KeyRecord
    facts: tuple[str, ...]
    points: int
    too_young: bool
    """Made after the variable was written: it can only fit if the vendor's date is not the last."""

    @property
    def order(self) -> tuple[int, float, str, str]:
        """Return what to sort by: the likeliest first, whatever order the keys came in."""
        used = self.record.last_used
        last = used.value.timestamp() if isinstance(used, Known) and used.value else 0.0
        return (-self.points, -last, self.record.user_arn, self.record.label)

    def candidate(self, confidence: Confidence, *more: str) -> Candidate:
        """Return the key's user as a candidate, for the facts and those told besides."""
        source = _SOURCE.format(self.record.user_arn.split(":")[4])
        facts = (f"access key {self.record.label} ends as the variable does", *self.facts, *more)
        evidence = tuple(Evidence(fact, source) for fact in facts)
        return Candidate(self.record.user_arn, self.record.label, confidence, evidence)


class KeyMatcher:
    """All access keys that were listed, by their tails, and what was not listed."""

    def __init__(
        self,
        keys: Iterable[KeyRecord],
        *,
        identities: AbstractSet[str],
        unlisted: AbstractSet[str],
        unsearched: tuple[Gap, ...],
    ) -> None:
        """Index the keys.

        `identities` holds the ids of everybody who was read, `unlisted` of those of them whose
        keys are not known, `unsearched` every reason why a key could be missing.
        """
        self._by_tail: dict[str, list[KeyRecord]] = defaultdict(list)
        for key in sorted(set(keys), key=lambda key: (key.user_arn, key.label)):
            if key.tail:
                self._by_tail[key.tail.hash].append(key)
        self._identities = identities
        self._unlisted = unlisted
        self._unsearched = unsearched

    def identify(
        self, credential: Credential, secrets: Mapping[str, Secret], owner: str | None
    ) -> Match | NoMatch:
        """Return whose key the credential is, by its `id` part or by what a person said."""
        secret = secrets.get(credential.part("id") or "")
        hits = self._hits(secret)
        if owner is not None and owner in self._identities:
            return self._named(credential, owner, secret, hits)
        if hits:
            return self._matched(credential, hits, owner)
        return self._unmatched(credential, secret, owner)

    def _hits(self, secret: Secret | None) -> list[_Hit]:
        tail = secret.tail if secret else None
        if secret is None or tail is None or tail.length < TAIL_LENGTH:
            return []
        found = (_hit(key, secret) for key in self._by_tail.get(tail.hash, ()))
        return sorted(found, key=lambda hit: hit.order)

    def _named(
        self, credential: Credential, owner: str, secret: Secret | None, hits: list[_Hit]
    ) -> Match:
        """Return the identity a person named, less surely where the tail says otherwise."""
        said = Evidence("named in the configuration", "configuration")
        own = [hit for hit in hits if hit.record.user_arn == owner]
        if own:
            proven = own[0].candidate(Confidence.CERTAIN)
            return Match(credential.id, replace(proven, evidence=(said, *proven.evidence)))
        best = Candidate(owner, "", Confidence.CERTAIN, (said,))
        if secret and secret.tail and ":user/" in owner and owner not in self._unlisted:
            against = Evidence(
                "none of its access keys ends as the variable does",
                _SOURCE.format(owner.split(":")[4]),
            )
            best = replace(best, confidence=Confidence.MEDIUM, evidence=(said, against))
        return Match(credential.id, best, tuple(hit.candidate(Confidence.LOW) for hit in hits))

    def _matched(self, credential: Credential, hits: list[_Hit], owner: str | None) -> Match:
        first, *others = hits
        confidence, more = _confidence(first, others), []
        if others:
            more.append(f"{len(hits)} access keys end so: the likeliest by the facts above")
        if self._unsearched:
            more.append("not every key could be listed: see the gaps")
        if owner:
            more.append(f"the configuration names {owner}, whom no account that was read holds")
            confidence = min(confidence, Confidence.MEDIUM, key=lambda level: level.rank)
        return Match(
            credential.id,
            first.candidate(confidence, *more),
            tuple(hit.candidate(Confidence.LOW) for hit in others),
        )

    def _unmatched(
        self, credential: Credential, secret: Secret | None, owner: str | None
    ) -> NoMatch:
        why, fix = _unreadable(credential, secret), _NAME_IT
        searched = not why and not owner and not self._unsearched
        if owner:
            why = f"the configuration names {owner}, whom no account that was read holds"
            fix = "correct the identity in [[overrides]], or add its account to [providers.aws]"
        elif not why and self._unsearched:
            missing = _unsearched_words(self._unsearched)
            why = f"no listed key fits, but not all were listed: {missing}"
            fix = "; ".join(dict.fromkeys(gap.fix for gap in self._unsearched[:_GAPS_SHOWN]))
        elif not why:
            why = "no access key of the configured accounts ends so: deleted, or of another account"
            fix = "add its account to [providers.aws]; if there is none, remove the variable"
        name = secret.name if secret else credential.stem or credential.kind
        gap = Gap(
            what=f"owner of {name} in {credential.scope.name}",
            why=why,
            fix=fix,
            source="aws",
            affects=(credential.scope.id,),
        )
        return NoMatch(credential.id, searched, gap)


def _hit(record: KeyRecord, secret: Secret) -> _Hit:
    """Return a key that fits with the facts around it."""
    facts = list(_facts(record, secret.last_written))
    too_young = _is_after(record.created, secret.last_written)
    return _Hit(record, tuple(fact for _, fact in facts), sum(p for p, _ in facts), too_young)


def _facts(record: KeyRecord, written: datetime | None) -> Iterator[tuple[int, str]]:
    """Yield what is known of a key, each with its points against a rival."""
    yield 2 * (record.status == "Active"), f"its status is {record.status or 'not known'}"
    if not record.created or not written:
        yield 2, "whether it is older than the variable is not known"
    elif _is_after(record.created, written):
        yield 0, f"made {_day(record.created)}, after the variable was written {_day(written)}"
    else:
        yield 4, f"made {_day(record.created)}, before the variable was written {_day(written)}"
    match record.last_used:
        case Known(None):
            yield 0, "never used"
        case Known(used):
            yield 1, f"last used {_day(used)}"
        case _:
            yield 1, "its last use is not known"
    if _CI_WORDS.search(record.user_arn.rpartition("/")[2]):
        yield 1, "its user is called like one of a CI system"
    if _CI_WORDS.search(record.description):
        yield 1, f"described as: {record.description[:_LONGEST_QUOTE]}"


def _is_after(created: datetime | None, written: datetime | None) -> bool:
    return bool(created and written and created > written)


def _day(when: datetime | None) -> str:
    return f"{when:%Y-%m-%d}" if when else "on a day not known"


def _confidence(first: _Hit, others: Sequence[_Hit]) -> Confidence:
    if not others:
        return Confidence.MEDIUM if first.too_young else Confidence.HIGH
    clear = first.points > others[0].points and not first.too_young
    return Confidence.MEDIUM if clear else Confidence.LOW


_NAME_IT = "name its identity in [[overrides]] of the configuration"


def _unreadable(credential: Credential, secret: Secret | None) -> str:
    """Return why a credential cannot be compared with access keys at all, "" where it can."""
    if credential.part("id") is None:
        return "a secret without identifiable ID: AWS shows no part of a secret access key"
    if credential.part("session") is not None:
        return "temporary credentials, by the session token beside it: no call lists their key ids"
    if secret is None or secret.tail is None:
        return "the CI system shows no tail of the access key id"
    if secret.tail.length < TAIL_LENGTH:
        return "its value is too short for an access key id"
    if secret.tail.alphabet not in _ALPHABETS:
        return "its value does not end as an access key id can (A-Z, 2-7): it is something else"
    return ""


def _unsearched_words(gaps: Sequence[Gap]) -> str:
    shown = "; ".join(f"{gap.what}: {gap.why}" for gap in gaps[:_GAPS_SHOWN])
    return f"{shown}; and {len(gaps) - _GAPS_SHOWN} more" if len(gaps) > _GAPS_SHOWN else shown
