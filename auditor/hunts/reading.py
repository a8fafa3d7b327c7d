"""Folders of logs -> events in the run's folder, and a ledger of every file.

Worker processes unpack, decode and drop what nobody asked for; what is left goes through parts
into the store. Sessions that a wanted identity was handed are followed: see `sessions`.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TypeVar

from auditor.collecting import Progress
from auditor.errors import ConfigError
from auditor.hunts import store
from auditor.hunts.following import Errand, follow
from auditor.hunts.ledger import FileRead, Ledger, Listed, State
from auditor.hunts.sessions import handed_out, where_used
from auditor.hunts.sources import ordered
from auditor.hunts.wanted import Wanted, Window
from auditor.hunts.worker import Order, Task, begin, begin_process, run
from auditor.tails import Sealer

WORKERS = 8
"""Most processes at a time; beyond that disks are the limit."""
TASK_FILES = 4096
TASK_BYTES = 16 << 20
"""A task ends with the file that reaches one of these."""
_CLOCKS_DIFFER = timedelta(days=1)
Item = TypeVar("Item")
Work = TypeVar("Work", Task, Errand)


def read_logs(
    paths: Sequence[Path],
    source: str | None,
    wanted: Wanted | None,
    out_folder: Path,
    sealer: Sealer,
    window: Window,
    progress: Progress,
    *,
    now: datetime,
    workers: int | None = None,
) -> Ledger:
    """Read files and folders of logs into the run's folder; return what became of every file.

    `source` names the source or the platform expected (None: whichever knows the records); records
    of other known logs are read all the same. `wanted` None keeps every identity. ConfigError for
    an unknown source or a path that does not exist. A bad file is in the ledger, never raised.
    """
    ordered(source)
    files, unread = find(paths)
    parts = out_folder / "events" / "parts"
    shutil.rmtree(parts, ignore_errors=True)
    parts.mkdir(mode=0o700, parents=True)
    since, until = window.texts()
    future = (now + _CLOCKS_DIFFER).isoformat()
    order = Order(source, wanted, since, until, future, sealer, parts)
    tasks = list(_tasks(files))
    try:
        with _crew(order, min(workers or usable_cores(), len(tasks))) as crew:
            progress.start("reading bytes of logs", sum(size for *_, size in files))
            entries = [*unread, *_first(crew, tasks, progress)]
            _follow(crew, order, len(tasks), entries, progress)
        stored = store.write(out_folder, sorted(parts.glob("events-*.ndjson")))
        store.write_others(out_folder, sorted(parts.glob("others-*.ndjson")))
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    entries.sort(key=lambda entry: entry.path)
    return Ledger(tuple(entries), stored)


def find(paths: Sequence[Path]) -> tuple[list[Listed], list[FileRead]]:
    """Return the files below the paths, sorted by name, and the folders that cannot be listed."""
    files: list[Listed] = []
    unread: list[FileRead] = []

    def failed(error: OSError) -> None:
        entry = FileRead(str(error.filename), State.FAILED)
        entry.problem(f"cannot be listed: {error.strerror}", 0, records=0)
        unread.append(entry)

    for path in paths:
        if not path.exists():
            raise ConfigError(f"there is no {path}", "name a file or a folder of logs")
        if path.is_file():
            files.append((str(path), path.name, path.stat().st_size))
        for folder, _, names in os.walk(path, onerror=failed):
            below = Path(folder).relative_to(path)
            start = "" if below == Path() else f"{below}{os.sep}"
            for name in names:
                if not name.startswith("."):
                    file = f"{folder}{os.sep}{name}"
                    files.append((file, start + name, _size(file)))
    return sorted(files, key=lambda file: file[1]), unread


def usable_cores() -> int:
    """Return how many processes are worth having."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # only Linux has it
        cores = os.cpu_count() or 1
    return min(cores, WORKERS)


def _size(file: str) -> int:
    try:
        return os.stat(file).st_size  # noqa: PTH116 (trails have many files; a Path costs more)
    except OSError:  # a broken link: opening it will say so
        return 0


def _tasks(files: Sequence[Listed]) -> Iterator[Task]:
    for number, batch in enumerate(_batches(files, lambda file: file[-1])):
        yield Task(number, batch)


def _batches(items: Iterable[Item], size_of: Callable[[Item], int]) -> Iterator[tuple[Item, ...]]:
    """Yield the items in order, as many at a time as one worker is given."""
    batch, size = list[Item](), 0
    for item in items:
        batch.append(item)
        size += size_of(item)
        if len(batch) >= TASK_FILES or size >= TASK_BYTES:
            yield tuple(batch)
            batch, size = [], 0
    if batch:
        yield tuple(batch)


@contextmanager
def _crew(order: Order, workers: int) -> Iterator[Executor | None]:
    """Yield processes to work in; None for a single task, which is done at once without one."""
    if workers <= 1:
        begin(order)
        yield None
        return
    # A forked worker would inherit open connections and locks; a spawned one starts clean.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, begin_process, (order,)) as pool:
        yield pool


def _first(crew: Executor | None, tasks: Sequence[Task], progress: Progress) -> Iterator[FileRead]:
    """Yield what became of each file."""
    for task, entries in _results(crew, run, tasks):
        yield from entries if entries is not None else map(_dead, task.files)
        progress.advance(task.size)


def _follow(
    crew: Executor | None,
    order: Order,
    number: int,
    entries: Iterable[FileRead],
    progress: Progress,
) -> None:
    """Keep what follows from events that are kept, and add to each file's entry what came of it."""
    keys = handed_out(sorted(order.parts.glob("traded-*.ndjson")))
    found = where_used(keys, sorted(order.parts.glob("sessions-*.ndjson"))) if keys else []
    batches = _batches(found, lambda each: each.file[-1])
    errands = [Errand(n, batch, keys) for n, batch in enumerate(batches, number)]
    if errands:
        progress.start("following sessions in bytes of logs", sum(each.size for each in errands))
    first = {entry.path: entry for entry in entries}
    for errand, again in _results(crew, partial(follow, order), errands):
        for entry in again if again is not None else (_dead(each.file) for each in errand.files):
            first[entry.path].add(entry)
        progress.advance(errand.size)


def _results(
    crew: Executor | None,
    work: Callable[[Work], list[FileRead]],
    orders: Sequence[Work],
) -> Iterator[tuple[Work, list[FileRead] | None]]:
    """Yield each piece of work with what came of it: None where its worker died."""
    if crew is None:
        yield from ((order, work(order)) for order in orders)
        return
    running = {crew.submit(work, order): order for order in orders}
    for future in as_completed(running):
        try:
            yield running[future], future.result()
        except BrokenProcessPool:
            yield running[future], None


def _dead(file: Listed) -> FileRead:
    """Return the entry of a file whose worker died: it costs its task, which says so."""
    _, name, size = file
    entry = FileRead(name, State.FAILED, size)
    entry.problem("its worker died, as when memory runs out", 0, records=0)
    return entry
