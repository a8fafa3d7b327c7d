"""Times an audit of a large organisation against what the server's latency alone would take.

    python tests/bench/bench_audit.py [--latency 0.1] [--contexts 500] [--projects 2000] ...

The floor is requests x latency / calls allowed at once: no client can be faster without breaking
the limit. Prints one line per figure; the wanted ratio is at most 1.5 and the memory 300 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PARALLEL = 4
SIZES = {"contexts": 500, "context_variables": 100, "projects": 2000, "project_variables": 20}


@dataclass(frozen=True, slots=True)
class Audit:
    """What one audit took: seconds since its start at which each step began, and memory."""

    code: int
    seconds: float
    steps: dict[str, float]
    peak_mb: float


def main() -> int:
    """Run the benchmark and return 0; its figures are for reading, not for passing."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--latency", type=float, default=0.1, help="seconds the server takes")
    for name, size in SIZES.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=size)
    told = vars(parser.parse_args())
    sizes = [f"--{name.replace('_', '-')}={told[name]}" for name in SIZES]
    command = [sys.executable, "-m", "auditor.demo", *sizes, f"--latency={told['latency']}"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as lab,
    ):
        if lab.stdin is None or lab.stdout is None:
            raise RuntimeError("the server has no pipes")
        audit = run(json.loads(lab.stdout.readline()), Path(folder))
        lab.stdin.close()
        requests = json.loads(lab.stdout.readline())["requests"]
        tell(audit, requests, told["latency"], Path(folder))
    return audit.code


def run(lab: dict[str, Any], folder: Path) -> Audit:
    """Audit the server in a process of its own."""
    config = folder / "config.toml"
    config.write_text(lab["config"].replace("token_env", f"parallel = {PARALLEL}\ntoken_env"))
    command = [sys.executable, "-m", "auditor", "audit", "--config", str(config)]
    started = time.perf_counter()
    steps: dict[str, float] = {}
    with subprocess.Popen(
        [*command, "--out", str(folder / "out")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ) | lab["environment"],
    ) as process:
        for line in process.stderr or ():
            if line.rstrip().endswith("..."):
                steps.setdefault(line.rstrip(" .\n"), time.perf_counter() - started)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - started
    return Audit(process.returncode, seconds, steps, usage.ru_maxrss / 1024)


def tell(audit: Audit, requests: int, latency: float, folder: Path) -> None:
    """Print the figures."""
    floor = requests * latency / PARALLEL
    reading = audit.steps.get("drawing conclusions", audit.seconds)
    written = next((folder / "out").glob("*/results.json"), None)
    print(f"requests            {requests}, {latency * 1000:.0f} ms each, {PARALLEL} at once")
    print(f"floor               {floor:8.1f} s")
    print(f"reading             {reading:8.1f} s   {reading / floor:.2f} x floor")
    print(f"whole audit         {audit.seconds:8.1f} s   {audit.seconds / floor:.2f} x floor")
    print(f"peak memory         {audit.peak_mb:8.0f} MB")
    if written:
        print(f"results.json        {written.stat().st_size / 2**20:8.0f} MB")
    for step, at in audit.steps.items():
        print(f"  {at:8.1f} s  {step}")


if __name__ == "__main__":
    raise SystemExit(main())
