from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from auditor.inventory.circleci.parallel import in_parallel


def test_every_thing_is_worked_on_once() -> None:
    assert sorted(in_parallel(lambda number: number * 2, range(100), 4)) == list(range(0, 200, 2))


def test_no_more_than_so_many_run_at_a_time_and_all_of_them_do() -> None:
    together = threading.Barrier(3)

    def work(number: int) -> int:
        # Passes only if three run at the same time; breaks if a fourth joins.
        together.wait(timeout=10)
        assert together.n_waiting < 3
        return number

    assert sorted(in_parallel(work, range(9), 3)) == list(range(9))


def test_things_are_taken_as_workers_come_free() -> None:
    taken = 0

    def things() -> Iterator[int]:
        nonlocal taken
        for number in range(1000):
            taken += 1
            yield number

    results = in_parallel(lambda number: number, things(), 2)
    next(results)
    assert taken <= 3
    assert sum(1 for _ in results) == 999


def test_an_error_is_raised_and_the_rest_is_not_begun() -> None:
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 5:
            raise ValueError("five")
        return number

    with pytest.raises(ValueError, match="five"):
        list(in_parallel(work, range(1000), 2))
    assert len(begun) < 20


def test_ctrl_c_is_raised_at_once_and_cancels_what_has_not_begun() -> None:
    release = threading.Event()
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        os.kill(os.getpid(), signal.SIGINT)
        release.wait(60)  # a server that does not answer
        return number

    with pytest.raises(KeyboardInterrupt):
        list(in_parallel(work, range(1000), 1))
    assert begun == [0]
    release.set()
