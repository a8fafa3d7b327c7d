"""`auditor hunt` over CloudTrail: it finds the thief and never takes the unseen for clean."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hunt_command import KEY, START, USER, attack, found, hunt, ordinary, record, write
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from auditor.cli import app
from auditor.locking import alone
from auditor.runs import OutputFolder


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "logs"
    write(folder, ordinary() + attack())
    return folder


def test_it_finds_the_thief_among_ordinary_traffic(logs: Path) -> None:
    told = found(logs, "--incident", "circleci-2023-01", "--source", "cloudtrail")
    (story,) = told["findings"]
    assert story["identity"] == USER
    assert story["src_ip"] == "89.36.78.75"
    titles = [hit["title"] for hit in story["hits"]]
    assert {"Address of a known attacker", "Uses a tool of attackers", "Access key made"} <= set(
        titles
    )
    assert story["samples"][0]["file"] == "trail.json.gz"
    assert told["since"] == "2022-12-16T00:00:00Z"
    assert told["ledger"]["complete"]
    assert told["ledger"]["records"] == 164
    assert told["coverage"]["habits"][0]["past_days"] == 15


def test_an_incident_of_ones_own_gives_the_window_and_the_addresses(logs: Path) -> None:
    profile = logs.parent / "ours.toml"
    profile.write_text(
        'title = "Ours"\nwindow_start = 2022-12-18\nexposed_before = 2022-12-30\n'
        '[indicators]\naddresses = ["89.36.78.0/24"]\n'
    )
    told = found(logs, "--incident", str(profile))
    assert told["since"] == "2022-12-18T00:00:00Z"
    titles = [hit["title"] for hit in told["findings"][0]["hits"]]
    assert "Address of a known attacker" in titles


@pytest.mark.parametrize("name", [USER, KEY, USER.upper()])
def test_only_the_identities_asked_for_are_looked_at(logs: Path, name: str) -> None:
    told = found(logs, "--identity", name)
    assert len(told["findings"]) == 1
    assert not told["coverage"]["unseen"]


def test_somebody_in_no_log_is_told_of(logs: Path) -> None:
    told = found(logs, "--identity", "arn:aws:iam::1:user/other")
    assert (told["findings"], told["ledger"]["events"]) == ([], 0)
    assert told["coverage"]["unseen"] == ["arn:aws:iam::1:user/other"]
    assert not told["coverage"]["clear"]


def test_no_key_is_shown_whole(logs: Path) -> None:
    text = hunt("--logs", str(logs), "--format", "json")
    assert KEY not in text
    assert KEY[-4:] not in text.replace("EXA****", "")
    assert KEY[:16] in text


def test_ordinary_traffic_is_quiet_and_says_that_it_was_read_whole(tmp_path: Path) -> None:
    write(tmp_path / "logs", ordinary())
    text = hunt("--logs", str(tmp_path / "logs"), "--since", "2022-12-20")
    assert text.startswith("No story in the logs that were read; what they cannot show is told")
    told = found(tmp_path / "logs", "--since", "2022-12-20")
    assert told["ledger"]["complete"]
    assert told["coverage"]["gaps"]
    assert not told["coverage"]["clear"]
    assert "160 records, 0 of them unreadable" in text


def test_a_damaged_file_never_gives_no_findings(tmp_path: Path) -> None:
    write(tmp_path / "logs", ordinary())
    (tmp_path / "logs" / "cut.json.gz").write_bytes(gzip.compress(b'{"Records":[]}')[:-9])
    text = hunt("--logs", str(tmp_path / "logs"))
    assert "No story in what could be read, which is not all" in text
    assert "Not visible: what 1 whole files of logs tell: " in text
    assert ", first in cut.json.gz (1)" in text
    assert "  to see it: " in text
    told = found(tmp_path / "logs")
    assert not told["coverage"]["clear"]
    assert told["ledger"]["failed"] + told["ledger"]["partial"] == 1


def test_an_empty_folder_shows_nothing_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    text = hunt("--logs", str(tmp_path / "logs"))
    assert "Nothing could be seen" in text
    assert "Not visible: what logs tell: no file of logs was found" in text


def test_the_beginning_of_the_window_that_no_log_holds_is_a_gap(logs: Path) -> None:
    told = found(logs, "--since", "2022-11-01")
    whats = [gap["what"] for gap in told["coverage"]["gaps"]]
    assert "what happened before 2022-12-01 00:00 in the AWS CloudTrail" in whats


def test_hostile_text_is_shown_as_text(tmp_path: Path) -> None:
    nasty = {"userAgent": "\x1b[31m=cmd|' /C calc'!A0 kali", "sourceIPAddress": "89.36.78.75"}
    write(tmp_path / "logs", [record(1, START, "Create\x1b]0;x\x07", **nasty)])
    assert "\x1b" not in hunt("--logs", str(tmp_path / "logs"))


def test_rules_of_others_are_run_or_told_of(logs: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.yml").write_text(
        "title: Ours\nlevel: critical\nlogsource: {product: aws}\n"
        "detection: {s: {eventName: createaccesskey}, condition: s}\n"
    )
    (rules / "b.yml").write_text(
        "title: Theirs\nlogsource: {product: windows}\ndetection: {s: {a: b}}"
    )
    told = found(logs, "--rules", str(rules))
    assert "Ours" in [hit["title"] for hit in told["findings"][0]["hits"]]
    assert told["coverage"]["refused"][0][0] == "Theirs"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "no logs to hunt in"),
        (("--logs", "nowhere"), "nowhere"),
        (("--logs", ".", "--source", "paper"), "paper"),
        (("--logs", ".", "--rules", "nowhere"), "holds no rule"),
        (("--logs", ".", "--incident", "other"), "no incident"),
        (("--from", "nowhere", "--logs", "."), "not the folder of a run"),
    ],
)
def test_what_cannot_be_used_is_a_mistake_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert why in hunt(*words, code=2)


def test_the_list_of_hunts_is_whole() -> None:
    result = CliRunner().invoke(app, ["hunts", "list", "--format", "json"])
    told = json.loads(result.stdout)
    assert len(told["hunts"]) >= 60
    Draft202012Validator({"type": "object", "required": ["hunts", "refused"]}).validate(told)
    assert "149 hunts" in CliRunner().invoke(app, ["hunts", "list"]).stdout


def test_a_hunt_in_a_run_waits_for_nobody_who_is_at_work_there(logs: Path) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    run = OutputFolder(logs.parent / "out").begin(now, {})
    with alone(run.folder.parent, now):
        said = hunt("--from", str(run.folder), "--logs", str(logs), code=2)
    assert "another run is at work" in said
