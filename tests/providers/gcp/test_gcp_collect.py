"""The real clients against a gRPC server of their own messages, and what goes wrong there."""

from __future__ import annotations

import json
import re
import socket
import time
import tomllib
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from gcp_estate import NOW, SEALER
from gcp_lab import Lab
from google.api_core.exceptions import ServiceUnavailable
from google.auth.credentials import AnonymousCredentials
from google.cloud import iam_admin_v1

from auditor import calls
from auditor.collecting import Collecting, Memory, Silent
from auditor.demo import scenario
from auditor.demo.faults import Garbage
from auditor.demo.google_estate import key_id
from auditor.models import (
    CapabilityName,
    Confidence,
    Credential,
    Exposure,
    Gap,
    Known,
    Match,
    Part,
    Scope,
    ScopeKind,
    Secret,
)
from auditor.providers.gcp import PROVIDER, collect
from auditor.providers.gcp.channels import transport_of
from auditor.providers.gcp.directory import GcpDirectory
from auditor.providers.gcp.jobs import Pace, Refused
from auditor.providers.gcp.parts import PARTS

DEPLOYER = "circleci-deployer@acme-labs-wind-tunnel.iam.gserviceaccount.com"
LEDGER = "ledger-bot@acme-vault-ledger.iam.gserviceaccount.com"
READER = "archive-publisher@acme-press-archive.iam.gserviceaccount.com"


def names(directory: GcpDirectory, identity: str) -> set[CapabilityName]:
    return {one.name for one in directory.resolve(identity).capabilities}


def gap_about(gaps: tuple[Gap, ...], words: str) -> Gap:
    return next(gap for gap in gaps if words in gap.what)


def test_the_whole_organisation_is_read(lab: Lab) -> None:
    told = lab.audit()
    assert [gap.what for gap in told.gaps] == ["domain-wide delegation of service accounts"]
    assert CapabilityName.ESCALATE in names(told, DEPLOYER)
    way = told.resolve(DEPLOYER).capabilities[0].path[0]
    assert "simulation-runner" in way
    assert "org-automation" in way
    assert names(told, READER) == {CapabilityName.READ_DATA, CapabilityName.READ_CONFIG}
    assert CapabilityName.IMPERSONATE not in names(told, LEDGER)  # the deny policy of its folder
    assert not told.resolve(
        "intern-notebook@acme-press-archive.iam.gserviceaccount.com"
    ).capabilities
    for email in (DEPLOYER, LEDGER, READER):
        assert not told.resolve(email).gaps
        assert told.resolve(email).usage
    assert told.identities[DEPLOYER].keys_complete
    assert len(told.identities[DEPLOYER].keys) == 2  # the one that Google manages is left out
    assert [one.severity.value for one in told.weaknesses] == ["High"]


def test_the_surroundings_are_read(lab: Lab) -> None:
    told = lab.audit()
    logs = {(one.source, one.log): one for one in told.logs}
    data = logs["gcp acme-labs-wind-tunnel", "Data Access audit logs"]
    assert (data.enabled, data.level) == (Known(value=True), "DATA_READ, DATA_WRITE")
    assert data.central == Known(value=True)  # the organisation's sink takes what is below it
    assert "simulation-runner" in data.never
    other = logs["gcp acme-press-archive", "Data Access audit logs"]
    assert other.enabled == Known(value=False)
    ledger = told.resolve(LEDGER)
    assert (
        "2 of the 11979 permissions of roles/editor were used in 90 days" in ledger.over_privileged
    )
    assert {use.what for use in ledger.usage} >= {"any authentication", "compute.instances.create"}


def credential(project: str) -> tuple[Credential, dict[str, Secret]]:
    scope = Scope(ScopeKind.CONTEXT, "c-1", "labs-clouds", "acme")
    everybody = Exposure(Known(True), Known(3), Known(False))
    written = datetime(2022, 10, 3, tzinfo=UTC)
    held = {
        "secret": ("GCLOUD_SERVICE_KEY", "Cg=="),
        "project": ("GOOGLE_PROJECT_ID", project[-4:]),
    }
    secrets = {
        name: Secret(name, "c", "s", scope, name, written, None, SEALER.seal(t), everybody, None)
        for name, t in held.values()
    }
    parts = tuple(Part(part, name) for part, (name, _) in held.items())
    return Credential("C-1", "k", "Google", "gcp", scope, "", parts), secrets


def test_a_log_entry_of_a_ci_address_nearly_proves_the_key(lab: Lab) -> None:
    found = lab.audit().identify(*credential("acme-labs-wind-tunnel"))
    assert isinstance(found, Match)
    assert (found.best.identity_id, found.best.confidence) == (DEPLOYER, Confidence.HIGH)
    assert found.best.key[:36] == key_id("circleci-deployer@acme-labs-wind-tunnel", 2)[:36]
    assert any("CircleCI's own addresses" in one.fact for one in found.best.evidence)
    assert len(found.runners_up) == 1  # the twin, whatever speaks for the other


def method_of(path: str) -> str:
    """Return what goes over the wire: the demo's record of gRPC adds what a call is about."""
    return "/".join(path.split("/")[:3]) if path.startswith("/google.") else path.partition("?")[0]


def templated(path: str) -> str:
    named = re.sub("/projects/[^/]+/", "/projects/{project}/", method_of(path))
    return re.sub("Types/[^/]+/", "Types/{type}/", named)


def test_every_call_is_one_that_the_role_is_made_for(lab: Lab) -> None:
    lab.audit()
    declared = {call.call.partition(" ")[2] for part in PARTS.values() for call in part.calls}
    assert {templated(call) for call in lab.calls()} == declared


def test_no_key_id_is_kept_whole(lab: Lab) -> None:
    lab.audit()
    text = str(lab.snapshot.documents)
    accounts = (scenario.load().google or {})["accounts"]
    ids = [key_id(one["name"], n) for one in accounts for n, _ in enumerate(one.get("keys", ()), 1)]
    assert ids
    assert all(id_[:36] in text and id_ not in text for id_ in ids)


def test_the_budget_is_told_once_it_is_known_what_there_is(lab: Lab) -> None:
    lab.audit()
    assert "7 listings of keys" in lab.notes.told[0]
    assert "AnalyzeIamPolicy is not used" in lab.notes.told[0]


def test_every_call_is_written_down_without_any_value(lab: Lab, tmp_path: Path) -> None:
    before = len(lab.calls())
    with calls.written_to(tmp_path):
        lab.audit()
    text = (tmp_path / calls.NAME).read_text("utf-8")
    told = [json.loads(line) for line in text.splitlines()]
    assert Counter(line["path"] for line in told) == Counter(map(method_of, lab.calls()[before:]))
    assert {line["status"] for line in told if line["method"] == "gRPC"} == {"OK"}
    assert DEPLOYER not in text


def test_a_refused_call_is_written_down_as_refused(lab: Lab, tmp_path: Path) -> None:
    lab.faults.deny("*/ListRoles/*")
    with calls.written_to(tmp_path):
        lab.audit()
    told = map(json.loads, (tmp_path / calls.NAME).read_text("utf-8").splitlines())
    roles = {line["status"] for line in told if line["path"].endswith("/ListRoles")}
    assert roles == {"PERMISSION_DENIED"}


def test_a_server_that_is_not_there_is_written_down(tmp_path: Path) -> None:
    iam = iam_admin_v1.IAMClient(
        transport=transport_of(iam_admin_v1.IAMClient, PROVIDER.settings()),
        credentials=AnonymousCredentials(),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": "127.0.0.1:1"},
    )
    with calls.written_to(tmp_path), pytest.raises(ServiceUnavailable):
        iam.get_role(request={"name": "roles/owner"}, retry=None, timeout=2)
    (line,) = (tmp_path / calls.NAME).read_text("utf-8").splitlines()
    told = json.loads(line)
    assert (told["host"], told["status"]) == ("127.0.0.1:1", "UNAVAILABLE")
    assert told["path"] == "/google.iam.admin.v1.IAM/GetRole"


def test_only_reading_calls_are_made(lab: Lab) -> None:
    lab.audit()
    verbs = {call.split("/")[2] for call in lab.calls() if call.startswith("/google.")}
    assert all(verb.startswith(("List", "Get", "Search")) for verb in verbs)


REFUSALS = [
    ("*/SearchAllIamPolicies/*", "IAM policies", "cloudasset.assets.searchAllIamPolicies"),
    ("*/ListAssets/*", "projects, folders and service accounts", "cloudasset.assets.listResource"),
    ("*/ListRoles/*", "permissions of roles", "iam.roles.list"),
    (f"*/ListServiceAccountKeys/*{LEDGER}", f"keys of service accounts of {LEDGER}", "iam.service"),
    ("*.Policies/ListPolicies/*", "deny policies", "iam.denypolicies.list"),
    ("*.PrincipalAccess*/List*", "principal access boundaries", "iam.principalaccess"),
    ("*/ListBuckets/*", "log buckets and sinks", "logging.buckets.list"),
    ("*activities:query", "last authentication", "policyanalyzer."),
    ("*searchTransitiveGroups", "groups that hold service accounts", "Groups Reader"),
]


@pytest.mark.parametrize(("path", "what", "permission"), REFUSALS)
def test_a_refused_call_is_a_gap_that_names_what_to_grant(
    lab: Lab, path: str, what: str, permission: str
) -> None:
    lab.faults.deny(path)
    told = lab.audit()
    gap = gap_about(told.gaps, what)
    assert "PermissionDenied" in gap.why
    assert gap.fix.startswith("grant ")
    assert permission in gap.fix
    for identity in told.identities:
        told.resolve(identity)


def test_a_refusal_in_the_middle_of_the_tree_keeps_what_was_read(lab: Lab) -> None:
    lab.faults.deny(f"*/ListServiceAccountKeys/*{LEDGER}")
    told = lab.audit()
    assert not told.identities[LEDGER].keys_complete
    assert told.identities[DEPLOYER].keys_complete


@pytest.mark.parametrize("kind", ["throttle", "drop"])
def test_what_fails_now_and_then_is_asked_again(lab: Lab, kind: str) -> None:
    if kind == "throttle":
        lab.faults.throttle(7, "/google.*")
    else:
        lab.faults.drop("/google.*", every=7)
    told = lab.audit(timeout=20)
    assert [gap.what for gap in told.gaps] == ["domain-wide delegation of service accounts"]


def test_what_is_throttled_for_ever_ends_in_time_as_a_gap(lab: Lab) -> None:
    lab.faults.throttle(1, "*/ListRoles/*")
    begun = time.monotonic()
    told = lab.audit()
    assert time.monotonic() - begun < 30
    assert "RetryError" in gap_about(told.gaps, "permissions of roles").why
    assert "ResourceExhausted" in gap_about(told.gaps, "permissions of roles").why


@pytest.mark.parametrize("path", ["*/SearchAllIamPolicies/*", "*/ListAssets/*"])
def test_pages_without_end_end_as_a_gap(lab: Lab, path: str) -> None:
    lab.faults.endless(path)
    told = lab.audit()
    assert any("the pages of the listing do not end" in gap.why for gap in told.gaps)


@pytest.mark.parametrize(
    ("path", "kind", "what"),
    [
        ("*/ListServiceAccountKeys/*", Garbage.BINARY, "keys of service accounts"),
        ("*activities:query", Garbage.HTML, "last authentication"),
        ("*activities:query", Garbage.SHAPE, "last authentication"),
    ],
)
def test_garbage_is_a_gap(lab: Lab, path: str, kind: Garbage, what: str) -> None:
    lab.faults.garbage(path, kind)
    assert what in gap_about(lab.audit().gaps, what).what


def test_an_endpoint_that_nobody_answers_is_a_gap_in_time() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    settings = PROVIDER.settings(
        endpoint=f"http://127.0.0.1:{port}", scopes=("organizations/1",), timeout=2
    )
    memory, begun = Memory(), time.monotonic()
    PROVIDER.collect(settings, Collecting(memory, SEALER, Silent(), NOW))
    assert time.monotonic() - begun < 30
    told = PROVIDER.read(settings, memory)
    assert "RetryError" in gap_about(told.gaps, "IAM policies").why
    assert not told.identities


def test_a_second_run_reads_only_what_is_missing(lab: Lab) -> None:
    lab.faults.deny("*/ListRoles/")
    lab.audit()
    lab.faults.clear()
    first, before = lab.snapshot, len(lab.recording)
    told = lab.audit(first)
    assert [gap.what for gap in told.gaps] == ["domain-wide delegation of service accounts"]
    asked = {call.split("/")[2] for call in lab.calls()[before:] if call.startswith("/google.")}
    assert asked == {"ListRoles"}


def test_the_widest_scope_above_the_credentials_is_found(lab: Lab) -> None:
    from auditor.providers.gcp.client import connect  # noqa: PLC0415

    clients = connect(PROVIDER.settings(**lab.settings))
    named = type(clients)(
        **{name: getattr(clients, name) for name in clients.__slots__}
        | {"project": "acme-labs-wind-tunnel"}
    )
    assert collect._widest(named) == ("organizations/518207364411",)
    lab.faults.deny("*/SearchAllIamPolicies/organizations/*")
    assert collect._widest(named)[0].startswith("folders/")
    clients.close()


def test_guardrails_are_paced_and_bounded() -> None:
    now, slept = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    pace = Pace(per_minute=5, most=12, clock=lambda: now[0], sleep=sleep)
    for _ in range(12):
        pace.wait()
        now[0] += 1
    assert slept == [56.0, 56.0]
    with pytest.raises(Refused):
        pace.wait()


def test_guardrails_that_were_not_read_are_told(lab: Lab) -> None:
    told = lab.audit(guardrails_most=2)
    gap = gap_about(told.gaps, "deny policies")
    assert "guardrails_most" in gap.why
    assert CapabilityName.IMPERSONATE in names(told, LEDGER)  # never less than is certain


def test_the_demo_configures_it() -> None:
    from auditor.demo import Organisation  # noqa: PLC0415

    served = replace(scenario.load(), accounts=(), github=None)
    with Organisation(served) as demo:
        table = tomllib.loads(demo.config_toml())["providers"]["gcp"]
    assert set(table) >= {"endpoint", "rest_endpoint", "scopes"}
