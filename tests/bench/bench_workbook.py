"""How long the workbook takes and how much memory: built, read back and merged, page and tables.

    python tests/bench/bench_workbook.py [ENTRIES ...]      5,000 and 100,000 unless told

Each step runs in a process of its own, so that its peak memory is its own. The floor is the same
cells written by openpyxl's own streaming writer, unstyled. CPU seconds: the machine may be shared.
"""

from __future__ import annotations

import importlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from auditor.report import outputs, rows, tracker
from auditor.report.rows import Options
from auditor.runs import write_whole

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
INVENTED: Any = importlib.import_module("conftest")
AIMS = {5_000: (4.0, 8.0, 200), 100_000: (180.0, 180.0, 400)}
"""Seconds to build, seconds to merge, MB, by entries."""


def company(entries: int) -> Any:
    """Return the results of an invented company with about that many entries."""
    return INVENTED.company(max(1, entries // len(INVENTED.ROWS)))


def floor(results: Any, folder: Path) -> Callable[[], None]:
    report = rows.report(results, options())

    def run() -> None:
        book = Workbook(write_only=True)
        for table in report.tables:
            sheet = book.create_sheet(table.name)
            for row in table.rows():
                sheet.append([str(value) if value is not None else None for value in row])
        book.save(folder / "floor.xlsx")

    return run


def build(results: Any, folder: Path) -> Callable[[], None]:
    path = folder / "tracker.xlsx"
    return lambda: (tracker.write(results, path, tracker.read(path), options()), None)[1]


def merge(results: Any, folder: Path) -> Callable[[], None]:
    path = folder / "tracker.xlsx"

    def run() -> None:
        previous = tracker.read(path)
        handed_on = replace(results, edits=previous.edits)
        tracker.write(handed_on, path, previous, options())

    return run


def page(results: Any, folder: Path) -> Callable[[], None]:
    return lambda: (outputs.write(rows.report(results, options()), folder, write_whole), None)[1]


def options() -> Options:
    return Options(INVENTED.NOW)


STEPS = {"floor": floor, "build": build, "merge": merge, "page and tables": page}


def measure(step: str, entries: int, folder: str) -> None:
    """Run one step here and print what it took."""
    results = company(entries)
    run = STEPS[step](results, Path(folder))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu, wall = time.process_time(), time.perf_counter()
    run()
    print(
        json.dumps(
            {
                "cpu": time.process_time() - cpu,
                "wall": time.perf_counter() - wall,
                "before": before,
                "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            }
        )
    )


def main(sizes: list[int]) -> None:
    for entries in sizes:
        aims = AIMS.get(entries)
        aimed = f" (aims: build {aims[0]} s, merge {aims[1]} s, {aims[2]} MB)" if aims else ""
        print(f"{entries:,} entries{aimed}")
        with tempfile.TemporaryDirectory() as folder:
            least = 0.0
            for step in STEPS:
                told = [sys.executable, __file__, "--step", step, str(entries), folder]
                done = subprocess.run(told, capture_output=True, text=True, check=True)
                found = json.loads(done.stdout.splitlines()[-1])
                least = least or found["cpu"]
                print(
                    f"  {step:16} {found['cpu']:7.2f} s CPU {found['wall']:7.2f} s"
                    f"  {found['cpu'] / least:5.1f} x floor"
                    f"  {found['peak']:6.0f} MB ({found['before']:.0f} MB of them the results)"
                )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        measure(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        main([int(told) for told in sys.argv[1:]] or list(AIMS))
