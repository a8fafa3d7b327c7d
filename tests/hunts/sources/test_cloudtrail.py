"""CloudTrail in every container, its sessions followed, its quirks known."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cloudtrail_records import KEY, ROLE, SESSION, USER, assumed, call, session_of
from readings import SAMPLES, SEALER, Read, needs_samples

from auditor.hunts.events import credential_name
from auditor.hunts.ledger import State

RECORDS = [call("1"), call("2", "GetCallerIdentity")]


def looked_up(record: dict[str, Any]) -> dict[str, Any]:
    return {"EventId": record["eventID"], "CloudTrailEvent": json.dumps(record)}


def pushed(record: dict[str, Any]) -> dict[str, Any]:
    return {"message": {"data": base64.b64encode(json.dumps(record).encode()).decode()}}


def lines(*values: Any) -> str:
    return "\n".join(json.dumps(value) for value in values) + "\n"


CONTAINERS: dict[str, Callable[[], str]] = {
    "S3 object": lambda: json.dumps({"Records": RECORDS}),
    "pretty S3 object": lambda: json.dumps({"Records": RECORDS}, indent=2),
    "list": lambda: json.dumps(RECORDS),
    "lines": lambda: lines(*RECORDS),
    "lines with blanks and Windows ends": lambda: lines(*RECORDS).replace("\n", "\r\n\r\n"),
    "pretty documents in a row": lambda: "\n".join(json.dumps(r, indent=1) for r in RECORDS),
    "LookupEvents": lambda: json.dumps({"Events": [looked_up(r) for r in RECORDS]}),
    "LookupEvents lines": lambda: lines(*(looked_up(r) for r in RECORDS)),
    "EventBridge": lambda: lines(*({"detail-type": "API", "detail": r} for r in RECORDS)),
    "CloudWatch": lambda: json.dumps(
        {"logEvents": [{"id": "1", "message": json.dumps(r)} for r in RECORDS]}
    ),
    "Pub/Sub": lambda: lines(*(pushed(r) for r in RECORDS)),
    "byte order mark": lambda: "\ufeff" + json.dumps({"Records": RECORDS}),
    "line of S3 objects": lambda: lines(*({"Records": [r]} for r in RECORDS)),
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("form", CONTAINERS)
def test_every_container_gives_the_same_events(
    form: str, packed: bool, logs: Path, read: Read
) -> None:
    content = CONTAINERS[form]().encode()
    (logs / "log").write_bytes(gzip.compress(content) if packed else content)
    reading = read(source="cloudtrail")
    assert reading.ledger.complete, reading.ledger.troubled
    assert reading.ledger.total("records") == reading.ledger.stored == 2
    assert reading.rows("SELECT action FROM events ORDER BY event_uid") == [
        ("ListBuckets",),
        ("GetCallerIdentity",),
    ]


def test_an_event_has_every_column(logs: Path, read: Read) -> None:
    record = call("1", errorCode="AccessDenied", errorMessage=f"no, {KEY}: token AKIA only")
    (logs / "log").write_text(json.dumps({"Records": [record]}))
    assert read().rows(
        "SELECT time::VARCHAR, actor_uid, actor_name, actor_type, credential_uid, operation, "
        "service, resource, outcome, error_code, error_message, src_ip, src_name, user_agent, "
        "account_uid, region, read_only, position, file FROM events"
    ) == [
        (
            "2023-01-02 03:04:05", USER, "ci", "IAMUser", credential_name(KEY, SEALER),
            "s3:ListBuckets", "s3.amazonaws.com", "artifacts", "denied", "AccessDenied",
            "no, AKIAIOSFODNN7EXA****: token AKIA only", "198.51.100.7", None,
            "aws-cli/2.9.1 Python/3.9", "111122223333", "us-east-1", True, 1, "log",
        )
    ]  # fmt: skip


def test_nothing_secret_is_kept_of_a_request(logs: Path, read: Read) -> None:
    (logs / "log").write_text(json.dumps({"Records": [call("1"), assumed("2", SESSION)]}))
    reading = read()
    details = [json.loads(text) for (text,) in reading.rows("SELECT details FROM events")]
    assert details[0]["requestParameters.bucketName"] == "artifacts"
    kept = b"".join(path.read_bytes() for path in reading.folder.rglob("*") if path.is_file())
    everything = str(reading.rows("FROM events")).encode() + kept
    for secret in (b"never kept", b"SECRETTOKEN", KEY.encode(), SESSION.encode()):
        assert secret not in everything


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [
        ({}, "success"),
        ({"errorCode": "Client.UnauthorizedOperation"}, "denied"),
        ({"errorCode": "VpceAccessDenied"}, "denied"),
        ({"errorCode": "KMS.AccessDeniedException"}, "denied"),
        ({"errorCode": "ThrottlingException"}, "failure"),
        ({"errorCode": "NoSuchBucket"}, "failure"),
        ({"responseElements": {"ConsoleLogin": "Failure"}}, "failure"),
        ({"responseElements": {"ConsoleLogin": "Success"}}, "success"),
    ],
)
def test_outcomes(fields: dict[str, Any], outcome: str, logs: Path, read: Read) -> None:
    (logs / "log").write_text(json.dumps([call("1", **fields)]))
    assert read().rows("SELECT outcome FROM events") == [(outcome,)]


@pytest.mark.parametrize("name", [KEY, USER, USER.upper(), credential_name(KEY, SEALER)])
def test_only_what_was_asked_for_is_kept_and_the_rest_is_counted(
    name: str, logs: Path, read: Read
) -> None:
    other = call("3", userIdentity={"type": "AWSService", "invokedBy": "ec2.amazonaws.com"})
    (logs / "log").write_text(json.dumps({"Records": [call("1"), other, other]}))
    reading = read(names=[name])
    assert reading.ledger.total("events") == 1
    assert reading.ledger.total("others") == 2
    assert reading.rows("SELECT event_uid FROM events") == [("1",)]
    assert reading.rows("SELECT * EXCLUDE (since, until) FROM others WHERE kind = 'src'") == [
        ("aws", "src", "198.51.100.7", 1)
    ]


def test_sessions_are_followed_from_key_to_key(logs: Path, read: Read) -> None:
    second = "ASIASECONDKEYEXAMPLE"
    chain = [
        call("use 2", userIdentity=session_of(second), eventTime="2023-01-02T05:00:00Z"),
        call("use 1", userIdentity=session_of(SESSION)),
        assumed("second", second, userIdentity=session_of(SESSION)),
        assumed("first", SESSION),
        call("stranger", userIdentity=session_of("ASIASTRANGEREXAMPLEX")),
        call("machine", userIdentity=session_of("ASIAMACHINESEXAMPLEX")),
    ]
    for number, record in enumerate(chain):  # each in a file of its own, the use before the issue
        (logs / f"{number}.json").write_text(json.dumps({"Records": [record]}))
    reading = read(names=[KEY])
    assert reading.ledger.total("followed") == 3
    root = credential_name(KEY, SEALER)
    assert reading.rows("SELECT event_uid, session_of FROM events ORDER BY ALL") == [
        ("first", None),
        ("second", root),
        ("use 1", root),
        ("use 2", root),
    ]


def test_a_circle_of_sessions_ends(logs: Path, read: Read) -> None:
    one, two = "ASIAONEKEYINTHECIRCL", "ASIATWOKEYINTHECIRCL"
    circle = [
        assumed("0", one),
        assumed("1", two, userIdentity=session_of(one)),
        assumed("2", one, userIdentity=session_of(two)),
    ]
    (logs / "log").write_text(json.dumps(circle))
    assert read(names=[KEY]).ledger.stored == 3


def test_a_role_asked_for_brings_its_sessions(logs: Path, read: Read) -> None:
    (logs / "log").write_text(json.dumps([call("1"), call("2", userIdentity=session_of(SESSION))]))
    assert read(names=[ROLE]).rows("SELECT event_uid, actor_uid FROM events") == [("2", ROLE)]


def test_duplicates_of_two_trails_are_one_event(logs: Path, read: Read) -> None:
    for name in ("a", "b"):
        (logs / name).write_text(json.dumps({"Records": RECORDS}))
    reading = read()
    assert reading.ledger.total("events") == 4
    assert reading.ledger.stored == 2


def test_what_is_no_address_is_a_name(logs: Path, read: Read) -> None:
    (logs / "log").write_text(json.dumps([call("1", sourceIPAddress="AWS Internal")]))
    assert read().rows("SELECT src_ip, src_name FROM events") == [(None, "AWS Internal")]


def test_digests_and_insights_are_skipped_by_their_folder(logs: Path, read: Read) -> None:
    for kind in ("CloudTrail", "CloudTrail-Digest", "CloudTrail-Insight"):
        folder = logs / "AWSLogs" / "o-abc" / "111122223333" / kind / "us-east-1" / "2023"
        folder.mkdir(parents=True)
        (folder / "x.json.gz").write_bytes(gzip.compress(json.dumps({"Records": []}).encode()))
    ledger = read().ledger
    assert ledger.files_in(State.SKIPPED) == 2
    assert ledger.complete


@needs_samples
def test_real_logs_are_read_to_the_last_record(read: Read) -> None:
    reading = read(SAMPLES / "cloudtrail", source="cloudtrail")
    assert reading.ledger.complete, reading.ledger.troubled
    assert reading.ledger.share == 1.0
    assert reading.ledger.total("records") >= 2900 + 310 + 300 + 6
    assert reading.rows("SELECT count(*) FROM events WHERE time IS NULL OR action IS NULL") == [
        (0,)
    ]
