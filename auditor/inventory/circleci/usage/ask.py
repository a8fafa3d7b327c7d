"""The questions about pipelines and jobs, each one call (API v2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, objects, part, text
from auditor.inventory.circleci.listing import Calls
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores import Target
from auditor.inventory.circleci.stores.addressing import of_project
from auditor.inventory.circleci.usage.configuration import jobs_of
from auditor.models import Json

_PIPELINES = "/api/v2/project/{provider}/{organization}/{project}/pipeline"
_JOB = "/api/v2/project/{provider}/{organization}/{project}/job/{job}"
_MOST = 50
"""Entries that are kept of a page: only the newest are looked at."""
_PIPELINE = ("id", "number", "state", "created_at")
_WORKFLOW = ("id", "name", "status", "created_at")
_OF_LIST = ("id", "name", "job_number", "status", "started_at", "stopped_at")


def pipelines(calls: Calls, project: Target) -> Reply:
    """Return the newest pipelines of a project as one item."""
    return of_project(
        project,
        _PIPELINES,
        lambda slug: listing.one(
            calls, _PIPELINES, lambda body: _first(body, _PIPELINE), segments=slug, must="items"
        ),
    )


def configuration(calls: Calls, pipeline: str, known: Collection[str]) -> Reply:
    """Return the jobs of the compiled configuration of a pipeline as one item."""

    def keep(body: Mapping[str, Json]) -> Json:
        compiled = text(body, "compiled")
        return {"pipeline": pipeline, "jobs": jobs_of(compiled, known) if compiled else None}

    route = "/api/v2/pipeline/{pipeline}/config"
    return listing.one(calls, route, keep, segments={"pipeline": pipeline}, must="compiled")


def workflows(calls: Calls, pipeline: str) -> Reply:
    """Return the workflows of a pipeline as one item."""
    route = "/api/v2/pipeline/{pipeline}/workflow"
    segments = {"pipeline": pipeline}
    return listing.one(
        calls, route, lambda body: _first(body, _WORKFLOW), segments=segments, must="items"
    )


def jobs(calls: Calls, workflow: str) -> Reply:
    """Return the jobs of a workflow as one item."""
    route = "/api/v2/workflow/{workflow}/job"
    segments = {"workflow": workflow}
    return listing.one(
        calls, route, lambda body: _first(body, _OF_LIST), segments=segments, must="items"
    )


def job(calls: Calls, project: Target, number: int) -> Reply:
    """Return a job with the names of the contexts that it had."""

    def keep(body: Mapping[str, Json]) -> Json:
        names = [text(one, "name") for one in objects(body.get("contexts"))]
        executor = text(part(body, "executor"), "resource_class")
        told = kept(body, "number", "name", "status", "started_at", "stopped_at")
        return told | {"contexts": [name for name in names if name], "executor": executor}

    return of_project(
        project,
        _JOB,
        lambda slug: listing.one(
            calls, _JOB, keep, segments={**slug, "job": str(number)}, must="contexts"
        ),
    )


def _first(body: Mapping[str, Json], fields: tuple[str, ...]) -> Json:
    return [kept(one, *fields) for one in objects(body.get("items"))[:_MOST]]
