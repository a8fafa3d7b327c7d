"""Answers made-up requests, one a line, as a provider would.

Nothing is asked of the provider: the policies come with the request.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TextIO

from auditor import nesting
from auditor.errors import ConfigError
from auditor.models import Json
from auditor.providers import Simulator, providers

LONGEST_LINE = 4 * 2**20
"""Bytes of one request; every policy AWS lets one attach, at its longest, is far below."""


def simulate(provider: str, requests: str, now: datetime, out: TextIO, *, as_json: bool) -> None:
    """Write one verdict a line for the requests of a file, of stdin for "-".

    A line that cannot be answered gives {"id", "error"}, and the rest go on. ConfigError for an
    unknown provider and for a file that cannot be read.
    """
    simulator = _simulator(provider)
    with ExitStack() as closing:
        try:
            source = (
                sys.stdin.buffer
                if requests == "-"
                else closing.enter_context(Path(requests).open("rb"))
            )
            for line in _lines(source):
                verdict = _verdict(simulator, line, now)
                out.write((json.dumps(verdict) if as_json else _told(verdict)) + "\n")
        except OSError as error:
            if error.filename is None:  # not of the file of requests
                raise
            message = f"{requests} cannot be read ({error.strerror})"
            raise ConfigError(message, "name a file of requests with --requests") from error


def _simulator(name: str) -> Simulator:
    found = {key: part for key, part in providers().items() if isinstance(part, Simulator)}
    if name not in found:
        raise ConfigError(f"no provider {name} can simulate", f"one of: {', '.join(sorted(found))}")
    return found[name]


def _lines(source: BinaryIO) -> Iterator[bytes | None]:
    """Yield the lines that hold something; None for one that is too long, and is not kept."""
    while line := source.readline(LONGEST_LINE):
        if len(line) < LONGEST_LINE or line.endswith(b"\n"):
            if line.strip():
                yield line
            continue
        while (rest := source.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass
        yield None


def _verdict(simulator: Simulator, line: bytes | None, now: datetime) -> dict[str, Any]:
    if line is None:
        return {"id": None, "error": f"the line is longer than {LONGEST_LINE} bytes"}
    try:
        request: Json = nesting.loads(line.decode("utf-8-sig"))
    except nesting.TooDeep as error:
        return {"id": None, "error": str(error)}
    except ValueError:
        return {"id": None, "error": "the line is not JSON in UTF-8"}
    if not isinstance(request, dict):
        return {"id": None, "error": "the line is not a JSON object"}
    told = {"id": request.get("id")}
    try:
        return told | simulator.simulate(request, now)
    except ValueError as error:
        return told | {"error": str(error)}


def _told(verdict: dict[str, Any]) -> str:
    """Return a verdict in words; `json` keeps an id from another hand on its line."""
    words = [json.dumps(verdict["id"]), verdict.get("verdict") or f"error: {verdict['error']!a}"]
    if verdict.get("blocked_by"):
        words.append(f"blocked by {', '.join(verdict['blocked_by'])}")
    return "  ".join(words)
