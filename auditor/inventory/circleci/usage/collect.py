"""Looks at configurations and at jobs that ran, within a budget of calls."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

from auditor.collecting import Progress, Snapshot
from auditor.inventory.circleci import documents
from auditor.inventory.circleci.fields import shown, text
from auditor.inventory.circleci.listing import Calls
from auditor.inventory.circleci.organizations import Organization
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores import (
    Target,
    context_variables,
    legacy_aws_keys,
    project_variables,
)
from auditor.inventory.circleci.usage import ask, budget
from auditor.models import Json, ScopeKind

USAGE = "usage"
PLAN = "usage-plan"
_BUILT = ("created", "setup", "pending")


class Work(Protocol):
    """Does something for each of several things, some at once."""

    def __call__(self, work: Callable[[Target], None], things: Iterable[Target], /) -> object:
        """Return once all is done."""


class Looker:
    """Spends the budget of one organisation. `known` holds the names of its variables."""

    def __init__(
        self, calls: Calls, snapshot: Snapshot, organization: Organization, known: Collection[str]
    ) -> None:
        """Look at nothing yet."""
        self._calls = calls
        self._snapshot = snapshot
        self._organization = organization
        self._known = known

    def look(self, projects: Sequence[Target], calls: int, progress: Progress, work: Work) -> None:
        """Look at as many of the projects as the calls pay for, the first of them first."""
        name = shown(self._organization.name)
        plan = budget.for_configurations(calls, len(projects))
        told = {"budget": calls, "projects": plan.projects, "of": plan.of}
        reply = {"plan": Reply("", items=(told,))}
        documents.put(self._snapshot, reply, self._organization.id, PLAN)
        if not plan.projects:
            return
        progress.note(
            f"CircleCI: who uses contexts of {name}: up to {plan.calls} calls for the "
            f"configurations of {plan.projects} of {plan.of} projects"
        )
        chosen = list(projects[: plan.projects])
        progress.start(f"reading the configurations of {name}", len(chosen))
        work(self._configuration, chosen)
        self._look_at_jobs(chosen, plan.left, progress, work)

    def _look_at_jobs(
        self, projects: list[Target], left: int, progress: Progress, work: Work
    ) -> None:
        granted = dict(
            zip(
                (project.id for project in projects),
                budget.for_jobs(left, [len(self._with_contexts(one)) for one in projects]),
                strict=True,
            )
        )
        chosen = [project for project in projects if granted[project.id] >= 0]
        if not chosen:
            return
        calls = sum(budget.JOBS + granted[project.id] for project in chosen)
        name = shown(self._organization.name)
        progress.note(
            f"CircleCI: who uses contexts of {name}: up to {calls} calls for jobs of "
            f"{len(chosen)} projects that attach any"
        )
        progress.start(f"reading jobs of {name}", len(chosen))
        work(lambda project: self._jobs(project, granted[project.id]), chosen)

    def _configuration(self, project: Target) -> None:
        found = self._ask(project, pipelines=partial(ask.pipelines, self._calls, project))
        if pipeline := newest(found["pipelines"]):
            configuration = partial(ask.configuration, self._calls, pipeline, self._known)
            self._ask(project, configuration=configuration)

    def _with_contexts(self, project: Target) -> set[str]:
        """Return the names of the jobs that attach contexts, by the configuration."""
        replies = documents.load(self._snapshot, self._organization.id, USAGE, project.id)
        return {one["job"] for one in configured(replies) if one["contexts"]}

    def _jobs(self, project: Target, details: int) -> None:
        pipeline = newest(self._ask(project).get("pipelines"))
        found = self._ask(project, workflows=partial(ask.workflows, self._calls, pipeline))
        first = newest(found["workflows"])
        if not first:
            return
        found = self._ask(project, jobs=partial(ask.jobs, self._calls, first))
        wanted = self._with_contexts(project)
        numbers = [
            one["job_number"]
            for one in entries(found["jobs"])
            if one.get("name") in wanted and isinstance(one.get("job_number"), int)
        ]
        self._ask(
            project,
            **{
                f"job {number}": partial(ask.job, self._calls, project, number)
                for number in numbers[:details]
            },
        )

    def _ask(self, project: Target, **questions: Callable[[], Reply]) -> dict[str, Reply]:
        """Return every reply about a project, with those to the questions."""
        parts = (self._organization.id, USAGE, project.id)
        found = documents.once(self._snapshot, questions, *parts)
        return documents.load(self._snapshot, *parts) | found


def known_variables(snapshot: Snapshot, organization: Organization) -> frozenset[str]:
    """Return the names of all variables of an organisation that were read."""
    names = {text(item, "variable", "name") for item in _variables(snapshot, organization)}
    return frozenset(names | set(legacy_aws_keys.VARIABLES)) - {""}


def _variables(snapshot: Snapshot, organization: Organization) -> Iterator[Json]:
    for kind, store in (
        (ScopeKind.CONTEXT, context_variables),
        (ScopeKind.PROJECT, project_variables),
    ):
        for replies in documents.under(snapshot, organization.id, kind.value):
            if reply := replies.get(store.STORE.name):
                yield from reply.items


def entries(reply: Reply | None) -> list[Mapping[str, Json]]:
    """Return the entries of a page that was kept as one item."""
    return list(reply.items[0]) if reply and reply.items else []


def newest(reply: Reply | None) -> str:
    """Return the id of the newest pipeline that was built, else of the first entry, "" if none."""
    found = [one for one in entries(reply) if isinstance(one.get("id"), str)]
    built = [one for one in found if one.get("state") in _BUILT]
    return str((built or found)[0]["id"]) if found else ""


def configured(replies: Mapping[str, Reply]) -> list[Mapping[str, Json]]:
    """Return the jobs of the configuration among the replies about a project."""
    reply = replies.get("configuration")
    return list(reply.items[0]["jobs"] or ()) if reply and reply.items else []
