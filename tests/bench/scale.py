"""Audit a large CI system twice, once with faults, and compare what came out: make scale.

    python tests/bench/scale.py [--projects 5000] [--faults 5]

Of a hundred calls, so many are throttled or lose their connection. The results must be the same.
"""

from __future__ import annotations

import argparse
import os
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from auditor import workflow
from auditor.collecting import Silent
from auditor.config import load
from auditor.demo import Organisation, Recording, generate
from auditor.models import Results


def main() -> int:
    """Return 1 where the results differ."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--projects", type=int, default=5000)
    parser.add_argument("--faults", type=int, default=5, help="of a hundred calls")
    told = parser.parse_args()
    scenario = generate(
        contexts=100, context_variables=10, projects=told.projects, project_variables=4
    )
    recording = Recording(keep=False)
    with (
        Organisation(scenario, recording=recording) as demo,
        tempfile.TemporaryDirectory() as folder,
    ):
        os.environ.update(demo.environment())
        whole = audit(demo, Path(folder), recording, "without faults")
        every = 200 // told.faults  # half of them throttled, half dropped
        demo.faults.throttle(every, retry_after=0)
        demo.faults.drop(every=every + 1)
        faulty = audit(demo, Path(folder), recording, "with faults")
    found, other = told_of(whole), told_of(faulty)
    for line in sorted(found ^ other)[:10]:
        print(f"in one of them only: {line[:300]}")
    print(f"the results are {'the same' if found == other else 'NOT the same'}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"peak memory, servers included: {peak} MB")
    return int(found != other)


def audit(demo: Organisation, folder: Path, recording: Recording, how: str) -> Results:
    """Return what an audit found, and print what it took; of one folder, tails are sealed alike."""
    config = folder / "config.toml"
    config.write_text(demo.config_toml(), "utf-8")
    loaded = load(config, flags={"out": str(folder / "out")})
    begun, cpu, before = time.monotonic(), time.process_time(), len(recording)
    results = workflow.audit(loaded, datetime.now(UTC), Silent()).results
    print(
        f"{how}: {len(results.secrets)} entries, {len(recording) - before} calls answered, "
        f"{len(results.gaps)} gaps, {time.monotonic() - begun:.0f} s, "
        f"{time.process_time() - cpu:.0f} s of CPU with the servers"
    )
    return results


def told_of(results: Results) -> set[str]:
    """Return what the results say of the world."""
    parts = (results.secrets, results.assessments, results.gaps, results.coverage)
    return {repr(one) for part in parts for one in part}


if __name__ == "__main__":
    raise SystemExit(main())
