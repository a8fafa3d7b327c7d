"""`auditor hunt --live --from RUN` against the invented company's servers."""

from __future__ import annotations

import json
import signal
import subprocess

from audits import Audits


def test_a_live_hunt_says_whom_it_asked_what_it_read_and_what_not(audits: Audits) -> None:
    """Clouds whose logs are paced by the minute (see SLOW) are left out."""
    assert audits.audit("--incident", "circleci-2023-01").code == 0
    run = str(audits.runs[-1])
    words = ("hunt", "--live", "--from", run, "--config", str(audits.config))
    _interrupt(audits, *words)
    done = audits.run(*words, "--since", "2022-12-16", "--format", "json")
    assert done.code == 0, done.stderr
    assert "error" not in done.stderr
    assert "asking CloudTrail of 417023958611" in done.stderr
    told = json.loads(done.stdout)
    coverage = told["coverage"]

    asked = {one["source"]: one for one in coverage["asked"]}
    assert set(asked) == {"cloudtrail", "github"}
    assert "arn:aws:iam::417023958611:user/ci-deploy-api" in asked["cloudtrail"]["names"]
    assert "arn:aws:iam::809154276334:user/ci-sandbox" in asked["cloudtrail"]["names"]
    assert "acme-rockets/user/otto-lift/key/8001" in asked["github"]["names"]

    # The servers hold one event; of AWS there is none, which is a gap and never "clean".
    assert [(log["log"], log["events"]) for log in coverage["logs"]] == [("github", 1)]
    [finding] = told["findings"]
    assert (finding["platform"], finding["events"]) == ("github", 1)
    assert "Repository made public" in [hit["title"] for hit in finding["hits"]]
    assert not coverage["clear"]
    gaps = {gap["what"]: gap for gap in coverage["gaps"]}
    assert gaps["what AWS identities did"]["why"] == "no event of the AWS CloudTrail was read"
    assert any(what.endswith("in the CloudTrail event history") for what in gaps)
    assert not any("--resume" in gap["fix"] for gap in gaps.values())

    assert audits.run("report", "--from", run).code == 0
    results = audits.results()
    assert [one["id"] for one in results["findings"]] == [finding["id"]]
    assert {one["source"] for one in results["hunting"]["asked"]} == set(asked)


def _interrupt(audits: Audits, *words: str) -> None:
    """Press Ctrl-C while CloudTrail is asked: nothing is lost, and the output says so."""
    with subprocess.Popen(
        audits.command(*words),
        env=audits.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as hunt:
        said = ""
        for line in hunt.stderr or ():
            said += line
            if "asking CloudTrail" in line:
                hunt.send_signal(signal.SIGINT)
    assert hunt.returncode == 130, said
    assert "the same command goes on from there" in said
