"""Prints what `auditor doctor` costs with every source configured: CPU seconds, and wall seconds.

The invented company answers from loopback servers in this process, so that the wall holds their
work, too; on a busy machine it says little. Aim: 5 s.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from auditor.demo import Organisation, load

TIMES = 3


def main() -> int:
    """Run it a few times and print the best."""
    with Organisation(load()) as company, tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.toml"
        config.write_text(company.config_toml(), "utf-8")
        command = [sys.executable, "-m", "auditor", "doctor", "--config", str(config)]
        command += ["--out", str(Path(folder) / "out")]
        environment = dict(os.environ) | dict(company.environment())
        runs = [_cost(command, environment) for _ in range(TIMES)]
    cpu, wall = min(cpu for cpu, _ in runs), min(wall for _, wall in runs)
    print(f"doctor: {cpu:.1f} s of CPU, {wall:.1f} s, the best of {TIMES}")
    return 0


def _cost(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, check=False)
    wall, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise SystemExit(done.stderr.decode())
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


if __name__ == "__main__":
    raise SystemExit(main())
