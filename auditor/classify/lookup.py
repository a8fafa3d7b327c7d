"""Finds everything the catalogue has to say about the words of a name; `names` decides among it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from auditor.classify.catalogue import Catalogue, Entry, Meaning
from auditor.classify.tokens import windows
from auditor.models import Kind, Role

Positions: TypeAlias = tuple[int, ...]
"""Which words of a name, by number, ascending."""


class Hit(NamedTuple):
    """A rule of the catalogue that fits some words of a name."""

    meaning: Meaning
    at: Positions
    run: int
    """How many of those words stand together at the end of the hit."""

    @property
    def gapped(self) -> bool:
        """Return whether other words stand between the vendor's word and the rest."""
        return self.run < len(self.at)


class Vendor(NamedTuple):
    """A word of a name that names a vendor, with the kind it lends to a general ending."""

    kind: Kind
    at: Positions
    platform: bool
    """Whether the word may only say what an app runs on: MACOS, ANDROID."""

    @property
    def rank(self) -> tuple[bool, int]:
        """Return a number that is highest for the word that most likely names whose secret it is.

        Platforms yield to every vendor, earlier words to later ones.
        """
        return not self.platform, self.at[0]


class Found(NamedTuple):
    """All that fits a name, in no order."""

    hits: list[Hit]
    vendors: list[Vendor]


def look(known: Catalogue, words: Sequence[str], every: Positions, plain: Positions) -> Found:
    """Return every hit and vendor word of a name.

    `plain` are the positions of `every` without affixes and numbers. Words are looked up with and
    without those: K8S and CC_TEST_REPORTER_ID are names, SLACK_PROD_TOKEN_2 is SLACK_TOKEN.
    """
    last = plain[-1] if plain else 0
    found = Found([], [])
    rests: list[tuple[Positions, Entry]] = []
    early: list[Hit] = []
    for at, entry in _entries(known, words, every, plain):
        if entry.name:
            found.hits.append(Hit(entry.name, at, len(at)))
        if entry.whole and at in (every, plain):
            found.hits.append(Hit(entry.whole, at, len(at)))
        # What tells a secret counts anywhere, so that words after it hide nothing.
        if entry.ending and (at[-1] >= last or entry.ending.role is Role.SECRET):
            found.hits.append(Hit(entry.ending, at, len(at)))
        elif entry.ending and entry.ending.role is Role.IDENTIFIER:
            early.append(Hit(entry.ending, at, len(at)))
        if entry.word:
            platform = len(at) == 1 and words[at[0]] in known.platforms
            found.vendors.append(Vendor(entry.word, at, platform))
        if entry.rests:
            rests.append((at, entry))
    if found.vendors and rests:
        found.hits.extend(_joined(found.vendors, rests))
    if found.vendors and early:
        found.hits.extend(_before_vendor(found.vendors, early, plain))
    return found


def _entries(
    known: Catalogue, words: Sequence[str], every: Positions, plain: Positions
) -> Iterator[tuple[Positions, Entry]]:
    """Yield every run of words that the catalogue knows, each once."""
    entries, beginnings = known.entries, known.beginnings
    for first, end, text in windows(words, every, beginnings):
        if entry := entries.get(text):
            yield every[first:end], entry
    if len(plain) == len(every):
        return
    for first, end, text in windows(words, plain, beginnings):
        spread = plain[end - 1] - plain[first] >= end - first
        if spread and (entry := entries.get(text)):
            yield plain[first:end], entry


def _joined(vendors: Sequence[Vendor], rests: Sequence[tuple[Positions, Entry]]) -> Iterator[Hit]:
    """Yield the names that are pulled apart: SLACK and WEBHOOK_URL in SLACK_MYTEAM_WEBHOOK_URL."""
    for vendor in vendors:
        for rest, entry in rests:
            meaning = entry.rests.get(vendor.kind.vendor)
            if meaning and vendor.at[-1] < rest[0]:
                yield Hit(meaning, vendor.at + rest, len(rest))


def _before_vendor(
    vendors: Sequence[Vendor], early: Sequence[Hit], plain: Positions
) -> Iterator[Hit]:
    """Yield endings of two words and more that only vendors' words follow: TEAM_ID_VERCEL.

    For identifiers only: the FILE of UPLOAD_FILE_ANDROID may well be the secret itself.
    """
    named = {at for vendor in vendors for at in vendor.at}
    for hit in early:
        if len(hit.at) > 1 and named.issuperset(at for at in plain if at > hit.at[-1]):
            yield hit
