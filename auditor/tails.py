"""Seals masked tails.

The text a vendor shows of a secret becomes a keyed hash at once, and only that is kept.

A tail of four characters narrows a secret down and is worth hiding; two tails still have to be
compared, across stores, providers and runs. A keyed hash (HMAC-SHA256) does that, and is worth
nothing without the key, which stays beside the run history.
"""

from __future__ import annotations

import hashlib
import hmac
import string
from dataclasses import asdict

from auditor.models import Json, Tail

KEY_LENGTH = 32
TAIL_LENGTH = 4
"""The most characters any known vendor shows of a value."""

_HASH_SHOWN = 8
MARK = "****#"
"""Stands between what is shown of a key id and the hash of its tail."""
_ALPHABETS = (
    ("digits", frozenset(string.digits)),
    ("hex", frozenset(string.digits + "abcdef")),
    ("base32", frozenset(string.ascii_uppercase + "234567")),
    ("alphanumeric", frozenset(string.digits + string.ascii_letters)),
)


class Sealer:
    """Turns tails into `Tail`s with one key: equal tails stay recognisable, and unreadable."""

    def __init__(self, key: bytes) -> None:
        """Use this key, `KEY_LENGTH` bytes or more, for every tail of the run history."""
        if len(key) < KEY_LENGTH:
            raise ValueError("the sealing key is too short")
        self._key = key

    @property
    def name(self) -> str:
        """Return what tells this key from others and nothing of it: only its tails compare."""
        return hmac.new(self._key, b"name of the key", hashlib.sha256).hexdigest()[:12]

    def seal(self, tail: str) -> Tail:
        """Return the sealed form of the last characters of a value (an empty tail seals too)."""
        text = tail[-TAIL_LENGTH:]
        return Tail(self._hash(text), len(text), _alphabet(text))

    def seal_masked(self, masked: str) -> Tail | None:
        """Return the sealed tail of a masked form ("xxxxABCD", "****"), None where it shows none.

        A mask of x is only taken for one where the vendor's own four x stand in front; a bare tail
        that begins with x is a tail.
        """
        text = masked[len("xxxx") :] if masked.startswith("xxxx") else masked.lstrip("*")
        return self.seal(text) if text else None

    def key_name(self, key_id: str) -> str:
        """Return how a key id is kept of logs: equal ids stay equal, and are no ids.

        AKIAIOSFODNN7EXAMPLE becomes "AKIAIOSFODNN7EXA****#" and eight digits of its sealed tail, a
        service account's key id likewise; a name made so is its own.
        """
        if MARK in key_id:
            return key_id
        return f"{key_id[:-TAIL_LENGTH]}{MARK}{self._hash(key_id[-TAIL_LENGTH:])[:_HASH_SHOWN]}"

    def _hash(self, tail: str) -> str:
        data = tail.encode("utf-8", "backslashreplace")
        return hmac.digest(self._key, data, "sha256").hex()[:32]


def tail_to_json(tail: Tail | None) -> Json:
    """Return the form a snapshot keeps of a sealed tail."""
    return None if tail is None else asdict(tail)


def tail_from_json(value: Json) -> Tail | None:
    """Return the sealed tail that a snapshot kept, None where it kept none."""
    if not isinstance(value, dict):
        return None
    return Tail(str(value["hash"]), int(value["length"]), str(value["alphabet"]))


def _alphabet(text: str) -> str:
    letters = set(text)
    return next((name for name, allowed in _ALPHABETS if letters <= allowed), "other")
