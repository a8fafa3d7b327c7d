"""Run the honesty matrix, whole or of the providers that are named: make matrix.

    PYTHONPATH=tests/lab python tests/bench/matrix.py [circleci] [aws] [azure] [gcp] [github]

Prints every audit that said less than is true, and what came of all.
"""

from __future__ import annotations

import logging
import sys

from honesty import Cell, Matrix


def main() -> int:
    """Return 1 where any audit of the matrix was not honest."""
    logging.getLogger("azure").setLevel(logging.CRITICAL)  # it tells of each failure besides
    wanted, cells = sys.argv[1:], list[Cell]()
    with Matrix() as matrix:
        calls = [call for call in matrix.calls if not wanted or call.part in wanted]
        for number, call in enumerate(calls, 1):
            print(f"{number} of {len(calls)}: {call.part} {call.route}", file=sys.stderr)
            for way in matrix.ways(call):
                cells.append(matrix.cell(call, way))
                if cells[-1].lies:
                    print(cells[-1], flush=True)
    print(_told(len(calls), cells))
    return int(any(cell.lies for cell in cells))


def _told(calls: int, cells: list[Cell]) -> str:
    honest = sum(not cell.lies for cell in cells)
    gaps = sum(bool(cell.gaps) for cell in cells)
    stopped = sum(cell.ending[0] in "34" for cell in cells)
    return (
        f"{calls} calls, {len(cells)} audits with one of them gone wrong: {honest} honest, "
        f"{gaps} with a gap, {stopped} stopped with exit code 3 or 4, "
        f"{len(cells) - gaps - stopped} lost nothing; "
        f"the slowest took {max(cell.seconds for cell in cells):.0f} s"
    )


if __name__ == "__main__":
    raise SystemExit(main())
