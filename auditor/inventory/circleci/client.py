"""One HTTP call to CircleCI: the token, the pool, the limits, the retries. A status never raises.

The only module of the package that imports `requests`.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import CancelledError
from http import HTTPStatus
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from auditor import __version__, calls, nesting
from auditor.inventory.circleci.pauses import Pause, asked_wait, backoff, clock_ahead
from auditor.inventory.circleci.replies import Answer
from auditor.inventory.circleci.settings import Settings

LARGEST_BODY = 32 * 1024 * 1024
_CHUNK = 64 * 1024
_CONNECT_TIMEOUT = 10
_NONE: Mapping[str, str] = MappingProxyType({})

_log = logging.getLogger(__name__)


class _Token(AuthBase):
    """Adds the token to a request.

    As `auth` of the session it also keeps `requests` from sending what a netrc file holds.
    """

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Circle-Token"] = self._token
        return request


class Client:
    """A pool of connections to one CircleCI, safe to use from several threads.

    `sleep` and `clock` (seconds since 1970) are seams for tests; `jitter` gives numbers in 0..1.
    """

    def __init__(
        self,
        settings: Settings,
        token: str,
        *,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare the pool; nothing is sent yet."""
        self._settings = settings
        self._stopped = threading.Event()
        self._sleep = sleep or self._stopped.wait
        self._clock = clock
        self._jitter = jitter
        self._pause = Pause(clock)
        self._session = _session(settings, token)
        self.ahead: float | None = None
        """Seconds that this machine's clock is ahead of the server's, once a reply told its."""

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Stop: workers that wait wake up and ask nothing more."""
        self._stopped.set()
        self._session.close()

    def get(
        self, route: str, segments: Mapping[str, str] = _NONE, query: Mapping[str, str] = _NONE
    ) -> Answer:
        """Return the end of GET `route`, whose `{name}`s are filled with `segments`, encoded.

        Asks again after 429, 5xx and lost connections. CancelledError once the client is stopped.
        """
        path = _path(route, segments)
        if path is None:
            return Answer(None, "not asked: the id or slug is not one that an address can hold")
        waited = 0.0
        for attempt in range(self._settings.retries + 1):
            waited += self._wait(self._pause.remaining())
            answer, asked = self._once(path, query)
            if not _worth_asking_again(answer) or attempt == self._settings.retries:
                break
            delay = asked if asked is not None else backoff(attempt, self._jitter())
            if waited + delay > self._settings.max_wait:
                return Answer(answer.status, f"{answer.error}, asking to wait {delay:.0f} seconds")
            waited += self._hold(delay, for_all=asked is not None or answer.status == _TOO_MANY)
        return answer

    def _hold(self, delay: float, *, for_all: bool) -> float:
        """Wait alone now and return the seconds, or let everybody wait before the next call."""
        if not for_all:
            return self._wait(delay)
        # Nobody returns at the very same moment: that would earn the next refusal.
        self._pause.extend(delay)
        return self._wait(self._jitter() * min(1.0, delay))

    def _wait(self, seconds: float) -> float:
        if seconds > 0:
            self._sleep(seconds)
        if self._stopped.is_set():
            raise CancelledError
        return seconds

    def _once(self, path: str, query: Mapping[str, str]) -> tuple[Answer, float | None]:
        """Return the end of one attempt and the seconds the server asks to wait, if it does."""
        try:
            with self._session.get(
                self._settings.address(path),
                params={
                    name: text.encode("utf-8", "backslashreplace") for name, text in query.items()
                },
                # Per request: from the session, REQUESTS_CA_BUNDLE would win over it
                # (https://github.com/psf/requests/issues/3829).
                verify=self._settings.ca_bundle or True,
                timeout=(min(_CONNECT_TIMEOUT, self._settings.timeout), self._settings.timeout),
                allow_redirects=False,  # a redirect could carry the token to another host
                stream=True,
            ) as response:
                _log.debug(
                    "%d %s %s", response.status_code, path, response.headers.get("X-Request-Id", "")
                )
                now = self._clock()
                self.ahead = clock_ahead(response.headers, now)
                asked = asked_wait(response.status_code, response.headers, now)
                return _read(response), asked
        except (requests.RequestException, OSError) as error:
            calls.told("GET", self._settings.address(path))
            return Answer(None, _failure(error, self._settings)), None


_TOO_MANY = HTTPStatus.TOO_MANY_REQUESTS
_AGAIN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, _TOO_MANY})
_BAD_TLS = "the TLS certificate is not trusted"


def _worth_asking_again(answer: Answer) -> bool:
    if answer.status is None:
        return answer.error != _BAD_TLS
    return answer.status in _AGAIN or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _session(settings: Settings, token: str) -> requests.Session:
    session = requests.Session()
    session.auth = _Token(token)
    # v1.1 answers EDN to a client that does not ask for JSON.
    session.headers["Accept"] = "application/json"
    session.headers["User-Agent"] = f"ci-secrets-auditor/{__version__}"
    adapter = HTTPAdapter(pool_maxsize=settings.parallel, pool_block=True)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _path(route: str, segments: Mapping[str, str]) -> str | None:
    """Return the path with every segment encoded on its own, None if one would change the route."""
    if any(text in ("", ".", "..") for text in segments.values()):
        return None
    encoded = {
        name: quote(text, "", "utf-8", "backslashreplace") for name, text in segments.items()
    }
    return route.format(**encoded)


def _read(response: requests.Response) -> Answer:
    status = response.status_code
    if status != HTTPStatus.OK:
        return Answer(status, _refusal(status))
    body = bytearray()
    for chunk in response.iter_content(_CHUNK):
        body += chunk
        if len(body) > LARGEST_BODY:
            return Answer(status, f"more than {LARGEST_BODY // 2**20} MB in one answer")
    try:
        return Answer(status, body=nesting.loads(body.decode("utf-8", "surrogateescape")))
    except nesting.TooDeep:
        return Answer(status, "the answer is nested too deeply")
    except ValueError:
        return Answer(status, "the answer is not JSON")


def _refusal(status: int) -> str:
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return f"{status}, a redirect, which is not followed"
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _failure(error: Exception, settings: Settings) -> str:
    """Return why nobody answered, in our own words: the library's may quote what was sent."""
    if isinstance(error, requests.exceptions.SSLError) and "CERTIFICATE" in str(error):
        return _BAD_TLS
    if isinstance(error, requests.Timeout):
        return f"no answer within {settings.timeout} seconds"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke within the answer"
    if isinstance(error, requests.ConnectionError):
        return "the connection failed"
    return f"the call failed ({type(error).__name__})"
