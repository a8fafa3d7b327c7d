"""What Glue's catalog tells of a table, and how much is in the partitions that a hunt would scan.

All of it is bounded; what could not be listed is said, and never taken for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from auditor.providers.aws.athena import table as tables
from auditor.providers.aws.athena.planning import Refused
from auditor.providers.aws.athena.table import Key, Table
from auditor.providers.aws.client import Clients
from auditor.providers.aws.documents import LIMIT, entries, text
from auditor.providers.aws.jobs import pages, read

_MOST_LISTED = 300
"""Pages of partitions, and of objects, that are listed at most to tell how much there is."""
_LOCATION = re.compile(r"s3[an]?://([^/]+)/(.*)")
_PLACE = re.compile(r"\$\{([^}]+)\}")
_DAY = re.compile(r"[0-9/._-]{8,13}")


def learn(
    clients: Clients,
    region: str,
    name: str,
    accounts: Sequence[str],
    since: datetime,
    until: datetime,
    document: dict[str, Any],
) -> Table:
    """Return what the table is like; put its place, partitions and bytes into the document."""
    database, _, short = name.partition(".")
    glue = clients.other("glue", region)
    told = glue.get_table(DatabaseName=database, Name=short)["Table"]
    if text(told, "TableType") == "VIRTUAL_VIEW":
        raise Refused("Table", f"{name} is a view, which may read anything: name its table")
    projected = tables.is_projected(told)
    listed = bool(entries(told, "PartitionKeys")) and not projected
    listing = _Listing(glue, database, short)
    some = listing.call(MaxResults=1)["Partitions"] if listed else ()
    table = tables.of_catalog(name, told, [str(one) for each in some for one in each["Values"]])
    if table.missing:
        lacks = f"table {name} lacks {', '.join(table.missing)} as texts"
        raise Refused("Table", f"{lacks}: it is no table of CloudTrail's logs that is known here")
    bounds = " AND ".join(table.bounds(since, until, accounts, plain=True))
    document |= {"Location": text(told.get("StorageDescriptor"), "Location")}
    document |= {"Projected": projected, "Bounds": bounds, "Lacks": table.lacks}
    places: Iterable[str] = (document["Location"],)
    if listed:
        document["Partitions"] = read(partial(_partitions, listing, bounds, table, since, until))
        places = document["Partitions"].pop("Places", ())
        if document["Partitions"].get("Count") == 0:
            raise Refused("Table", f"no partition of {name} is of the time")
    elif projected:
        places = _projected(told, table, since, until)
        document |= _limits(told, table)
    if tables.is_iceberg(told):
        document |= {"Iceberg": True, "Unmeasured": "it is Iceberg, of which a query scans a part"}
        return table
    measured = read(partial(_measure, clients.other("s3", region), places))
    error = measured.pop("error", "")
    document |= {"Unmeasured": measured.pop("message", "") or error} | measured
    return table


# --- partitions ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Listing:
    """The partitions of one table in the catalog."""

    glue: Any
    database: str
    table: str

    def call(self, **arguments: Any) -> Any:
        """Return a page of them."""
        return self.glue.get_partitions(
            DatabaseName=self.database, TableName=self.table, ExcludeColumnSchema=True, **arguments
        )

    def pages(self, expression: str) -> Iterator[Mapping[str, Any]]:
        """Yield pages of those that an expression holds for; of all where it is not understood.

        The catalog has a parser of its own, to which a key such as `timestamp` may be a keyword.
        https://docs.aws.amazon.com/glue/latest/webapi/API_GetPartitions.html
        """
        told = {"Expression": expression} if expression else {}
        found = pages(self.call, "NextToken", "NextToken", **told)
        try:
            first = next(found)
        except self.glue.exceptions.InvalidInputException:
            yield from pages(self.call, "NextToken", "NextToken")
            return
        yield first
        yield from found


def _partitions(
    listing: _Listing,
    bounds: str,
    table: Table,
    since: datetime,
    until: datetime,
    document: dict[str, Any],
) -> None:
    """List the partitions of the time: how many, of which days, and where they are."""
    number, key = next(
        ((n, key) for n, key in enumerate(table.keys) if key.kind == "day"), (None, None)
    )
    first, last = (f"{at:{key.form}}" if key else "" for at in (since, until + tables.LATE))
    places: list[str] = []
    days: set[str] = set()
    for count, page in enumerate(listing.pages(bounds), 1):
        for one in page.get("Partitions", ()):
            day = str(one["Values"][number]) if number is not None else ""
            if first <= day <= last or not day:
                places.append(text(one.get("StorageDescriptor"), "Location"))
                days |= set(_DAY.findall(day))
        if count == _MOST_LISTED and page.get("NextToken"):
            document |= {"error": LIMIT, "message": f"more than {len(places):,} partitions"}
            return
    document |= {"Count": len(places), "Places": list(dict.fromkeys(places))}
    document |= {"First": min(days, default=""), "Last": max(days, default="")}
    if key:
        document["Missing"] = [day for day in _days(key, since, until) if day not in days]


def _days(key: Key, since: datetime, until: datetime) -> Iterator[str]:
    """Yield the days of a time as a key writes them; to the hour where it does."""
    hours = "%H" in key.form
    at = since.replace(minute=0, second=0, microsecond=0)
    at = at if hours else at.replace(hour=0)
    while at < until:
        yield f"{at:{key.form}}"
        at += timedelta(hours=1) if hours else timedelta(days=1)


def _projected(
    told: Mapping[str, Any], table: Table, since: datetime, until: datetime
) -> Sequence[str]:
    """Return where projected partitions are: few where every key's values are told, else none."""
    template = tables.template(told)
    places = [template] if template else []
    for name in dict.fromkeys(_PLACE.findall(template)):
        key = next((key for key in table.keys if key.name == name.lower()), Key(name))
        values = _listed_values(told, key.name)
        if key.kind == "day":
            values = list(dict.fromkeys(_days(key, since, until + tables.LATE)))
        if not values or len(places) * len(values) > _MOST_LISTED:
            return ()
        places = [one.replace(f"${{{name}}}", value) for one in places for value in values]
    return places


def _listed_values(told: Mapping[str, Any], key: str) -> list[str]:
    listed = tables.projected(told, key, "values").split(",")
    return [one.strip() for one in listed if one.strip()]


def _limits(told: Mapping[str, Any], table: Table) -> dict[str, Any]:
    """Return what a projection leaves out: values it does not list, and the time before it."""
    only = {key.name: _listed_values(told, key.name) for key in table.keys}
    begins = ""
    for key in (key for key in table.keys if key.kind == "day"):
        first = tables.projected(told, key.name, "range").partition(",")[0].strip()
        try:
            begins = datetime.strptime(first, key.form).replace(tzinfo=UTC).isoformat()
        except ValueError:  # NOW-3YEARS
            continue
    return {"Only": {name: values for name, values in only.items() if values}, "Begins": begins}


# --- objects ---------------------------------------------------------------------------------


def _measure(s3: Any, places: Iterable[str], document: dict[str, Any]) -> None:
    """Put the number of objects in these places, and their bytes, into the document."""
    folders = [found for place in places if (found := _LOCATION.fullmatch(place))]
    if not folders or len(folders) > _MOST_LISTED:
        many = f"{len(folders):,} places are too many to list" if folders else ""
        document |= {"error": LIMIT, "message": many or "its folders are not told, or too many"}
        return
    objects, size = 0, 0
    for page in islice(_listed(s3, folders), _MOST_LISTED):
        objects += len(page.get("Contents", ()))
        size += sum(int(one["Size"]) for one in page.get("Contents", ()))
        last = page
    if last.get("More"):
        document |= {"error": LIMIT, "message": f"more than {objects:,} objects"}
        return
    document |= {"Objects": objects, "Bytes": size}


def _listed(s3: Any, folders: Sequence[re.Match[str]]) -> Iterator[dict[str, Any]]:
    """Yield the pages of all folders, "More" in each that is not the last."""
    for number, folder in enumerate(folders, 1):
        prefix = folder[2] if folder[2].endswith("/") or not folder[2] else f"{folder[2]}/"
        listing = partial(s3.list_objects_v2, Bucket=folder[1], Prefix=prefix)
        for page in pages(listing, "ContinuationToken", "NextContinuationToken"):
            more = bool(page.get("NextContinuationToken")) or number < len(folders)
            yield {"Contents": page.get("Contents", ()), "More": more}
