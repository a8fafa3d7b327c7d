"""Audit logs through Google's own client, from the demo's gRPC server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gcp_estate import SEALER
from google.cloud.audit import audit_log_pb2
from google.cloud.logging_v2 import types

from auditor.collecting import Collecting, Silent, Sought
from auditor.demo import scenario
from auditor.demo.faults import Faults
from auditor.demo.google import GoogleServer
from auditor.demo.google_estate import Google, key_id
from auditor.demo.wire import Recording
from auditor.hunts.reading import read_logs
from auditor.hunts.wanted import Window
from auditor.models import Gap
from auditor.providers import LogCollector
from auditor.providers.gcp import PROVIDER, history
from auditor.providers.gcp.jobs import Pace, pages
from auditor.runs import SnapshotFolder

NOW = datetime(2026, 11, 13, 12, tzinfo=UTC)
SINCE = datetime(2026, 10, 29, tzinfo=UTC)
DEPLOYER = "circleci-deployer@acme-labs-wind-tunnel.iam.gserviceaccount.com"
LEDGER = "ledger-bot@acme-vault-ledger.iam.gserviceaccount.com"
LIST = "/google.logging.v2.LoggingServiceV2/ListLogEntries"
QUICK = Pace(1000, 1_000_000)


class Steps(Silent):
    """Keeps what is told of each step."""

    def __init__(self, steps: list[str]) -> None:
        self._steps = steps

    def start(self, step: str, total: int | None = None) -> None:
        self._steps.append(f"{step}: {total}")


@dataclass
class Lab:
    """The demo's Google Cloud, and a run that its logs are read into."""

    settings: Any
    google: Google
    faults: Faults
    recording: Recording
    folder: Path
    steps: list[str] = field(default_factory=list)

    def read(self, *names: str, most: int = 1000, pace: Pace = QUICK) -> tuple[Gap, ...]:
        snapshot = SnapshotFolder(self.folder / "snapshot")
        collecting = Collecting(snapshot, SEALER, Steps(self.steps), NOW)
        before = len(self.calls())
        prefix = history.collect(self.settings, Sought(names, SINCE, NOW), collecting, pace, most)
        assert prefix == history.PREFIX
        self.asked = self.calls()[before:]
        return PROVIDER.log_gaps(snapshot)

    def calls(self) -> list[str]:
        return [line["path"] for line in self.recording if line["path"].startswith(LIST)]

    def texts(self) -> str:
        snapshot = SnapshotFolder(self.folder / "snapshot")
        return json.dumps([snapshot.load(key) for key in snapshot.keys("")])


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    faults, recording = Faults(), Recording()
    google = Google(scenario.load().google or {})
    server = GoogleServer(google, faults, recording)
    server.start()
    settings = PROVIDER.settings(endpoint=server.url, scopes=(google.organization,), timeout=2)
    yield Lab(settings, google, faults, recording, tmp_path)
    server.stop()


def test_named_accounts_are_found_in_every_project_and_once(lab: Lab) -> None:
    assert isinstance(PROVIDER, LogCollector)
    [gap] = lab.read(DEPLOYER, LEDGER, "arn:aws:iam::123456789012:user/ci")
    assert "data access" in gap.what  # the demo's organisation shows none
    ledger = read_logs(
        [lab.folder / "snapshot" / "logs"], "gcp", None, lab.folder, SEALER, Window(), Silent(),
        now=NOW,
    )  # fmt: skip
    assert ledger.complete, ledger.troubled
    assert ledger.stored == 2
    assert key_id("circleci-deployer@acme-labs-wind-tunnel", 1) not in lab.texts()
    lab.read(DEPLOYER, LEDGER)
    places = [call for call in lab.asked if "," not in call]
    days = [call for call in lab.asked if "," in call]
    assert len(places) == len(set(places))
    assert len(days) == 2  # today and yesterday: entries may still come
    lab.read(DEPLOYER)
    assert len([call for call in lab.asked if "," in call]) == 16  # another question


def test_who_is_not_named_is_not_kept(lab: Lab) -> None:
    lab.read(LEDGER)
    assert LEDGER in lab.texts()
    assert DEPLOYER not in json.dumps(
        [
            document
            for day in SnapshotFolder(lab.folder / "snapshot").keys(f"{history.PREFIX}2026")
            for document in [SnapshotFolder(lab.folder / "snapshot").load(day)]
        ]
    )


def test_a_project_that_refuses_is_a_gap_and_hides_no_other(lab: Lab) -> None:
    refused = f"{LIST}/projects/acme-labs-wind-tunnel"
    lab.faults.deny(refused)
    gaps = lab.read(DEPLOYER, LEDGER)
    assert any(
        "projects/acme-labs-wind-tunnel" in gap.what and "logging.logEntries.list" in gap.fix
        for gap in gaps
    )
    assert '"callerIp": "203.0.113.77"' in lab.texts()
    assert '"callerIp": "34.194.94.201"' not in lab.texts()


def test_without_the_list_of_projects_their_logs_are_not_known(lab: Lab) -> None:
    lab.faults.deny("*/ListAssets/*")
    gaps = lab.read(LEDGER)
    assert any("projects of organizations/" in gap.what for gap in gaps)
    assert '"callerIp": "203.0.113.77"' in lab.texts()  # its own project is known by its name


def test_pages_are_read_to_the_end_and_bounded(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    one = lab.google.uses("projects/acme-vault-ledger")[0]
    many = [{**one, "insertId": str(number)} for number in range(12)]
    monkeypatch.setattr(lab.google, "uses", lambda place: many if "ledger" in place else [])
    lab.read(LEDGER)
    assert lab.texts().count('"insertId"') == 12
    gaps = lab.read(DEPLOYER, LEDGER, most=10)
    assert any("only the latest 10 entries" in gap.why for gap in gaps)


def test_calls_are_paced(lab: Lab) -> None:
    slept: list[float] = []
    lab.read(LEDGER, pace=Pace(5, 1_000_000, clock=lambda: 0.0, sleep=slept.append))
    assert len(slept) == (len(lab.asked) - 1) // 5
    assert all(seconds >= 60 for seconds in slept)


def test_a_long_reading_says_how_long(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.read(DEPLOYER)
    days = (NOW - SINCE).days + 1
    assert lab.steps[-1] == f"reading Google Cloud's audit logs: {days}"
    monkeypatch.setattr(history, "PER_MINUTE", days // 3)
    lab.read(LEDGER)
    assert lab.steps[-1].startswith("reading Google Cloud's audit logs, which takes 3 minutes")


def test_nobody_of_google_asks_nothing(lab: Lab) -> None:
    assert lab.read("arn:aws:iam::123456789012:user/ci", "octocat") == ()
    assert lab.asked == []


def test_messages_that_are_not_installed_cost_no_page() -> None:
    audit = audit_log_pb2.AuditLog(method_name="jobservice.insert")
    audit.service_data.type_url = "type.googleapis.com/google.cloud.bigquery.logging.v1.AuditData"
    audit.service_data.value = b"\x0a\x00"
    page = types.ListLogEntriesResponse(entries=[types.LogEntry(insert_id="1")])
    types.ListLogEntriesResponse.pb(page).entries[0].proto_payload.Pack(audit)
    pager = SimpleNamespace(pages=[page])
    [told] = pages(SimpleNamespace(pages=history._paced(lambda: pager, QUICK)))
    assert told["entries"][0]["protoPayload"]["methodName"] == "jobservice.insert"
