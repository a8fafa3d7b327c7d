"""CircleCI as it answers on the wire: tokens, routes. A pure application for `loopback`.

The routes are in `circleci_v2` (the published API), `circleci_other` (v1.1, v3, private) and
`circleci_stores` and `circleci_organization` (what is kept beside variables) and
`circleci_pipelines` (what ran). Only reading is served; everything else is 405, which no test of
a read-only tool may ever see.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote

from auditor.demo import (
    circleci_organization,
    circleci_other,
    circleci_pipelines,
    circleci_stores,
    circleci_v2,
)
from auditor.demo.directory import Answer, Directory
from auditor.demo.estate import Scenario
from auditor.demo.wire import Reply, Request, error


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that are good: a person's, for everything, and a project's, for v1.1 only."""

    personal: str
    project: str = ""


class CircleCi:
    """The application: who asks, which route, what answer."""

    def __init__(self, scenario: Scenario, tokens: Tokens) -> None:
        """Serve the scenario to whoever holds one of the tokens."""
        self._directory = Directory(scenario)
        self._tokens = tokens
        self._routes: dict[int, list[tuple[list[str], Answer]]] = {}
        routes: dict[str, Answer] = {}
        for module in (
            circleci_v2,
            circleci_other,
            circleci_stores,
            circleci_organization,
            circleci_pipelines,
        ):
            routes.update(module.ROUTES)
        for template, answer in routes.items():
            parts = template.split("/")
            self._routes.setdefault(len(parts), []).append((parts, answer))

    def __call__(self, request: Request) -> Reply:
        """Return the answer to a request."""
        refusal = self._refuse(request)
        if refusal:
            return refusal
        segments = request.path.split("/")
        for template, answer in self._routes.get(len(segments), ()):
            if all(part in ("{}", here) for part, here in zip(template, segments, strict=True)):
                pairs = zip(template, segments, strict=True)
                names = tuple(unquote(here) for part, here in pairs if part == "{}")
                return answer(self._directory, request, names)
        return error(404)

    def _refuse(self, request: Request) -> Reply | None:
        if not request.token or request.token not in (self._tokens.personal, self._tokens.project):
            return error(401)
        if request.token != self._tokens.personal and not request.path.startswith("/api/v1.1/"):
            return error(403)  # project tokens are for v1.1 only
        return None if request.method == "GET" else error(405)
