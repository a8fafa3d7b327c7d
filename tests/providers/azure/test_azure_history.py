"""Logs of a tenant through Microsoft's own clients, from the demo's server."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from auditor.collecting import Collecting, Silent, Sought
from auditor.demo import azure_tenant, invent
from auditor.demo.azure import AzureCloud
from auditor.demo.faults import Faults
from auditor.demo.loopback import Loopback
from auditor.demo.wire import Recording
from auditor.hunts.opening import opened
from auditor.hunts.reading import read_logs
from auditor.hunts.uses import last_uses
from auditor.hunts.wanted import Window
from auditor.models import Gap
from auditor.providers import LogCollector
from auditor.providers.azure import PROVIDER, history
from auditor.runs import SnapshotFolder
from auditor.tails import KEY_LENGTH, Sealer

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SINCE = datetime(2026, 11, 19, tzinfo=UTC)
LOGIN = azure_tenant.login("auditor")
DEPLOY = invent.identifier("azure-principal", "ci-deploy")
SEALER = Sealer(b"k" * KEY_LENGTH)


@dataclass
class Lab:
    """A running tenant, and a run that its logs are read into."""

    settings: Any
    faults: Faults
    recording: Recording
    folder: Path

    def read(self, *names: str, most_pages: int = 100) -> tuple[Gap, ...]:
        snapshot = SnapshotFolder(self.folder / "snapshot")
        collecting = Collecting(snapshot, SEALER, Silent(), NOW)
        before = len(self.recording)
        prefix = history.collect(
            self.settings, Sought(names or [DEPLOY], SINCE, NOW), collecting, 0, most_pages
        )
        assert prefix == history.PREFIX
        lines = [json.loads(line) for line in self.recording.lines()[before:]]
        self.asked = [one["path"] for one in lines if one["method"] == "GET"]
        return PROVIDER.log_gaps(snapshot)

    def days(self, log: str) -> int:
        return sum(log in path for path in self.asked)

    def texts(self) -> str:
        snapshot = SnapshotFolder(self.folder / "snapshot")
        return json.dumps([snapshot.load(key) for key in snapshot.keys("logs/")])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("azure")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    cloud, faults, recording = AzureCloud(azure_tenant.load(), LOGIN.client), Faults(), Recording()
    server = Loopback("azure", cloud, context, faults, recording)
    cloud.url = server.url
    server.start()
    url, ca = server.url, str(folder / "ca.pem")
    settings = PROVIDER.settings(authority=url, arm=url, graph=url, retries=1, ca_bundle=ca)
    yield Lab(settings, faults, recording, folder)
    server.stop()


@pytest.fixture
def lab(running: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    monkeypatch.setenv("AZURE_CLIENT_ID", LOGIN.client)
    monkeypatch.setenv("AZURE_CLIENT_SECRET", LOGIN.secret)
    monkeypatch.setenv("AZURE_TENANT_ID", LOGIN.tenant)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running.folder = tmp_path
    yield running
    running.faults.clear()


def test_three_logs_are_read_day_by_day_and_once(lab: Lab) -> None:
    assert isinstance(PROVIDER, LogCollector)
    assert lab.read() == ()
    assert lab.days("signIns") == lab.days("directoryAudits") == 7
    assert lab.days("eventtypes") == 14  # two subscriptions
    assert all("servicePrincipal" in path for path in lab.asked if "signIns" in path)
    ledger = read_logs(
        [lab.folder / "snapshot" / "logs"], "azure", None, lab.folder, SEALER, Window(), Silent(),
        now=NOW,
    )  # fmt: skip
    assert ledger.complete, ledger.troubled
    assert ledger.stored == 6
    assert "whatever somebody typed" not in lab.texts()
    lab.read()
    assert lab.days("signIns") == 2  # yesterday and today: events may still come
    assert lab.days("eventtypes") == 4


def test_sign_ins_that_a_hunt_read_are_uses_of_the_secret_that_graph_lists(lab: Lab) -> None:
    lab.read()
    logs = lab.folder / "snapshot" / "logs"
    read_logs([logs], "azure", None, lab.folder, SEALER, Window(), Silent(), now=NOW)
    key = invent.identifier("azure-key", "ci-deploy", "0")
    with opened(lab.folder) as events:
        (use,) = [one for one in last_uses(events) if one.is_of("azure", key)]
    assert (use.last.day, use.src_ip) == (22, "203.0.113.77")
    assert use.log == "azure:signins"


@pytest.mark.parametrize(
    ("path", "what", "permission"),
    [
        ("*signIns*", "sign-ins of service principals", "AuditLog.Read.All"),
        ("*directoryAudits*", "audit log of the directory", "AuditLog.Read.All"),
        ("*eventtypes*", "activity log", "Microsoft.Insights/eventtypes/values/read"),
    ],
)
def test_a_log_that_is_refused_is_one_gap(lab: Lab, path: str, what: str, permission: str) -> None:
    lab.faults.deny(path)
    [gap] = lab.read()
    assert what in gap.what
    assert permission in gap.fix


def test_days_of_one_refusal_are_read_again(lab: Lab) -> None:
    lab.faults.deny("*signIns*")
    lab.read()
    lab.faults.clear()
    assert lab.read() == ()
    assert lab.days("signIns") == 7


def test_subscriptions_that_are_not_told_are_a_gap(lab: Lab) -> None:
    lab.faults.deny("/subscriptions?*")
    lab.faults.deny("/subscriptions")
    [gap] = lab.read()
    assert "activity logs of Azure subscriptions" in gap.what


def test_a_day_is_bounded(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.demo.azure._PAGE", 1)
    monkeypatch.setattr("auditor.demo.azure.within", lambda items, _: [*items, *items, *items])
    gaps = lab.read(most_pages=2)
    assert any("only the first pages" in gap.why for gap in gaps)


def test_names_of_others_ask_nothing(lab: Lab) -> None:
    assert lab.read("arn:aws:iam::123456789012:user/ci", "octocat") == ()
    assert lab.asked == []
