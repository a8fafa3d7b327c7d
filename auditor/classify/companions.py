"""Settles what a name alone leaves open, by the other names of its scope.

CF_TOKEN is Cloudflare's beside CF_ZONE_ID and Cloud Foundry's beside CF_SPACE; an API_KEY is the
public half beside an API_SECRET. Which words are open, and what tells, is data: `[[ambiguous]]` and
`[[pair]]` of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from auditor.classify.catalogue import Ambiguous, Catalogue, Pair, catalogue
from auditor.classify.tokens import significant, split, squash
from auditor.models import Classification, Confidence, Role, Secret

_Scope: TypeAlias = tuple[str, str]
_Told: TypeAlias = Mapping[str, Classification]


def settle(secrets: Mapping[str, Secret], told: _Told) -> dict[str, Classification]:
    """Return the classifications by secret id, the open ones settled where companions tell.

    What a name says by itself stays where its scope says nothing, or as much for each vendor.
    """
    known, settled = catalogue(), dict(told)
    names: dict[_Scope, dict[str, str]] = {}
    for id_, secret in secrets.items():
        names.setdefault((secret.source, secret.scope.id), {})[id_] = secret.name
    for named in names.values():
        for row in known.ambiguous:
            if any(row.prefix in name.upper() for name in named.values()):
                settled.update(_vendor(known, row, named, told))
        settled.update(_halves(known.pairs, named, settled))
    return settled


# --- first words of several vendors ----------------------------------------------------------


def _vendor(
    known: Catalogue, row: Ambiguous, named: Mapping[str, str], told: _Told
) -> Iterator[tuple[str, Classification]]:
    words = {id_: _words(known, name) for id_, name in named.items()}
    kind_id, teller = _winner(_votes(known, row, words, told))
    if not kind_id:
        return
    kind = known.kinds[kind_id]
    # CF_DATABASE_URL is a database's, whoever CF is.
    open_ = ({"", *known.generic} | {*row.tells.values()}) - {kind.id}
    for id_, own in words.items():
        ambiguous = own[:1] == (row.prefix,) and "".join(own) not in row.tells
        if ambiguous and told[id_].kind in open_:
            rule = f"{told[id_].rule}, beside {teller}"
            yield id_, replace(told[id_], vendor=kind.vendor, kind=kind.id, rule=rule)


def _words(known: Catalogue, name: str) -> tuple[str, ...]:
    words = split(name)
    return tuple(words[at] for at in significant(words, known.affixes))


def _votes(
    known: Catalogue, row: Ambiguous, words: Mapping[str, tuple[str, ...]], told: _Told
) -> Iterator[tuple[str, str]]:
    """Yield (kind, name) for each name that tells a kind."""
    vendors = {known.kinds[kind].vendor: kind for kind in row.tells.values()}
    for id_, own in words.items():
        ambiguous = own[:1] == (row.prefix,)
        kind = row.tells.get("".join(own)) if ambiguous else vendors.get(told[id_].vendor)
        if kind:
            yield kind, "_".join(own)


def _winner(votes: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """Return the kind that most names tell and the first of them; "" and "" for a draw."""
    tellers: dict[str, list[str]] = {}
    for kind, name in votes:
        tellers.setdefault(kind, []).append(name)
    most = max(map(len, tellers.values()), default=0)
    first = [(kind, min(names)) for kind, names in tellers.items() if len(names) == most]
    return first[0] if len(first) == 1 else ("", "")


# --- halves ----------------------------------------------------------------------------------


def _halves(
    pairs: Iterable[Pair], named: Mapping[str, str], told: _Told
) -> Iterator[tuple[str, Classification]]:
    """Yield the entries that are the public half of a secret beside them.

    A name that the catalogue knows says what it is, whatever stands beside it.
    """
    open_ = {
        id_: squash(named[id_])
        for id_ in named
        if told[id_].role is Role.SECRET and told[id_].confidence is not Confidence.HIGH
    }
    held = {squashed: id_ for id_, squashed in open_.items()}
    for id_, squashed in open_.items():
        for pair in pairs:
            stem = squashed.removesuffix(pair.identifier)
            other = held.get(stem + pair.secret) if stem != squashed else None
            if other:
                yield id_, _half(told[id_], told[other], named[other])


def _half(told: Classification, whole: Classification, name: str) -> Classification:
    return replace(
        told,
        role=Role.IDENTIFIER,
        part="id",
        vendor=whole.vendor,
        kind=whole.kind,
        stem=whole.stem,
        rule=f"{told.rule}, beside {name}",
        published=False,
    )
