"""The last use of a credential, as logs name it, is found for the key that a provider lists."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.hunts import store
from auditor.hunts.events import Event, Outcome, credential_name
from auditor.hunts.uses import LastUse, last_uses
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
    (use,) = last_uses(tmp_path)
    assert use.last == datetime(2023, 1, 3, tzinfo=UTC)
    assert (use.src_ip, use.operation, use.log) == ("203.0.113.9", "GetObject", "cloudtrail")
    assert use.is_of("aws", "AKIAIOSFODNN7EXA****")


def test_nobody_hunted_is_no_use(tmp_path: Path) -> None:
    assert list(last_uses(tmp_path)) == []


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
