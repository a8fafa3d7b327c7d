"""What may befall a run: killed at any point, a full disk, another run, a clock set back."""

from __future__ import annotations

import csv
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from audits import Audits, Ended

from auditor.collecting import Silent
from auditor.config import load
from auditor.demo import Organisation, generate
from auditor.errors import ConfigError
from auditor.locking import alone
from auditor.workflow import audit

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
KILLS = 20
SEED = 2023


@pytest.fixture(scope="module")
def company() -> Iterator[Organisation]:
    """Run a small CI system alone: what is tested here is the same whoever is asked."""
    scenario = generate(contexts=4, context_variables=4, projects=6, project_variables=4)
    with Organisation(scenario) as running:
        yield running


@pytest.fixture
def runs(company: Organisation, tmp_path: Path) -> Audits:
    return Audits(company, tmp_path)


@pytest.fixture(scope="module")
def finished(company: Organisation, tmp_path_factory: pytest.TempPathFactory) -> Audits:
    """One run, and how long it took."""
    audits = Audits(company, tmp_path_factory.mktemp("finished"))
    assert audits.audit().code == 0
    return audits


@pytest.fixture
def again(runs: Audits, finished: Audits) -> Audits:
    """Return an output folder with that one run in it."""
    shutil.copytree(finished.out, runs.out)
    return runs


def finish(audits: Audits) -> None:
    """Go on with the latest run, to a good end."""
    ended = audits.run("audit", "--resume", str(audits.runs[-1]))
    assert ended.code == 0, ended.stderr


def note(audits: Audits, text: str) -> str:
    """Write into the workbook as a person does, and return the id of the row."""
    book = openpyxl.load_workbook(audits.tracker)
    sheet = book["Secrets"]
    rows = list(sheet.iter_rows())
    header = next(row for row in rows if any(cell.value == "Secret ID" for cell in row))
    columns = {str(cell.value): cell.column for cell in header}
    row = next(row for row in rows if str(row[0].value).startswith("S-"))
    sheet.cell(int(str(row[0].row)), columns["Notes"] or 0).value = text
    book.save(audits.tracker)
    return str(row[0].value)


# --- killed ----------------------------------------------------------------------------------


def killed(audits: Audits, seconds: float, *arguments: str) -> bool:
    """Start a command and kill it after so many seconds; return whether it was still at work."""
    with subprocess.Popen(
        audits.command(*arguments),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=audits.folder,
        env=audits.environment,
    ) as process:
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.send_signal(signal.SIGKILL)
        return process.wait() == -signal.SIGKILL


def test_killed_at_any_point_a_run_goes_on_and_the_workbook_is_whole(again: Audits) -> None:
    runs, whole = again, again.severities()
    id_ = note(runs, "the owner is on holiday")
    begun = time.monotonic()
    finish(runs)
    took = time.monotonic() - begun
    random_ = random.Random(SEED)  # noqa: S311 (a seed, so that each time is the same)
    struck = 0
    for number in range(KILLS):
        at = random_.uniform(0.25, 0.95) * took
        half_done = runs.runs[-1] if number % 4 else None  # every fourth begins a run of its own
        if half_done and half_done != runs.runs[0]:
            told = ["audit", "--resume", str(half_done)]
        else:
            told = ["audit", "--config", str(runs.config), "--out", str(runs.out)]
        if killed(runs, at, *told):
            struck += 1
        else:
            took *= 0.7  # the machine has become faster since the time was taken
        book = openpyxl.load_workbook(runs.tracker)
        assert any("the owner is on holiday" in row for row in book["Secrets"].values)
    assert struck >= KILLS // 2
    finish(runs)
    assert runs.severities() == whole
    assert runs.results()["edits"][id_]["notes"] == "the owner is on holiday"


# --- no room ---------------------------------------------------------------------------------


def with_room(size: int) -> Callable[[], None]:
    """Return what lets a process write no file larger than that."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def audit_with(audits: Audits, size: int) -> Ended:
    done = subprocess.run(
        audits.command("audit", "--config", str(audits.config), "--out", str(audits.out)),
        capture_output=True,
        text=True,
        cwd=audits.folder,
        env=audits.environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=with_room(size),
        timeout=120,
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("size", [1_200, 9_000])
def test_without_room_nothing_is_lost_and_the_run_goes_on(again: Audits, size: int) -> None:
    runs, whole, before = again, again.severities(), again.tracker.read_bytes()
    ended = audit_with(runs, size)
    assert ended.code == 5, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "unexpected" not in ended.stderr
    assert "make room" in ended.stderr
    assert runs.tracker.read_bytes() == before
    finish(runs)
    assert runs.severities() == whole


def test_a_full_disk_is_told(runs: Audits, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", str(disk)],
        capture_output=True,
        check=False,
    )
    if not mounted or mounted.returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        ended = runs.run("audit", "--config", str(runs.config), "--out", str(disk / "out"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)
    assert ended.code == 5, ended.stderr
    assert "make room" in ended.stderr
    assert "unexpected" not in ended.stderr


# --- another run -----------------------------------------------------------------------------


def test_two_runs_at_once_in_one_folder_are_one_too_many(runs: Audits) -> None:
    runs.out.mkdir()
    with alone(runs.out, NOW):
        ended = runs.audit()
    assert ended.code == 2
    assert "another run is at work" in ended.stderr
    assert "since 2026-03-04 05:06:07 UTC" in ended.stderr
    assert "--out" in ended.stderr
    assert runs.runs == []
    assert runs.audit().code == 0  # the lock goes with the one who held it


def test_the_lock_of_a_process_that_died_holds_nobody_up(tmp_path: Path) -> None:
    code = (
        "import os,sys,datetime,pathlib; from auditor.locking import alone\n"
        "with alone(pathlib.Path(sys.argv[1]), datetime.datetime.now(datetime.UTC)): os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    with (
        alone(tmp_path, NOW),
        pytest.raises(ConfigError, match="another run"),
        alone(tmp_path, NOW),
    ):
        pass


# --- a clock set back ------------------------------------------------------------------------


class Heard(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def test_a_clock_set_back_changes_no_history(
    runs: Audits, company: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in company.environment().items():
        monkeypatch.setenv(name, value)
    loaded = load(runs.config, flags={"out": str(runs.out)})
    times = [NOW, NOW + timedelta(days=9), NOW - timedelta(days=400), NOW + timedelta(days=10)]
    heard = [Heard() for _ in times]
    made = [audit(loaded, now, told).results for now, told in zip(times, heard, strict=True)]
    begun = [results.run.started for results in made]
    assert begun == sorted(set(begun))
    assert [results.run.id for results in made] == [path.name[-6:] for path in runs.runs]
    assert [len(results.trend) for results in made] == [1, 2, 3, 4]
    assert not [one for results in made for one in results.changes if one.what == "Entry"]
    assert all(seen.first == NOW for seen in made[-1].history)
    warned = ["machine's clock" in " ".join(one.notes) for one in heard]
    assert warned == [False, False, True, False]
    with (runs.runs[2] / "tables" / "secrets.csv").open(encoding="utf-8-sig") as file:
        ages = [row["Age (days)"] for row in csv.DictReader(file)]
    assert len(ages) == len(made[2].secrets)
    assert not [age for age in ages if age.startswith("-")]
