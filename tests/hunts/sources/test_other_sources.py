"""GitHub, Google Cloud, Azure, CircleCI, GuardDuty and Security Lake: every form, one event."""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import other_records as made
import pytest
from cloudtrail_records import KEY, SESSION
from readings import SAMPLES, SEALER, Read, needs_samples

from auditor.hunts.events import credential_name
from auditor.hunts.sources.circleci import action as circleci_action

FROM = "203.0.113.9"


def lines(*values: Any) -> str:
    return "\n".join(json.dumps(value) for value in values) + "\n"


def table(*rows: Mapping[str, Any]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def pushed(record: Any) -> dict[str, Any]:
    return {"message": {"data": base64.b64encode(json.dumps(record).encode()).decode()}}


def bigquery(record: dict[str, Any]) -> dict[str, Any]:
    return {**{k: v for k, v in record.items() if k != "protoPayload"},
            "protopayload_auditlog": record["protoPayload"], "textPayload": None}  # fmt: skip


def cells(record: dict[str, Any]) -> dict[str, Any]:
    return {k: json.dumps(v) if isinstance(v, dict) else v for k, v in record.items()}


def flat(record: dict[str, Any], mark: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            found.update({f"{name}{mark}{below}": v for below, v in value.items()})
        else:
            found[name] = value
    return found


def shouted(record: dict[str, Any]) -> dict[str, Any]:
    return {k.upper(): v for k, v in flat(record, "_").items()}


SIGN_IN = made.diagnostic(
    "ServicePrincipalSignInLogs", "Sign-in activity", resultType="0", properties=made.sign_in("1")
)
AUDIT = made.diagnostic(
    "AuditLogs", "Update", properties=made.directory_audit("1"), callerIpAddress=None
)
ANALYTICS = {
    "Type": "AADServicePrincipalSignInLogs", "TimeGenerated": "2023-01-02T03:04:05Z",
    "OperationName": "Sign-in activity", "Category": "ServicePrincipalSignInLogs", "Id": "1",
    "AppId": made.APP, "ServicePrincipalId": made.PRINCIPAL, "ServicePrincipalName": "ci-deploy",
    "ServicePrincipalCredentialKeyId": made.SECRET_ID, "IPAddress": FROM, "Location": "NO",
    "ResourceDisplayName": "Microsoft Graph", "ResultType": "0", "TenantId": made.TENANT,
}  # fmt: skip

FORMS: dict[str, dict[str, Callable[[], str]]] = {
    "gcp": {
        "sink": lambda: lines(made.audit_entry("1")),
        "gcloud": lambda: json.dumps([made.audit_entry("1")], indent=2),
        "API": lambda: json.dumps({"entries": [made.audit_entry("1")]}),
        "Pub/Sub": lambda: lines(pushed(made.audit_entry("1"))),
        "BigQuery": lambda: lines(bigquery(made.audit_entry("1"))),
    },
    "azure:signins": {
        "Graph": lambda: json.dumps({"@odata.context": "x", "value": [made.sign_in("1")]}),
        "diagnostic": lambda: lines(SIGN_IN),
        "Event Hub": lambda: lines({"records": [SIGN_IN]}),
        "Log Analytics": lambda: lines(ANALYTICS),
    },
    "azure:audits": {
        "Graph": lambda: json.dumps({"value": [made.directory_audit("1")]}),
        "diagnostic": lambda: lines(AUDIT),
    },
    "azure:activity": {
        "Monitor": lambda: json.dumps({"value": [made.activity("1")]}),
        "command line": lambda: json.dumps([made.activity("1")]),
        "SDK": lambda: lines(made.activity_sdk("1")),
        "diagnostic": lambda: lines(made.activity_diagnostic("1")),
        "Event Hub": lambda: lines({"records": [made.activity_diagnostic("1")]}),
        "Log Analytics": lambda: lines(made.activity_analytics("1")),
    },
    "github": {
        "REST": lambda: json.dumps([made.github_event("1")]),
        "stream": lambda: lines(made.github_event("1")),
        "created_at": lambda: lines(
            {
                k: v
                for k, v in made.github_event("1", created_at=1672628645000).items()
                if k != "@timestamp"
            }
        ),
        "CSV": lambda: table(flat(made.github_event("1", created_at="2023-01-02T03:04:05Z"), ".")),
    },
    "circleci": {
        "stream": lambda: lines(made.circleci_event("1")),
        "document": lambda: json.dumps(made.circleci_event("1"), indent=1),
        "CSV with JSON in cells": lambda: table(cells(made.circleci_event("1"))),
        "CSV with dots": lambda: table(flat(made.circleci_event("1"), ".")),
        "CSV in capitals": lambda: table(shouted(made.circleci_event("1"))),
        "CSV from Excel": lambda: "\ufeff" + table(cells(made.circleci_event("1"))),
    },
    "guardduty": {
        "export": lambda: lines(made.finding("1", KEY)),
        "EventBridge": lambda: lines({"detail-type": "Finding", "detail": made.finding("1", KEY)}),
        "GetFindings": lambda: json.dumps({"Findings": [capitals(made.finding("1", KEY))]}),
    },
    "ocsf": {"lines": lambda: lines(made.ocsf_call("1", KEY))},
}


def capitals(value: Any) -> Any:
    if isinstance(value, dict):
        return {k[:1].upper() + k[1:]: capitals(v) for k, v in value.items()}
    return value


EXPECTED: dict[str, dict[str, Any]] = {
    "gcp": {
        "log": "gcp:activity", "actor_uid": made.ACCOUNT, "credential_uid": made.GCP_KEY,
        "action": "SetIamPolicy", "operation": "resourcemanager.projects.setIamPolicy",
        "outcome": "success", "account_uid": "shop-prod", "user_agent": "gcloud/412",
        "read_only": False, "actor_type": "ServiceAccount",
    },
    "azure:signins": {
        "log": "azure:signins", "actor_uid": made.PRINCIPAL, "actor_name": "ci-deploy",
        "credential_uid": made.SECRET_ID, "action": "sign-in activity", "outcome": "success",
        "resource": "Microsoft Graph", "country": "NO", "account_uid": made.TENANT,
        "actor_type": "ServicePrincipal", "error_code": None,
    },
    "azure:audits": {
        "log": "azure:audits", "actor_uid": made.PRINCIPAL, "outcome": "success",
        "action": "update application \u2013 certificates and secrets management",
        "issued_credential_uid": made.SECRET_ID, "resource": "ci-deploy obj-1",
        "user_agent": "python/3", "read_only": False, "src_ip": None,
    },
    "azure:activity": {
        "log": "azure:activity", "actor_uid": made.PRINCIPAL, "actor_name": made.APP,
        "action": "microsoft.keyvault/vaults/write", "outcome": "success",
        "account_uid": made.SUBSCRIPTION, "actor_type": "ServicePrincipal", "read_only": False,
    },
    "github": {
        "log": "github", "actor_uid": "ci-bot", "credential_uid": "c2hhMjU2b2ZhdG9rZW4=",
        "action": "git.clone", "outcome": "success", "resource": "shop/payments",
        "country": "NO", "account_uid": "shop", "user_agent": "git/2.39", "read_only": True,
    },
    "circleci": {
        "log": "circleci", "actor_uid": "user-1", "actor_name": "github: mona",
        "action": "context.secrets.accessed", "outcome": "success", "resource": "production",
        "account_uid": "org-1",
    },
    "guardduty": {
        "platform": "aws", "log": "guardduty", "credential_uid": credential_name(KEY, SEALER),
        "action": "UnauthorizedAccess:IAMUser/TorIPCaller", "operation": "ListBuckets",
    },
    "ocsf": {
        "platform": "aws", "log": "ocsf", "credential_uid": credential_name(KEY, SEALER),
        "action": "ListBuckets", "operation": "s3:ListBuckets", "outcome": "success",
        "actor_name": "ci", "read_only": True, "event_uid": "1",
    },
}  # fmt: skip


@pytest.mark.parametrize(("log", "form"), [(log, form) for log in FORMS for form in FORMS[log]])
def test_every_form_gives_the_same_event(log: str, form: str, logs: Path, read: Read) -> None:
    (logs / "log").write_text(FORMS[log][form]())
    reading = read()
    assert reading.ledger.complete, reading.ledger.troubled
    expected = {"src_ip": FROM, **EXPECTED[log]}
    [row] = reading.rows(f"SELECT {', '.join(expected)} FROM events")
    assert dict(zip(expected, row, strict=True)) == expected
    assert reading.rows("SELECT date_trunc('second', time)::VARCHAR FROM events") == [
        ("2023-01-02 03:04:05",)
    ]
    assert "never kept" not in str(reading.rows("FROM events"))


@pytest.mark.parametrize(
    ("log", "name"),
    [
        ("gcp", made.ACCOUNT),
        ("gcp", made.GCP_KEY),
        ("gcp", "0a1b2c3d"),
        ("azure:signins", made.APP.upper()),
        ("azure:signins", made.SECRET_ID),
        ("azure:signins", made.PRINCIPAL),
        ("azure:audits", made.APP),
        ("azure:activity", made.APP),
        ("azure:activity", made.PRINCIPAL),
        ("github", "CI-Bot"),
        ("github", "c2hhMjU2b2ZhdG9rZW4="),
        ("circleci", "user-1"),
        ("guardduty", KEY),
        ("ocsf", KEY),
    ],
)
def test_an_identity_is_found_by_each_of_its_names(
    log: str, name: str, logs: Path, read: Read
) -> None:
    for number, form in enumerate(FORMS[log].values()):
        (logs / str(number)).write_text(form())
    reading = read(names=[name])
    assert reading.ledger.total("events") == len(FORMS[log])
    assert reading.ledger.total("others") == 0


def test_security_lake_parquet_is_read(logs: Path, read: Read) -> None:
    (logs / "rows.json").write_text(lines(made.ocsf_call("1", KEY), made.ocsf_call("2", KEY)))
    with duckdb.connect() as connection:
        rows = connection.read_json(str(logs / "rows.json"))
        rows.write_parquet(str(logs / "rows.parquet"))
    (logs / "rows.json").unlink()
    reading = read(source="aws", names=[KEY])
    assert reading.ledger.complete, reading.ledger.troubled
    assert reading.rows("SELECT count(*), min(src_ip) FROM events") == [(2, FROM)]


def test_sessions_are_followed_through_security_lake(logs: Path, read: Read) -> None:
    answer = {"credentials": {"accessKeyId": SESSION, "sessionToken": "never kept"}}
    handed, used, odd = (made.ocsf_call(uid, key) for uid, key in
                         (("1", KEY), ("2", SESSION), ("3", KEY)))  # fmt: skip
    handed["api"] |= {"operation": "AssumeRole", "response": {"data": json.dumps(answer)}}
    odd["api"]["response"] = {"data": "{" * 10}
    stranger = made.ocsf_call("4", "ASIASTRANGEREXAMPLEX")
    (logs / "log").write_text(lines(used, handed, odd, stranger))
    reading = read(source="aws", names=[KEY])
    assert reading.ledger.complete, reading.ledger.troubled
    root = credential_name(KEY, SEALER)
    rows = reading.rows("SELECT event_uid, session_of FROM events ORDER BY ALL")
    assert rows == [("1", None), ("2", root), ("3", None)]
    assert "never kept" not in json.dumps(reading.rows("SELECT * FROM events"), default=str)


@pytest.mark.parametrize(
    ("record", "outcome", "code"),
    [
        (made.audit_entry("1", status={"code": 7, "message": "no"}), "denied", "PERMISSION_DENIED"),
        (made.audit_entry("1", status={"code": 5}), "failure", "NOT_FOUND"),
        (made.audit_entry("1", authorizationInfo=[{"granted": False}]), "denied", None),
        ({**made.audit_entry("1"), "logName": "projects/p/logs/cloudaudit.googleapis.com%2Fpolicy"},
         "denied", None),
        (made.sign_in("1", 7000222), "failure", "7000222"),
        (made.sign_in("1", 53003), "denied", "53003"),
        ({**made.activity("1"), "status": {"value": "Failed"}, "subStatus": {"value": "Forbidden"}},
         "denied", "Forbidden"),
        ({**made.activity("1"), "status": {"value": "Started"}}, "unknown", None),
        (made.github_event("1", "api.request", status_code=404), "failure", "404"),
        (made.github_event("1", "api.request", status_code="403"), "denied", "403"),
        (made.circleci_event("1", success=False), "failure", None),
    ],
)  # fmt: skip
def test_outcomes(record: Any, outcome: str, code: str | None, logs: Path, read: Read) -> None:
    (logs / "log").write_text(json.dumps(record))
    assert read().rows("SELECT outcome, error_code FROM events") == [(outcome, code)]


LONG_KEY = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize("name", [LONG_KEY, made.GCP_KEY.replace("0a1b2c3d", LONG_KEY)])
def test_the_id_of_a_service_account_s_key_loses_its_tail(
    name: str, logs: Path, read: Read
) -> None:
    path = made.GCP_KEY.replace("0a1b2c3d", LONG_KEY)
    made_one = {"name": path.removeprefix("//iam.googleapis.com/")}
    entry = made.audit_entry(
        "1", "google.iam.admin.v1.CreateServiceAccountKey", response=made_one,
        resourceName=made_one["name"],
        authenticationInfo={"principalEmail": "x@y.z", "serviceAccountKeyName": path},
    )  # fmt: skip
    (logs / "log").write_text(lines(entry))
    reading = read(names=[name])
    sealed = path.replace(LONG_KEY, credential_name(LONG_KEY, SEALER))
    assert reading.rows("SELECT credential_uid, issued_credential_uid FROM events") == [
        (sealed, sealed)
    ]
    assert LONG_KEY not in str(reading.rows("FROM events"))


def test_impersonation_names_who_began_it(logs: Path, read: Read) -> None:
    first = {"firstPartyPrincipal": {"principalEmail": "attacker@example.com"}}
    chain = [first, {"firstPartyPrincipal": {"principalEmail": "middle@example.com"}}]
    info = {"principalEmail": ACCOUNT_B, "serviceAccountDelegationInfo": chain}
    (logs / "log").write_text(lines(made.audit_entry("1", authenticationInfo=info)))
    reading = read(names=["middle@example.com"])
    assert reading.rows("SELECT actor_uid, session_of FROM events") == [
        (ACCOUNT_B, "attacker@example.com")
    ]


ACCOUNT_B = "admin@shop-prod.iam.gserviceaccount.com"


@pytest.mark.parametrize(
    "spelling", ["workflow-job-start", "workflow.job.start", "Workflow_Job.Start "]
)
def test_circleci_actions_have_one_spelling(spelling: str) -> None:
    assert circleci_action(spelling) == "workflow.job.start"


def test_logs_of_neighbours_are_counted_by_name(logs: Path, read: Read) -> None:
    flow = {"insertId": "1", "logName": "projects/p/logs/compute.googleapis.com%2Fvpc_flows",
            "timestamp": "2023-01-02T03:04:05Z", "jsonPayload": {}}  # fmt: skip
    metrics = made.diagnostic("AllMetrics", "x", properties={})
    port_scan = {**made.finding("1", KEY), "resource": {"resourceType": "Instance"}}
    (logs / "log").write_text(lines(flow, metrics, port_scan))
    reading = read()
    assert reading.ledger.complete
    assert reading.ledger.total("ignored") == 3
    assert set(reading.ledger.counts("notes")) == {
        "log entries of compute.googleapis.com/vpc_flows: no audit log",
        "Azure log allmetrics: no identities",
        "findings that name no access key",
    }


def test_a_stream_s_connectivity_test_is_skipped(logs: Path, read: Read) -> None:
    (logs / "circleci_connectivity_test_2023").write_bytes(b"")
    (logs / "log").write_text(lines(made.circleci_event("1")))
    assert read(source="circleci").ledger.complete


def test_a_folder_of_everything_is_read_whatever_source_was_named(logs: Path, read: Read) -> None:
    for log, forms in FORMS.items():
        for form, content in forms.items():
            name = f"{log}-{form}".replace("/", " ").replace(":", " ")
            (logs / name).write_text(content())
    (logs / "mixed").write_text(
        lines(made.audit_entry("9"), made.sign_in("9"), made.github_event("9"))
    )
    ledger = read(source="cloudtrail").ledger
    assert ledger.complete, ledger.troubled
    assert set(ledger.counts("sources")) == {
        "azure", "circleci", "gcp", "github", "guardduty", "ocsf",
    }  # fmt: skip


@needs_samples
@pytest.mark.parametrize(("folder", "least"), [("gcp", 11 + 18), ("azure", 4)])
def test_real_logs_are_read_to_the_last_record(folder: str, least: int, read: Read) -> None:
    ledger = read(SAMPLES / folder, source=folder).ledger
    assert ledger.complete, ledger.troubled
    assert ledger.total("records") >= least
    assert ledger.total("events") + ledger.total("ignored") == ledger.total("records")
