"""What a dry run says before and after the first run, and what it makes of torn records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from auditor import config, dryrun
from auditor.cli import app
from auditor.dryrun import Source, Told, is_of, lines
from auditor.inventory import systems
from auditor.models import PlannedCall
from auditor.providers import providers
from auditor.runs import OutputFolder

PARTS: list[Any] = [*systems().values(), *providers().values()]
TEXT = """
[inventory.circleci]
[providers.gcp]
guardrails_most = 12
[providers.aws]
export = "aws.json"
"""
LINE = {
    "time": "2026-01-02T03:04:05.000+00:00",
    "method": "GET",
    "host": "circleci.com",
    "path": "/api/v2/me",
    "status": 200,
}


def loaded(folder: Path) -> config.Loaded:
    file = folder / "config.toml"
    file.write_text(TEXT, "utf-8")
    return config.load(file, flags={"out": str(folder / "out")})


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_every_source_tells_its_calls_each_once(part: Any) -> None:
    settings = part.settings(**({"organizations": ("acme",)} if part.name == "github" else {}))
    found = list(part.planned_calls(settings, 200))
    assert found
    assert len(set(found)) == len(found)
    assert all(one.host and "/" not in one.host for one in found)


@pytest.mark.parametrize("part", providers().values(), ids=lambda part: part.name)
def test_exported_files_need_no_call(part: Any) -> None:
    assert not list(part.planned_calls(part.settings(export="folder"), 200))


def test_no_budget_no_calls_for_use() -> None:
    circleci: Any = systems()["circleci"]
    with_use, without = (
        {one.call for one in circleci.planned_calls(circleci.settings(), budget)}
        for budget in (200, 0)
    )
    assert any("/workflow/" in call for call in with_use - without)
    assert without < with_use


def test_before_the_first_run_nothing_is_counted_and_nothing_written(tmp_path: Path) -> None:
    circleci, aws, google = dryrun.dry_run(loaded(tmp_path))
    assert {one.last for one in (*circleci.calls, *google.calls)} == {None}
    assert (aws.calls, aws.last_run) == ((), "")
    assert google.paced_minutes == 3
    text = "\n".join(lines((circleci, aws, google)))
    assert "AWS: no calls, only exported files are read" in text
    assert "Google Cloud: 14 kinds of calls; those with a pace take up to 3 minutes" in text
    assert "each service account  " in text
    assert "no earlier run tells how many" in text
    assert not (tmp_path / "out").exists()


def test_a_source_that_is_left_out_is_not_told(tmp_path: Path) -> None:
    assert [one.name for one in dryrun.dry_run(loaded(tmp_path), ["gcp"])] == ["circleci", "gcp"]


def test_the_latest_run_with_calls_counts(tmp_path: Path) -> None:
    told = loaded(tmp_path)
    output = OutputFolder(tmp_path / "out")
    for name, count in (("20260101T000000Z-aaaaaa", 5), ("20260102T000000Z-bbbbbb", 3)):
        folder = output.path / name
        folder.mkdir()
        later = LINE | {"time": "2026-01-02T03:05:05.500+00:00"}
        written = [LINE] * (count - 1) + [later]
        (folder / "calls.jsonl").write_text("".join(json.dumps(one) + "\n" for one in written))
    torn = output.path / "20260103T000000Z-cccccc"
    torn.mkdir()
    (torn / "calls.jsonl").write_text('{"time": "20')
    circleci, _, google = dryrun.dry_run(told)
    assert (circleci.last_run, circleci.total) == ("20260102T000000Z-bbbbbb", 3)
    assert circleci.seconds == 60.5
    assert google.last_run == ""
    # A host that was called at all tells of every kind of call; one that was not, of none.
    by_host = {one.planned.host: one.last is None for one in circleci.calls}
    assert by_host == {
        "circleci.com": False,
        "runner.circleci.com": True,
        "app.circleci.com": True,
    }


@pytest.mark.parametrize(
    ("path", "call", "same"),
    [
        ("/api/v3/orgs/acme/teams", "GET /orgs/{org}/teams", True),
        ("/api/v3/orgs/acme/teams/x/members", "GET /orgs/{org}/teams", False),
        ("/orgs/a%2Fb/teams", "GET /orgs/{org}/teams", True),
        ("/orgs/a/b/teams", "GET /orgs/{org}/teams", False),
        ("/orgs/acme/teams", "POST /orgs/{org}/teams", False),
        ("/v1/x/activities:query", "GET /v1/{a}/activities:query", True),
        ("/v1/x/activitiesXquery", "GET /v1/{a}/activities.query", False),
    ],
)
def test_what_is_a_call_of_a_kind(path: str, call: str, same: bool) -> None:
    line = LINE | {"path": path, "host": "h.example"}
    assert is_of(line, PlannedCall("h.example", call)) is same
    assert not is_of(line, PlannedCall("other.example", call))


def test_limits_that_all_share_are_told_once() -> None:
    one = PlannedCall("h", "GET /a", most=4_500, per_minute=800)
    source = Source("x", "X", tuple(Told(call, None) for call in (one, PlannedCall("h", "GET /b"))))
    alike = Source("x", "X", (Told(one, 7),), "20260101T000000Z-aaaaaa", 1.5)
    assert next(lines([source])).startswith("X: 2 kinds of calls; those with a pace")
    told = list(lines([alike]))
    assert "at most 4,500 in all, 800 a minute" in told[0]
    assert "made 7 in 1.5 s" in told[0]
    assert told[1].split() == ["h", "GET", "/a", "once", "7", "last", "time"]


def test_it_tells_of_a_new_run_only(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["audit", "--dry-run", "--resume", str(tmp_path)])
    assert told.exit_code == 2
    assert "--dry-run" in told.stderr
