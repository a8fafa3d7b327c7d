"""Who really uses secrets: configurations, jobs, the budget, and what a failure leaves."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import (
    DEPLOY,
    FORBIDDEN,
    OPEN,
    ORG,
    WEB,
    Memory,
    Routes,
    Said,
    acme,
    audit,
    items,
    serving,
)

from auditor.inventory import Inventory
from auditor.inventory.circleci.usage import budget
from auditor.inventory.circleci.usage.configuration import jobs_of
from auditor.models import JobRun

KNOWN = frozenset({"AWS_ACCESS_KEY_ID", "NPM_TOKEN", "TOKEN"})
CLEAR = "hunter2-in-clear"
WEB_API = "/api/v2/project/gh/acme/web"
SOUND = f"""
version: 2
jobs:
  deploy:
    docker: [{{image: i, auth: {{username: u, password: $NPM_TOKEN}}}}]
    environment: {{PASSWORD: {CLEAR}}}
    steps:
      - run: {{command: 'aws --key "${{AWS_ACCESS_KEY_ID}}" --not $UNKNOWN_NAME {CLEAR}'}}
  test: {{steps: [{{run: make}}]}}
workflows:
  version: 2
  main:
    jobs:
      - test
      - hold: {{type: approval}}
      - deploy: {{context: [deploy, gone], name: ship}}
      - deploy: {{context: open}}
"""


@pytest.mark.parametrize(
    ("text", "jobs"),
    [
        (
            SOUND,
            [
                ("main", "test", [], []),
                ("main", "ship", ["deploy", "gone"], ["AWS_ACCESS_KEY_ID", "NPM_TOKEN"]),
                ("main", "deploy", ["open"], ["AWS_ACCESS_KEY_ID", "NPM_TOKEN"]),
            ],
        ),
        ("jobs: {build: {steps: [{run: $TOKEN}]}}", [("", "build", [], ["TOKEN"])]),
        ("jobs: {}\nworkflows: {version: 2}", []),
        (
            "workflows: {w: {jobs: [{j: {context: 7}}, 7, null, {j: null}]}}",
            [("w", "j", [], [])] * 2,
        ),
        ("workflows: {w: {jobs: x}, v: null}\njobs: 7", []),
        ("x: &a [*a]\njobs: {build: {a: &b {c: *b}}}", [("", "build", [], [])]),
    ],
)
def test_what_a_configuration_tells(text: str, jobs: list[Any]) -> None:
    found = jobs_of(text, KNOWN)
    assert found is not None
    assert [(j["workflow"], j["job"], j["contexts"], j["names"]) for j in found] == jobs
    assert CLEAR not in str(found)


MERGES = "\n".join(
    [
        f"a0: &a0 {{{', '.join(f'k{n}: 1' for n in range(500))}}}",
        *(f"a{n}: &a{n} {{<<: *a{n - 1}}}" for n in range(1, 300)),
    ]
)
"""A small text that merge keys make 150,000 pairs of."""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "- a",
        "a: [",
        "!!python/object/apply:os.system [x]",
        "a: !x y",
        "\x00",
        "[" * 100_000,
        "x" * (9 * 2**20),
        "a: 2023-99-99",
        MERGES,
    ],
    ids=lambda text: ascii(text[:20]),
)
def test_what_is_no_configuration_is_told_apart_from_one_without_jobs(text: str) -> None:
    assert jobs_of(text, KNOWN) is None


@given(st.text())
def test_any_text_ends_no_run(text: str) -> None:
    assert isinstance(jobs_of(text, KNOWN), list | None)


@given(st.integers(0, 2000), st.integers(0, 3000), st.lists(st.integers(0, 40), max_size=30))
def test_a_plan_never_takes_more_than_the_budget(
    calls: int, projects: int, wanted: list[int]
) -> None:
    plan = budget.for_configurations(calls, projects)
    assert plan.projects <= projects
    assert plan.calls + plan.left == calls
    granted = budget.for_jobs(plan.left, wanted)
    assert sum(budget.JOBS + details for details in granted if details >= 0) <= plan.left
    assert all(0 <= d <= jobs for d, jobs in zip(granted, wanted, strict=True) if d >= 0)


# --- on the wire ------------------------------------------------------------------------------


def ran(name: str, number: int, **told: Any) -> dict[str, Any]:
    times = {
        "started_at": f"2023-01-0{number}T00:00:00Z",
        "stopped_at": f"2023-01-0{number}T00:05:00Z",
    }
    return (
        {"id": f"j{number}", "name": name, "job_number": number, "status": "success"} | times | told
    )


def built(text: str = SOUND) -> Routes:
    """Return the routes of a project that built: the workflow's jobs ship and deploy ran."""
    return {
        f"{WEB_API}/pipeline": items(
            {"id": "errored", "state": "errored"}, {"id": "p-1", "state": "created"}
        ),
        "/api/v2/project/gh/acme/api/pipeline": items(),
        "/api/v2/pipeline/p-1/config": Said({"source": CLEAR, "compiled": text}),
        "/api/v2/pipeline/p-1/workflow": items({"id": "w-1", "name": "main"}),
        "/api/v2/workflow/w-1/job": items(
            ran("test", 1), ran("ship", 2), ran("deploy", 3), ran("wait", 4, status="on_hold")
        ),
        f"{WEB_API}/job/2": Said({"number": 2, "name": "ship", "contexts": [{"name": "deploy"}]}),
        f"{WEB_API}/job/3": Said({"number": 3, "name": "deploy", "contexts": [{"name": "open"}]}),
    }


def look(
    changes: Routes | None = None, snapshot: Memory | None = None, calls: int = 100
) -> tuple[Inventory, list[str]]:
    with serving(acme() | built() | (changes or {})) as server:
        found = audit(server, snapshot, retries=0, usage_budget=calls)
        asked = [
            path
            for path in server.paths()
            if re.search("/pipeline/|/job|web/pipeline|api/pipeline|/workflow", path)
        ]
        return found, asked


def uses(found: Inventory) -> set[tuple[str, str, tuple[str, ...], bool]]:
    return {(one.scope_id, one.job, one.names, one.confirmed) for one in found.uses}


def test_who_uses_what() -> None:
    snapshot = Memory()
    found, _ = look(snapshot=snapshot)
    deploy = ("AWS_ACCESS_KEY_ID",)
    assert uses(found) == {
        (DEPLOY, "ship", deploy, True),
        (OPEN, "deploy", ("NPM_TOKEN",), True),
    }
    assert {(one.project, str(one.last_run)) for one in found.uses} == {
        ("web", "2023-01-02 00:00:00+00:00"),
        ("web", "2023-01-03 00:00:00+00:00"),
    }
    text = "".join(snapshot.documents.values())
    assert CLEAR not in text
    assert "UNKNOWN_NAME" not in text


def test_when_a_context_was_held() -> None:
    found, _ = look()
    held: dict[str, list[JobRun]] = {}
    for run in found.job_runs:
        for scope in run.scopes:
            held.setdefault(scope, []).append(run)
    assert [(run.job, run.started.day, run.stopped) for run in held[DEPLOY]] == [
        ("ship", 2, held[DEPLOY][0].started.replace(minute=5))
    ]
    assert {run.job for run in held[WEB]} == {"test", "ship", "deploy"}
    assert "wait" not in {run.job for run in found.job_runs}


def test_a_context_that_no_listing_names_is_a_gap() -> None:
    found, _ = look()
    (gap,) = (gap for gap in found.gaps if "gone" in gap.what)
    assert "web" in gap.why
    assert gap.affects == (ORG,)


@pytest.mark.parametrize("calls", range(12))
def test_no_more_is_asked_than_the_budget(calls: int) -> None:
    found, asked = look(calls=calls)
    assert len(asked) <= calls
    line = next(one for one in found.coverage if one.what == "job configurations of acme")
    assert (line.read, line.known) == (min(1, calls // 4 or calls > 3), 2)
    short = any("which jobs use the contexts" in gap.what for gap in found.gaps)
    assert short is (0 < calls < 4)


def test_a_second_collection_asks_nothing_again() -> None:
    snapshot = Memory()
    first, _ = look(snapshot=snapshot)
    second, asked = look(snapshot=snapshot)
    assert asked == []
    assert second == first


@pytest.mark.parametrize(
    ("path", "what"),
    [
        (f"{WEB_API}/pipeline", "job configurations of web"),
        ("/api/v2/pipeline/p-1/config", "job configurations of web"),
        ("/api/v2/pipeline/p-1/workflow", "job runs of web"),
        ("/api/v2/workflow/w-1/job", "job runs of web"),
        (f"{WEB_API}/job/2", "job runs of web"),
    ],
)
@pytest.mark.parametrize(
    "said",
    [
        FORBIDDEN,
        Said({}, 401),
        Said({}, 429, {"Retry-After": "9999"}),
        Said({}, 500),
        Said(b""),
        Said(b"<html>"),
        Said(b'{"items": ['),
        Said([7]),
    ],
    ids=["403", "401", "429", "500", "empty", "html", "truncated", "shape"],
)
def test_what_could_not_be_looked_at_is_a_gap(path: str, what: str, said: Said) -> None:
    found, _ = look({path: said})
    gap = next(gap for gap in found.gaps if gap.what == what)
    assert gap.affects == (WEB,)
    assert gap.fix
    assert found.secrets


@pytest.mark.parametrize("text", ["", "a: [", "7"])
def test_a_configuration_that_cannot_be_read_is_a_gap(text: str) -> None:
    found, _ = look(built(text))
    assert any("no compiled configuration" in gap.why for gap in found.gaps)
    assert not found.uses


@pytest.mark.parametrize(
    "odd",
    [
        {"items": None},
        {"items": [None, 7, {"id": 7}]},
        {"items": [{}]},
        {"items": [], "contexts": None, "compiled": 7},
        {
            "items": [{"id": "w-1", "job_number": "x", "name": None}],
            "contexts": [7],
            "compiled": "",
        },
    ],
)
def test_any_shape_ends_no_run(odd: Any) -> None:
    for path in built():
        assert look({path: Said(odd)})[0].secrets
