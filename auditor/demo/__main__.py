"""`python -m auditor.demo`: serve an organisation from a process of its own.

Prints one line of JSON when it is up (url, config, environment), serves until standard input
closes or SIGTERM comes, and then prints one more with the number of requests answered.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Mapping
from typing import Any

from auditor.demo.estate import Scenario
from auditor.demo.faults import Faults
from auditor.demo.organisation import Organisation
from auditor.demo.scenario import generate, load
from auditor.demo.wire import Recording
from auditor.errors import AuditorError

SIZES = ("contexts", "context_variables", "projects", "project_variables")


def main() -> int:
    """Serve, and return the exit code."""
    arguments = vars(_parser().parse_args())
    sizes = {name: arguments[name] for name in SIZES if arguments[name] is not None}
    scenario = generate(**sizes) if sizes else load()
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(0))
    try:
        _serve(scenario, Faults(latency=arguments["latency"]))
    except AuditorError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return error.exit_code
    return 0


def _serve(scenario: Scenario, faults: Faults) -> None:
    recording = Recording(keep=False)
    with Organisation(scenario, faults, recording) as demo:
        config, environment = demo.config_toml(), dict(demo.environment())
        try:
            # Told inside: whoever reads the line may send the signal before the next one runs.
            _say({"url": demo.circleci_url, "config": config, "environment": environment})
            sys.stdin.read()
        finally:
            _say({"requests": len(recording)})


def _say(facts: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m auditor.demo", description=__doc__)
    for name in SIZES:
        flag = f"--{name.replace('_', '-')}"
        parser.add_argument(flag, type=int, help="serve a generated organisation of this size")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds that a request takes")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
