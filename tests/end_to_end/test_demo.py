"""`auditor demo`, and what `--keep` promises: the servers stay up and can be audited."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

AUDITOR = [sys.executable, "-m", "auditor"]


def test_kept_servers_can_be_audited_with_what_was_printed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*AUDITOR, "demo", "--keep", "--out", str(tmp_path / "demo")],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as demo:
        printed = ""
        for line in demo.stderr or ():
            printed += line
            if "auditor audit --config" in line:
                break
        exports = dict(re.findall(r"(?m)^  export (\w+)=(\S+)$", printed.replace("''", "")))
        config = re.findall(r"auditor audit --config (\S+)", printed)[-1]
        audit = subprocess.run(
            [*AUDITOR, "audit", "--config", config, "--out", str(tmp_path / "mine")],
            cwd=tmp_path,
            env=dict(os.environ) | exports,
            capture_output=True,
            text=True,
            check=False,
        )
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=30) == 0
    assert audit.returncode == 0, audit.stderr
    assert "AWS_SECRET_ACCESS_KEY" in exports
    assert (tmp_path / "mine" / "tracker.xlsx").is_file()
    assert not Path(config).exists()


def test_a_second_demo_is_a_rerun(tmp_path: Path) -> None:
    for _ in range(2):
        ended = subprocess.run(
            [*AUDITOR, "demo", "--out", str(tmp_path)], capture_output=True, check=False
        )
        assert ended.returncode == 0, ended.stderr
    assert len(list(tmp_path.glob("*/results.json"))) == 2
    assert len(list(tmp_path.rglob("*.xlsx"))) == 2  # the tracker and its backup
    assert stories(json.loads(max(tmp_path.glob("*/results.json")).read_text())) == STORIES


STORIES = {
    "aws": {"org-global AWS_SECRET_ACCESS_KEY"},
    "azure": {"azure-production AZURE_CLIENT_SECRET"},
    "gcp": {f"{p} GCLOUD_SERVICE_KEY" for p in ("labs-clouds", "telemetry-etl", "wind-tunnel")},
    "github": {"org-global GITHUB_TOKEN", "launchpad-monolith github-user-key"},
}
"""What was stolen, by the log that shows it; Azure's application has two secrets there."""


def stories(results: dict[str, Any]) -> dict[str, set[str]]:
    """Return the secrets that each story leads to, by platform; every story is told once."""
    roles = {one["secret_id"]: one["role"] for one in results["classifications"]}
    names = {
        one["id"]: f"{one['scope']['name']} {one['name'].partition(' (')[0]}"
        for one in results["secrets"]
        if roles[one["id"]] == "secret"
    }
    assert len(results["findings"]) == 4
    return {
        finding["platform"]: {names[id_] for id_ in finding["secret_ids"] if id_ in names}
        for finding in results["findings"]
    }
