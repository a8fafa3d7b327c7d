"""Objects of CloudTrail's trails, read from S3 through boto3 itself into the reader of folders."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aws_door import DEV, PROD, Door, deny, once, refuse, session_of, settings_for
from cloudtrail_records import KEY, SESSION, assumed, call
from cloudtrail_records import session_of as used_by

from auditor.collecting import Collecting, Sought
from auditor.hunts.reading import read_logs
from auditor.hunts.wanted import Window, wanted
from auditor.providers.aws import trail_gaps, trail_objects, trail_places
from auditor.providers.aws.collect import enter_all
from auditor.runs import SnapshotFolder
from auditor.tails import Sealer

NOW = datetime(2023, 1, 10, tzinfo=UTC)
SINCE = datetime(2023, 1, 1, tzinfo=UTC)
SEALER = Sealer(b"k" * 32)
BUCKET = "acme-trails"
USER = f"arn:aws:iam::{PROD}:user/ci"
Put = Callable[..., str]


class Told:
    """A progress that remembers what it was told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def start(self, step: str, total: int | None = None) -> None: ...

    def advance(self, amount: int = 1) -> None: ...

    def note(self, message: str) -> None:
        self.notes.append(message)


def mine(uid: str, **fields: Any) -> dict[str, Any]:
    return json.loads(json.dumps(call(uid, **fields)).replace("111122223333", PROD))  # type: ignore[no-any-return]


@pytest.fixture
def put(door: Door) -> Iterator[Put]:
    """What leaves an object of a day in the bucket, of a trail that PROD has."""
    session = session_of(door, PROD)
    s3 = session.client("s3", endpoint_url=door.url)
    s3.create_bucket(Bucket=BUCKET)
    trails = session.client("cloudtrail", endpoint_url=door.url)
    trails.create_trail(Name="everything", S3BucketName=BUCKET, S3KeyPrefix="ct")

    def put(day: str, *records: Any, region: str = "us-east-1", root: str = f"ct/AWSLogs/{PROD}",
            kind: str = "CloudTrail", body: bytes = b"") -> str:  # fmt: skip
        name = f"{PROD}_{kind}_{region}_{day.replace('/', '')}T2359Z_{len(records)}.json.gz"
        key = f"{root}/{kind}/{region}/{day}/{name}"
        content = gzip.compress(json.dumps({"Records": records}).encode(), mtime=0)
        s3.put_object(Bucket=BUCKET, Key=key, Body=body or content)
        return key

    yield put
    door.open()


def collected(
    door: Door, folder: Path, *names: str, accounts: tuple[str, ...] = (PROD,), **limits: Any
) -> tuple[SnapshotFolder, list[str]]:
    snapshot, told = SnapshotFolder(folder / "snapshot"), Told()
    collecting = Collecting(snapshot, SEALER, told, NOW)
    settings = settings_for(door, *accounts, **limits)
    entered = dict(enter_all(settings, collecting))
    trail_objects.collect(settings, Sought(names or (USER,), SINCE, NOW), collecting, entered)
    return snapshot, told.notes


def read_ids(folder: Path) -> set[str]:
    return {path.name for path in (folder / "snapshot" / "logs").rglob("*.json.gz")}


def test_the_days_of_the_hunt_are_read_in_every_region(
    door: Door, put: Put, tmp_path: Path
) -> None:
    put("2022/12/31", mine("before"))
    put("2023/01/01", mine("a"), mine("b"))
    put("2023/01/11", mine("late"), region="eu-west-1")
    put("2023/01/12", mine("after"), region="eu-west-1")
    put("2023/01/05", mine("digest"), kind="CloudTrail-Digest")
    put("2023/01/05", mine("insight"), kind="CloudTrail-Insight")
    put("2023/01/05", mine("other"), root=f"ct/AWSLogs/{DEV}")
    put("2023/01/06", mine("c"), root=f"ct/AWSLogs/o-acme/{PROD}")
    snapshot, notes = collected(door, tmp_path)
    assert trail_gaps.gaps_of(snapshot) == ()
    (note,) = notes
    assert "3 objects of 2023/01/01 to 2023/01/11; 3 of them, 0.0 MB, are read" in note
    ledger = read_logs(
        [tmp_path / "snapshot" / "logs"], "cloudtrail", wanted([USER], SEALER),
        tmp_path / "run", SEALER, Window(), told := Told(), now=NOW,
    )  # fmt: skip
    assert not told.notes
    assert (ledger.complete, ledger.stored) == (True, 4)


def test_the_calls_are_those_that_the_policy_allows(door: Door, put: Put, tmp_path: Path) -> None:
    put("2023/01/05", mine("a"))
    door.open()
    collected(door, tmp_path)
    assert door.actions >= {"s3:ListBucket", "s3:GetObject", "cloudtrail:DescribeTrails"}
    assert {one for one in door.actions if one.startswith("s3:")} == {
        "s3:ListBucket", "s3:GetObject", "s3:ListAllMyBuckets", "s3:GetLifecycleConfiguration",
    }  # fmt: skip
    assert all("AWSLogs" in name for name, _ in door.calls if "prefix=" in name)


def test_nothing_secret_is_written(door: Door, put: Put, tmp_path: Path) -> None:
    put("2023/01/05", mine("a"), assumed("b", SESSION), mine("c", userIdentity=used_by(SESSION)),
        mine("d", errorMessage=f"User with {KEY} is not allowed"))  # fmt: skip
    snapshot, _ = collected(door, tmp_path)
    everything = json.dumps([snapshot.load(key) for key in snapshot.keys("")])
    for secret in (KEY, SESSION, "SECRETTOKEN", "never kept"):
        assert secret not in everything
    assert SEALER.key_name(KEY) in everything


def test_a_bucket_that_is_closed_is_a_gap_with_the_grant(
    door: Door, put: Put, tmp_path: Path
) -> None:
    put("2023/01/05", mine("a"))
    door.rule = lambda name, _: refuse("AccessDenied") if "list-type" in name else None
    (gap,) = trail_gaps.gaps_of(collected(door, tmp_path)[0])
    trail = f"CloudTrail trail everything about account {PROD} in bucket {BUCKET}"
    assert gap.what == f"the objects of {trail}"
    assert "AccessDenied" in gap.why
    assert f"s3:ListBucket on arn:aws:s3:::{BUCKET} " in gap.fix
    assert f"s3:GetObject on arn:aws:s3:::{BUCKET}/ct/AWSLogs/*" in gap.fix
    assert "kms:Decrypt" in gap.fix


def test_objects_that_are_refused_or_damaged_are_gaps_and_are_asked_again(
    door: Door, put: Put, tmp_path: Path
) -> None:
    closed = put("2023/01/05", mine("a"))
    broken = put("2023/01/06", body=gzip.compress(b'{"Records": []}')[:-9])
    strange = put("2023/01/07", body=b"<html>")
    put("2023/01/08", mine("a"), mine("b"))
    door.rule = deny(f"GET /{BUCKET}/{closed}")
    snapshot, _ = collected(door, tmp_path)
    found = trail_gaps.gaps_of(snapshot)
    assert all(gap.what.startswith("1 objects of CloudTrail trail everything") for gap in found)
    whys = " ".join(gap.why for gap in found)
    assert all(key in whys for key in (closed, broken, strange))
    door.open()
    snapshot, _ = collected(door, tmp_path)
    assert closed not in " ".join(gap.why for gap in trail_gaps.gaps_of(snapshot))
    assert len(read_ids(tmp_path)) == 2
    fetched = [name for name, _ in door.calls if f"/{BUCKET}/ct" in name]
    assert len(fetched) == 3  # what was read whole is not asked for again


@pytest.mark.parametrize("limits", [{"trail_objects": 2}, {"trail_megabytes": 1}])
def test_a_limit_reads_the_newest_and_says_what_it_leaves_out(
    limits: dict[str, Any], door: Door, put: Put, tmp_path: Path
) -> None:
    for day in ("2023/01/03", "2023/01/04", "2023/01/05"):
        put(day, mine(day), body=json.dumps({"Records": [mine(day)], "x": "x" * 500_000}).encode())
    snapshot, notes = collected(door, tmp_path, **limits)
    assert "3 objects of 2023/01/03 to 2023/01/05; 2 of them" in notes[0]
    (gap,) = trail_gaps.gaps_of(snapshot)
    assert gap.what.startswith("1 objects up to 2023/01/03")
    assert "trail_objects" in gap.why
    assert len(read_ids(tmp_path)) == 2


def test_another_account_may_hold_the_bucket(door: Door, put: Put, tmp_path: Path) -> None:
    put("2023/01/05", mine("a"))
    first = "list-type=2&prefix=ct%2FAWSLogs%2Fo-&delimiter=%2F&encoding-type=url"
    door.rule = once(refuse("AccessDenied"), f"GET /{BUCKET}?{first}")
    snapshot, _ = collected(door, tmp_path, accounts=(PROD, DEV))
    assert len(read_ids(tmp_path)) == 1
    assert trail_gaps.gaps_of(snapshot) == ()


def test_buckets_can_be_named_and_an_empty_one_is_a_gap(
    door: Door, put: Put, tmp_path: Path
) -> None:
    put("2023/01/05", mine("a"), root=f"lake/AWSLogs/{DEV}")
    name = f"arn:aws:iam::{DEV}:user/ci"
    buckets = (f"s3://{BUCKET}/lake/", f"{BUCKET}/no")
    snapshot, _ = collected(door, tmp_path, name, trail_buckets=buckets)
    assert len(read_ids(tmp_path)) == 1
    (gap,) = trail_gaps.gaps_of(snapshot)
    assert gap.why == "no object of the window is there"


def test_nobody_of_the_account_means_nothing_is_listed(
    door: Door, put: Put, tmp_path: Path
) -> None:
    put("2023/01/05", mine("a"))
    snapshot, notes = collected(door, tmp_path, "mona", "ci@acme.iam.gserviceaccount.com")
    assert (notes, list(snapshot.keys(trail_places.LISTED))) == ([], [])
