"""`auditor explain` on a finished run: every id leads somewhere, offline, and to what it should."""

from __future__ import annotations

import json

from audits import Audits


def test_an_entry_is_told_from_its_place_to_what_it_opens(healthy: Audits) -> None:
    results = healthy.results()
    match = next(m for m in results["matches"] if m["best"]["key"])
    credential = next(c for c in results["credentials"] if c["id"] == match["credential_id"])
    secret = next(s for s in results["secrets"] if s["id"] == credential["parts"][0]["secret_id"])
    told = healthy.run("explain", secret["id"], "--from", str(healthy.runs[-1])).stdout
    assert told.startswith(f"{secret['name']}, a {secret['store']}")
    assert "Severity " in told
    assert "By its name it is" in told
    assert match["best"]["identity_id"] in told
    assert all(evidence["fact"] in told for evidence in match["best"]["evidence"])


def test_what_would_change_a_verdict_is_told(healthy: Audits) -> None:
    results = healthy.results()
    severe = {one["secret_id"]: one["severity"] for one in results["assessments"]}
    unknown = next(id_ for id_, severity in severe.items() if severity == "Unknown")
    told = healthy.run("explain", unknown, "--from", str(healthy.runs[0])).stdout
    assert "What could change the severity:" in told
    open_ = (one["secret_id"] for one in results["verdicts"] if one["closure"] == "Not rotated")
    watched = next(open_)
    told = healthy.run("explain", watched, "--from", str(healthy.runs[0])).stdout
    assert "what would change that: a new value stored here, and the old credential" in told


def test_every_id_of_a_run_can_be_asked_for(healthy: Audits) -> None:
    results = healthy.results()
    asked = [results["secrets"][-1], results["credentials"][0], results["identities"][0]]
    asked += results["weaknesses"][:1] + results["findings"][:1]
    for one in asked:
        ended = healthy.run("explain", one["id"], "--from", str(healthy.runs[-1]))
        assert (ended.code, ended.stderr) == (0, "")
        assert ended.stdout


def test_the_rights_behind_an_entry_are_suggested(healthy: Audits) -> None:
    results = healthy.results()
    identity = next(i for i in results["identities"] if i["name"] == "ci-sandbox")
    run = str(healthy.runs[-1])
    ended = healthy.run("explain", identity["id"], "--from", run, "--suggest-policy")
    assert ended.code == 0
    assert json.loads(ended.stdout)["Statement"]
    assert "in the 90 days before" in ended.stderr
    assert healthy.run("explain", "nobody", "--from", run, "--suggest-policy").code == 2
