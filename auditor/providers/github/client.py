"""Asks the REST API through PyGithub: the only place of the product that does.

PyGithub lacks half of the calls, so all go through its requester, which knows GitHub's limits.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from json import JSONDecodeError
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from auditor import __version__
from auditor.console import REDACTOR
from auditor.errors import MissingExtra
from auditor.models import Json
from auditor.providers.github.documents import refusal
from auditor.providers.github.parts import Part
from auditor.providers.github.settings import Settings

if TYPE_CHECKING:
    from github import Github

PAGE = 100
_MOST_PAGES = 5_000
_SECONDARY_WAIT = 60
_NEXT = re.compile(r'<([^<>]+)>;\s*rel="next"')
_SSO = re.compile(r"url=(https://[^\s;,]+)")
_LIMITED = frozenset({"RateLimitExceededException", "RateLimitExceededExceedsMaxWait"})


class Refused(Exception):
    """A call without a useful answer, as the snapshot keeps it."""

    def __init__(self, document: dict[str, str]) -> None:
        super().__init__(document.get("error", ""))
        self.document = document


@dataclass(slots=True)
class Budget:
    """How many requests are left, and how fast they may follow one another."""

    left: int
    per_minute: int
    _next: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self) -> None:
        """Wait for one's turn. Refused when nothing is left."""
        with self._lock:
            if self.left <= 0:
                raise Refused(refusal("Budget", "the requests of this run are used up"))
            self.left -= 1
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + 60 / self.per_minute
        time.sleep(turn - now)


class Calls:
    """Reads parts of organisations; may be used from many threads."""

    def __init__(self, settings: Settings, token: str) -> None:
        """Prepare to ask with a token. MissingExtra without PyGithub."""
        try:
            import github  # noqa: F401, PLC0415 (the SDK costs most of a second)
        except ImportError as missing:
            raise MissingExtra("GitHub", "github") from missing
        # It warns of every refusal, which is written down here, and of its waits.
        logging.getLogger("github").setLevel(logging.ERROR)
        REDACTOR.hide(token)
        self._settings = settings
        self._token = token
        self._local = threading.local()
        self.budget = Budget(settings.requests, settings.per_minute)

    def pages(self, part: Part, names: Mapping[str, str]) -> Iterator[Json]:
        """Yield the pages of a listing, one page of what is no list. Refused as GitHub words it."""
        query = {"per_page": str(PAGE), **part.query} if part.inside is not None else {}
        path = part.at(**names) + (f"?{urlencode(query)}" if query else "")
        seen: set[str] = set()
        while path not in seen and len(seen) < _MOST_PAGES:
            seen.add(path)
            headers, page = self.get(path)
            yield page
            found = _NEXT.search(headers.get("link", "")) if part.follow else None
            if found is None:
                return
            path = self._own(found[1])
        raise Refused(refusal("EndlessPages", "the pages of the listing do not end"))

    def get(self, path: str) -> tuple[Mapping[str, str], Json]:
        """Return the headers, by small letters, and the body of a reply. Refused where it fails."""
        from github import GithubException  # noqa: PLC0415
        from requests import RequestException  # noqa: PLC0415

        self.budget.take()
        try:
            return self._github().requester.requestJsonAndCheck("GET", path)
        except GithubException as error:
            raise Refused(_refusal(error, self._settings.web)) from None
        except RequestException as error:
            raise Refused(refusal(type(error).__name__, "GitHub could not be reached")) from None
        except JSONDecodeError:
            raise Refused(refusal("Strange", "the reply is no sound JSON")) from None
        # PyGithub asserts that redirects stay on the host, and raises these where they do not.
        except (AssertionError, RuntimeError, ValueError) as error:
            raise Refused(refusal(type(error).__name__, "the reply cannot be followed")) from None

    def _own(self, url: str) -> str:
        """Return the path of an address of this API. Refused for any other address."""
        base = self._settings.base_url.rstrip("/")
        if not url.startswith(f"{base}/"):
            raise Refused(refusal("StrangeLink", "the next page is said to lie on another server"))
        return url.removeprefix(base)

    def _github(self) -> Github:
        """Return this thread's client: PyGithub's connection is not for several at once."""
        if not hasattr(self._local, "github"):
            self._local.github = self._connect()
        made: Github = self._local.github
        return made

    def _connect(self) -> Github:
        from github import Auth, Github, GithubRetry  # noqa: PLC0415

        told = self._settings
        retry = GithubRetry(
            total=told.retries,
            backoff_factor=0.2,
            secondary_rate_wait=min(_SECONDARY_WAIT, told.max_wait),
            max_rate_limit_wait=told.max_wait,
            retry_after_max=told.max_wait,
        )
        return Github(
            auth=Auth.Token(self._token),
            base_url=told.base_url.rstrip("/"),
            timeout=told.timeout,
            user_agent=f"ci-secrets-auditor/{__version__}",
            verify=told.ca_bundle or True,
            retry=retry,
            # `Budget` paces all threads together.
            seconds_between_requests=0,
            lazy=True,
        )


def _refusal(error: Exception, web: str) -> dict[str, str]:
    """Return what a GithubException leaves in the snapshot."""
    name = type(error).__name__
    status = getattr(error, "status", None)
    data, headers = getattr(error, "data", None), getattr(error, "headers", None) or {}
    message = str(data.get("message") or "") if isinstance(data, dict) else ""
    if name in _LIMITED:
        return refusal("RateLimit", message or "GitHub's limit of requests is reached")
    told = next((value for key, value in headers.items() if key.lower() == "x-github-sso"), "")
    address = _SSO.search(str(told))
    sso = address[1] if address and address[1].startswith(f"{web}/") else ""
    return refusal(str(status or name), message or "the call failed", sso)
