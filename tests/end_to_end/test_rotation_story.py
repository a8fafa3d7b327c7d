"""The story of a rotation over four providers: an audit, people at work, a verification."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cloudtrail_records import call
from openpyxl import load_workbook
from typer.testing import CliRunner

from auditor.cli import app
from auditor.demo import rotation, scenario
from auditor.demo.accounts import access_keys
from auditor.models import Closure

SOFFICE = shutil.which("soffice")
NOTE = "talked to the owner, =1+1 is text"


@dataclass(frozen=True)
class Story:
    """What the verification printed and left behind."""

    folder: Path
    code: int
    closing: Any
    summary: str
    ids: dict[tuple[str, str], str]

    def entries(self, move: rotation.Move) -> list[str]:
        """Return the Secret IDs that a move is about."""
        names = rotation.entries(scenario.load(), move)
        return [
            id_
            for (place, name), id_ in self.ids.items()
            if place.startswith(move.place) and name in names
        ]


def demo(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "auditor", "demo", "--out", str(folder), *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=os.environ | {"GITHUB_STEP_SUMMARY": str(folder.parent / "summary.md")},
        timeout=200,
        check=False,
    )


def claim(folder: Path, ids: dict[tuple[str, str], str]) -> None:
    """Write what people claim, as they do: a status here, a note there, the rows sorted anew."""
    path = folder / "tracker.xlsx"
    book = load_workbook(path)
    sheet = book["Secrets"]
    columns = {str(cell.value): number for number, cell in enumerate(sheet[1], 1)}
    rows = {str(sheet.cell(row, 1).value): row for row in range(2, sheet.max_row + 1)}
    told = scenario.load()
    for move in rotation.moves():
        for (place, name), id_ in ids.items():
            if place.startswith(move.place) and name in rotation.entries(told, move):
                sheet.cell(rows[id_], columns["Status"]).value = move.claim or "Open"
                note = sheet.cell(rows[id_], columns["Notes"])
                note.value, note.data_type = NOTE, "s"
    book.save(path)


def resaved(folder: Path) -> None:
    """Open the workbook in LibreOffice and save it, where there is one."""
    if SOFFICE is None:
        return
    profile = (folder.parent / "profile").as_uri()
    out = folder.parent / "resaved"
    told = [f"-env:UserInstallation={profile}", "--headless", "--convert-to", "xlsx"]
    subprocess.run(
        [SOFFICE, *told, "--outdir", str(out), str(folder / "tracker.xlsx")],
        check=True,
        capture_output=True,
        timeout=180,
    )
    shutil.copy(out / "tracker.xlsx", folder / "tracker.xlsx")


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    folder = tmp_path_factory.mktemp("story") / "out"
    assert demo(folder).returncode == 0
    (first,) = folder.glob("*/results.json")
    secrets = json.loads(first.read_text("utf-8"))["secrets"]
    ids = {(row["scope"]["name"], row["name"]): row["id"] for row in secrets}
    claim(folder, ids)
    resaved(folder)
    ended = demo(folder, "--rotated", "--format", "json")
    assert ended.stdout, ended.stderr
    summary = (folder.parent / "summary.md").read_text("utf-8")
    return Story(folder, ended.returncode, json.loads(ended.stdout), summary, ids)


@pytest.mark.parametrize("move", rotation.moves(), ids=lambda m: f"{m.place}-{m.verdict}")
def test_every_move_has_the_verdict_that_both_sides_show(story: Story, move: rotation.Move) -> None:
    found = {line["secret_id"]: line for line in story.closing["entries"]}
    ids = story.entries(move)
    assert ids
    for id_ in ids:
        assert found[id_]["closure"] == move.verdict, found[id_]["evidence"]
        wrong = move.claim == "Rotated" and Closure(move.verdict).contradicts
        assert found[id_]["contradicted"] == wrong


def test_a_contradicted_claim_is_an_exit_code_and_a_summary(story: Story) -> None:
    assert story.code == 12
    assert "Claimed, not verified" in story.summary
    assert len(story.summary.encode()) < 1_000_000


def test_every_word_that_people_wrote_is_still_there(story: Story) -> None:
    sheet = load_workbook(story.folder / "tracker.xlsx")["Secrets"]
    header, *rows = sheet.iter_rows(values_only=True)
    table = {str(row[0]): dict(zip(header, row, strict=True)) for row in rows}
    for move in rotation.moves():
        for id_ in story.entries(move):
            assert table[id_]["Notes"] == NOTE
            assert table[id_]["Status"] == (move.claim or "Open")
            assert move.verdict.lower() in str(table[id_]["Rotation verdict"]).lower()


def test_nothing_untouched_is_closed(story: Story) -> None:
    touched = {id_ for move in rotation.moves() for id_ in story.entries(move)}
    done = {line["secret_id"] for line in story.closing["entries"] if Closure(line["closure"]).done}
    assert done
    assert done <= touched


def test_no_tail_is_in_the_answer(story: Story) -> None:
    pairs = [
        key.pair
        for account in scenario.load().accounts
        for user in account.users
        for key in user.keys
    ]
    text = json.dumps(story.closing) + story.summary
    assert not [pair for pair in pairs if pair.id in text or pair.secret in text]


def test_the_story_covers_both_ends_at_four_providers(story: Story) -> None:
    entries = [id_ for move in rotation.moves() for id_ in story.entries(move)]
    assert len(entries) >= 40
    moves = rotation.moves()
    assert all(any(getattr(move, at) for move in moves) for at in ("key", "gcp", "github", "azure"))


# --- a thief comes back ----------------------------------------------------------------------


def run(*words: str) -> str:
    result = CliRunner().invoke(app, [*words])
    assert result.exit_code in (0, 12), result.output
    return str(result.stdout)


def retired_keys(results: Any) -> Iterator[tuple[str, str, str, datetime]]:
    """Yield entry, user, whole key id and time of proof of every rotation proven at AWS."""
    keys = [key.pair.id for key in access_keys(scenario.load().accounts).values()]
    for base in results["baselines"]:
        for old in base["retired"] if base["verified"] else ():
            if old["provider"] == "aws":
                shown = old["label"].partition("*")[0]
                [whole] = [key for key in keys if key.startswith(shown)]
                user = old["identity_id"]
                yield base["secret_id"], user, whole, datetime.fromisoformat(base["verified"])


def test_a_retired_key_that_is_used_again_reopens_its_row(story: Story, tmp_path: Path) -> None:
    last = max(story.folder.glob("*/results.json")).parent
    results = json.loads((last / "results.json").read_text("utf-8"))
    id_, user, key, proven = next(retired_keys(results))
    again = proven + timedelta(minutes=5)
    record = call("back", eventTime=f"{again:%Y-%m-%dT%H:%M:%SZ}")
    record["userIdentity"] |= {"accessKeyId": key, "arn": user}
    logs = tmp_path / "trail.json"
    logs.write_text(json.dumps({"Records": [record]}), "utf-8")

    words = ["hunt", "--from", str(last), "--logs", str(logs), "--source", "cloudtrail"]
    told = json.loads(run(*words, "--format", "json"))
    [finding] = [f for f in told["findings"] if f["src_ip"] == "198.51.100.7"]
    assert "Credential used after its rotation" in {hit["title"] for hit in finding["hits"]}
    assert id_ in finding["secret_ids"]
    assert key not in json.dumps(told)

    run("report", "--from", str(last))
    results = json.loads((last / "results.json").read_text("utf-8"))
    [verdict] = [one for one in results["verdicts"] if one["secret_id"] == id_]
    assert verdict["closure"] == Closure.USED_AFTER.value
    sheet = load_workbook(story.folder / "tracker.xlsx")["Secrets"]
    header, *rows = sheet.iter_rows(values_only=True)
    [row] = [row for row in rows if row[0] == id_]
    said = dict(zip(header, row, strict=True))
    assert said["Rotation verdict"] == Closure.USED_AFTER.value
    assert "198.51.100.7" in str(said["Proof of rotation"])
