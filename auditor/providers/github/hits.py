"""What speaks for a credential being an entry's, and how likely that makes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.models import Candidate, Confidence, Credential, Evidence, Match, Secret
from auditor.providers.github.holder import DEPLOY_KEY, PERSON, SSH_KEY, Holder

CI_WORDS = re.compile(
    r"(?<![a-z])(?:ci|cd|cicd|circle(?:ci)?|deploy(?:er|ment)?|build(?:er|s)?|bot|release)(?![a-z])",
    re.IGNORECASE,
)
OAUTH = "OAuth app token"
TOKENS = frozenset({"personal access token", OAUTH, "GitHub app token"})


@dataclass(frozen=True, slots=True)
class Hit:
    """A credential that fits, with the facts that speak for it and how likely they make it."""

    holder: Holder
    facts: tuple[str, ...]
    points: int
    source: str

    @property
    def order(self) -> tuple[int, float, str]:
        """Return what sorts the likeliest first."""
        used = self.holder.used.timestamp() if self.holder.used else 0.0
        return (-self.points, -used, self.holder.identity.id)

    def candidate(self, confidence: Confidence, *more: str) -> Candidate:
        """Return it as a candidate, with further facts."""
        evidence = tuple(Evidence(fact, self.source) for fact in (*self.facts, *more))
        label = self.holder.identity.keys[0].label if self.holder.kind != PERSON else ""
        return Candidate(self.holder.identity.id, label, confidence, evidence)


def matched(credential: Credential, hits: list[Hit], owner: str | None) -> Match:
    """Return the match of hits, the likeliest first; `owner` is whom a person named in vain."""
    first, *others = hits
    confidence = _confidence(first, others)
    more = []
    if others:
        more.append(f"{len(hits)} fit: the likeliest by the facts above")
    if owner:
        more.append(f"the configuration names {owner}, whom no organisation that was read holds")
        confidence = min(confidence, Confidence.MEDIUM, key=lambda level: level.rank)
    return Match(
        credential.id,
        first.candidate(confidence, *more),
        tuple(hit.candidate(Confidence.LOW) for hit in others),
    )


def _confidence(first: Hit, others: list[Hit]) -> Confidence:
    if first.holder.kind in (DEPLOY_KEY, SSH_KEY):
        return Confidence.CERTAIN
    token = first.holder.kind in TOKENS
    if not others:
        return Confidence.HIGH if token else Confidence.MEDIUM
    clear = first.points > others[0].points
    return Confidence.MEDIUM if clear and token else Confidence.LOW


def facts_of(holder: Holder, secret: Secret) -> Iterator[tuple[int, str]]:
    """Yield what is known of a token, each with its points against a rival."""
    written = secret.last_written
    if holder.made and written:
        if holder.made <= written:
            yield 4, f"authorized {holder.made:%Y-%m-%d}, before the variable was written"
        else:
            yield 1, f"authorized {holder.made:%Y-%m-%d}, after the variable was written"
    if holder.used:
        yield 1, f"last used {holder.used:%Y-%m-%d}"
    if CI_WORDS.search(holder.title):
        yield 2, f"noted as {holder.title[:100]}"
    if CI_WORDS.search(owner_of(holder)):
        yield 1, "its owner is called like one of a CI system"


def owner_of(holder: Holder) -> str:
    """Return the login of the person whose credential it is, "" for apps and deploy keys."""
    return holder.owner.login if holder.owner else ""
