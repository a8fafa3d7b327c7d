"""What is taken out of CircleCI's replies: known fields only, tails sealed, dates read leniently.

Everything here is outside text: a field may be missing, null, of another type, or hostile.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from auditor.models import Json
from auditor.tails import Sealer, tail_to_json

_JODA = re.compile(r"^#\S+\s+")
"""The tag in front of a date of old project variables: "#joda/inst 2023-04-14T21:20:14+0000"."""


def kept(entry: Mapping[str, Json], *names: str) -> dict[str, Json]:
    """Return the named fields that hold plain values; everything else could hold a secret."""
    return {name: entry[name] for name in names if isinstance(entry.get(name), str | int)}


def part(entry: Json, name: str) -> Mapping[str, Json]:
    """Return the object in a field, {} where there is none."""
    value = entry.get(name) if isinstance(entry, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def objects(value: Json) -> list[Mapping[str, Json]]:
    """Return the objects of a list, [] where there is no list."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def origin(address: Json) -> str:
    """Return the scheme and host of an address; the rest of it may hold a token."""
    if not isinstance(address, str):
        return "an unknown address"
    scheme, slashes, rest = address.partition("://") if "://" in address else ("", "", address)
    host = re.split(r"[/?#\\\s]", rest, maxsplit=1)[0].rpartition("@")[2]
    return f"{scheme}{slashes}{host}" if host else "an unknown address"


def text(entry: Mapping[str, Json], *names: str) -> str:
    """Return the first of the named fields that holds text, "" where none does."""
    found = (entry.get(name) for name in names)
    return next((value for value in found if isinstance(value, str) and value), "")


def sealed(sealer: Sealer, masked: Json) -> Json:
    """Return the sealed tail of a masked value in its snapshot form, None where it shows none."""
    return tail_to_json(sealer.seal_masked(masked)) if isinstance(masked, str) else None


def shown(name: str) -> str:
    """Return a name as every output can hold it: lone surrogates become visible escapes."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def when(value: Json) -> datetime | None:
    """Return a time of CircleCI in UTC, None where there is none or nobody can read it."""
    if not isinstance(value, str):
        return None
    try:
        time = datetime.fromisoformat(_JODA.sub("", value.strip()))
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def same_slug(slug: str) -> str:
    """Return a slug in its short form: CircleCI takes and gives gh and github alike."""
    provider, slash, rest = slug.partition("/")
    return {"github": "gh", "bitbucket": "bb"}.get(provider, provider) + slash + rest
