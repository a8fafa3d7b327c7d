"""What is damaged, hostile or not there is counted and named, and never stops the rest."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import other_records as made
import pytest
from cloudtrail_records import KEY, SESSION, assumed, call
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readings import SEALER, Dying, Read

from auditor.collecting import Silent
from auditor.errors import ConfigError
from auditor.hunts import reading as reading_module
from auditor.hunts.content import BOMB_RATIO, LONGEST_LINE, WHOLE
from auditor.hunts.ledger import Ledger, State
from auditor.hunts.parts import FUTURE
from auditor.hunts.records import TOO_DEEP
from auditor.hunts.values import NO_TIME
from auditor.hunts.wanted import Window
from auditor.hunts.worker import Order, Reader, Task

GOOD = [call(str(number)) for number in range(20)]
OBJECT = json.dumps({"Records": GOOD}).encode()
PACKED = gzip.compress(OBJECT)
CUT = "JSON is cut off or damaged: the rest is lost"
TYPE = "unexpected type at "
FOREIGN = "a record of no known log"
NOISY = b"".join(
    json.dumps(call(str(n), requestID=hashlib.sha256(bytes([n])).hexdigest())).encode() + b"\n"
    for n in range(20)
)
DEEPEST = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
DEEP = OBJECT[:-2] + b',{"eventName":"x","requestParameters":' + DEEPEST + b"}]}"


def line(record: Any) -> bytes:
    return json.dumps(record).encode() + b"\n"


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in call("1").items() if key != name}


BAD: dict[str, tuple[bytes, State, str, int]] = {
    # content, state, problem, events all the same
    "gzip cut off": (gzip.compress(NOISY)[:-300], State.PARTIAL, "gzip is cut off", 1),
    "gzip of nothing": (PACKED[:12], State.FAILED, "gzip is cut off", 0),
    "gzip with a wrong checksum": (PACKED[:-8] + b"\0" * 8, State.FAILED, "gzip is damaged", 0),
    "rubbish after gzip": (PACKED + b"rubbish", State.PARTIAL, "rubbish after gzip", 20),
    "JSON cut off": (OBJECT[:-1000], State.PARTIAL, CUT, 18),
    "JSON cut off in its first record": (OBJECT[:100], State.FAILED, CUT, 0),
    "list cut off": (json.dumps(GOOD)[:-5].encode(), State.PARTIAL, CUT, 19),
    "a bad line": (line(GOOD[0]) + b"{oops}\n" + line(GOOD[1]), State.PARTIAL, "not JSON", 2),
    "a line that is a number": (line(GOOD[0]) + b"17\n", State.PARTIAL, "no JSON object", 1),
    "foreign records": (line(GOOD[0]) + line({"a": 1}), State.PARTIAL, FOREIGN, 1),
    "an empty object": (b"{}", State.FAILED, FOREIGN, 0),
    "wrapped for ever": (b'{"records":[' * 40 + b"]}" * 40, State.FAILED, FOREIGN, 0),
    "nothing": (b"", State.FAILED, "empty", 0),
    "white space": (b" \n\n ", State.FAILED, "empty", 0),
    "a picture": (b"\x89PNG\r\n" + bytes(range(256)), State.FAILED, "neither JSON nor", 0),
    "no table of ours": (b"a,b\n1,2\n", State.FAILED, "neither JSON nor", 0),
    "no Parquet": (b"PAR1nonsense", State.FAILED, "Parquet that cannot be read", 0),
    "too many cells": (
        b"id,action,occurred_at\n1,x,2023-01-01T00:00:00Z\n1,2,3,4\n",
        State.PARTIAL, "more cells than columns", 1,
    ),
    "deep lists": (b"[" * 100_000, State.FAILED, TOO_DEEP, 0),
    "deep objects": (b'{"a":' * 100_000, State.FAILED, TOO_DEEP, 0),
    "deep parameters": (DEEP, State.PARTIAL, TOO_DEEP, 20),
    "no time": (line(without("eventTime")) + line(GOOD[1]), State.PARTIAL, NO_TIME, 1),
    "a time of nonsense": (line(call("1", eventTime="2023-13-45T99")), State.FAILED, NO_TIME, 0),
    "a time that is a number": (line(call("1", eventTime=7)), State.FAILED, NO_TIME, 0),
    "no name": (line(call("1", "")), State.FAILED, "no eventName", 0),
    "an answer cut short": (
        json.dumps({"Records": GOOD[:2], "error": "ThrottlingException"}).encode(),
        State.PARTIAL, "cut short when it was collected", 2,
    ),
    "half a surrogate": (
        line(GOOD[0]) + line(call("1", userAgent="\ud800")), State.PARTIAL, "not JSON", 1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_is_bad_is_named_and_the_rest_is_read(name: str, logs: Path, read: Read) -> None:
    content, state, problem, events = BAD[name]
    (logs / "bad").write_bytes(content)
    (logs / "good").write_bytes(PACKED)
    reading = read()
    bad = reading.file("bad")
    assert bad.state is state, bad
    assert any(each.startswith(problem) for each in bad.problems), bad
    assert bad.events >= events > 0 or bad.events == events
    assert reading.file("good").events == len(GOOD)
    assert not reading.ledger.complete
    assert reading.ledger.share < 1 or state is State.PARTIAL


FINE: dict[str, tuple[bytes, str | None, int]] = {
    # content, what is noted, events
    "gzip members in a row": (gzip.compress(line(GOOD[0])) + gzip.compress(line(GOOD[1])), None, 2),
    "gzip padded with zeros": (PACKED + b"\0" * 512, None, 20),
    "UTF-16": (OBJECT.decode().encode("utf-16"), "not UTF-8", 20),
    "Latin-1": (
        json.dumps(call("1", userAgent="caf\xe9"), ensure_ascii=False).encode("latin-1"),
        "not UTF-8", 1,
    ),
    "byte order mark": (b"\xef\xbb\xbf" + OBJECT, None, 20),
    "a user who is text": (line(call("1", userIdentity="root")), TYPE + "userIdentity", 1),
    "an error that is a number": (line(call("1", errorCode=403)), TYPE + "errorCode", 1),
    "nobody": (line(without("userIdentity")), None, 1),
    "an empty list": (b"[]", None, 0),
    "an empty object of a trail": (b'{"Records":[]}', None, 0),
    "no id": (line(without("eventID")) * 2, "no id: told apart by content", 2),
    "tomorrow's clock": (line(call("1", eventTime="2029-01-01T00:00:00Z")), FUTURE, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", FINE)
def test_what_is_odd_is_read_and_noted(name: str, logs: Path, read: Read) -> None:
    content, note, events = FINE[name]
    (logs / "odd").write_bytes(content)
    reading = read()
    odd = reading.file("odd")
    assert odd.state is State.READ, odd
    assert odd.events == events
    assert note is None or note in odd.notes, odd
    assert reading.ledger.complete


def test_events_without_an_id_are_told_apart_by_content(logs: Path, read: Read) -> None:
    bare = without("eventID")
    (logs / "a").write_bytes(line(bare) * 2 + line({**bare, "eventName": "Other"}))
    assert read().ledger.stored == 2


def test_of_two_fields_of_one_name_the_last_counts(logs: Path, read: Read) -> None:
    twice = json.dumps(GOOD[0]).replace('"eventName": ', '"eventName": "First", "eventName": ')
    (logs / "a").write_text('{"Records":[' + twice + "]}")
    assert read().rows("SELECT action FROM events") == [("ListBuckets",)]


def test_one_id_with_two_contents_is_one_event(logs: Path, read: Read) -> None:
    (logs / "a").write_bytes(line(call("1")) + line(call("1", "DeleteTrail")))
    assert read().rows("SELECT action FROM events") == [("ListBuckets",)]


HOSTILE = (
    '=HYPERLINK("http://x")\r\n@SUM(1)\x00\x1b[31m\u202e\'; DROP TABLE events; --' + "A" * 9999
)


def test_hostile_text_is_kept_as_text_and_bounded(logs: Path, read: Read) -> None:
    fields = dict.fromkeys(("userAgent", "errorMessage", "awsRegion", "sourceIPAddress"), HOSTILE)
    (logs / "it's a 'log'; --.json").write_bytes(line(call("1", **fields)))
    [(agent, message, name)] = read().rows("SELECT user_agent, error_message, src_name FROM events")
    for text in (agent, message, name):
        assert text.startswith(HOSTILE[:60])
        assert len(text) <= 512


def test_what_looks_like_a_secret_is_not_kept(logs: Path, read: Read) -> None:
    leaks = ("ghp_" + "a" * 36, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.sig", "user:pa55w0rd@")
    agent = f"git https://{leaks[2]}example.com {leaks[0]} {leaks[1]}"
    (logs / "a").write_bytes(line(call("1", userAgent=agent, errorMessage=KEY)))
    everything = str(read().rows("FROM events"))
    for leak in (*leaks, KEY):
        assert leak not in everything


def test_the_window_is_kept_to_the_second(logs: Path, read: Read) -> None:
    times = ("2023-01-01T23:59:59Z", "2023-01-02T00:00:00Z", "2023-01-02T23:59:59.9Z",
             "2023-01-03T00:00:00Z")  # fmt: skip
    (logs / "a").write_bytes(b"".join(line(call(t, eventTime=t)) for t in times))
    window = Window(datetime(2023, 1, 2, tzinfo=UTC), datetime(2023, 1, 3, tzinfo=UTC))
    reading = read(window=window)
    assert reading.rows("SELECT event_uid FROM events ORDER BY time") == [(times[1],), (times[2],)]
    assert reading.ledger.total("outside") == 2
    assert (reading.ledger.since, reading.ledger.until) == (times[0], times[3])


@pytest.mark.usefixtures("logs")
def test_an_empty_folder_is_no_clean_log(read: Read) -> None:
    ledger = read().ledger
    assert not ledger.complete
    assert ledger.share == 0


def test_what_is_not_there_or_not_known_is_said_at_once(logs: Path, read: Read) -> None:
    with pytest.raises(ConfigError, match="there is no"):
        read(logs / "nowhere")
    with pytest.raises(ConfigError, match="no log source is called syslog"):
        read(source="syslog")


def test_broken_links_and_unreadable_files_are_named(logs: Path, read: Read) -> None:
    (logs / "link").symlink_to(logs / "nowhere")
    locked = logs / "locked"
    locked.write_bytes(PACKED)
    locked.chmod(0)
    reading = read()
    assert reading.file("link").problems == {"cannot be read: No such file or directory": 1}
    if os.geteuid() != 0:  # root reads everything
        assert reading.file("locked").problems == {"cannot be read: Permission denied": 1}


def test_a_dead_worker_costs_its_files_and_says_so() -> None:
    task = Task(0, (("a", "a", 5), ("b", "b", 6)))
    entries = list(reading_module._first(Dying(), [task], Silent()))
    assert [entry.state for entry in entries] == [State.FAILED] * 2
    assert not Ledger(tuple(entries)).complete


def test_several_processes_read_what_one_reads(logs: Path, read: Read) -> None:
    filler = "x" * 8_000_000
    for number in range(3):
        content = line(call(str(number))) + line(
            call(f"{number} b", requestParameters={"a": filler})
        )
        (logs / str(number)).write_bytes(content + line({"a": filler}))
    alone, together = read(), read(workers=2)
    assert together.ledger.files == alone.ledger.files
    assert together.rows("FROM events ORDER BY ALL") == alone.rows("FROM events ORDER BY ALL")
    assert alone.ledger.stored == 6


def test_long_lines_and_bombs_are_bounded(tmp_path: Path) -> None:
    """Both at once in a process of its own, whose memory is measured."""
    good = line(GOOD[0])
    with (tmp_path / "long line").open("wb") as file:
        file.write(good + b'{"a":"')
        for _ in range(200):
            file.write(b"x" * (1 << 20))
        file.write(b'"}\n' + line(GOOD[1]))
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = b"\0" * (1 << 20)
    with (tmp_path / "bomb.gz").open("wb") as file:
        for _ in range(1024):
            file.write(packer.compress(zeros))
        file.write(packer.flush())
    done = subprocess.run(
        [sys.executable, "-c", _MEASURED, str(tmp_path)],
        check=True, capture_output=True, text=True, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    megabytes, long_line, bomb = json.loads(done.stdout)
    assert long_line == [2, {f"line longer than {LONGEST_LINE >> 20} MB": 1}]
    assert f"unpacks to more than {BOMB_RATIO} times its size" in bomb[1]
    assert megabytes < 2 * (WHOLE >> 20)


_MEASURED = """
import json, sys
from pathlib import Path
from auditor.hunts.worker import Order, Reader, Task
from auditor.tails import Sealer
folder = Path(sys.argv[1])
parts = folder / "parts"
parts.mkdir()
order = Order(None, None, "", "~", "9", Sealer(b"k" * 32), parts)
files = tuple((folder / name, name, 0) for name in ("long line", "bomb.gz"))
entries = Reader(order).run(Task(0, files))
status = Path("/proc/self/status")  # a child's ru_maxrss begins with its parent's
lines = status.read_text().splitlines() if status.exists() else []
peak = next((int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM")), 0)
print(json.dumps([peak, *([e.events, e.problems] for e in entries)]))
"""

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from([*call("1"), "Records", "records", "value", "logName", "protoPayload",
                         "category", "time", "operationName", "appId", "createdDateTime", "action",
                         "created_at", "actor", "occurred_at", "class_uid", "metadata", "service",
                         "type", "schemaVersion", "message", "detail", "insertId", "properties"])
        | st.text(max_size=5),
        inner, max_size=12,
    ),
    max_leaves=30,
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=300) | JSON.map(lambda v: json.dumps(v).encode()) | st.lists(JSON).map(
    lambda values: b"\n".join(json.dumps(v).encode() for v in values)))  # fmt: skip
def test_whatever_a_file_holds_is_accounted_for(tmp_path: Path, content: bytes) -> None:
    """No content raises, and each record found is kept, of others, outside, ignored or bad."""
    (tmp_path / "file").write_bytes(content)
    order = Order(None, None, "", "~", "9", SEALER, tmp_path)
    [entry] = Reader(order).run(Task(0, ((str(tmp_path / "file"), "file", len(content)),)))
    parts = entry.events + entry.others + entry.outside + entry.ignored + entry.bad
    assert entry.records == parts
    assert (entry.state is State.READ) == (not entry.problems)
    assert entry.state is not State.FAILED or entry.events == 0


RECORDS: tuple[dict[str, Any], ...] = (
    call("1"), assumed("2", SESSION), made.audit_entry("3"), made.sign_in("4"),
    made.directory_audit("5"), made.activity_diagnostic("6"), made.activity_analytics("7"),
    made.github_event("8"), made.circleci_event("9"), made.finding("10", KEY),
    made.ocsf_call("11", KEY),
)  # fmt: skip


def places(record: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container of a record with each of its keys."""
    keys = record if isinstance(record, dict) else range(len(record))
    for key in keys:
        yield record, key
        if isinstance(record[key], dict | list):
            yield from places(record[key])


def deepened(levels: int) -> Iterator[bytes]:
    """Yield every record with each of its values nested so deeply in turn, as JSON and as text."""
    deep = "".join('{"a":' if at % 2 else "[" for at in range(levels)) + "1"
    deep += "".join("}" if at % 2 else "]" for at in reversed(range(levels)))
    for record in RECORDS:
        for container, key in list(places(record)):
            was, container[key] = container[key], "@here@"
            text = json.dumps(record)
            container[key] = was
            yield text.replace('"@here@"', deep).encode()
            yield text.replace('"@here@"', json.dumps(deep)).encode()


@pytest.mark.parametrize("levels", [10, 90, 300, 480, 700, 900, 990, 3_000])
def test_no_depth_of_a_record_stops_the_rest(levels: int, logs: Path, read: Read) -> None:
    content = list(deepened(levels))
    (logs / "deep").write_bytes(b"\n".join([line(call("0")).strip(), *content]))
    deep = read().file("deep")
    assert deep.records == len(content) + 1
    assert deep.records == deep.events + deep.ignored + deep.bad
    assert deep.events > len(RECORDS)
