"""Sessions are followed by a second look, which finds what the first one saw or says it is gone."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cloudtrail_records import KEY, SESSION, assumed, call, session_of
from readings import NOW, SEALER, Dying, Read

from auditor.collecting import Progress, Silent
from auditor.hunts import reading as reading_module
from auditor.hunts.following import CHANGED
from auditor.hunts.ledger import Ledger, State
from auditor.hunts.reading import find, read_logs
from auditor.hunts.wanted import Window, wanted
from auditor.hunts.worker import Order, Reader, Task

USES = [call(f"use {number}", userIdentity=session_of(SESSION)) for number in range(3)]
OTHERS = [call("other", userIdentity=session_of("ASIASTRANGEREXAMPLEX"))]


def packed(*records: dict[str, Any]) -> bytes:
    return gzip.compress(json.dumps({"Records": records}).encode())


class Between(Silent):
    """Does something after the first look, before the second."""

    def __init__(self, act: Callable[[], None]) -> None:
        self._act = act

    def start(self, what: str, total: int | None = None) -> None:
        if what.startswith("following"):
            self._act()


def reread(folder: Path, logs: Path, progress: Progress) -> Ledger:
    asked = wanted([KEY], SEALER)
    return read_logs([logs], None, asked, folder, SEALER, Window(), progress, now=NOW, workers=1)


@pytest.fixture
def uses(logs: Path) -> Path:
    """Return a file of uses that is read before the one in which the key is handed out."""
    (logs / "c issued").write_bytes(packed(assumed("issue", SESSION)))
    path = logs / "b used"
    path.write_bytes(packed(*OTHERS, *USES))
    return path


@pytest.mark.parametrize(
    "content",
    [
        packed(*OTHERS, *USES),
        b"\n".join(json.dumps(record).encode() for record in (*OTHERS, *USES)),
        json.dumps({"Records": [*OTHERS, *USES]}).encode(),
        b"\n".join(json.dumps({"Records": [*OTHERS, *USES]}).encode() for _ in range(2)),
        packed(*OTHERS, *USES, call("late", eventTime="no time")),
    ],
    ids=["object", "lines", "plain", "several in a line", "with a bad record"],
)
@pytest.mark.parametrize("issued", ["a", "c"], ids=["handed out before", "handed out later"])
def test_uses_are_found_in_every_form(
    issued: str, content: bytes, logs: Path, uses: Path, read: Read
) -> None:
    uses.write_bytes(content)
    (logs / "c issued").rename(logs / issued)
    rows = read(names=[KEY]).rows("SELECT event_uid FROM events ORDER BY event_uid")
    assert rows == [("issue",), ("use 0",), ("use 1",), ("use 2",)]


@pytest.mark.parametrize(
    ("act", "problem", "kept"),
    [
        (lambda path: path.unlink(), "cannot be read: No such file or directory", 0),
        (lambda path: path.write_bytes(packed(*OTHERS, *USES[:1])), CHANGED, 1),
        (lambda path: path.write_bytes(packed(*USES, *OTHERS)), CHANGED, 2),
        (lambda path: path.write_bytes(packed(*OTHERS, *USES)[:-9]), "gzip is cut off", 3),
        (lambda path: path.write_bytes(b""), CHANGED, 0),
    ],
    ids=["gone", "shorter", "moved", "cut off", "empty"],
)
def test_what_changes_in_between_is_said(
    act: Callable[[Path], None], problem: str, kept: int, logs: Path, uses: Path, tmp_path: Path
) -> None:
    ledger = reread(tmp_path / "run", logs, Between(lambda: act(uses)))
    (entry,) = (file for file in ledger.files if file.path == uses.name)
    assert problem in entry.problems
    assert entry.state is State.PARTIAL
    assert not ledger.complete
    assert ledger.total("followed") == kept


def test_what_was_handed_out_before_is_kept_at_once(logs: Path, uses: Path, tmp_path: Path) -> None:
    (logs / "c issued").rename(logs / "a issued")
    ledger = reread(tmp_path / "run", logs, Between(uses.unlink))
    assert ledger.complete
    assert ledger.total("followed") == len(USES)


def test_nothing_is_looked_at_twice_where_nothing_follows(
    logs: Path, uses: Path, tmp_path: Path
) -> None:
    (logs / "c issued").unlink()
    ledger = reread(tmp_path / "run", logs, Between(uses.unlink))
    assert ledger.complete
    assert ledger.total("followed") == 0


def test_a_worker_that_dies_in_between_costs_its_files(
    logs: Path, uses: Path, tmp_path: Path
) -> None:
    parts = tmp_path / "parts"
    parts.mkdir()
    order = Order(None, wanted([KEY], SEALER), "", "~", "9", SEALER, parts)
    files, _ = find([logs])
    entries = Reader(order).run(Task(0, tuple(files)))
    reading_module._follow(Dying(), order, 1, entries, Silent())
    assert [(entry.path, entry.state) for entry in entries] == [
        (uses.name, State.PARTIAL),
        ("c issued", State.READ),
    ]


@pytest.mark.parametrize(
    ("content", "problems", "bad"),
    [
        (b"\n".join((*(json.dumps(use).encode() for use in USES), b"{rubbish")), "not JSON", 1),
        (packed(*USES)[:-9], "gzip is cut off", 0),
    ],
    ids=["a bad line", "cut off"],
)
def test_what_was_bad_at_the_first_look_is_counted_once(
    content: bytes, problems: str, bad: int, uses: Path, read: Read
) -> None:
    uses.write_bytes(content)
    reading = read(names=[KEY])
    entry = reading.file(uses.name)
    assert entry.followed == len(USES)
    assert (entry.problems, entry.bad) == ({problems: 1}, bad)
