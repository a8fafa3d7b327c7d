"""The wall around every command: whatever happens becomes an exit code and at most two lines."""

from __future__ import annotations

import functools
import logging
import os
import sys
from collections.abc import Callable
from typing import ParamSpec

import typer

from auditor.errors import AuditorError

P = ParamSpec("P")


def exits(command: Callable[P, int]) -> Callable[P, None]:
    """Turn a command's return value, and every error, into an exit code and at most two lines."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from auditor.console import REDACTOR  # noqa: PLC0415 (lazily, as every import here)

        try:
            code = command(*args, **kwargs)
        except AuditorError as error:
            say(REDACTOR.clean(f"error: {error.message}"))
            if error.hint:
                say(REDACTOR.clean(f"  {error.hint}"))
            code = error.exit_code
        except KeyboardInterrupt:
            say("interrupted")
            code = 130
        except BrokenPipeError:  # the reader of our stdout went away: nobody is left to tell
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = 1
        except Exception as error:  # the last wall: a traceback could show a secret
            if _after_an_interrupt(error):
                say("interrupted")
                raise typer.Exit(130) from None
            logging.getLogger("auditor").debug("unexpected error", exc_info=True)
            say(REDACTOR.clean(f"error: unexpected {type(error).__name__}: {error}"))
            say("  this is a defect of auditor; run again with -vv for the details")
            code = 1
        raise typer.Exit(code)

    return run


def _after_an_interrupt(error: BaseException) -> bool:
    """Return whether Ctrl-C came first: closing what was at work, such as a database, failed."""
    before = error.__context__
    return before is not None and (
        isinstance(before, KeyboardInterrupt) or _after_an_interrupt(before)
    )


def say(line: str) -> None:
    """Write one line to stderr: stdout belongs to data."""
    typer.echo(line, err=True)
