"""Google Cloud in a whole audit: from a variable to what its service account may do."""

from __future__ import annotations

from typing import Any

import pytest
from audits import Audits

DEPLOYER = "circleci-deployer@acme-labs-wind-tunnel.iam.gserviceaccount.com"
LEDGER = "ledger-bot@acme-vault-ledger.iam.gserviceaccount.com"
RUNNER = "simulation-runner@acme-labs-wind-tunnel.iam.gserviceaccount.com"
READER = "archive-publisher@acme-press-archive.iam.gserviceaccount.com"


def of(audits: Audits, scope: str) -> tuple[Any, Any]:
    """Return the assessment of a context's key, and whose it was found to be."""
    results = audits.results()
    id_ = audits.ids()[scope, "GCLOUD_SERVICE_KEY"]
    row = next(row for row in results["assessments"] if row["secret_id"] == id_)
    held = next(c for c in results["credentials"] if id_ in [p["secret_id"] for p in c["parts"]])
    found = next(m for m in results["matches"] if m["credential_id"] == held["id"])
    return row, found


@pytest.mark.parametrize(
    ("scope", "identity", "severity", "runners_up"),
    [
        ("labs-clouds", DEPLOYER, "Critical", 1),
        ("vault-ledger", LEDGER, None, 0),
        ("press-archive", READER, None, 1),
    ],
)
def test_a_key_is_followed_to_its_account(
    healthy: Audits, scope: str, identity: str, severity: str | None, runners_up: int
) -> None:
    row, found = of(healthy, scope)
    assert found["best"]["identity_id"] == identity
    assert found["best"]["evidence"]
    assert len(found["runners_up"]) == runners_up
    assert severity in (None, row["severity"])


def test_trust_logs_and_gaps_are_in_the_results(healthy: Audits) -> None:
    results = healthy.results()
    assert any("identity pool provider" in one["what"] for one in results["weaknesses"])
    assert any(one["source"] == "gcp acme-labs-wind-tunnel" for one in results["logs"])
    assert any(one["what"].startswith("domain-wide delegation") for one in results["gaps"])


def test_a_login_without_a_key_leads_to_whom_builds_become(healthy: Audits) -> None:
    results = healthy.results()
    id_ = healthy.ids()["wind-tunnel-login", "GCP_WORKLOAD_IDENTITY_PROVIDER"]
    row = next(row for row in results["assessments"] if row["secret_id"] == id_)
    assert (row["severity"], row["rotate"]) == ("None", "nothing")
    assert row["advice"].startswith("No key to rotate.")
    assert id_ not in [verdict["secret_id"] for verdict in results["verdicts"]]
    held = next(c for c in results["credentials"] if id_ in [p["secret_id"] for p in c["parts"]])
    assert held["mentions"] == [RUNNER]
    found = next(m for m in results["matches"] if m["credential_id"] == held["id"])
    assert (found["best"]["identity_id"], found["best"]["confidence"]) == (RUNNER, "high")
    assert any(one["identity_id"] == RUNNER for one in results["resolutions"])


def test_what_jobs_name_in_their_configuration_is_evidence(healthy: Audits) -> None:
    _, found = of(healthy, "labs-clouds")
    facts = [one["fact"] for one in found["best"]["evidence"]]
    assert f"jobs with this variable name {DEPLOYER}" in facts
