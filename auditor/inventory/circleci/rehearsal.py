"""The calls that a reading of CircleCI would make: the reading itself, against nobody.

Every question is answered with one made-up entry, so that whatever is asked of an entry is asked,
too. Nothing is kept, and nothing leaves the machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from urllib.parse import urlsplit

from auditor.collecting import Collecting, Memory, Silent
from auditor.inventory.circleci.collect import collect
from auditor.inventory.circleci.replies import Answer
from auditor.inventory.circleci.settings import Settings
from auditor.models import Json, PlannedCall
from auditor.tails import KEY_LENGTH, Sealer

_NONE: Mapping[str, str] = MappingProxyType({})
_PIPELINE = 10
"""Calls that are enough to rehearse who uses secrets in one project."""
_UNLISTED = "gh/unlisted"
"""An organisation that has to be asked for by name, as some have."""
_ORGANIZATIONS: list[dict[str, Json]] = [
    {"id": "o-1", "slug": "gh/organization", "name": "organization"},
    {"id": "o-2", "slug": "circleci/organization", "name": "standalone organization"},
]
_SLUGS = tuple(str(one["slug"]) for one in _ORGANIZATIONS)
_CONFIG = """
workflows: {w: {jobs: [job: {context: name}]}}
jobs: {job: {docker: [], steps: []}}
"""
_ENTRY: dict[str, Json] = {
    "id": "id",
    "name": "job",
    "slug": "gh/organization/project",
    "project_slug": "gh/organization/project",
    "vcs_type": "github",
    "username": "organization",
    "reponame": "project",
    "variable": "NAME",
    "resource_class": "organization/runner",
    "state": "created",
    "job_number": 1,
    "compiled": _CONFIG,
    "contexts": [],
    "attributes": {"allow_api_trigger_with_config": True},
}
_LISTED: dict[str, list[dict[str, Json]]] = {
    "/api/v2/me/collaborations": _ORGANIZATIONS,
    # One without a slug, and one without an id: either is asked for by the other.
    "/api/v3/projects": [_ENTRY, {"id": "unnamed"}],
    "/api/v1.1/projects": [_ENTRY, {**_ENTRY, "id": None, "reponame": "other"}],
}
_CALLED = {"owner": "organization", "definition": "pipeline definition"}
"""Names in routes that people would not understand."""
_OF_QUERY = {
    "scope-id": "project",
    "resource-class": "runner class",
    "owner-id": "organization",
    "org-id": "organization",
    "org-slug": "organization",
    "organization-id": "organization",
    "filter[org_id]": "organization",
}
"""Parameters that tell what a route without any name in it is asked for."""


def planned_calls(settings: Settings, usage_budget: int) -> Iterator[PlannedCall]:
    """Yield each kind of call once, those last that only `usage_budget` pays for."""
    without = _rehearsed(settings, 0)
    for route, each in without.items():
        yield _call(settings, route, each)
    if usage_budget:
        for route, each in _rehearsed(settings, _PIPELINE).items():
            if route not in without:
                yield _call(settings, route, each, usage_budget)


def _call(settings: Settings, route: str, each: str, most: int | None = None) -> PlannedCall:
    return PlannedCall(urlsplit(settings.address(route)).netloc, f"GET {route}", each, most)


def _rehearsed(settings: Settings, usage_budget: int) -> dict[str, str]:
    """Return every route that is asked, with what it is asked for one by one."""
    nobody = _Nobody()
    now = datetime.fromtimestamp(0, UTC)
    sealer = Sealer(bytes(KEY_LENGTH))
    budget = usage_budget * (len(_ORGANIZATIONS) + 1)
    told = replace(settings, organizations=(*_SLUGS, _UNLISTED))
    collect(nobody, told, Collecting(Memory(), sealer, Silent(), now, budget))
    return nobody.asked


class _Nobody:
    """Stands for the client, answers everything, and writes down what it was asked."""

    def __init__(self) -> None:
        self.asked: dict[str, str] = {}

    def get(
        self, route: str, segments: Mapping[str, str] = _NONE, query: Mapping[str, str] = _NONE
    ) -> Answer:
        """Return a reply that is a listing of one entry, and that entry itself."""
        names = [*segments] or [_OF_QUERY[name] for name in query if name in _OF_QUERY]
        last = names[-1] if names else ""
        self.asked.setdefault(route, _CALLED.get(last, last))
        listed = _LISTED.get(route, [_ENTRY])
        return Answer(200, body={**_ENTRY, "items": listed, "all_projects": ["project"]})
