"""What the scenario file leaves out, invented from names: ids, values, times of day.

Everything is a function of the names given, so that two runs make the same organisation.
"""

from __future__ import annotations

import base64
import hashlib
import string
import uuid
from datetime import UTC, date, datetime, timedelta

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://acme-rockets.example")
START = datetime(2016, 1, 4, 9, tzinfo=UTC)
"""When everything began that has no date of its own."""

_BASE62 = string.digits + string.ascii_letters
_SECRET = string.ascii_letters + string.digits + "+/"


def identifier(*names: str) -> str:
    """Return the UUID of what has these names."""
    return str(uuid.uuid5(_NAMESPACE, "\0".join(names)))


def short(identifier: str) -> str:
    """Return a UUID in the 22 base62 characters that slugs of standalone organisations use."""
    number, letters = uuid.UUID(identifier).int, ""
    while len(letters) < 22:  # noqa: PLR2004 (62**22 > 2**128)
        number, digit = divmod(number, len(_BASE62))
        letters = _BASE62[digit] + letters
    return letters


def secret(*names: str) -> str:
    """Return 40 random-looking characters: the value of a secret."""
    digest = hashlib.shake_128("\0".join(names).encode()).digest(40)
    return "".join(_SECRET[byte % len(_SECRET)] for byte in digest)


def number(below: int, *names: str) -> int:
    """Return a number from 0 up to but without `below`."""
    digest = hashlib.sha256("\0".join(names).encode()).digest()
    return int.from_bytes(digest[:8]) % below


PLACES, KEYS, VARIABLES = (6, 7), (7, 8), (8, 20)
"""The hours of a day in which each is made: a place before the keys, a key before it is stored."""


def moment(day: date, hours: tuple[int, int], *names: str) -> datetime:
    """Return a time on that day between the hours, UTC, to the millisecond."""
    first, last = hours
    begin = datetime(day.year, day.month, day.day, first, tzinfo=UTC)
    return begin + timedelta(milliseconds=number((last - first) * 3_600_000, "time", *names))


def wire(time: datetime) -> str:
    """Return a time as CircleCI writes it: 2023-01-06T09:12:45.120Z."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03d}Z"


def access_key_id(account: str, *names: str, tail: str = "") -> str:
    """Return an access key id of the account; `tail` replaces its last characters.

    The account is in the bits 7 to 46 of the first 48 behind the prefix, under a leading 1, as
    AWS has made them since 2019.
    """
    noise = hashlib.sha256("\0".join(("key", account, *names)).encode()).digest()
    head = 1 << 47 | int(account) << 7 | noise[0] & 0x7F
    made = "AKIA" + base64.b32encode(head.to_bytes(6) + noise[1:5]).decode()
    return made[: len(made) - len(tail)] + tail
