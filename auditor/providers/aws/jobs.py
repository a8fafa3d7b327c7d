"""Runs the calls of the collector side by side, and keeps what came even where one failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from auditor import nesting
from auditor.collecting import Collecting
from auditor.errors import AuditorError
from auditor.providers.aws.documents import clean, is_complete, refusal
from auditor.providers.aws.settings import Settings

Fill = Callable[[dict[str, Any]], None]
"""Makes calls and puts their replies into a document as they come."""

_MOST_PAGES = 5000


class RepeatedMarker(Exception):
    """A listing whose pages lead nowhere: the same marker again, none, or too many."""


@dataclass(frozen=True, slots=True)
class Job:
    """A document to make, by its name in the snapshot."""

    key: str
    fill: Fill


def run(
    jobs: Iterable[Job],
    step: str,
    settings: Settings,
    collecting: Collecting,
    *,
    again: bool = False,
) -> None:
    """Run the jobs side by side and save each document as it comes.

    What is complete already is not read, but for `again`; it is never lost to a later failure.
    """
    snapshot, progress = collecting.snapshot, collecting.progress
    wanted = list(jobs)
    complete = {job.key for job in wanted if is_complete(snapshot.load(job.key))}
    todo = [job for job in wanted if again or job.key not in complete]
    progress.start(step, len(todo))
    pool = ThreadPoolExecutor(settings.parallel)
    try:
        running = {pool.submit(read, job.fill): job.key for job in todo}
        for done in as_completed(running):
            key, document = running.pop(done), done.result()
            if key not in complete or is_complete(document):
                snapshot.save(key, document)
            progress.advance()
    finally:
        pool.shutdown(cancel_futures=True)


def read(fill: Fill) -> dict[str, Any]:
    """Return the filled document, with the refusal beside what was read before it."""
    document: dict[str, Any] = {}
    try:
        fill(document)
    except AuditorError:
        raise
    except Exception as error:  # noqa: BLE001 (the wrapper that turns an error into a Gap)
        document |= refusal(error)
    if not nesting.is_shallow(document):
        document = refusal(nesting.TooDeep())
    return clean(document)


def pages(
    call: Callable[..., Mapping[str, Any]],
    given: str = "Marker",
    told: str = "Marker",
    **arguments: Any,
) -> Iterator[Mapping[str, Any]]:
    """Yield the pages of a listing, whose next page a reply names as `told`.

    RepeatedMarker where they do not come to an end.
    """
    seen: set[str] = set()
    while len(seen) < _MOST_PAGES:
        page = call(**arguments)
        yield page
        marker = page.get(told)
        if not page.get("IsTruncated", marker):
            return
        if not marker or marker in seen:
            break
        seen.add(marker)
        arguments[given] = marker
    raise RepeatedMarker
