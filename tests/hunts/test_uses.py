"""The last use of a credential, as logs name it, is found for the key that a provider lists."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor import hunting, used
from auditor.collecting import Silent
from auditor.hunting import Logs, Order
from auditor.hunts import store
from auditor.hunts.events import Event, Outcome, credential_name
from auditor.hunts.opening import opened
from auditor.hunts.subjects import Subject, Subjects
from auditor.hunts.uses import LastUse, last_uses
from auditor.models import (
    Baseline,
    Capability,
    CapabilityName,
    Hunted,
    Identity,
    Known,
    OldKey,
    Resolution,
    Results,
    RunInfo,
    Severity,
    Usage,
)
from auditor.tails import Sealer

KEY = credential_name("AKIAIOSFODNN7EXAMPLE", Sealer(b"k" * 32))


def event(uid: str, **fields: Any) -> Event:
    plain = {
        "time": "2023-01-01T00:00:00Z",
        "event_uid": uid,
        "platform": "aws",
        "log": "cloudtrail",
        "action": "ListBuckets",
        "operation": "ListBuckets",
        "outcome": Outcome.SUCCESS,
        "file": "a.json",
        "position": 1,
        "credential_uid": KEY,
    }
    return Event(**{**plain, **fields})


def test_the_latest_use_of_a_credential_counts_and_that_of_its_sessions_too(
    tmp_path: Path,
) -> None:
    part = tmp_path / "part.ndjson"
    with part.open("wb") as file:
        store.append(
            file,
            [
                event("1"),
                event(
                    "2",
                    time="2023-01-03T00:00:00Z",
                    credential_uid="ASIAIOSFODNN7EXA****#0a1b2c3d",
                    session_of=KEY,
                    operation="GetObject",
                    src_ip="203.0.113.9",
                ),
                event("3", credential_uid=None),
            ],
        )
    store.write(tmp_path, [part])
    with opened(tmp_path) as events:
        (use,) = last_uses(events)
    assert use.last == datetime(2023, 1, 3, tzinfo=UTC)
    assert (use.src_ip, use.operation, use.log) == ("203.0.113.9", "GetObject", "cloudtrail")
    assert use.is_of("aws", "AKIAIOSFODNN7EXA****")


def test_nobody_hunted_is_no_use(tmp_path: Path) -> None:
    with opened(tmp_path) as events:
        assert list(last_uses(events)) == []


@pytest.mark.parametrize(
    ("platform", "logged", "provider", "label", "same"),
    [
        ("aws", "AKIAIOSFODNN7EXA****#0a1b2c3d", "aws", "AKIAIOSFODNN7EXA****", True),
        ("aws", "AKIAIOSFODNN7EXB****#0a1b2c3d", "aws", "AKIAIOSFODNN7EXA****", False),
        ("gcp", "//iam.googleapis.com/projects/p/serviceAccounts/a/keys/k1", "gcp", "k1", True),
        ("gcp", "//iam.googleapis.com/projects/p/serviceAccounts/a/keys/xk1", "gcp", "k1", False),
        ("azure", "0F3C-AA", "azure", "0f3c-aa", True),
        ("azure", "0f3c-aa", "gcp", "0f3c-aa", False),
        ("github", "", "github", "", False),
    ],
)
def test_how_logs_and_listings_name_one_credential(
    platform: str, logged: str, provider: str, label: str, same: bool
) -> None:
    use = LastUse(platform, logged, datetime(2023, 1, 1, tzinfo=UTC), "", "", "")
    assert use.is_of(provider, label) is same


USER = "arn:aws:iam::123456789012:user/ci"
PROVEN = datetime(2023, 1, 10, tzinfo=UTC)


def trail(folder: Path, *calls: tuple[str, str, str]) -> None:
    """Write a CloudTrail file of calls: when, which, and the error or ""."""
    folder.mkdir()
    records = [
        {
            "eventVersion": "1.08", "eventID": f"e-{number}", "eventTime": when,
            "eventSource": "s3.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
            "sourceIPAddress": "203.0.113.9", "userAgent": "aws-cli/2.9.1",
            "userIdentity": {"type": "IAMUser", "arn": USER, "userName": "ci",
                             "accessKeyId": "AKIAIOSFODNN7EXAMPLE"},
        } | ({"errorCode": error} if error else {})
        for number, (when, name, error) in enumerate(calls)
    ]  # fmt: skip
    (folder / "trail.json").write_text(json.dumps({"Records": records}))


def hunted(tmp_path: Path, *baselines: Baseline) -> Hunted:
    return hunting.hunt(
        Order([Logs(tmp_path / "logs", "cloudtrail")], baselines=baselines),
        Subjects((Subject(USER, frozenset({USER.casefold()}), "aws"),)),
        tmp_path / "run",
        Sealer(b"k" * 32),
        datetime(2023, 2, 1, tzinfo=UTC),
        Silent(),
    )


def baseline(verified: datetime | None, label: str = "AKIAIOSFODNN7EXA****") -> Baseline:
    return Baseline(
        "S-1", "circleci", "c", "prod", "AWS_ACCESS_KEY_ID", Severity.HIGH, PROVEN, None, None,
        None, "", (), verified=verified, retired=(OldKey(USER, "123456789012", "aws", label),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("baselines", "found"),
    [
        ((baseline(PROVEN),), 1),
        ((baseline(PROVEN), baseline(datetime(2023, 1, 12, tzinfo=UTC))), 1),
        ((baseline(datetime(2023, 1, 12, tzinfo=UTC)),), 0),
        ((baseline(None),), 0),
        ((baseline(PROVEN, "AKIAIOSFODNN7EXB****"),), 0),
        ((), 0),
    ],
)
def test_a_credential_that_is_used_after_its_proven_rotation_is_found(
    tmp_path: Path, baselines: tuple[Baseline, ...], found: int
) -> None:
    trail(
        tmp_path / "logs",
        ("2023-01-09T00:00:00Z", "ListBuckets", ""),
        ("2023-01-11T00:00:00Z", "ListBuckets", "InvalidClientTokenId"),
    )
    runs = hunted(tmp_path, *baselines).hunting.hunts
    (hits,) = [one.hits for one in runs if one.title == "Credential used after its rotation"]
    assert hits == found


def test_what_an_identity_called_counts_as_its_use_the_later_time_wins(tmp_path: Path) -> None:
    trail(
        tmp_path / "logs",
        ("2023-01-09T00:00:00Z", "GetObject", ""),
        ("2023-01-11T00:00:00Z", "GetObject", "NoSuchKey"),
        ("2023-01-11T00:00:00Z", "DeleteBucket", "AccessDenied"),
        ("2023-01-05T00:00:00Z", "PutObject", ""),
    )
    old, new = datetime(2022, 12, 1, tzinfo=UTC), datetime(2023, 1, 20, tzinfo=UTC)
    told = (Usage("s3", None, old), Usage("ec2", None, old), Usage("s3:PutObject", new))
    results = Results(
        RunInfo("r", PROVEN, "0", ""), places=(), secrets=(), classifications=(), credentials=(),
        identities=(), matches=(), unmatched=(), assessments=(), coverage=(), gaps=(),
        resolutions=(Resolution(USER, (), (), usage=told), Resolution("other", (), ())),
    )  # fmt: skip
    mine, other = hunting.with_hunt(results, hunted(tmp_path)).resolutions
    assert set(mine.usage) == {
        Usage("s3", datetime(2023, 1, 11, tzinfo=UTC), old),
        Usage("ec2", None, old),
        Usage("s3:PutObject", new),
        Usage("s3:GetObject", datetime(2023, 1, 11, tzinfo=UTC)),
    }
    assert other.usage == ()


# --- which kinds of events the log records ----------------------------------------------------


def days_of(*calls: tuple[str, str, bool], step: int = 5) -> list[tuple[str, str, str, bool]]:
    """Return each call every few days of two months."""
    first = datetime(2022, 11, 15, tzinfo=UTC)
    return [
        ((first + timedelta(days=day)).strftime("%Y-%m-%dT%H:%M:%SZ"), *call)
        for day in range(0, 60, step)
        for call in calls
    ]


def trail_of(folder: Path, calls: list[tuple[str, str, str, bool]], who: str = USER) -> None:
    """Write a trail of calls: when, which, in which region, and whether it reads."""
    folder.mkdir(exist_ok=True)
    records = [
        {
            "eventVersion": "1.08", "eventID": f"{who[-3:]}-{number}", "eventTime": when,
            "eventSource": "iam.amazonaws.com", "eventName": name, "awsRegion": region,
            "sourceIPAddress": "203.0.113.9", "userAgent": "aws-cli/2.9.1", "readOnly": reads,
            "eventCategory": "Management", "managementEvent": True,
            "recipientAccountId": "123456789012",
            "userIdentity": {"type": "IAMUser", "arn": who, "userName": who[-2:]},
        }
        for number, (when, name, region, reads) in enumerate(calls)
    ]  # fmt: skip
    (folder / f"{who[-2:]}.json").write_text(json.dumps({"Records": records}))


OTHER = "arn:aws:iam::123456789012:user/cd"
READS = ("ListUsers", "us-east-1", True)
THERE = ("ListUsers", "eu-west-3", True)
WRITES = ("TagUser", "us-east-1", False)


@pytest.mark.parametrize(
    ("mine", "others", "why"),
    [
        ((READS, THERE), (WRITES,), ""),
        ((READS, THERE), (READS,), "show no writes of anybody in 123456789012, and may record"),
    ],
)
def test_a_trail_of_reads_alone_makes_no_change_look_unused(
    tmp_path: Path, mine: Any, others: Any, why: str
) -> None:
    trail_of(tmp_path / "logs", days_of(*mine))
    trail_of(tmp_path / "logs", days_of(*others), OTHER)
    found = hunting.hunt(
        Order([Logs(tmp_path / "logs", "cloudtrail")]),
        Subjects(tuple(Subject(one, frozenset({one}), "aws") for one in (USER, OTHER))),
        tmp_path / "run",
        Sealer(b"k" * 32),
        datetime(2023, 2, 1, tzinfo=UTC),
        Silent(),
    )
    ci = Identity(USER, "aws", "123456789012", "ci", "user", None, "active", ())
    can = Capability(USER, CapabilityName.ESCALATE, (), ("iam:CreateUser", "iam:TagUser"), ("*",))
    results = Results(
        RunInfo("r", datetime(2023, 2, 1, tzinfo=UTC), "0", ""), places=(), secrets=(),
        classifications=(), credentials=(), identities=(ci,), matches=(), unmatched=(),
        assessments=(), coverage=(), gaps=(), resolutions=(Resolution(USER, (), (can,)),),
    )  # fmt: skip
    told = used.seen(results, found, USER)
    [resolution] = hunting.with_hunt(results, found).resolutions
    assert told is not None
    if why:
        assert why in (told.value.never if isinstance(told, Known) else told.gap.why)
        assert not isinstance(told, Known) or not told.value.unused("iam:CreateUser")
        assert resolution.over_privileged == ()
    else:
        assert isinstance(told, Known)
        assert told.value.unused("iam:CreateUser")
        assert "do not show 1: iam:CreateUser" in resolution.over_privileged[0]


def test_what_refusals_and_stories_show_is_told_apart(tmp_path: Path) -> None:
    trail(
        tmp_path / "logs",
        ("2023-01-09T00:00:00Z", "GetObject", ""),
        ("2023-01-11T00:00:00Z", "DeleteBucket", "AccessDenied"),
    )
    assert {(one.what, one.only) for one in hunted(tmp_path).used} == {
        ("s3:GetObject", ""),
        ("s3:DeleteBucket", "refused"),
    }
