"""Bounded parallel work over any number of things, that a person can stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(work: Callable[[T], R], things: Iterable[T], parallel: int) -> Iterator[R]:
    """Yield the results of `work` over `things` as they come, at most `parallel` at a time.

    Things are taken from the iterable only as workers come free, so that a long list costs no
    memory. An error, or Ctrl-C, cancels what has not begun and is raised at once.
    """
    executor = ThreadPoolExecutor(parallel, "circleci")
    running: set[Future[R]] = set()
    try:
        for thing in things:
            running.add(executor.submit(work, thing))
            if len(running) > parallel:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)
