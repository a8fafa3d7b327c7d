"""Folders of logs -> events in the run's folder, and a ledger of every file.

Worker processes unpack, decode and drop what nobody asked for; what is left goes through parts
into the store. Sessions that a wanted identity was handed are followed: see `sessions`.
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime, timedelta
from pathlib import Path

from auditor.collecting import Progress
from auditor.errors import ConfigError
from auditor.hunts import store
from auditor.hunts.ledger import FileRead, Ledger, State
from auditor.hunts.sources import ordered
from auditor.hunts.wanted import Wanted, Window
from auditor.hunts.worker import Listed, Order, Task, run
from auditor.tails import Sealer

WORKERS = 8
"""Most processes at a time; beyond that disks are the limit."""
TASK_FILES = 4096
TASK_BYTES = 16 << 20
"""A task ends with the file that reaches one of these."""
_CLOCKS_DIFFER = timedelta(days=1)


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
    try:
        tasks = list(_tasks(files))
        progress.start("reading bytes of logs", sum(size for *_, size in files))
        entries = [*unread, *_run(order, tasks, progress, workers or usable_cores())]
        kinds = [sorted(parts.glob(f"{kind}-*")) for kind in ("events", "sessions", "traded")]
        stored = store.write(out_folder, *kinds)
        store.write_others(out_folder, sorted(parts.glob("others-*")))
    finally:
        shutil.rmtree(parts, ignore_errors=True)
    entries.sort(key=lambda entry: entry.path)
    return Ledger(tuple(entries), stored.events, stored.followed)


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
    number, batch, size = 0, list[Listed](), 0
    for file in files:
        batch.append(file)
        size += file[2]
        if len(batch) >= TASK_FILES or size >= TASK_BYTES:
            yield Task(number, tuple(batch))
            number, batch, size = number + 1, [], 0
    if batch:
        yield Task(number, tuple(batch))


def _run(
    order: Order, tasks: Sequence[Task], progress: Progress, workers: int
) -> Iterator[FileRead]:
    """Yield what became of each file; what is one task is done at once, without a process."""
    if min(workers, len(tasks)) <= 1:
        for task in tasks:
            yield from run(order, task)
            progress.advance(task.size)
        return
    # A forked worker would inherit open connections and locks; a spawned one starts clean.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(workers, len(tasks)), context) as pool:
        running = {pool.submit(run, order, task): task for task in tasks}
        for future in as_completed(running):
            yield from _entries(future, running[future])
            progress.advance(running[future].size)


def _entries(future: Future[list[FileRead]], task: Task) -> list[FileRead]:
    """Return a task's entries. A worker that dies costs its task, which says so."""
    try:
        return future.result()
    except BrokenProcessPool:
        entries = [FileRead(name, State.FAILED, size) for _, name, size in task.files]
        for entry in entries:
            entry.problem("its worker died, as when memory runs out", 0, records=0)
        return entries
