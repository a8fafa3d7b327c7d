"""A plain client for the demo's CircleCI server: what tests ask it with, beside the product."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import requests

from auditor.demo import Organisation, load
from auditor.demo.estate import Scenario


def without_accounts() -> Scenario:
    """Return the packaged scenario with no AWS account, so that no AWS server starts."""
    return replace(load(), accounts=())


class Asking:
    """Sends GET requests to a running organisation, paths as they stand."""

    def __init__(self, demo: Organisation) -> None:
        self._demo = demo
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(demo.ca_bundle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def __call__(
        self,
        path: str,
        token: str | None = "",
        accept: str = "application/json",
        method: str = "GET",
        **query: str,
    ) -> requests.Response:
        """Return the reply; `token` "" is the good one, None sends none."""
        given = self._demo.tokens.personal if token == "" else token
        headers = {"Accept": accept} | ({"Circle-Token": given} if given else {})
        url = self._demo.circleci_url + path
        return self._session.request(method, url, params=query, headers=headers, timeout=30)

    def json(self, path: str, **query: str) -> Any:
        """Return the JSON of a reply that must be 200."""
        reply = self(path, **query)
        assert reply.status_code == 200, (path, reply.status_code, reply.text)
        return reply.json()
