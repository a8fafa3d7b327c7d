"""The command line: parse, call the workflow, print. No logic, and no SDK before a command runs.

`app` is the application; the modules beside it hold the commands. Data goes to stdout, everything
else to stderr. Exit codes are those of `errors`, and: 0 done (findings or not), 10 something is at
least as bad as --fail-on, 11 something could not be read and --strict was given.
"""

from __future__ import annotations

import os
import sys

from auditor.cli import (  # noqa: F401 (importing adds their commands)
    audits,
    doctoring,
    explaining,
    hunts,
    permissions,
    questions,
    rotation,
    settings,
)
from auditor.cli.app import app
from auditor.errors import Interrupted

__all__ = ["app", "main"]


def main() -> None:
    """Run the command line; the console script."""
    try:
        app()
    except SystemExit as stop:
        if stop.code == Interrupted.exit_code:
            sys.stderr.flush()
            os._exit(Interrupted.exit_code)  # calls in flight would hold the exit up
        raise
