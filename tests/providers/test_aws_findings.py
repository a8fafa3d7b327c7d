"""GuardDuty's findings through boto3 itself, in every region, into the reader of logs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aws_door import DEV, PROD, Answer, Door, refuse, settings_for

from auditor.collecting import Collecting, Silent, Sought
from auditor.hunts.reading import read_logs
from auditor.hunts.wanted import Window, wanted
from auditor.providers.aws import findings
from auditor.providers.aws.collect import enter_all
from auditor.runs import SnapshotFolder
from auditor.tails import Sealer

NOW = datetime(2023, 1, 10, tzinfo=UTC)
SINCE = datetime(2023, 1, 1, tzinfo=UTC)
SEALER = Sealer(b"k" * 32)
KEY = "AKIAIOSFODNN7EXAMPLE"
USER = f"arn:aws:iam::{PROD}:user/bots/ci"
ROLE = f"arn:aws:iam::{PROD}:role/deploy"
REGIONS = (
    "<DescribeRegionsResponse><regionInfo><item><regionName>eu-west-1</regionName></item>"
    "<item><regionName>us-east-1</regionName></item></regionInfo></DescribeRegionsResponse>"
)


def finding(uid: str) -> dict[str, Any]:
    call = {
        "api": "ListBuckets",
        "serviceName": "s3.amazonaws.com",
        "callerType": "Remote IP",
        "remoteIpDetails": {"ipAddressV4": "198.51.100.7", "country": {"countryCode": "PL"}},
    }
    # fmt: off
    return {
        "schemaVersion": "2.0", "accountId": PROD, "region": "us-east-1", "id": uid,
        "type": "UnauthorizedAccess:IAMUser/MaliciousIPCaller.Custom", "severity": 5,
        "createdAt": "2023-01-05T03:00:00.000Z", "updatedAt": "2023-01-05T04:00:00.000Z",
        "title": "API ListBuckets was invoked from a known malicious IP address.",
        "resource": {"resourceType": "AccessKey", "accessKeyDetails": {
            "accessKeyId": KEY, "principalId": "AIDA", "userName": "ci", "userType": "IAMUser"},
            "s3BucketDetails": [{"name": "never kept"}]},
        "service": {"action": {"actionType": "AWS_API_CALL", "awsApiCallAction": call},
                    "eventLastSeen": "2023-01-05T03:30:00Z", "count": 3},
    }
    # fmt: on


class Watch:
    """Answers as GuardDuty with a detector and so many findings; may refuse or be off."""

    def __init__(self, found: int = 2) -> None:
        self.asked: list[dict[str, Any]] = []
        self.found, self.off, self.refused = found, False, False

    def __call__(self, action: str, given: dict[str, str]) -> Answer | None:
        path = action.partition(" ")[2]
        if action == "DescribeRegions":
            return 200, REGIONS
        if not path.startswith("/detector"):
            return None
        if self.refused:
            return refuse("AccessDeniedException")
        if path == "/detector":
            return 200, json.dumps({"detectorIds": [] if self.off else ["d1"]})
        if path.endswith("/findings"):
            ids = [f"f{n}" for n in range(self.found)]
            return 200, json.dumps({"findingIds": ids})
        if path.endswith("/findings/get"):
            return 200, json.dumps({"findings": [finding(f"f{n}") for n in range(self.found)]})
        raise AssertionError(action)


def collected(door: Door, watch: Watch, folder: Path, *names: str) -> SnapshotFolder:
    door.rule = watch
    snapshot = SnapshotFolder(folder / "snapshot")
    collecting = Collecting(snapshot, SEALER, Silent(), NOW)
    settings = settings_for(door, PROD)
    entered = dict(enter_all(settings, collecting))
    findings.collect(settings, Sought(names, SINCE, NOW), collecting, entered)
    return snapshot


def test_findings_about_a_key_are_events_of_its_user(door: Door, tmp_path: Path) -> None:
    snapshot = collected(door, Watch(), tmp_path, USER)
    assert list(findings.gaps_of(snapshot)) == []
    assert list(snapshot.keys(findings.PREFIX)) == [
        f"{findings.PREFIX}{PROD}/{region}" for region in ("eu-west-1", "us-east-1")
    ]
    ledger = read_logs(
        [tmp_path / "snapshot" / "logs"], "cloudtrail", wanted([USER, "ci"], SEALER),
        tmp_path / "run", SEALER, Window(), Silent(), now=NOW,
    )  # fmt: skip
    assert (ledger.complete, ledger.stored) == (True, 2)  # both regions told of the same two
    everything = json.dumps([snapshot.load(key) for key in snapshot.keys("logs/")])
    assert SEALER.key_name(KEY) in everything
    assert KEY not in everything
    assert "never kept" not in everything


def test_the_calls_are_those_that_the_policy_allows(door: Door, tmp_path: Path) -> None:
    collected(door, Watch(), tmp_path, USER)
    asked = {name.partition("?")[0] for name, _ in door.calls if "/detector" in name}
    assert asked == {
        "GET /detector",
        "POST /detector/d1/findings",
        "POST /detector/d1/findings/get",
    }


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((KEY,), [(findings.KEYS, [KEY])]),
        ((USER,), [(findings.USERS, ["ci"])]),
        ((ROLE, KEY), [(findings.KEYS, [KEY]), (findings.USERS, ["deploy"])]),
        ((f"arn:aws:iam::{DEV}:user/ci", "mona"), []),
    ],
)  # fmt: skip
def test_what_is_asked_for(names: tuple[str, ...], expected: list[Any]) -> None:
    assert list(findings.criteria(names, PROD)) == expected


def test_many_names_are_asked_for_in_several_questions() -> None:
    users = [f"arn:aws:iam::{PROD}:user/u{n:03}" for n in range(120)]
    assert [len(values) for _, values in findings.criteria(users, PROD)] == [50, 50, 20]


def test_a_refusal_is_a_gap_with_its_grant(door: Door, tmp_path: Path) -> None:
    watch = Watch()
    watch.refused = True
    (gap,) = findings.gaps_of(collected(door, watch, tmp_path, USER))
    assert "GuardDuty findings of 2 regions (eu-west-1, us-east-1)" in gap.what
    assert "guardduty:ListFindings" in gap.fix


def test_a_region_that_nobody_watches_is_a_gap(door: Door, tmp_path: Path) -> None:
    watch = Watch()
    watch.off = True
    (gap,) = findings.gaps_of(collected(door, watch, tmp_path, USER))
    assert gap.why == "it is switched off in eu-west-1, us-east-1"


def test_nobody_is_asked_about_where_nobody_is_named(door: Door, tmp_path: Path) -> None:
    assert list(collected(door, Watch(), tmp_path, "mona").keys(findings.PREFIX)) == []
