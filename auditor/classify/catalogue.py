"""Loads the catalogue of variable kinds, `auditor/data/catalogue.toml`, into lookup tables.

The form of the file is told at its head. Everything is looked up by squashed text (`tokens.squash`)
in one table, so a name costs the same with ten rows or a thousand.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cache
from importlib.resources import files
from itertools import chain

from auditor.classify.tokens import Runs, split, squash
from auditor.models import Confidence, Json, Kind, Role

GENERIC = "generic"
"""Impact of the kinds that say no more than "some secret"."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a name of the catalogue stands for, with the rule that says so."""

    role: Role
    kind: Kind | None
    part: str
    rule: str
    confidence: Confidence

    @property
    def generic(self) -> bool:
        """Return whether it says no more than "some secret", so a vendor's word says more."""
        return self.kind is None or self.kind.impact == GENERIC


@dataclass(slots=True)
class Entry:
    """Everything one squashed text can mean."""

    name: Meaning | None = None
    """As a known name, anywhere in the variable's name."""
    whole: Meaning | None = None
    """As a known name, where the variable's name has no other words."""
    ending: Meaning | None = None
    """As the last words of the variable's name."""
    word: Kind | None = None
    """As a word that names a vendor: the first kind of that vendor."""
    rests: dict[str, Meaning] = field(default_factory=dict)
    """As the rest of a name beside a word of the vendor, by vendor."""


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """A first word that several vendors use, and the names that tell which of them it is."""

    prefix: str
    tells: Mapping[str, str]
    """Kind ids by squashed name."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two squashed endings: beside an entry that ends in the first, the second is an identifier."""

    secret: str
    identifier: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The whole file, ready for looking up."""

    kinds: Mapping[str, Kind]
    generic: frozenset[str]
    """Kinds that say no more than "some secret"."""
    entries: Mapping[str, Entry]
    globs: tuple[tuple[re.Pattern[str], Meaning], ...]
    glob_heads: tuple[str, ...]
    """What the globs begin with, to settle nearly every name by one look."""
    affixes: Runs
    publishable: Runs
    inherited: Runs
    glued: tuple[str, ...]
    ambiguous: tuple[Ambiguous, ...]
    pairs: tuple[Pair, ...]
    apart: frozenset[str]
    """Kinds whose words name different systems, so that REDIS_USER is no part of DB_PASSWORD."""
    switches: frozenset[str]
    """Words that begin the name of a setting."""
    settings: frozenset[str]
    """Words that tell a setting wherever they stand."""
    platforms: frozenset[str]
    """Words of vendors that may only say what an app runs on."""
    beginnings: frozenset[str]
    """Every text that an entry begins with, to give up early on what none begins with."""


@cache
def catalogue() -> Catalogue:
    """Return the packaged catalogue, read once."""
    return parse(files("auditor").joinpath("data", "catalogue.toml").read_text("utf-8"))


def kinds() -> Mapping[str, Kind]:
    """Return every kind of the packaged catalogue by its id."""
    return catalogue().kinds


def parse(text: str) -> Catalogue:
    """Return the catalogue of a TOML text. ValueError names a row that contradicts another."""
    table = tomllib.loads(text)
    roles = {part: Role(role) for role, parts in table["parts"].items() for part in parts}
    listed = chain(table["kind"], chain.from_iterable(map(_family, table.get("family", ()))))
    rows = [(_kind(row), row) for row in listed]
    kinds = {kind.id: kind for kind, _ in rows}
    if len(kinds) < len(rows):
        raise ValueError("a kind is listed twice")
    entries = _Entries(roles)
    for kind, row in rows:
        entries.add_words(kind, row.get("words", ()))
    for kind, row in rows:
        entries.add_row(kind, row)
    entries.add_endings(table["endings"])
    words, globs = table["words"], list(_globs(rows, roles))
    return Catalogue(
        kinds=kinds,
        generic=frozenset(kind.id for kind in kinds.values() if kind.impact == GENERIC),
        entries=entries.entries,
        globs=tuple((re.compile(translate(glob)), meaning) for glob, meaning in globs),
        glob_heads=tuple({re.split(r"[*?[]", glob)[0] for glob, _ in globs}),
        affixes=Runs(map(squash, words["affixes"])),
        publishable=Runs(map(squash, words["publishable"])),
        inherited=Runs(map(squash, words["inherited"])),
        glued=tuple(words["glued"]),
        ambiguous=tuple(_ambiguous(table.get("ambiguous", ()), kinds)),
        pairs=tuple(
            Pair(squash(row["secret"]), squash(row["identifier"])) for row in table.get("pair", ())
        ),
        apart=frozenset(kind.id for kind, row in rows if row.get("apart")),
        switches=_squashed(words.get("switches", ())),
        settings=_squashed(words.get("settings", ())),
        platforms=_squashed(words.get("platforms", ())),
        beginnings=frozenset(
            text[:end] for text in entries.entries for end in range(1, len(text) + 1)
        ),
    )


class _Entries:
    """Builds the table of entries; a text that two rows claim is an error."""

    def __init__(self, roles: Mapping[str, Role]) -> None:
        self.entries: dict[str, Entry] = {}
        self._roles = roles
        self._words: dict[str, list[tuple[str, ...]]] = {}

    def add_words(self, kind: Kind, words: Iterable[str]) -> None:
        for word in words:
            entry = self._entry(word)
            if entry.word and entry.word.vendor != kind.vendor:
                raise ValueError(f"{kind.id}: the word {word} is of {entry.word.vendor}")
            entry.word = entry.word or kind
            self._words.setdefault(kind.vendor, []).append(split(word))

    def add_row(self, kind: Kind, row: Json) -> None:
        for part, names in row.get("names", {}).items():
            for name in names:
                self._add_name(kind, part, name)
        for part, names in row.get("whole", {}).items():
            for name in names:
                self._add_whole(kind, part, name)
        for part, names in row.get("endings", {}).items():
            for name in names:
                meaning = self._meaning(kind, part, f"ending {name}", Confidence.MEDIUM)
                self._add_ending(name, meaning)

    def add_endings(self, endings: Mapping[str, Iterable[str]]) -> None:
        for role, names in endings.items():
            for name in names:
                rule = f"ending {name}"
                self._add_ending(name, Meaning(Role(role), None, "", rule, Confidence.MEDIUM))

    def _add_name(self, kind: Kind, part: str, name: str) -> None:
        meaning = self._meaning(kind, part, f"name {name}", Confidence.HIGH)
        entry = self._entry(name)
        if entry.name:
            raise ValueError(f"{kind.id}: {name} is already there ({entry.name.rule})")
        entry.name = meaning
        rest = self._without_word(kind.vendor, split(name))
        if rest:
            self._entry(rest).rests.setdefault(kind.vendor, meaning)

    def _add_whole(self, kind: Kind, part: str, name: str) -> None:
        entry = self._entry(name)
        if entry.whole:
            raise ValueError(f"{kind.id}: {name} is already there ({entry.whole.rule})")
        entry.whole = self._meaning(kind, part, f"name {name}", Confidence.HIGH)

    def _add_ending(self, name: str, meaning: Meaning) -> None:
        entry = self._entry(name)
        if entry.ending:
            raise ValueError(f"{name} is listed twice as an ending")
        entry.ending = meaning

    def _meaning(self, kind: Kind, part: str, rule: str, confidence: Confidence) -> Meaning:
        role = self._roles[part]
        grouped = "" if part == role.value and role is not Role.SECRET else part
        return Meaning(role, kind, grouped, rule, confidence)

    def _without_word(self, vendor: str, name: tuple[str, ...]) -> str:
        heads = (word for word in self._words.get(vendor, ()) if name[: len(word)] == word)
        return "".join(name[max(map(len, heads), default=len(name)) :])

    def _entry(self, name: str) -> Entry:
        return self.entries.setdefault(squash(name), Entry())


def _family(row: Json) -> Iterator[Json]:
    """Yield a row of its own for each vendor of a family; "{vendor}" in its title is the vendor."""
    consoles = row.get("consoles", {})
    if unknown := consoles.keys() - row["vendors"].keys():
        raise ValueError(f"a console of no vendor of its family: {', '.join(sorted(unknown))}")
    for vendor, words in row["vendors"].items():
        name = re.sub("[^a-z0-9]+", "-", vendor.lower()).strip("-")
        own = {"kind": f"{name}-credential", "vendor": vendor, "words": words}
        own["console"] = consoles.get(vendor, "")
        yield {**row, **own, "title": row["title"].format(vendor=vendor)}


def _kind(row: Json) -> Kind:
    return Kind(
        id=row["kind"],
        title=row["title"],
        vendor=row["vendor"],
        provider=row.get("provider"),
        impact=row["impact"],
        oidc=row.get("oidc", False),
        rotates=tuple(row.get("rotates", ())),
        note=row.get("note", ""),
        console=row.get("console", ""),
        revoke=row.get("revoke", ""),
        role=Role(row.get("role", "secret")),
        issued=row.get("issued", False),
        keyless=row.get("keyless", False),
        perhaps=row.get("perhaps"),
    )


def _globs(
    rows: Iterable[tuple[Kind, Json]], roles: Mapping[str, Role]
) -> Iterator[tuple[str, Meaning]]:
    for kind, row in rows:
        for part, globs in row.get("globs", {}).items():
            for glob in globs:
                yield glob, Meaning(roles[part], kind, part, f"name {glob}", Confidence.HIGH)


def _ambiguous(rows: Iterable[Json], kinds: Mapping[str, Kind]) -> Iterator[Ambiguous]:
    for row in rows:
        told = [(squash(name), kind) for kind, names in row["tells"].items() for name in names]
        if len(dict(told)) < len(told) or not kinds.keys() >= row["tells"].keys():
            raise ValueError(f"{row['prefix']}: a name tells two kinds, or a kind is unknown")
        yield Ambiguous(row["prefix"], dict(told))


def _squashed(names: Iterable[str]) -> frozenset[str]:
    return frozenset(map(squash, names))
