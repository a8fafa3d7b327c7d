"""From the snapshot to who uses what: jobs that receive secrets, and when they ran. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from auditor.inventory.circleci import documents, gaps
from auditor.inventory.circleci.fields import shown, text, when
from auditor.inventory.circleci.findings import Findings
from auditor.inventory.circleci.gaps import SOURCE, Question, Trouble
from auditor.inventory.circleci.organizations import Organization
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.usage.collect import PLAN, USAGE, configured, entries
from auditor.models import Coverage, Gap, JobRun, Json, Scope, ScopeKind, Use

_MORE = "raise usage_budget, or give --usage-budget, then audit again"
_NOT_RUN = frozenset({"not_run", "not_running", "queued", "on_hold", "blocked", "unauthorized"})


_CONFIGURATION, _JOBS = Question("job configuration"), Question("job run")
_STORES = {"pipelines": _CONFIGURATION, "configuration": _CONFIGURATION}


@dataclass(slots=True)
class _Names:
    """The names of an organisation's variables and contexts, as the inventory found them."""

    contexts: dict[str, str] = field(default_factory=dict)
    """Ids by name."""
    variables: dict[str, set[str]] = field(default_factory=dict)
    """Names of variables by the id of their scope."""
    unknown: dict[str, set[str]] = field(default_factory=dict)
    """Projects by the name of a context that they attach and no listing names."""


def read(found: Findings, organization: Organization) -> None:
    """Add who uses the secrets of an organisation, and what of it was not looked at."""
    plan = found.load("plan", organization.id, PLAN)
    names = _names(found, organization)
    projects = [one for one in found.places if _is_project(one.scope, organization, found)]
    looked = 0
    for place in projects:
        replies = documents.load(found.snapshot, organization.id, USAGE, place.scope.id)
        looked += _project(found, place.scope, replies, names)
    budget = plan.items[0]["budget"] if plan.items else 0
    known = None if any("projects that no" in gap.what for gap in found.gaps) else len(projects)
    what = f"job configurations of {shown(organization.name)}"
    note = f"a sample within {budget} calls" if budget else "not looked at: usage_budget is 0"
    found.coverage.append(Coverage(SOURCE, what, looked, known, note))
    found.gaps.extend(_gaps(organization, plan, names))


def _is_project(scope: Scope, organization: Organization, found: Findings) -> bool:
    is_project = scope.kind is ScopeKind.PROJECT
    return is_project and found.owners.get(scope.id) == organization.id


def _names(found: Findings, organization: Organization) -> _Names:
    names = _Names()
    for secret in found.secrets:
        names.variables.setdefault(secret.scope.id, set()).add(secret.name)
    for place in found.places:
        scope = place.scope
        if scope.kind is ScopeKind.CONTEXT and found.owners.get(scope.id) == organization.id:
            names.contexts[scope.name] = scope.id
    return names


def _gaps(organization: Organization, plan: Reply, names: _Names) -> Iterator[Gap]:
    told = plan.items[0] if plan.items else None
    if told and told["projects"] < told["of"]:
        why = (
            f"{told['projects']} of {told['of']} projects were looked at: more takes more than "
            f"{told['budget']} calls"
        )
        what = "which jobs use the contexts"
        yield gaps.of_organization(organization, what, why, _MORE)
    for context, projects in sorted(names.unknown.items()):
        yield gaps.of_organization(
            organization,
            f'the context "{context}"',
            f"jobs of {', '.join(sorted(projects)[:3])} attach it, and no listing names it",
            "use the token of an organization admin; if it was deleted, take it out of the jobs",
        )


def _project(found: Findings, scope: Scope, replies: Mapping[str, Reply], names: _Names) -> bool:
    """Add what one project uses and return whether its configuration was read."""
    _troubles(found, scope, replies)
    details = [
        item for name, one in replies.items() if name.startswith("job ") for item in one.items
    ]
    runs = [_run(scope, one) for one in entries(replies.get("jobs"))]
    attached: dict[str, set[str]] = {}
    named: dict[tuple[str, str], set[str]] = {}
    mentions: dict[str, set[str]] = {}
    for one in configured(replies):
        mentions.setdefault(one["job"], set()).update(one.get("mentions", ()))
        _attach(attached, one["job"], _known(one["contexts"], scope, names))
        for id_ in (*attached[one["job"]], scope.id):
            told = names.variables.get(id_, set()) & set(one["names"])
            named.setdefault((id_, one["job"]), set()).update(told)
    confirmed: dict[str, set[str]] = {}
    for one in details:
        _attach(confirmed, text(one, "name"), _known(one["contexts"], scope, names))
    last = _last(runs)
    for job in dict.fromkeys((*attached, *confirmed)):
        contexts = attached.get(job, set()) | confirmed.get(job, set())
        for id_ in sorted(contexts | ({scope.id} if named.get((scope.id, job)) else set())):
            found.uses.append(
                Use(
                    scope_id=id_,
                    project_id=scope.id,
                    project=scope.name,
                    job=shown(job),
                    names=tuple(sorted(named.get((id_, job), ()))),
                    last_run=last.get(job),
                    confirmed=id_ in confirmed.get(job, ()),
                    mentions=tuple(sorted(mentions.get(job, ()))),
                )
            )
    found.job_runs.extend(_with_scopes(runs, attached, confirmed))
    reply = replies.get("configuration")
    return bool(reply and reply.items and reply.items[0]["jobs"] is not None)


def _attach(to: dict[str, set[str]], job: str, contexts: Iterable[str]) -> None:
    to.setdefault(job, set()).update(contexts)


def _known(contexts: Iterable[str], scope: Scope, names: _Names) -> Iterator[str]:
    """Yield the ids of contexts by name; remember a name that no listing has."""
    for name in map(shown, contexts):
        if name in names.contexts:
            yield names.contexts[name]
        elif names.contexts:
            names.unknown.setdefault(name, set()).add(scope.name)


def _run(scope: Scope, job: Mapping[str, Json]) -> JobRun | None:
    """Return the run of a job, None of one that did not start."""
    started = when(job.get("started_at"))
    if started is None or text(job, "status") in _NOT_RUN:
        return None
    return JobRun(scope.id, text(job, "name"), (scope.id,), started, when(job.get("stopped_at")))


def _last(runs: Iterable[JobRun | None]) -> dict[str, datetime]:
    last: dict[str, datetime] = {}
    for run in runs:
        if run:
            last[run.job] = max(run.started, last.get(run.job, run.started))
    return last


def _with_scopes(
    runs: Iterable[JobRun | None],
    attached: Mapping[str, set[str]],
    confirmed: Mapping[str, set[str]],
) -> Iterator[JobRun]:
    """Yield the runs, each with the scopes whose secrets it held."""
    for run in runs:
        if run:
            held = confirmed.get(run.job, attached.get(run.job, set()))
            scopes = (*sorted(held), *run.scopes)
            yield JobRun(run.project_id, shown(run.job), scopes, run.started, run.stopped)


def _troubles(found: Findings, scope: Scope, replies: Mapping[str, Reply]) -> None:
    for name, reply in replies.items():
        asked = _STORES.get(name, _JOBS)
        if not reply.complete:
            found.troubles.append(gaps.unread(asked, scope, reply))
    read_ = replies.get("configuration")
    if read_ and read_.items and read_.items[0]["jobs"] is None:
        why = "the newest pipeline has no compiled configuration that can be read"
        fix = "look at the project's pipelines"
        found.troubles.append(Trouble(_CONFIGURATION, scope, why, fix))
