"""Every exit code, reached the way a person reaches it, with what is printed then."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from audits import Audits

from auditor.demo.organisation import TOKEN_VARIABLE


def lines(stderr: str) -> list[str]:
    """Return what was printed as an error: everything from the line that says so."""
    printed = stderr.splitlines()
    start = next(index for index, line in enumerate(printed) if line.startswith("error:"))
    return printed[start:]


def test_wrong_token_is_3_and_says_what_to_do(audits: Audits) -> None:
    ended = audits.audit(environment={TOKEN_VARIABLE: "wrong-token-planted"})
    assert ended.code == 3
    assert len(lines(ended.stderr)) == 2
    assert "token" in lines(ended.stderr)[0]
    assert "wrong-token-planted" not in ended.stderr + ended.stdout
    assert not audits.runs  # nothing was read: no folder is left behind


def test_the_version_needs_no_command(audits: Audits) -> None:
    ended = audits.run("--version")
    assert (ended.code, ended.stderr) == (0, "")
    assert ended.stdout.startswith("auditor ")


def test_project_token_is_3_and_asks_for_a_personal_one(audits: Audits) -> None:
    ended = audits.audit(environment={TOKEN_VARIABLE: audits.organisation.tokens.project})
    assert ended.code == 3
    assert "personal" in ended.stderr


def test_no_token_is_3_and_names_the_variable(audits: Audits) -> None:
    ended = audits.audit(environment={TOKEN_VARIABLE: ""})
    assert ended.code == 3
    assert TOKEN_VARIABLE in ended.stderr


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ('tokn_env = "X"', ["config.toml:", "inventory.circleci.tokn_env", "token_env"]),
        ('url = "http://ci.example"', ["config.toml:", "inventory.circleci.url", "https"]),
        ("parallel = 99", ["config.toml:", "inventory.circleci.parallel"]),
    ],
)
def test_bad_configuration_is_2_with_file_line_and_key(
    audits: Audits, change: str, words: list[str]
) -> None:
    text = audits.config.read_text().replace(
        "[inventory.circleci]", f"[inventory.circleci]\n{change}"
    )
    if change.startswith("url"):
        text = "\n".join(line for line in text.splitlines() if "https://127" not in line)
    audits.config.write_text(text)
    ended = audits.audit()
    assert ended.code == 2
    assert all(word in ended.stderr for word in words), ended.stderr
    assert not audits.out.exists()


@pytest.mark.parametrize("arguments", [("--since", "yesterday"), ("--incident", "none-such")])
def test_bad_incident_is_2(audits: Audits, arguments: tuple[str, str]) -> None:
    ended = audits.audit(*arguments)
    assert ended.code == 2
    assert arguments[0] in ended.stderr or arguments[1] in ended.stderr


def test_unreachable_server_is_4(audits: Audits) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    text = audits.config.read_text()
    url = audits.organisation.circleci_url
    audits.config.write_text(text.replace(f'"{url}"', f'"https://127.0.0.1:{port}"\nretries = 0'))
    ended = audits.audit()
    assert ended.code == 4, ended.stderr
    assert len(lines(ended.stderr)) <= 2


def test_workbook_open_elsewhere_is_5_and_saved_beside(audits: Audits) -> None:
    assert audits.audit().code == 0
    before = audits.tracker.read_bytes()
    (audits.out / "~$tracker.xlsx").write_bytes(b"")
    ended = audits.audit()
    assert ended.code == 5, ended.stderr
    assert audits.tracker.read_bytes() == before
    beside = list(audits.out.rglob("tracker.new-*.xlsx"))
    assert len(beside) == 1
    assert str(beside[0]) in ended.stderr.replace("\n", "")


def test_output_folder_not_writable_is_5_and_saved_elsewhere(audits: Audits) -> None:
    audits.out.write_text("a file, not a folder")
    ended = audits.audit(environment={"TMPDIR": str(audits.folder)})
    assert ended.code == 5, ended.stderr
    assert audits.out.read_text() == "a file, not a folder"
    saved = list(audits.folder.glob("auditor-*/*/results.json"))
    assert len(saved) == 1
    assert str(saved[0].parent.parent) in ended.stderr


def test_fail_on_is_10_and_strict_is_11(audits: Audits) -> None:
    assert audits.audit("--fail-on", "critical", "--strict").code == 10
    assert audits.audit("--strict").code == 11


def test_interrupt_is_130_and_the_run_resumes(audits: Audits) -> None:
    audits.organisation.faults.latency = 0.05
    told = ("audit", "--config", str(audits.config), "--out", str(audits.out))
    running = subprocess.Popen(
        audits.command(*told),
        cwd=audits.folder,
        env=audits.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not list(audits.out.glob("*/snapshot/**/*.gz")) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(0.5)
    running.send_signal(signal.SIGINT)
    _, stderr = running.communicate(timeout=30)
    assert running.returncode == 130, stderr
    run = audits.runs[0]
    assert f"--resume {run}" in stderr.replace("\n", "")
    kept = {path: path.stat().st_mtime_ns for path in (run / "snapshot").rglob("*.gz")}
    assert kept
    audits.organisation.faults.latency = 0.0
    before = len(audits.organisation.recording.lines())
    assert audits.run("audit", "--resume", str(run)).code == 0
    asked_again = len(audits.organisation.recording.lines()) - before
    resumed = audits.results()
    whole = len(audits.organisation.recording.lines())
    assert audits.audit().code == 0
    assert asked_again < len(audits.organisation.recording.lines()) - whole
    fresh = audits.results()
    assert sorted(row["id"] for row in resumed["secrets"]) == sorted(
        row["id"] for row in fresh["secrets"]
    )
    assert audits.severities(0) == audits.severities(1)


def test_missing_extra_is_2_and_named(audits: Audits) -> None:
    code = (
        "import sys; sys.modules['boto3'] = None; "
        "from auditor.cli import main; sys.argv[0] = 'auditor'; main()"
    )
    told = ("audit", "--config", str(audits.config), "--out", str(audits.out))
    done = subprocess.run(
        [sys.executable, "-c", code, *told],
        capture_output=True,
        text=True,
        cwd=audits.folder,
        env=audits.environment,
        check=False,
    )
    assert done.returncode == 2
    assert "ci-secrets-auditor[aws]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_defect_is_1_without_a_traceback(audits: Audits) -> None:
    code = (
        "import sys; from auditor import workflow, cli\n"
        "def broken(*_, **__): raise RuntimeError('planted AKIAIOSFODNN7EXAMPLE')\n"
        "workflow.audit = broken; sys.argv[0] = 'auditor'; cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "audit", "--config", str(audits.config)],
        capture_output=True,
        text=True,
        cwd=audits.folder,
        env=audits.environment,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "EXAMPLE" not in done.stderr


def test_config_init_and_show(tmp_path: Path, audits: Audits) -> None:
    assert audits.run("config", "init", str(tmp_path / "new.toml")).code == 0
    assert audits.run("config", "init", str(tmp_path / "new.toml")).code == 2
    shown = audits.run("config", "show", "--config", str(tmp_path / "new.toml"))
    assert shown.code == 0, shown.stderr
    assert "inventory.circleci.token_env = 'CIRCLE_TOKEN'" in shown.stdout
    assert f"{tmp_path / 'new.toml'}:" in shown.stdout
