"""The demo's logs: hunts find the four thieves in them and are quiet about all the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from auditor.cli import app
from auditor.demo import logs, scenario, traffic

THIEVES = {theft["platform"]: theft for theft in traffic.table()["thefts"]}


def hunted(folder: Path, *words: str) -> dict[str, Any]:
    told = ["hunt", "--logs", str(folder), "--incident", "circleci-2023-01", "--format", "json"]
    result = CliRunner().invoke(app, [*told, *words])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("logs")
    logs.write(scenario.load(), where, data_access=True)
    return where


@pytest.fixture(scope="module")
def told(folder: Path) -> dict[str, Any]:
    return hunted(folder)


def test_every_record_is_read(told: dict[str, Any]) -> None:
    ledger = told["ledger"]
    assert ledger["complete"]
    acts = sum(1 for _ in (*traffic.ordinary(), *traffic.thefts()))
    assert ledger["events"] == ledger["records"] == acts


def test_the_four_thieves_are_the_four_stories(told: dict[str, Any]) -> None:
    assert {(f["platform"], f["src_ip"]) for f in told["findings"]} == {
        (platform, theft["address"]) for platform, theft in THIEVES.items()
    }
    assert len(told["findings"]) == 4
    assert {finding["strength"] for finding in told["findings"]} == {"strong"}


def test_every_story_says_what_gave_the_thief_away(told: dict[str, Any]) -> None:
    titles = {f["platform"]: {hit["title"] for hit in f["hits"]} for f in told["findings"]}
    assert {"Access key made", "Administrator made", "Reads many secrets"} <= titles["aws"]
    assert {"Policy of a project or resource set", "Acts as another service account"} <= titles[
        "gcp"
    ]
    assert {"Tries to assign a role", "Blinds the logs of Azure"} <= titles["azure"]
    assert {"Many repositories cloned", "Clones from elsewhere than CI"} <= titles["github"]
    for platform in ("aws", "gcp", "azure"):  # the owner works in GitHub at any hour
        assert "Used while no job was running" in titles[platform]


def test_without_the_data_access_log_it_says_what_it_could_not_see(
    told: dict[str, Any], tmp_path: Path
) -> None:
    gap = "what Google Cloud identities read: objects, secrets, tables, lists"
    assert gap not in [one["what"] for one in told["coverage"]["gaps"]]
    logs.write(scenario.load(), tmp_path)
    without = hunted(tmp_path)
    assert gap in [one["what"] for one in without["coverage"]["gaps"]]
    assert len(without["findings"]) == 4


def test_the_same_logs_are_made_at_every_run(folder: Path, tmp_path: Path) -> None:
    logs.write(scenario.load(), tmp_path, data_access=True)
    for file in tmp_path.rglob("*.*"):
        assert file.read_bytes() == (folder / file.relative_to(tmp_path)).read_bytes()
