"""What ran lately in the demo's CircleCI: pipelines, their configuration, workflows, jobs.

Each project has one pipeline with one workflow. Its jobs are the scenario's `jobs`, or one that
builds and tests with the project's own variables.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from auditor.demo import invent
from auditor.demo.circleci_stores import Table
from auditor.demo.circleci_v2 import pipeline_body
from auditor.demo.directory import Directory, Found, Routes
from auditor.demo.estate import Project
from auditor.demo.wire import Reply, Request, error
from auditor.models import Json

_LAST = date(2026, 11, 12)
_MOST_NAMED = 3
_FOR = timedelta(minutes=4)


def pipelines(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the pipelines of a project; one that never built has none."""
    found = directory.project(*names)
    if not found or found.project.stopped:
        return error(404, "Project not found")
    items = [pipeline_body(found.project.slug, 0)] if found.project.building else []
    return Reply(200, {"items": items, "next_page_token": None})


def configuration(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the configuration of a pipeline as CircleCI compiled it."""
    found = _of_pipeline(directory, names[0])
    if not found:
        return error(404, "Pipeline not found")
    text = _compiled(found.project)
    return Reply(200, {"source": text, "compiled": text})


def workflows(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the one workflow of a pipeline."""
    found = _of_pipeline(directory, names[0])
    if not found:
        return error(404, "Pipeline not found")
    started = invent.moment(_LAST, invent.VARIABLES, found.project.id)
    item = {
        "id": _workflow(found.project),
        "pipeline_id": names[0],
        "pipeline_number": 1,
        "project_slug": found.project.slug,
        "name": "build-and-deploy",
        "status": "success",
        "started_by": directory.person.id,
        "created_at": invent.wire(started),
        "stopped_at": invent.wire(started + _FOR * len(_jobs(found.project))),
    }
    return Reply(200, {"items": [item], "next_page_token": None})


def jobs(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return the jobs of a workflow."""
    found = next((one for one in _all(directory) if _workflow(one.project) == names[0]), None)
    if not found:
        return error(404, "Workflow not found")
    items = [
        {
            "id": invent.identifier("job", found.project.id, table["name"]),
            "job_number": number,
            "name": table["name"],
            "project_slug": found.project.slug,
            "dependencies": [],
            "status": "success",
            "type": "build",
            **_times(found.project, number),
        }
        for number, table in enumerate(_jobs(found.project), 1)
    ]
    return Reply(200, {"items": items, "next_page_token": None})


def job(directory: Directory, _request: Request, names: tuple[str, ...]) -> Reply:
    """Return a job with the contexts that it had."""
    found = directory.project(*names[:3])
    number = int(names[3]) if names[3].isdigit() else 0
    if not found or not 1 <= number <= len(_jobs(found.project)):
        return error(404, "Job not found")
    project, table = found.project, _jobs(found.project)[number - 1]
    times = _times(project, number)
    body = {
        "number": number,
        "name": table["name"],
        "status": "success",
        **times,
        "created_at": times["started_at"],
        "queued_at": times["started_at"],
        "duration": _FOR // timedelta(milliseconds=1),
        "executor": {"resource_class": "medium", "type": "docker"},
        "parallelism": 1,
        "parallel_runs": [{"index": 0, "status": "success"}],
        "project": {
            "id": project.id,
            "slug": project.slug,
            "name": project.name,
            "external_url": project.vcs_url,
        },
        "organization": {"name": found.organization.name},
        "contexts": [{"name": name} for name in table.get("contexts", ())],
        "web_url": f"https://app.circleci.example/{project.slug}/{number}",
        "latest_workflow": {"id": _workflow(project), "name": "build-and-deploy"},
        "pipeline": {"id": _pipeline(project)},
        "messages": [],
    }
    return Reply(200, body)


def _jobs(project: Project) -> Sequence[Table]:
    named = [variable.name for variable in project.variables[:_MOST_NAMED]]
    return project.stores.get("jobs", ({"name": "build", "names": named},))


def _times(project: Project, number: int) -> Json:
    started = invent.moment(_LAST, invent.VARIABLES, project.id) + _FOR * (number - 1)
    return {"started_at": invent.wire(started), "stopped_at": invent.wire(started + _FOR)}


def _compiled(project: Project) -> str:
    """Return the configuration in YAML; every job also has a word in clear that none may keep."""
    lines = ["version: 2", "jobs:"]
    for table in _jobs(project):
        lines += [f"  {table['name']}:", "    docker:", "      - image: cimg/base:current"]
        lines += ["    steps:", "      - run:", "          command: |"]
        lines += [f'            tool --with "${name}"' for name in table.get("names", ())]
        lines += [f"            {line}" for line in table.get("runs", ())]
        lines += [f"            login --password {invent.secret('clear', project.id)}"]
    lines += ["workflows:", "  version: 2", "  build-and-deploy:", "    jobs:"]
    for table in _jobs(project):
        contexts = ", ".join(_quoted(name) for name in table.get("contexts", ()))
        lines += [f"      - {table['name']}:", f"          context: [{contexts}]"]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _of_pipeline(directory: Directory, id_: str) -> Found | None:
    return next((one for one in _all(directory) if _pipeline(one.project) == id_), None)


def _pipeline(project: Project) -> str:
    return str(pipeline_body(project.slug, 0)["id"])


def _workflow(project: Project) -> str:
    return invent.identifier("workflow", project.id)


def _all(directory: Directory) -> Any:
    return {found.project.id: found for found in directory.projects.values()}.values()


ROUTES: Routes = {
    "/api/v2/project/{}/{}/{}/pipeline": pipelines,
    "/api/v2/pipeline/{}/config": configuration,
    "/api/v2/pipeline/{}/workflow": workflows,
    "/api/v2/workflow/{}/job": jobs,
    "/api/v2/project/{}/{}/{}/job/{}": job,
}
