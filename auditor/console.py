"""What people see while it runs: progress and log lines on stderr, with every secret hidden.

Standard output belongs to data. `Bar` draws on a terminal, `Lines` prints a plain line every ten
seconds elsewhere, so that a CI log is never silent and never full of control codes.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from auditor.collecting import Progress

HIDDEN = "[hidden]"
_SHORTEST_SECRET = 6
_PATTERNS = (
    re.compile(r"\b((?:AKIA|ASIA)[A-Z2-7]{12})[A-Z2-7]{4}\b"),
    re.compile(r"()\b(?:CCIPAT_|CCIPRJ_|gh[opsur]_|github_pat_)[A-Za-z0-9_]{8,}"),
    re.compile(r"(?i)((?:circle-token|authorization|x-amz-security-token)['\"]?\s*[:=]\s*)\S.*"),
)


class Redactor(logging.Filter):
    """Hides registered values, and text shaped like a credential, in every log record."""

    def __init__(self) -> None:
        """Start with no value registered."""
        super().__init__()
        self._values: set[str] = set()

    def hide(self, value: str) -> None:
        """Register a value that must never be shown.

        Shorter than six characters is not a secret.
        """
        if len(value) >= _SHORTEST_SECRET:
            self._values.add(value)

    def clean(self, text: str) -> str:
        """Return the text with every secret replaced."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, HIDDEN)
        for pattern in _PATTERNS:
            text = pattern.sub(rf"\1{HIDDEN}", text)
        return text

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean one record in place: its message, and a traceback if it has one."""
        record.msg, record.args = self.clean(record.getMessage()), None
        if record.exc_info:
            text = record.exc_text or logging.Formatter().formatException(record.exc_info)
            record.exc_text = self.clean(text)
        return True


REDACTOR = Redactor()
"""The one redactor of the process: collectors register the tokens they use."""


def start_logging(verbosity: int, stream: TextIO | None = None) -> None:
    """Send the product's own log lines to stderr.

    Warnings, with -v information, with -vv everything.

    The SDKs' loggers stay silent: at debug level they print headers and bodies, and their warnings
    would reach stderr by Python's last resort, past the redactor. What they warn of is a gap.
    """
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.NullHandler())
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.addFilter(REDACTOR)
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("auditor")
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel((logging.WARNING, logging.INFO, logging.DEBUG)[min(verbosity, 2)])


class Lines:
    """A `Progress` of plain lines: one when a step begins and one every ten seconds."""

    every = 10.0

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        """Write to the stream; the clock gives seconds."""
        self._stream, self._clock = stream, clock
        self._lock = threading.Lock()
        self._step, self._done, self._spoken = "", 0, 0.0
        self._total: int | None = None

    def start(self, step: str, total: int | None = None) -> None:
        """Say that a step begins."""
        with self._lock:
            self._step, self._total, self._done = step, total, 0
            self._say(f"{step}{f' ({total:,})' if total else ''} ...")

    def advance(self, amount: int = 1) -> None:
        """Count, and say so when ten seconds have passed since the last line."""
        with self._lock:
            self._done += amount
            if self._clock() - self._spoken >= self.every:
                whole = f" of {self._total:,}" if self._total else ""
                self._say(f"{self._step}: {self._done:,}{whole}")

    def note(self, message: str) -> None:
        """Write a line of its own."""
        with self._lock:
            self._say(message)

    def _say(self, text: str) -> None:
        self._spoken = self._clock()
        print(REDACTOR.clean(text), file=self._stream, flush=True)


@contextmanager
def progress_on(stream: TextIO) -> Iterator[Progress]:
    """Give a `Progress` for the stream: a bar on a terminal, plain lines elsewhere."""
    if stream.isatty():
        with _bar(stream) as bar:
            yield bar
    else:
        yield Lines(stream)


@contextmanager
def _bar(stream: TextIO) -> Iterator[Progress]:
    from rich.console import Console  # noqa: PLC0415 (drawn only on a terminal)
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.progress import Progress as RichProgress  # noqa: PLC0415

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(24))
    console = Console(file=stream)
    with RichProgress(
        *columns, MofNCompleteColumn(), TimeElapsedColumn(), console=console, transient=True
    ) as rich:

        class Bar:
            """A `Progress` drawn by rich: one bar for the step under way."""

            def __init__(self) -> None:
                self._task = rich.add_task("starting", total=None)

            def start(self, step: str, total: int | None = None) -> None:
                # A new task each time: one that has had a total cannot lose it again.
                rich.remove_task(self._task)
                self._task = rich.add_task(escape(REDACTOR.clean(step)), total=total)

            def advance(self, amount: int = 1) -> None:
                rich.advance(self._task, amount)

            def note(self, message: str) -> None:
                rich.console.print(escape(REDACTOR.clean(message)), highlight=False)

        yield Bar()
