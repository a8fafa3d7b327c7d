"""Before a query is run: may it be, what is the table like, and how much would be scanned.

A workgroup is used only where it keeps results with Athena: any other has each query write its
result into a bucket of the customer's.
https://docs.aws.amazon.com/athena/latest/ug/managed-results.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from auditor.models import Json
from auditor.providers.aws.athena import table as tables
from auditor.providers.aws.athena.table import Key, Table
from auditor.providers.aws.client import Clients
from auditor.providers.aws.documents import LIMIT, entries, text
from auditor.providers.aws.jobs import pages, read

_MOST_LISTED = 300
"""Pages of partitions, and of objects, that are listed at most to tell how much there is."""
_LOCATION = re.compile(r"s3[an]?://([^/]+)/(.*)")
_PLACE = re.compile(r"\$\{([^}]+)\}")
_DAY = re.compile(r"^[0-9/._-]{8,13}$")
_GIGABYTE = 1 << 30


class Refused(Exception):
    """Something is not asked; a code as documents have it, and why in words."""

    def __init__(self, code: str, why: str) -> None:
        """Remember both."""
        super().__init__(why)
        self.code, self.why = code, why


@dataclass(frozen=True, slots=True)
class Plan:
    """What one query of a table would take."""

    table: Table
    document: Mapping[str, Any]
    """What was learned, as the snapshot keeps it."""

    @property
    def bytes(self) -> int | None:
        """Return how much a query scans at most, None where nothing tells."""
        listed, cutoff = self.document.get("Bytes"), self.document.get("Cutoff")
        known = [one for one in (listed, cutoff) if isinstance(one, int)]
        return min(known, default=None)


def check(workgroup: Json) -> None:
    """Refuse a workgroup whose queries would write anything that is the customer's."""
    told = workgroup.get("Configuration") if isinstance(workgroup, dict) else None
    name = text(workgroup, "Name")
    if not isinstance(told, dict):
        raise Refused("WorkGroup", f"nothing tells where workgroup {name} keeps results")
    if text(workgroup, "State") != "ENABLED":
        raise Refused("WorkGroup", f"workgroup {name} is disabled")
    if _told(told, "ManagedQueryResultsConfiguration").get("Enabled") is not True:
        place = text(told.get("ResultConfiguration"), "OutputLocation")
        where = f"into {place}" if place else "into a bucket of whoever asks"
        raise Refused("WorkGroup", f"workgroup {name} writes results {where}")
    if "spark" in text(told.get("EngineVersion"), "EffectiveEngineVersion").lower():
        raise Refused("WorkGroup", f"workgroup {name} runs Spark, not SQL")
    logging = _told(told, "MonitoringConfiguration")
    for part in ("S3LoggingConfiguration", "CloudWatchLoggingConfiguration"):
        if _told(logging, part).get("Enabled") is True:
            raise Refused("WorkGroup", f"workgroup {name} writes a log of its own ({part})")


def _told(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


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
    document |= {"Location": text(told.get("StorageDescriptor"), "Location")}
    document |= {"Projected": projected}
    keyed = bool(entries(told, "PartitionKeys"))
    listing = partial(glue.get_partitions, DatabaseName=database, TableName=short)
    listed = keyed and not projected
    some = listing(MaxResults=1)["Partitions"] if listed else ()
    table = tables.of_catalog(name, told, [str(one) for each in some for one in each["Values"]])
    if table.missing:
        lacks = f"table {name} lacks {', '.join(table.missing)} as texts"
        raise Refused("Table", f"{lacks}: it is no table of CloudTrail's logs that is known here")
    document |= {"Keys": [key.name for key in table.keys if key.kind], "Lacks": table.lacks}
    bounds = " AND ".join(table.bounds(since, until, accounts, plain=True))
    document["Bounds"] = bounds
    places: Iterable[str] = (document["Location"],)
    if listed:
        found = read(partial(_partitions, listing, bounds, table, since, until))
        places = found.pop("Places", ())
        document["Partitions"] = found
        if "error" in found:
            places = ()
        elif not places:
            raise Refused("Table", f"no partition of {name} is of the time ({bounds})")
    elif projected:
        places = _projected(told, table, since, until)
    measured = read(partial(_measure, clients.other("s3", region), places))
    error = measured.pop("error", "")
    document |= {"Unmeasured": measured.pop("message", "") or error} | measured
    return table


def _partitions(
    listing: Any,
    bounds: str,
    table: Table,
    since: datetime,
    until: datetime,
    document: dict[str, Any],
) -> None:
    """List the partitions of the time: how many, of which days, and where they are."""
    places: list[str] = []
    days: set[str] = set()
    arguments = {"Expression": bounds} if bounds else {}
    number = next((n for n, key in enumerate(table.keys) if key.kind == "day"), None)
    listed = pages(listing, "NextToken", "NextToken", ExcludeColumnSchema=True, **arguments)
    for count, page in enumerate(listed, 1):
        for one in page.get("Partitions", ()):
            places.append(text(one.get("StorageDescriptor"), "Location"))
            if number is not None and number < len(one.get("Values", ())):
                days |= set(_DAY.findall(str(one["Values"][number])))
        if count == _MOST_LISTED and page.get("NextToken"):
            document |= {"error": LIMIT, "message": f"more than {len(places):,} partitions"}
            break
    document |= {"Count": len(places), "Places": places}
    document |= {"First": min(days, default=""), "Last": max(days, default="")}
    if number is not None and "error" not in document:
        wanted = list(_days(table.keys[number], since, until))
        document["Missing"] = [day for day in wanted if day not in days]


def _days(key: Key, since: datetime, until: datetime) -> Iterator[str]:
    """Yield the days of a time as a key writes them; to the hour where it does."""
    step = timedelta(hours=1) if "%H" in key.form else timedelta(days=1)
    at = since.replace(minute=0, second=0, microsecond=0)
    at = at if "%H" in key.form else at.replace(hour=0)
    while at < until:
        yield f"{at:{key.form}}"
        at += step


def _projected(
    told: Mapping[str, Any], table: Table, since: datetime, until: datetime
) -> Sequence[str]:
    """Return where projected partitions are: few where every key's values are told, else none."""
    parameters = told.get("Parameters") or {}
    template = str(parameters.get("storage.location.template", ""))
    places = [template] if template else []
    for name in dict.fromkeys(_PLACE.findall(template)):
        key = next((key for key in table.keys if key.name == name.lower()), Key(name))
        listed = str(parameters.get(f"projection.{name.lower()}.values", ""))
        values = [one.strip() for one in listed.split(",") if one.strip()]
        if key.kind == "day":
            values = list(dict.fromkeys(_days(key, since, until + tables.LATE)))
        if not values or len(places) * len(values) > _MOST_LISTED:
            return ()
        places = [one.replace(f"${{{name}}}", value) for one in places for value in values]
    return places


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


def lines(plan: Plan, most: int) -> str:
    """Return in words what the queries of a table would scan, for before the first is run."""
    told = plan.document
    title = f"Athena table {plan.table.name} in {told['Region']}, workgroup {told['Workgroup']}"
    return (
        f"{title}: {_words_of_partitions(told)}; {_words_of_bytes(told)}; all queries together"
        f" scan at most {_size(most)}"
    )


def _words_of_partitions(told: Mapping[str, Any]) -> str:
    listed = told.get("Partitions")
    if told["Projected"]:
        bounds = told["Bounds"]
        return f"its partitions are projected, {f'those where {bounds}' if bounds else 'all'}"
    if not isinstance(listed, dict):
        return "no partitions: every query scans the whole table"
    if "error" in listed:
        return f"partitions not known ({text(listed, 'message') or listed['error']})"
    days = f" of {listed['First']} to {listed['Last']}" if listed.get("First") else ""
    return f"{listed['Count']:,} partitions{days}"


def _words_of_bytes(told: Mapping[str, Any]) -> str:
    cutoff = told.get("Cutoff")
    stop = f"the workgroup stops a query at {_size(cutoff)}" if cutoff else ""
    if isinstance(told.get("Bytes"), int):
        known = f"{told['Objects']:,} objects of {_size(told['Bytes'])} for each query"
    else:
        known = f"bytes not known ({told.get('Unmeasured') or 'not listed'})"
    return f"{known}, {stop}" if stop else known


def afford(plan: Plan, spent: int, most: int) -> None:
    """Refuse a query that could scan more than is left, or more than the workgroup lets pass."""
    listed, cutoff = plan.document.get("Bytes"), plan.document.get("Cutoff")
    if isinstance(listed, int) and isinstance(cutoff, int) and listed > cutoff:
        why = f"a query would scan {_size(listed)}; the workgroup stops it at {_size(cutoff)}"
        raise Refused("TooMuch", why)
    if plan.bytes is None:
        told = text(dict(plan.document), "Unmeasured") or "its objects are not listed"
        why = f"how much a query scans is not known ({told}), and the workgroup sets no limit"
        raise Refused("Unlimited", why)
    if spent + plan.bytes > most:
        before = f" after {_size(spent)}" if spent else ""
        why = f"a query may scan {_size(plan.bytes)}{before}; athena_gigabytes allows {_size(most)}"
        raise Refused("TooMuch", why)


def _size(number: int) -> str:
    """Return bytes in words."""
    for unit, size in (("GB", _GIGABYTE), ("MB", 1 << 20), ("kB", 1 << 10)):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number} bytes"
