"""Writes down every HTTP call that the tool makes, so that an auditor can audit the auditor.

Nearly every client of the product, SDKs included, sends through urllib3, whose debug log names each
call that was answered: that is what is written down, without the query and without any header or
body. Clients of another kind (httpx, gRPC), and calls that nobody answered, are told by `told`.
"""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from auditor.console import REDACTOR

NAME = "calls.jsonl"
_URLLIB3 = "urllib3.connectionpool"
_ANSWERED = '%s://%s:%s "%s %s %s" %s %s'
"""What urllib3 logs: scheme, host, port, method, path with query, version, status, length."""
_LONGEST_PATH = 500

_own = logging.getLogger(__name__)
_doing = threading.local()


def doing(operation: str) -> None:
    """Name the operation of this thread's next call, where the path does not tell it."""
    _doing.operation = operation


def told(method: str, url: str, status: int | str | None = None) -> None:
    """Write down a call that urllib3 does not tell of; `status` is None where nobody answered.

    gRPC names its statuses ("PERMISSION_DENIED"), of answers and of failures to get one.
    """
    _own.debug("call", extra={"call": (method, url, status)})


@contextmanager
def written_to(folder: Path) -> Iterator[None]:
    """Write every call that is made meanwhile to a file of the folder, after those of before."""
    doing("")  # what this thread was about before is not of this run
    file = os.open(folder / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    handler = _Writer(file)
    loggers = [logging.getLogger(_URLLIB3), _own]
    before = [(logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False  # nobody else asked for lines of this level
    try:
        yield
    finally:
        for logger, (level, propagate) in zip(loggers, before, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
            logger.propagate = propagate
        os.close(file)


class _Writer(logging.Handler):
    """Turns records of calls into lines of JSON."""

    def __init__(self, file: int) -> None:
        super().__init__()
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line, where the record is of a call; whole, since it is one write."""
        call = _call(record)
        if call is None:
            return
        method, host, path, status = call
        line: dict[str, str | int | None] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "method": method,
            "host": host,
            "path": REDACTOR.clean(path.partition("?")[0])[:_LONGEST_PATH],
            "status": status,
        }
        if operation := getattr(_doing, "operation", ""):
            line["operation"] = operation
            _doing.operation = ""
        os.write(self._file, json.dumps(line).encode() + b"\n")


def _call(record: logging.LogRecord) -> tuple[str, str, str, int | str | None] | None:
    """Return method, host, path and status of the call that a record is of, None of any other."""
    if hasattr(record, "call"):
        method, url, status = record.call
        parts = urlsplit(url)
        return method, parts.netloc.rpartition("@")[2], parts.path, status
    if record.msg == _ANSWERED and isinstance(record.args, tuple):
        scheme, host, port, method, path, _, status, _ = record.args
        usual = port in (None, {"https": 443, "http": 80}.get(str(scheme)))
        return str(method), f"{host}" if usual else f"{host}:{port}", str(path), _number(status)
    return None


def _number(status: object) -> int | None:
    return status if isinstance(status, int) else None
