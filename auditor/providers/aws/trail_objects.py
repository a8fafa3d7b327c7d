"""Reads what CloudTrail's trails left in S3: the days of a hunt, of the accounts it is about.

    [prefix/]AWSLogs/[o-…/]<account>/CloudTrail/<region>/<day of delivery>/….json.gz
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html

Digests and Insights lie beside these folders and are never listed. How many objects and bytes it
will be is said before the first is read; the newest come first, and what a limit leaves out is a
gap. An object that was read is not read again. Only what hunts ask about is kept of a record.
"""

from __future__ import annotations

import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from auditor import nesting
from auditor.collecting import Collecting, Sought
from auditor.providers.aws.client import Clients
from auditor.providers.aws.documents import LIMIT, is_complete, text
from auditor.providers.aws.jobs import pages, read, run
from auditor.providers.aws.records import chosen, sealed
from auditor.providers.aws.settings import Settings
from auditor.providers.aws.trail_places import Place, places
from auditor.providers.aws.trails import log_jobs
from auditor.tails import Sealer

PREFIX = "logs/aws/trails/"
"""logs/aws/trails/<bucket>/<key of the object>: its "Records", without what may be secret."""
_LATE = timedelta(days=1)
"""Folders are named by the day of delivery; what happened at midnight stands in the next."""
_PACKED, _UNPACKED = 64 << 20, 512 << 20
"""Bytes of one object. CloudTrail's own end at some 50 MB unpacked."""
_GZIP_WINDOW = 31


@dataclass(frozen=True, slots=True)
class _Object:
    place: Place
    clients: Clients = field(repr=False)
    key: str
    size: int

    @property
    def day(self) -> str:
        """Return the day of its delivery, as its folder has it."""
        return "/".join(self.key.split("/")[-4:-1])

    @property
    def document(self) -> str:
        """Return the name of its document."""
        return f"{PREFIX}{self.place.bucket}/{self.key}"


def collect(
    settings: Settings,
    sought: Sought,
    collecting: Collecting,
    entered: Mapping[str, Clients],
) -> None:
    """Read the objects of the trails that record these names' accounts into the snapshot."""
    run(
        (job for pair in entered.items() for job in log_jobs(*pair) if job.key.endswith("trails")),
        "reading CloudTrail trails", settings, collecting,
    )  # fmt: skip
    found: list[_Object] = []
    listed: dict[Place, dict[str, Any]] = {}
    named = places(sought.names, entered, settings, collecting)
    for place in sorted(named, key=lambda one: one.key):
        listed[place], objects = _list(place, entered, sought, settings.trail_objects)
        found += objects
    todo, left = _bounded(found, settings)
    _tell(collecting, listed, todo)
    for place, failed in _download(todo, settings, collecting).items():
        listed[place]["Failed"] = failed
    for one in left:
        listed[one.place] |= {"Left": listed[one.place].get("Left", 0) + 1}
        listed[one.place]["LeftUntil"] = max(one.day, listed[one.place].get("LeftUntil", ""))
    for place, document in listed.items():
        collecting.snapshot.save(place.key, document)


# --- what is there ---------------------------------------------------------------------------


def _list(
    place: Place, entered: Mapping[str, Clients], sought: Sought, most: int
) -> tuple[dict[str, Any], list[_Object]]:
    """Return what is in a place, as the first account sees it that may: its own, else another."""
    refused: dict[str, Any] = {}
    for account in sorted(entered, key=lambda one: one != place.account):
        objects: list[_Object] = []
        fill = partial(_fill, place, entered[account], sought, most, objects)
        document = read(fill) | _facts(place)
        if is_complete(document):
            return document, objects
        refused = refused or document
    return refused or _facts(place), []


def _facts(place: Place) -> dict[str, Any]:
    return {
        "Bucket": place.bucket, "Folder": place.folder, "Account": place.account,
        "Trail": place.trail, "KmsKeyId": place.kms, "Partition": place.partition,
    }  # fmt: skip


def _fill(
    place: Place,
    clients: Clients,
    sought: Sought,
    most: int,
    objects: list[_Object],
    document: dict[str, Any],
) -> None:
    """List every region; of each no more than may be read is held, the newest, which come last."""
    s3 = clients.other("s3")
    organizations = _below(s3, place.bucket, f"{place.folder}o-")
    homes = [f"{base}{place.account}/CloudTrail/" for base in (place.folder, *organizations)]
    regions = [region for home in homes for region in _below(s3, place.bucket, home)]
    last = f"{sought.until + _LATE:%Y/%m/%d}"
    days: list[str] = []
    count, gone = 0, ""
    for region in regions:
        recent: deque[_Object] = deque(maxlen=max(most, 1))
        start = f"{region}{sought.since:%Y/%m/%d}"
        listing = partial(s3.list_objects_v2, Bucket=place.bucket, Prefix=region, StartAfter=start)
        for page in pages(listing, "ContinuationToken", "NextContinuationToken"):
            found = [
                _Object(place, clients, one["Key"], one["Size"])
                for one in page.get("Contents", ())
                if one["Key"].endswith((".json.gz", ".json"))
            ]
            mine = [one for one in found if one.day <= last]
            for one in mine:
                if len(recent) == recent.maxlen:
                    gone = max(gone, recent[0].day)
                recent.append(one)
            count += len(mine)
            days += [one.day for one in mine[:1] + mine[-1:]]
            if len(mine) < len(found):
                break
        objects += recent
    document |= {"Objects": count, "First": min(days, default=""), "Last": max(days, default="")}
    if left := count - len(objects):
        document |= {"Left": left, "LeftUntil": gone}
    document["Regions"] = [region.rstrip("/").rpartition("/")[2] for region in regions]


def _below(s3: Any, bucket: str, prefix: str) -> list[str]:
    """Return the folders that begin so."""
    listing = partial(s3.list_objects_v2, Bucket=bucket, Prefix=prefix, Delimiter="/")
    return [
        one["Prefix"]
        for page in pages(listing, "ContinuationToken", "NextContinuationToken")
        for one in page.get("CommonPrefixes", ())
    ]


def _bounded(
    found: Sequence[_Object], settings: Settings
) -> tuple[Sequence[_Object], Sequence[_Object]]:
    """Return what is within the limits, newest first, and the rest."""
    newest = sorted(found, key=lambda one: (one.day, one.key), reverse=True)
    size, most = 0, settings.trail_megabytes << 20
    for number, one in enumerate(newest):
        size += one.size
        if number >= settings.trail_objects or size > most:
            return newest[:number], newest[number:]
    return newest, ()


def _tell(
    collecting: Collecting, listed: Mapping[Place, Mapping[str, Any]], todo: Sequence[_Object]
) -> None:
    full = {place: document for place, document in listed.items() if document.get("Objects")}
    for bucket in sorted({place.bucket for place in full}):
        here = [document for place, document in full.items() if place.bucket == bucket]
        mine = [one for one in todo if one.place.bucket == bucket]
        size = sum(one.size for one in mine) / (1 << 20)
        first, last = min(one["First"] for one in here), max(one["Last"] for one in here)
        count = sum(one["Objects"] for one in here)
        collecting.progress.note(
            f"CloudTrail in bucket {bucket}: {count:,} objects of {first} to {last};"
            f" {len(mine):,} of them, {size:,.1f} MB, are read"
        )


# --- reading ---------------------------------------------------------------------------------


def _download(
    todo: Sequence[_Object], settings: Settings, collecting: Collecting
) -> dict[Place, list[dict[str, Any]]]:
    """Read objects side by side into the snapshot; return which failed, and why, by place."""
    snapshot, progress = collecting.snapshot, collecting.progress
    done = set(snapshot.keys(PREFIX))
    todo = [one for one in todo if one.document not in done]
    progress.start("reading CloudTrail objects", len(todo))
    failed: dict[Place, list[dict[str, Any]]] = {}

    def fetch(one: _Object) -> dict[str, Any]:
        document = read(partial(_object, one, collecting.sealer))
        if is_complete(document):
            snapshot.save(one.document, document)
            return {}
        return {"Key": one.key, "error": document["error"], "message": text(document, "message")}

    with ThreadPoolExecutor(settings.parallel) as pool:
        for one, trouble in zip(todo, pool.map(fetch, todo), strict=True):
            progress.advance()
            if trouble:
                failed.setdefault(one.place, []).append(trouble)
    return failed


def _object(one: _Object, sealer: Sealer, document: dict[str, Any]) -> None:
    if one.size > _PACKED:
        document |= {"error": LIMIT, "message": f"an object of more than {_PACKED >> 20} MB"}
        return
    body = one.clients.other("s3").get_object(Bucket=one.place.bucket, Key=one.key)["Body"].read()
    records = nesting.loads(_unpacked(body))["Records"]
    document["Records"] = [sealed(chosen(record), sealer) for record in records]


def _unpacked(body: bytes) -> bytes:
    """Return an object's content. ValueError for one that is too long or cut off."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    content = unpacker.decompress(body, _UNPACKED)
    if not unpacker.eof:
        raise ValueError("gzip that is cut off, or unpacks to more than any object of a trail")
    return content
