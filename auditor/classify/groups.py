"""Joins entries into credentials: an access key id with its secret, its region, its account.

Entries belong together when they are of one kind and one stem in one store of one scope.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile, zip_longest
from typing import TypeAlias

from auditor.classify.catalogue import kinds
from auditor.models import Classification, Credential, Kind, Part, Role, Secret, Use

_Member: TypeAlias = tuple[Secret, Classification]
_Place: TypeAlias = tuple[str, str, str, str, str]


def group(
    secrets: Iterable[Secret], classifications: Mapping[str, Classification]
) -> tuple[Credential, ...]:
    """Return every credential among the secrets.

    Each secret belongs to one, alone where it has no companions; so does each identifier that is
    replaced with its secret, also where that secret is kept elsewhere. `classifications` is by
    secret id. The ids are stable from run to run.
    """
    groups: dict[_Place, list[_Member]] = {}
    for secret in secrets:
        told = classifications[secret.id]
        if told.kind and told.part:
            place = (secret.source, secret.store, secret.scope.id, told.kind, told.stem)
            groups.setdefault(place, []).append((secret, told))
    return tuple(
        credential
        for place, members in groups.items()
        for credential in _credentials(place, kinds()[place[3]], members)
    )


def with_mentions(
    credentials: Iterable[Credential], secrets: Mapping[str, Secret], uses: Iterable[Use]
) -> tuple[Credential, ...]:
    """Return the credentials with the identities that jobs name which name one of their entries.

    A job that receives an entry and does not name it tells nothing of it.
    """
    named: dict[tuple[str, str], set[str]] = {}
    for use in uses:
        for name in use.names if use.mentions else ():
            named.setdefault((use.scope_id, name), set()).update(use.mentions)
    return tuple(
        replace(one, mentions=tuple(sorted(_mentions(one, secrets, named)))) for one in credentials
    )


def _mentions(
    credential: Credential,
    secrets: Mapping[str, Secret],
    named: Mapping[tuple[str, str], set[str]],
) -> set[str]:
    names = {secrets[part.secret_id].name for part in credential.parts}
    return set().union(*(named.get((credential.scope.id, name), ()) for name in names))


def _credentials(place: _Place, kind: Kind, members: Sequence[_Member]) -> Iterator[Credential]:
    """Yield one credential for each secret of the group; with several ids, in pairs.

    The fullest spelling goes with the fullest: AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY,
    AWS_ACCESS_KEY with AWS_SECRET_KEY. What is left over takes the first of the other side.
    """
    ordered = sorted(members, key=lambda member: (-len(member[0].name), member[0].name))
    secrets, anchors, others = _sides(kind, ordered)
    for secret, anchor in zip_longest(secrets, anchors):
        own = secret or anchor
        pair = (anchor or next(iter(anchors), None), secret or next(iter(secrets), None))
        leads = [member for member in pair if member]
        if own:
            yield _credential(place, kind, own[0].name, [*leads, *_beside(own[0], others)])


def _beside(own: Secret, others: Sequence[_Member]) -> Iterator[_Member]:
    """Yield the companions of a secret: of several for one part, those spelled most like it.

    ARM_CLIENT_SECRET goes with ARM_CLIENT_ID, and never with the AZURE_CLIENT_ID of another login.
    """
    nearest: dict[str, int] = {}
    for secret, told in others:
        nearest[told.part] = max(nearest.get(told.part, 0), _shared_words(own, secret))
    for secret, told in others:
        if _shared_words(own, secret) == nearest[told.part]:
            yield secret, told


def _shared_words(one: Secret, other: Secret) -> int:
    """Return how many words two names begin with in common."""
    pairs = zip(one.name.upper().split("_"), other.name.upper().split("_"), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _sides(
    kind: Kind, members: Sequence[_Member]
) -> tuple[list[_Member], list[_Member], list[_Member]]:
    """Return the secrets, the identifiers replaced with them, and the companions of both.

    With neither of the first two, every companion that is secret (a session token) stands alone.
    """
    lead = {"secret", *kind.rotates}
    if not any(told.part in lead for _, told in members):
        alone = [(secret, told) for secret, told in members if told.role is Role.SECRET]
        return alone, [], [m for m in members if m[1].role is not Role.SECRET]
    secrets = [m for m in members if m[1].part == "secret"]
    anchors = [m for m in members if m[1].part in kind.rotates]
    return secrets, anchors, [m for m in members if m[1].part not in lead]


def _credential(place: _Place, kind: Kind, own: str, members: Sequence[_Member]) -> Credential:
    return Credential(
        id=_credential_id(place, own),
        kind=kind.id,
        vendor=kind.vendor,
        provider=kind.provider,
        scope=members[0][0].scope,
        stem=place[4],
        parts=tuple(Part(told.part, secret.id) for secret, told in members),
    )


def _credential_id(place: _Place, name: str) -> str:
    """Return "C-" and 10 hex digits, from where it is and the name of the entry it is made for."""
    text = "\0".join((*place, name)).encode("utf-8", "backslashreplace")
    return f"C-{hashlib.sha256(text).hexdigest()[:10]}"
