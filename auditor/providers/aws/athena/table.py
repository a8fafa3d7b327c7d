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
from auditor.providers.aws.athena import lake
from auditor.providers.aws.documents import entries, text

SHAPE = logrows.shape("cloudtrail")
LATE = timedelta(days=1)
"""Folders, and so partitions, are named by the day of delivery: midnight's are in the next."""
_FIELDS = (
    *SHAPE.columns,
    *(f"{name}.{one}" for name, below in SHAPE.structs.items() for one in below),
)
_UNUSUAL = {
    "eventCategory",
    "userIdentity.sessionContext.sourceIdentity",
    "userIdentity.sessionContext.ec2RoleDelivery",
}
"""What the tables of AWS's documentation lack."""
KEY_FIELD = "userIdentity.accessKeyId"
ARN_FIELDS = ("userIdentity.arn", "userIdentity.sessionContext.sessionIssuer.arn")
NEEDED = ("eventTime", "eventSource", "eventName", "eventID", KEY_FIELD, *ARN_FIELDS)
_ACCOUNTS = frozenset({"account", "accountid", "account_id", "aws_account_id"})
_TEXTS = ("string", "varchar", "char")
_NUMBERS = ("int", "integer", "bigint", "smallint", "tinyint")
_JAVA = re.compile(r"yyyy([-/_.]?)(?:MM(?:\1dd(?:[-/_.]?HH)?)?)?")
_DAY = re.compile(r"\d{4}([-/_.]?)\d{2}\1\d{2}")
_NAME = re.compile(r"[a-z0-9_]+")
"""Names of keys that SQL is made of; others are bounded by nothing."""
_TOKEN = re.compile(r"([A-Za-z0-9_]+):|(?:struct|array|map)<|>")


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
    """A table: how SQL has the fields of a record, and how it is partitioned."""

    name: str
    fields: Mapping[str, str]
    """By the dotted field of a CloudTrail record."""
    keys: tuple[Key, ...]
    is_lake: bool = False
    """Whether it is one of Security Lake's, in OCSF."""

    @property
    def missing(self) -> list[str]:
        """Return the fields without which nothing can be asked."""
        return [name for name in NEEDED if name not in self.fields]

    @property
    def lacks(self) -> list[str]:
        """Return the usual fields that it has not: what they would show is not seen."""
        return [name for name in _usual_fields(is_lake=self.is_lake) if name not in self.fields]

    def during(self, since: datetime, until: datetime) -> str:
        """Return the condition that an event is of a time."""
        if self.is_lake:
            first, last = (f"TIMESTAMP '{at:%Y-%m-%d %H:%M:%S}'" for at in (since, until))
            return f"{lake.TIME} >= {first} AND {lake.TIME} < {last}"
        first, last = (f"'{at:%Y-%m-%dT%H:%M:%SZ}'" for at in (since, until))
        return f"eventtime >= {first} AND eventtime < {last}"

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


_LAKE_ACCOUNT = Key("accountid", "account")
"""By which, the region and the day its tables are partitioned; they are told by no catalog."""


def usual(name: str) -> Table:
    """Return a table as AWS's documentation makes it, for an organization, or Security Lake."""
    is_lake = lake.is_name(name)
    keys = (_LAKE_ACCOUNT,) if is_lake else (Key("timestamp", "day"), Key("account", "account"))
    return Table(name, _usual_fields(is_lake=is_lake), keys, is_lake)


def _usual_fields(*, is_lake: bool) -> dict[str, str]:
    if is_lake:
        return lake.fields()
    return {name: name.lower() for name in _FIELDS if name not in _UNUSUAL}


def of_catalog(name: str, told: Mapping[str, Any], sample: Sequence[str]) -> Table:
    """Return a table as Glue's catalog tells it; `sample` are the values of one partition."""
    described = told.get("StorageDescriptor")
    columns = {
        text(one, "Name").lower(): text(one, "Type") for one in entries(described, "Columns")
    }
    below = {f"{one}.{each}" for one, kind in columns.items() for each in _below(kind)}
    keys = tuple(_keys(told, sample))
    if lake.TIME in columns:
        if _LAKE_ACCOUNT.name in columns and not keys:
            keys = (_LAKE_ACCOUNT,)
        return Table(name, lake.fields({*columns, *below}), keys, is_lake=True)
    flags = {one.lower() for one in SHAPE.flags}
    texts = {
        each
        for each, kind in columns.items()
        if kind.startswith(_TEXTS) or (kind == "boolean" and each in flags)
    }
    fields = {one: one.lower() for one in _FIELDS if one.lower() in texts | below}
    return Table(name, fields, keys)


def is_iceberg(told: Mapping[str, Any]) -> bool:
    """Say whether the table itself knows which of its objects a query needs."""
    return str(_parameters(told).get("table_type", "")).lower() == "iceberg"


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


def _below(kind: str) -> Iterator[str]:
    """Yield the dotted fields of a type such as struct<type:string,a:struct<b:string>>."""
    path: list[str] = []
    name = ""
    for token in _TOKEN.finditer(kind):
        if token[1]:
            name = token[1].lower()
            yield ".".join((*path[1:], name))
        elif token[0] == ">":
            path = path[:-1]
        else:
            path.append(name)


def quoted(value: str) -> str:
    """Return a text as a literal of SQL, whatever is in it."""
    return "'" + value.replace("'", "''") + "'"
