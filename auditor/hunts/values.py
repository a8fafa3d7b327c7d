"""Values out of vendors' records: dates, addresses, names, and text that is safe to keep.

Everything here takes outside text of any shape; a value that is not what it should be is None,
but for a time, without which a record is no event.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import TypeAlias

import msgspec

from auditor.hunts.events import bounded, credential_name
from auditor.models import Json
from auditor.tails import Sealer

Tree: TypeAlias = "Mapping[str, Tree | str]"
"""Fields by name: what is below each, or, where its value is wanted, its dotted name."""
HIDDEN = "****"
_ENCODE = msgspec.json.Encoder().encode
NO_TIME = "no time, or none that is a date"
_MILLISECONDS = 1000
MANY = 200_000
"""Names remembered by a worker before it starts afresh."""
_SECRETS = re.compile(
    r"\b((?:AKIA|ASIA)[A-Z0-9]{12})[A-Z0-9]{4}\b"
    r"|()\b(?:gh[opsur]_|github_pat_|CCIPAT_|CCIPRJ_)\w{8,}"
    r"|()\beyJ[\w-]{10,}\.[\w-]+(?:\.[\w-]*)?"
    r"|(/keys/[0-9a-f]{36})[0-9a-f]{4}\b"
    r"|()(?<=://)[^/@\s:]+:[^/@\s]+(?=@)"
)
_HINT = re.compile("AKIA|ASIA|gh[opsur]_|github_pat_|CCIP|eyJ|://|/keys/")
_SHORT = 200
"""Characters of a text that is remembered: user agents and names come again and again."""
KEY_ID = re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{12,}")
_HEX_ID = re.compile(r"\b[0-9a-f]{40}\b")
"""The id of a service account's key."""
_PORT = re.compile(r"^(?:\[([^\]]+)\]|(\d+\.\d+\.\d+\.\d+)):\d+$")


class Names:
    """Names credentials without their tails; equal ones are equal, and each is sealed once."""

    def __init__(self, sealer: Sealer) -> None:
        """Use the sealer of the run history."""
        self._sealer = sealer
        self._known: dict[str, str] = {}

    def credential(self, key_id: str) -> str:
        """Return the name of an access key id; see `credential_name`."""
        name = self._known.get(key_id)
        if name is None:
            if len(self._known) >= MANY:
                self._known.clear()
            name = self._known[key_id] = credential_name(key_id, self._sealer)
        return name

    def of(self, name: str) -> str:
        """Return any name as it is kept: key ids in it without their tails, others as they are."""
        if KEY_ID.fullmatch(name):
            return self.credential(name)
        return _HEX_ID.sub(lambda found: self.credential(found[0]), name)


def clean(text: str | None) -> str | None:
    """Return an outside text of bounded length, with whatever is shaped like a secret hidden."""
    if not text:
        return None
    return _remembered(text) if len(text) <= _SHORT else _cleaned(text)


def _hide(found: re.Match[str]) -> str:
    return next((shown for shown in found.groups() if shown), "") + HIDDEN


def _cleaned(text: str) -> str | None:
    if _HINT.search(text):  # far cheaper than the pattern itself
        text = _SECRETS.sub(_hide, text)
    return bounded(text)


_remembered = lru_cache(maxsize=20_000)(_cleaned)


def utc(value: Json) -> str:
    """Return a date as ISO 8601 in UTC with a Z. ValueError for what is no date.

    Accepts ISO 8601 with any zone, none (UTC) or a space for the T, and milliseconds since 1970.
    """
    try:
        if isinstance(value, str) and value[10:11] == "T" and value[-1:] == "Z":
            datetime.fromisoformat(value)
            return value
        return _utc(value)
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise ValueError(NO_TIME) from error  # the message of Python repeats the outside text


@lru_cache(maxsize=10_000, typed=True)
def _utc(value: Json) -> str:
    if isinstance(value, str) and not value.isdecimal():
        moment = datetime.fromisoformat(value)
        naive = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    else:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError(NO_TIME)
        naive = datetime.fromtimestamp(int(value) / _MILLISECONDS, UTC).replace(tzinfo=None)
    return naive.isoformat() + "Z"


@lru_cache(maxsize=10_000)
def address(text: str | None) -> tuple[str | None, str | None]:
    """Return an IP address (its port dropped), or what the log has in its place as a name."""
    if not text:
        return None, None
    bare = _PORT.sub(r"\1\2", text.strip())
    try:
        return str(ip_address(bare)), None
    except ValueError:
        return None, clean(text)


def at(record: Json, *path: str) -> Json:
    """Return the value at a path of keys, None where the record has no such thing."""
    for key in path:
        if not isinstance(record, dict):
            return None
        record = record.get(key)
    return record


def text(record: Json, *path: str) -> str | None:
    """Return the text (or number) at a path of keys, None for nothing, "" or another shape."""
    value = at(record, *path)
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def first(*texts: str | None) -> str | None:
    """Return the first text that is one."""
    return next((each for each in texts if each), None)


def joined(texts: Iterable[str | None]) -> str | None:
    """Return texts separated by a space, each once, None where there is none."""
    return clean(" ".join(dict.fromkeys(each for each in texts if each)))


def details(record: Json, tree: Tree) -> str | None:
    """Return the fields of a record that a tree names as one JSON object, by dotted name.

    Values are cleaned text, empty ones are left out.
    """
    found: dict[str, str] = {}
    gather(record, tree, found)
    return as_details(found)


def as_details(found: Mapping[str, str]) -> str | None:
    """Return fields by dotted name as one JSON object, None where there are none."""
    return _ENCODE(found).decode() if found else None


def gather(record: Json, tree: Tree, found: dict[str, str]) -> None:
    """Add the fields of an object that a tree names, by dotted name, as cleaned text."""
    for name, value in record.items():
        below = tree.get(name)
        if below is None or value is None:
            continue
        if isinstance(below, str):
            if text := clean(value) if isinstance(value, str) else as_text(value):
                found[below] = text
        elif isinstance(value, dict):
            gather(value, below, found)


def as_text(value: Json) -> str | None:
    """Return any JSON value as text of bounded length."""
    if value is None or isinstance(value, str):
        return clean(value)
    return clean(msgspec.json.encode(value).decode())
