"""Measures hunting in a trail's bucket for 20 identities: speed, memory, and growth with size.

    python tests/bench/bench_hunts.py [--full] [--keep FOLDER]

The corpus is made from a seed (tests/lab/log_corpus.py). Without --full it is a twentieth: start-up
then weighs more. What is measured is everything from the start of Python to the findings: reading,
the store, and all hunts of the last week. "Unpacking alone" is `gzip -dc` of the same objects to
nowhere, in as many processes at the same time. Each hunt runs in a process of its own, whose CPU
and memory, children included, are what is printed. On cores that others use, too, only ratios of
CPU count: seconds say how long one had to wait.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parents[1] / "lab"))

import log_corpus

from auditor.collecting import Silent
from auditor.hunts.reading import read_logs, usable_cores
from auditor.hunts.wanted import Window, wanted
from auditor.tails import Sealer

FULL = 2_000_000
SMALL_OBJECTS = 400_000
PER_OBJECT = 1000
PER_SMALL_OBJECT = 8
GROWTH = 4
LAST_WEEK = log_corpus.START + timedelta(days=log_corpus.DAYS - 7)
_CHILD = "--read"


def main() -> None:
    """Make the corpora, read them, print one line per figure."""
    if len(sys.argv) > 1 and sys.argv[1] == _CHILD:
        read(Path(sys.argv[2]), Path(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--full", action="store_true", help="the whole corpus: 0.5 GB, minutes")
    parser.add_argument("--keep", type=Path, help="a folder to make the corpora in, and leave them")
    asked = parser.parse_args()
    part = 1 if asked.full else 20
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.keep or Path(scratch)
        base = corpus(folder, FULL // part, PER_OBJECT)
        quarter = corpus(folder, FULL // part // GROWTH, PER_OBJECT)
        small = corpus(folder, SMALL_OBJECTS // part, PER_SMALL_OBJECT)
        floor = unpack(base)
        took = report("whole", base, FULL // part, scratch)
        print(f"unpacking alone takes {floor}; hunting {took.times(floor)} as much")
        less = report("a quarter", quarter, FULL // part // GROWTH, scratch)
        print(f"{GROWTH}x the data takes {took.times(less)} as much")
        floor = unpack(small)
        took = report("small objects", small, SMALL_OBJECTS // part, scratch)
        print(f"unpacking small objects takes {floor}; hunting {took.times(floor)} as much")


class Took(NamedTuple):
    """What something took, in seconds."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.1f} s and {self.cpu:.1f} s of CPU"

    def times(self, other: Took) -> str:
        """Return how many times as much as another it was."""
        return f"{self.wall / other.wall:.2f}x (CPU {self.cpu / other.cpu:.2f}x)"


def corpus(folder: Path, events: int, per_object: int) -> Path:
    """Return a bucket of so many events, made unless it is there."""
    bucket = folder / f"{events}-by-{per_object}"
    if not bucket.exists():
        keys = log_corpus.write(bucket, events, per_object)
        (folder / f"{bucket.name}.json").write_text(json.dumps(keys))
    return bucket


def unpack(bucket: Path) -> Took:
    """Return what unpacking every object takes."""
    begin, cpu = time.perf_counter(), children()
    find = subprocess.Popen(
        ["find", str(bucket), "-name", "*.gz", "-print0"], stdout=subprocess.PIPE
    )
    subprocess.run(
        ["xargs", "-0", "-n", "100", "-P", str(usable_cores()), "gzip", "-dc"],
        stdin=find.stdout, stdout=subprocess.DEVNULL, check=True,
    )  # fmt: skip
    find.wait()
    return Took(time.perf_counter() - begin, children() - cpu)


def children() -> float:
    """Return the CPU that processes took which have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def report(name: str, bucket: Path, events: int, scratch: str) -> Took:
    """Read a bucket in a process of its own, print its figures, return what it took."""
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory(dir=scratch) as out:
        done = subprocess.run(
            [sys.executable, __file__, _CHILD, str(bucket), out],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
    wall = time.perf_counter() - begin
    told = json.loads(done.stdout)
    print(
        f"{name}: {events} events, {told['files']} objects, {told['megabytes']} MB packed: "
        f"{wall:.1f} s, {events / wall:,.0f} events/s (reading {told['reading']:.1f} s, "
        f"{told['hunts']} hunts {told['hunting']:.1f} s), CPU {told['cpu']:.1f} s "
        f"({told['cpu'] / events * 1e6:.1f} us an event), memory "
        f"{told['own']} + {told['workers']} x {told['worker']} MB, kept {told['stored']} "
        f"(followed {told['followed']}), {told['findings']} findings"
    )
    return Took(wall, told["cpu"])


class Peak(threading.Thread):
    """Watches how much the largest child process ever held.

    `ru_maxrss` does not tell: a child's begins with its parent's.
    """

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.megabytes = 0

    def run(self) -> None:
        while True:
            for children in Path("/proc/self/task").glob("*/children"):
                for pid in children.read_text().split():
                    self.megabytes = max(self.megabytes, held(pid))
            time.sleep(0.05)


def held(pid: str) -> int:
    """Return the most megabytes that a process held since it began its program."""
    try:
        lines = Path("/proc", pid, "status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) >> 10 for line in lines if line.startswith("VmHWM")), 0)


def read(bucket: Path, out: Path) -> None:
    """Hunt in a bucket for its targets, and print what it took as JSON."""
    # As the program does: workers, which load this module too, need nothing of it.
    from auditor.hunts.asking import Question, ask, prepare  # noqa: PLC0415

    sealer = Sealer(b"benchmark" * 4)
    keys = json.loads(bucket.with_name(f"{bucket.name}.json").read_text())
    now = datetime(2023, 2, 1, tzinfo=UTC)
    asked = wanted(keys, sealer)
    prepared = prepare(Question(now, since=LAST_WEEK))
    workers = Peak()
    workers.start()
    begin = time.perf_counter()
    ledger = read_logs([bucket], "cloudtrail", asked, out, sealer, Window(), Silent(), now=now)
    assert ledger.complete
    between = time.perf_counter()
    hunted = ask(prepared, out, [ledger], Silent())
    assert not any(run.not_run.startswith("the engine") for run in hunted.hunting.hunts)
    end = time.perf_counter()
    own, children = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    json.dump(
        {
            "files": len(ledger.files),
            "megabytes": ledger.total("bytes") >> 20,
            "reading": between - begin,
            "hunting": end - between,
            "hunts": len(hunted.hunting.hunts),
            "findings": len(hunted.findings),
            "stored": ledger.stored,
            "followed": ledger.total("followed"),
            "cpu": sum(u.ru_utime + u.ru_stime for u in (own, children)),
            "own": own.ru_maxrss >> 10,
            "workers": usable_cores(),
            "worker": workers.megabytes,
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
