"""The fast way through a CloudTrail object keeps, counts and sketches what the slow way does."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from readings import SEALER

from auditor.hunts.ledger import FileRead
from auditor.hunts.wanted import wanted
from auditor.hunts.worker import Order, Reader, Task

USER = "arn:aws:iam::123456789012:user/ci-deploy"
ROLE = "arn:aws:iam::123456789012:role/deploy"
WANTED = ("AKIAIOSFODNN7EXAMPLE", USER, ROLE)
KEYS = (
    "AKIAIOSFODNN7EXAMPLE", "akiaiosfodnn7example", "AKIAIOSFODNN7EXAMPLF", "AKIAOTHERSKEY0000000",
    "ASIAOTHERSKEY0000001", "ASIAOTHERSKEY0000002", "ASIA\t\n", "", None,
)  # fmt: skip
ARNS = (
    USER, USER.upper(), "arn:aws:iam::123456789012:user/else", "", None,
    "arn:aws:sts::123456789012:assumed-role/deploy/job", "arn:aws:iam::1:role/" + "a1" * 20,
)  # fmt: skip
TIMES = ("2023-01-01T00:00:00Z", "2023-01-01T00:00:00.5Z", "2023-06-01T10:00:00Z", "1999-13-01T")

contexts: st.SearchStrategy[Any] = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "sessionIssuer": st.sampled_from(
            [{}, {"arn": ROLE, "type": "Role"}, {"arn": ROLE + "/other"}, {"userName": "x"}]
        ),
        "ec2RoleDelivery": st.sampled_from(["1.0", "2.0", None]),
        "attributes": st.sampled_from([{"creationDate": "2023"}, None, [], "x"]),
    },
)
identities = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["IAMUser", "AssumedRole", None]),
        "arn": st.sampled_from(ARNS),
        "accessKeyId": st.sampled_from(KEYS),
        "accountId": st.sampled_from(["123456789012", None]),
        "sessionContext": contexts,
    },
)
issued = {"credentials": {"accessKeyId": "ASIAOTHERSKEY0000002", "sessionToken": "secret"}}
records: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "eventName": st.sampled_from(["GetObject", "AssumeRole", "ListBuckets"]),
        "eventSource": st.sampled_from(["s3.amazonaws.com", "sts.amazonaws.com", ""]),
        "eventTime": st.sampled_from(TIMES[:3]),
        "eventID": st.integers(0, 3).map(str),
    },
    optional={
        "userIdentity": identities,
        "sourceIPAddress": st.sampled_from(["192.0.2.1", "ec2.amazonaws.com", "", None]),
        "userAgent": st.sampled_from(["aws-cli/2", "[aws-cli/2]", "", None]),
        "requestParameters": st.sampled_from([None, {"userName": "x", "key": 1}, [], "x", 7]),
        "responseElements": st.sampled_from([None, issued, [], {"credentials": "x"}]),
        "errorCode": st.sampled_from(["AccessDenied", None]),
        "readOnly": st.booleans(),
    },
)


def reading(content: bytes, *, everybody: bool) -> tuple[FileRead, dict[str, list[Any]]]:
    """Return what a worker makes of one file: its entry, and the lines of its parts."""
    with tempfile.TemporaryDirectory() as folder:
        path, parts = Path(folder, "log.json.gz"), Path(folder, "parts")
        parts.mkdir()
        path.write_bytes(gzip.compress(content, 1))
        asked = None if everybody else wanted(WANTED, SEALER)
        order = Order("cloudtrail", asked, "", "~", "2030", SEALER, parts)
        (entry,) = Reader(order).run(Task(0, ((str(path), "log.json.gz", 1),)))
        kinds = ("events", "sessions", "traded", "others")
        return entry, {kind: _lines(parts.glob(f"{kind}-*.ndjson")) for kind in kinds}


def _lines(parts: Iterable[Path]) -> list[Any]:
    lines = [line for part in parts for line in part.read_bytes().splitlines()]
    told = (json.loads(line) for line in lines)
    return sorted(({**line, "path": "wherever it is"} for line in told), key=str)


@settings(max_examples=150, deadline=None)
@given(st.lists(records, min_size=1, max_size=30), st.booleans())
def test_a_whole_object_and_its_lines_come_to_the_same(
    rows: list[dict[str, Any]], everybody: bool
) -> None:
    fast, kept = reading(msgspec.json.encode({"Records": rows}), everybody=everybody)
    slow, lines = reading(b"\n".join(map(msgspec.json.encode, rows)), everybody=everybody)
    fast.unpacked = slow.unpacked = 0
    assert fast == slow
    assert kept == lines
    assert fast.records == len(rows) == fast.events + fast.others


def test_both_ways_are_taken() -> None:
    row = {"eventName": "x", "eventSource": "s3.amazonaws.com", "eventTime": TIMES[0]}
    rows = [row | {"userIdentity": {"arn": arn}} for arn in (USER, "arn:aws:iam::1:user/else")]
    entry, parts = reading(msgspec.json.encode({"Records": rows}), everybody=False)
    assert (entry.events, entry.others) == (1, 1)
    assert [line["actors"] for line in parts["others"]] == [["arn:aws:iam::1:user/else"]]
