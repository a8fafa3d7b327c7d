"""Runs reads side by side: each fills one document of the snapshot, a refusal stands beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

from auditor.collecting import Collecting
from auditor.providers.gcp.documents import clean, is_complete, refusal

Fill = Callable[[dict[str, Any]], None]
"""Makes calls and puts their replies into a document as they come."""

_MOST_PAGES = 20_000


class EndlessPages(Exception):
    """A listing whose pages come to no end: the same page, or the same token, again."""


class Refused(Exception):
    """A REST API said no: a code as the SDKs name it, and its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Job:
    """One document to fill, under its name."""

    key: str
    fill: Fill


def run(jobs: Iterable[Job], step: str, parallel: int, collecting: Collecting) -> None:
    """Run the jobs side by side and save each document as it comes.

    What is complete already is not read again, and never lost to a later failure.
    """
    snapshot, progress = collecting.snapshot, collecting.progress
    todo = [job for job in jobs if not is_complete(snapshot.load(job.key))]
    if not todo:
        return
    progress.start(step, len(todo))
    pool = ThreadPoolExecutor(parallel, "gcp")
    try:
        running = {pool.submit(read, job.fill): job.key for job in todo}
        for done in as_completed(running):
            snapshot.save(running.pop(done), done.result())
            progress.advance()
    finally:
        pool.shutdown(cancel_futures=True)


def read(fill: Fill) -> dict[str, Any]:
    """Return the filled document, with the refusal beside what was read before it."""
    import requests  # noqa: PLC0415
    from google.api_core.exceptions import GoogleAPICallError, RetryError  # noqa: PLC0415
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    document: dict[str, Any] = {}
    try:
        fill(document)
    except GoogleAPICallError as error:
        document |= refusal(type(error).__name__, error.message or "")
    except RetryError as error:
        cause = type(error.cause).__name__ if error.cause else "no answer"
        document |= refusal("RetryError", f"no answer in time, the last one was {cause}")
    except GoogleAuthError as error:
        # Its text may quote the reply of a token server.
        document |= refusal(type(error).__name__, "the credentials cannot be used")
    except (EndlessPages, requests.RequestException, HTTPError) as error:
        document |= refusal(type(error).__name__, _WORDS.get(type(error).__name__, "no answer"))
    except Refused as error:
        document |= refusal(error.code, error.message)
    except (ValueError, TypeError, KeyError) as error:
        document |= refusal(type(error).__name__, "the reply cannot be read")
    return clean(document)  # type: ignore[no-any-return]


_WORDS = {"EndlessPages": "the pages of the listing do not end"}


def pages(pager: Any) -> Iterator[dict[str, Any]]:
    """Yield the replies of a listing as JSON. EndlessPages where it does not come to an end."""
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415

    seen: set[str] = set()
    last: Mapping[str, Any] = {}
    for number, page in enumerate(pager.pages):
        told: dict[str, Any] = MessageToDict(type(page).pb(page))
        token = told.pop("nextPageToken", "")
        if token and (token in seen or (told and told == last) or number > _MOST_PAGES):
            raise EndlessPages
        seen.add(token)
        last = told
        yield told


def listed(pager: Any, listing: str, into: list[Any]) -> None:
    """Add everything that a listing holds to a list, page by page."""
    for page in pages(pager):
        into += page.get(listing, ())


@dataclass
class Pace:
    """Lets so many calls through in a minute, so many in all; beyond that it says no.

    `sleep` and `clock` are seams: the tests wait for nobody.
    """

    per_minute: int
    most: int
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    made: int = 0
    _began: float = 0.0

    def wait(self) -> None:
        """Wait for a turn. Refused where none is left."""
        if self.made >= self.most:
            raise Refused(
                "QuotaLeft", f"{self.most} such reads were made: guardrails_most allows no more"
            )
        if self.made % self.per_minute == 0:
            if self.made:
                self.sleep(max(0.0, self._began + _MINUTE - self.clock()))
            self._began = self.clock()
        self.made += 1


_MINUTE = 61.0
"""Seconds; a little more than a minute, for clocks that differ."""
