"""Decides what one variable is from its name alone: role, vendor, kind, part, and by which rule.

Of all rules that fit (`lookup`), the one that reaches furthest to the right decides: KEY_ARN is no
key. A rule that says no more than "some secret" takes its kind from the vendor named before it.
What no rule fits is unclassified, which is never "not secret".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

from auditor.classify.catalogue import GENERIC, Catalogue, Meaning, catalogue
from auditor.classify.lookup import Found, Hit, Positions, Vendor, look
from auditor.classify.tokens import LONGEST_NAME, Runs, significant, split
from auditor.models import Classification, Confidence, Kind, Role

MEMORY = 16_384
"""Names whose judgement is remembered; the same few are stored in hundreds of projects."""

NEVER_LENT = frozenset({GENERIC, "client", "licence"})
"""Impacts too low to give to a secret of which no more is known than its vendor."""

SECRET_WORDS = frozenset({"SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "PRIVATE"})
"""Words nobody uses for what is published on purpose, as API keys and tokens sometimes are."""

COMPANIONS = frozenset({"id", "user"})
"""Parts of general endings that belong to a secret of any vendor: a client's id, a login."""

_Told: TypeAlias = tuple[Role, str, str, str, str, str, Confidence, bool]
"""The fields of a Classification after `secret_id`."""


def classify(secret_id: str, name: str) -> Classification:
    """Return what the name tells of the stored entry with this id. Never raises, for any text."""
    return Classification(secret_id, *_judge(name))


def publishes(name: str) -> bool:
    """Return whether builds put values of such a name (NEXT_PUBLIC_) where everybody reads them."""
    known, words = catalogue(), split(name)
    plain = significant(words, known.affixes)
    inherited = _after_prefix(words, plain, 0, known.inherited)
    return bool(_after_prefix(words, plain, inherited, known.publishable))


@lru_cache(MEMORY)
def _judge(name: str) -> _Told:
    known = catalogue()
    words = split(name)
    if glob := _glob(known, name):
        return _told(words, Hit(glob, (), 0))
    plain = significant(words, known.affixes)
    inherited = _after_prefix(words, plain, 0, known.inherited)
    publishable = _after_prefix(words, plain, inherited, known.publishable)
    start = max(inherited, publishable)
    plain = plain[bisect_left(plain, start) :]
    found = look(known, words, tuple(range(start, len(words))), plain)
    hit = _decide(known, words, found, start, plain[-1] if plain else 0)
    hit, published = _publish(hit, words) if publishable else (hit, False)
    return _told(words, _apart(known, hit, found), published=published)


def _glob(known: Catalogue, name: str) -> Meaning | None:
    shouted = name.upper()
    if len(name) > LONGEST_NAME or not shouted.startswith(known.glob_heads):
        return None
    return next((meaning for glob, meaning in known.globs if glob.match(shouted)), None)


def _after_prefix(words: Sequence[str], plain: Positions, start: int, prefixes: Runs) -> int:
    """Return the position after a prefix such as NEXT_PUBLIC or TF_VAR, 0 where there is none.

    It stands first, or first after affixes such as PROD.
    """
    after = bisect_left(plain, start)
    for at in (start, *plain[after : after + 1]):
        size = prefixes.at(words, at)
        if size and len(words) > at + size:
            return at + size
    return 0


# --- deciding --------------------------------------------------------------------------------


def _decide(known: Catalogue, words: Sequence[str], found: Found, start: int, last: int) -> Hit:
    """Return the judgement: the best hit, with the vendor's kind and how sure it is."""
    hit = max(found.hits, key=_order, default=None) or _glued(known, words, last)
    if hit is None:
        return _setting(known, words, found, start) or _unclassified(found)
    if hit.meaning.generic:
        hit = _lend(hit, found)
    if hit.at[-1] < last:
        return _unsure(hit, Confidence.LOW, "with words after it")
    if hit.gapped and hit.meaning.confidence is Confidence.HIGH:
        return _unsure(hit, Confidence.MEDIUM, "with words between")
    return hit


def _order(hit: Hit) -> tuple[int, int, bool, bool, int]:
    """Later words beat earlier ones, many words few, a vendor none, joined scattered."""
    vendor = bool(hit.meaning.kind and hit.meaning.kind.vendor)
    return hit.at[-1], hit.run, vendor, not hit.gapped, len(hit.at)


def _lend(hit: Hit, found: Found) -> Hit:
    """Return a generic hit as one of the kind that other words of the name tell, if they do.

    Only what may be the secret, or goes with it everywhere, keeps its part: other parts differ from
    kind to kind.
    """
    telling = [h for h in found.hits if h.meaning.kind and h.meaning.kind.vendor]
    named = max(telling, key=_order, default=None)
    apart = [vendor for vendor in found.vendors if _beside(vendor, hit)]
    if named:
        kind, at = named.meaning.kind, named.at
    elif apart:
        kind, at, _ = max(apart, key=lambda vendor: vendor.rank)
    else:
        return hit
    if kind is None or (kind.impact in NEVER_LENT and hit.meaning.role is Role.SECRET):
        return hit
    meaning = replace(
        hit.meaning,
        kind=kind,
        part=_kept(hit.meaning, kind),
        rule=f"{kind.vendor}, {hit.meaning.rule}".removeprefix(", "),
    )
    return Hit(meaning, tuple(sorted({*at, *hit.at})), hit.run)


def _beside(vendor: Vendor, hit: Hit) -> bool:
    """Return whether a vendor's word is more than part of the hit: EXA_API and API_KEY overlap."""
    return vendor.at[0] < hit.at[0] or not set(vendor.at) & set(hit.at)


def _kept(meaning: Meaning, kind: Kind) -> str:
    alike = meaning.role is Role.SECRET or meaning.part in COMPANIONS - {*kind.rotates}
    return meaning.part if alike else ""


def _glued(known: Catalogue, words: Sequence[str], last: int) -> Hit | None:
    """Return the hit for an ending written without a separator: MYAPPTOKEN."""
    word = words[last] if words else ""
    for end in known.glued:
        entry = known.entries.get(end)
        if word.endswith(end) and entry and entry.ending:
            meaning = replace(entry.ending, rule=f"ends in {end}", confidence=Confidence.LOW)
            return Hit(meaning, (last,), 1)
    return None


def _setting(known: Catalogue, words: Sequence[str], found: Found, start: int) -> Hit | None:
    """Return the hit for a name that tells a setting: ENABLE_BILLING, SENTRY_DISABLE_UPLOAD."""
    if words[start:] and words[start] in known.switches:
        at, rule = start, f"begins with {words[start]}"
    else:
        at = next((at for at in range(start, len(words)) if words[at] in known.settings), -1)
        rule = f"word {words[at]}" if at >= 0 else ""
    if not rule:
        return None
    return _lend(Hit(Meaning(Role.CONFIG, None, "", rule, Confidence.LOW), (at,), 1), found)


def _unclassified(found: Found) -> Hit:
    if not found.vendors:
        return Hit(Meaning(Role.UNCLASSIFIED, None, "", "no rule", Confidence.NONE), (), 0)
    kind, at, _ = max(found.vendors, key=lambda vendor: vendor.rank)
    rule = f"word {kind.vendor}, no rule for the rest"
    return Hit(Meaning(Role.UNCLASSIFIED, kind, "", rule, Confidence.LOW), at, len(at))


def _unsure(hit: Hit, confidence: Confidence, why: str) -> Hit:
    rule = f"{hit.meaning.rule}, {why}"
    return hit._replace(meaning=replace(hit.meaning, rule=rule, confidence=confidence))


def _publish(hit: Hit, words: Sequence[str]) -> tuple[Hit, bool]:
    """Return the judgement of a name that builds publish, and whether that gives a secret away.

    It is public, unless the catalogue knows it as no client's key or it says secret in so many
    words; those are findings.
    """
    meaning = hit.meaning
    if meaning.role in (Role.IDENTIFIER, Role.CONFIG, Role.PUBLIC):
        return hit, False
    known = meaning.kind if meaning.confidence is Confidence.HIGH else None
    serious = (known and known.impact not in NEVER_LENT) or SECRET_WORDS & set(words)
    rule = f"{meaning.rule}; publishable prefix"
    if meaning.role is Role.SECRET and serious:
        return hit._replace(meaning=replace(meaning, rule=rule)), True
    public = replace(meaning, role=Role.PUBLIC, part="", rule=rule, confidence=Confidence.MEDIUM)
    return hit._replace(meaning=public), False


def _apart(known: Catalogue, hit: Hit, found: Found) -> Hit:
    """Return the hit without the word of its system, which then stays in the stem."""
    kind = hit.meaning.kind
    if kind is None or kind.id not in known.apart:
        return hit
    systems = {at for vendor in found.vendors if vendor.kind is kind for at in vendor.at}
    return hit._replace(at=tuple(at for at in hit.at if at not in systems))


def _told(words: Sequence[str], hit: Hit, *, published: bool = False) -> _Told:
    meaning, kind = hit.meaning, hit.meaning.kind
    stem = "_".join([word for at, word in enumerate(words) if at not in hit.at])
    vendor, kind_id = (kind.vendor, kind.id) if kind else ("", "")
    rule, confidence = meaning.rule, meaning.confidence
    return meaning.role, vendor, kind_id, meaning.part, stem, rule, confidence, published
