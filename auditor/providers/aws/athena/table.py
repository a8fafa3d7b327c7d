"""What a table of CloudTrail's logs is like: its columns, and the partitions that bound a query.

A table is as somebody made it, most after AWS's documentation, and Glue's catalog tells how:
https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from auditor import logrows
from auditor.providers.aws.documents import entries, text

SHAPE = logrows.shape("cloudtrail")
LATE = timedelta(days=1)
"""Folders, and so partitions, are named by the day of delivery: midnight's are in the next."""
_IDENTITY = "userIdentity"
_UNUSUAL = {"eventCategory"}
_UNUSUAL_BELOW = {"sessionContext.sourceIdentity", "sessionContext.ec2RoleDelivery"}
"""What the tables of AWS's documentation lack."""
NEEDED = ("eventTime", "eventSource", "eventName", "eventID")
NEEDED_BELOW = ("arn", "accessKeyId", "sessionContext.sessionIssuer.arn")
_ACCOUNTS = frozenset({"account", "accountid", "account_id", "aws_account_id"})
_TEXTS = ("string", "varchar", "char")
_NUMBERS = ("int", "integer", "bigint", "smallint", "tinyint")
_JAVA = re.compile(r"yyyy([-/_.]?)(?:MM(?:\1dd(?:[-/_.]?HH)?)?)?")
_DAY = re.compile(r"\d{4}([-/_.]?)\d{2}\1\d{2}")
_NAME = re.compile(r"[a-z0-9_]+")
"""Names of keys that SQL is made of; others are bounded by nothing."""
_FIELD = re.compile(r"([A-Za-z0-9_]+):(struct<)?|(>)")


@dataclass(frozen=True, slots=True)
class Key:
    """A key that a table is partitioned by.

    `kind` is "day", "year", "month" or "account" where the time or the accounts of a hunt bound its
    values, else "". `form` is how a day is written, or how many digits a number has.
    """

    name: str
    kind: str = ""
    form: str = "%Y/%m/%d"
    type: str = "string"

    def literal(self, value: str, *, plain: bool) -> str:
        """Return a value as SQL of Athena, or as the plain one of Glue's catalog, has it."""
        if self.type in _NUMBERS:
            return str(int(value))
        mark = "DATE " if self.type == "date" and not plain else ""
        return f"{mark}{quoted(value)}"


@dataclass(frozen=True, slots=True)
class Table:
    """A table: which of a record's fields it has, and how it is partitioned."""

    name: str
    columns: tuple[str, ...]
    identity: tuple[str, ...]
    """Dotted fields below `userIdentity`."""
    keys: tuple[Key, ...]

    @property
    def missing(self) -> list[str]:
        """Return the fields without which nothing can be asked."""
        below = (f"{_IDENTITY}.{name}" for name in NEEDED_BELOW if name not in self.identity)
        return [*(name for name in NEEDED if name not in self.columns), *below]

    @property
    def lacks(self) -> list[str]:
        """Return the usual fields that it has not: what they would show is not seen."""
        whole = usual(self.name)
        below = (one for one in whole.identity if one not in self.identity)
        columns = (one for one in whole.columns if one not in self.columns)
        return [*columns, *(f"{_IDENTITY}.{one}" for one in below)]

    @property
    def path(self) -> str:
        """Return its name as SQL has it."""
        return ".".join(f'"{part}"' for part in self.name.split("."))

    def bounds(
        self, since: datetime, until: datetime, accounts: Sequence[str], *, plain: bool = False
    ) -> Iterator[str]:
        """Yield conditions on partitions that hold whatever happened in the time.

        With `accounts` only theirs. `plain` is the SQL of Glue's catalog, which knows no quotes.
        """
        kinds = {key.kind: key for key in self.keys}
        end = until + LATE
        for key in self.keys:
            name = key.name if plain else f'"{key.name}"'
            if key.kind == "day":
                first, last = (f"{at:{key.form}}" for at in (since, end))
                first, last = (key.literal(one, plain=plain) for one in (first, last))
                yield f"{name} BETWEEN {first} AND {last}"
            elif key.kind == "account" and accounts:
                listed = ", ".join(key.literal(one, plain=plain) for one in accounts)
                yield f"{name} IN ({listed})"
            elif key.kind == "year":
                yield _years(key, kinds.get("month"), since, end, plain=plain)


def usual(name: str) -> Table:
    """Return a table as AWS's documentation makes it, for an organization."""
    return Table(
        name=name,
        columns=tuple(one for one in SHAPE.columns if one not in _UNUSUAL),
        identity=tuple(one for one in SHAPE.structs[_IDENTITY] if one not in _UNUSUAL_BELOW),
        keys=(Key("timestamp", "day"), Key("account", "account")),
    )


def of_catalog(name: str, told: Mapping[str, Any], sample: Sequence[str]) -> Table:
    """Return a table as Glue's catalog tells it; `sample` are the values of one partition."""
    described = told.get("StorageDescriptor")
    columns = {
        text(one, "Name").lower(): text(one, "Type") for one in entries(described, "Columns")
    }
    flags = {one.lower() for one in SHAPE.flags}
    texts = {
        each
        for each, kind in columns.items()
        if kind.startswith(_TEXTS) or (kind == "boolean" and each in flags)
    }
    below = set(_fields(columns.get(_IDENTITY.lower(), "")))
    return Table(
        name=name,
        columns=tuple(one for one in SHAPE.columns if one.lower() in texts),
        identity=tuple(one for one in SHAPE.structs[_IDENTITY] if one.lower() in below),
        keys=tuple(_keys(told, sample)),
    )


def is_projected(told: Mapping[str, Any]) -> bool:
    """Say whether partitions are computed, so that the catalog lists none."""
    return str(_parameters(told).get("projection.enabled", "")).lower() == "true"


def projected(told: Mapping[str, Any], key: str, part: str) -> str:
    """Return what is said of the values of a projected key: type, format, range, digits, values."""
    found = _parameters(told).get(f"projection.{key}.{part}") if is_projected(told) else None
    return str(found or "")


def template(told: Mapping[str, Any]) -> str:
    """Return where projected partitions are, with ${KEY} for the value of a key."""
    return str(_parameters(told).get("storage.location.template") or "")


def _parameters(told: Mapping[str, Any]) -> Mapping[str, Any]:
    found = told.get("Parameters")
    return found if isinstance(found, dict) else {}


def _keys(told: Mapping[str, Any], sample: Sequence[str]) -> Iterator[Key]:
    """Yield the partition keys, each with what its name, projection or sample tells of it."""
    for number, one in enumerate(entries(told, "PartitionKeys")):
        name, kind = text(one, "Name").lower(), text(one, "Type").partition("(")[0]
        value = sample[number] if number < len(sample) else ""
        parts = {part: projected(told, name, part) for part in ("type", "format", "digits")}
        yield _key(name, kind, value, parts)


def _key(name: str, kind: str, value: str, parts: Mapping[str, str]) -> Key:
    if not _NAME.fullmatch(name) or not kind.startswith((*_TEXTS, *_NUMBERS, "date")):
        return Key(name, type=kind)
    if name in _ACCOUNTS:
        return Key(name, "account", type=kind)
    if name in ("year", "month"):
        return Key(name, name, parts["digits"] or ("2" if value.startswith("0") else ""), kind)
    form = _form_of_day(kind, value, parts)
    return Key(name, "day", form, kind) if form else Key(name, type=kind)


def _form_of_day(kind: str, value: str, parts: Mapping[str, str]) -> str:
    """Return how the values of a key write a day, "" where they are none."""
    form = parts["format"]
    if parts["type"] == "date" and _JAVA.fullmatch(form):
        for java, ours in (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H")):
            form = form.replace(java, ours)
        return form
    if kind == "date":
        return "%Y-%m-%d"
    found = _DAY.fullmatch(value)
    return found[1].join(("%Y", "%m", "%d")) if found else ""


def _years(year: Key, month: Key | None, since: datetime, end: datetime, *, plain: bool) -> str:
    """Return a condition on the months of a time, in tables partitioned by year and month."""
    months: dict[int, list[int]] = {}
    at = since.replace(day=1)
    while at <= end:
        months.setdefault(at.year, []).append(at.month)
        at = (at + timedelta(days=32)).replace(day=1)
    mark = "" if plain else '"'
    parts = []
    for number, within in months.items():
        part = f"{mark}{year.name}{mark} = {year.literal(str(number), plain=plain)}"
        if month:
            values = dict.fromkeys(one for each in within for one in _written(month, each))
            listed = ", ".join(month.literal(one, plain=plain) for one in values)
            part += f" AND {mark}{month.name}{mark} IN ({listed})"
        parts.append(f"({part})")
    return f"({' OR '.join(parts)})"


def _written(month: Key, number: int) -> Iterator[str]:
    """Yield how a month may be written: with a zero or without, where nothing tells."""
    if month.form:
        yield f"{number:0{int(month.form)}}" if month.form.isdigit() else str(number)
    else:
        yield from (f"{number:02}", str(number))


def _fields(kind: str) -> Iterator[str]:
    """Yield the dotted fields of a type such as struct<type:string,a:struct<b:string>>."""
    path: list[str] = []
    inside = kind.partition("struct<")[2]
    for field in _FIELD.finditer(re.sub(r"(map|array)<[^<>]*>", r"\1", inside)):
        name, deeper, end = field.groups()
        if end:
            path = path[:-1]
        elif deeper:
            path.append(name.lower())
        else:
            yield ".".join((*path, name.lower()))


def quoted(value: str) -> str:
    """Return a text as a literal of SQL, whatever is in it."""
    return "'" + value.replace("'", "''") + "'"
