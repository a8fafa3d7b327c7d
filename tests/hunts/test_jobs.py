"""When jobs ran that could hold a secret, from a log that may lack some starts, ends or names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest
from hunt_cases import table
from hunt_corpus import corpus

from auditor.hunts import jobs, sight
from auditor.hunts.compile import query
from auditor.hunts.jobs import LONGEST, SILENCE, Spans, running, unbroken
from auditor.hunts.rules.loading import packaged
from auditor.hunts.rules.operators import OutsideJobWindow
from auditor.hunts.seen import ANYBODY
from auditor.hunts.sight import jobless
from auditor.models import JobRun, Scope, ScopeKind

NOON = datetime(2023, 1, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DEPLOY = Scope(ScopeKind.CONTEXT, "c-1", "deploy", "acme")
API = Scope(ScopeKind.PROJECT, "p-1", "gh/acme/api", "acme")
EVERYWHERE = Scope(ScopeKind.ORGANIZATION, "o-1", "acme", "acme")


def at(hours: float) -> datetime:
    return NOON + HOUR * hours


@pytest.mark.parametrize(
    ("marks", "spans"),
    [
        ([], []),
        ([(0, True), (1, False)], [(0, 1)]),
        ([(0, True), (0.5, True), (1, False), (2, False)], [(0, 2)]),
        ([(0, True), (1, False), (3, True), (4, False)], [(0, 1), (3, 4)]),
        ([(0, True)], [(0, 5)]),
        ([(0, True), (9, True), (10, False)], [(0, 5), (9, 10)]),
        ([(0, False), (1, True), (2, False)], [(1, 2)]),
        ([(0, True), (4, True), (4.5, False), (20, True), (21, False)], [(0, 9), (20, 21)]),
    ],
)
def test_jobs_are_merged_and_none_runs_for_ever(
    marks: list[tuple[float, bool]], spans: list[tuple[float, float]]
) -> None:
    assert timedelta(hours=5) == LONGEST
    found = list(running((at(hours), starts) for hours, starts in marks))
    assert found == [(at(begin), at(end)) for begin, end in spans]


def test_a_long_silence_is_a_log_that_was_not_read() -> None:
    moments = [NOON, NOON + SILENCE, NOON + SILENCE * 3, NOON + SILENCE * 3 + HOUR]
    assert list(unbroken(moments)) == [
        (NOON, NOON + SILENCE),
        (NOON + SILENCE * 3, NOON + SILENCE * 3 + HOUR),
    ]
    assert list(unbroken([])) == []


# --- whose jobs they were --------------------------------------------------------------------

Row = tuple[float, str, dict[str, str]]


def ran(begin: float, end: float, **names: str) -> Iterator[Row]:
    told = {name.replace("__", "."): value for name, value in names.items()}
    yield begin, "workflow.job.start", told
    yield end, "workflow.job.finish", told


def handed(time: float, **names: str) -> Row:
    told = {name.replace("__", "."): value for name, value in names.items()}
    return time, "context.secrets.accessed", told


def spans(
    *rows: Row, scopes: tuple[Scope, ...] = (DEPLOY,), runs: tuple[JobRun, ...] = ()
) -> Spans:
    connection = duckdb.connect()
    connection.execute(
        "CREATE TABLE events (time TIMESTAMP, platform VARCHAR, action VARCHAR,"
        " resource VARCHAR, details VARCHAR)"
    )
    for hours, action, names in rows:
        told: list[Any] = [at(hours).replace(tzinfo=None), "circleci", action, None]
        connection.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?)", [*told, json.dumps(names)])
    return jobs.spans(connection, {"ci": frozenset(scopes)}, runs)


def mine(found: Spans) -> list[tuple[datetime, datetime]]:
    return [(job.began, job.ended) for job in found.jobs if job.who == "ci"]


@pytest.mark.parametrize(
    ("link", "where"),
    [
        ({"target__id": "J-1"}, {"payload__context_name": "deploy"}),
        ({"payload__job__id": "j-1"}, {"payload__context_id": "C-1"}),
        ({"payload__workflow_id": "w-1"}, {"payload__context__name": "Deploy"}),
        ({"payload__project__name": "api"}, {"payload__context_name": "deploy"}),
        ({"payload__project_slug": "gh/acme/api"}, {"payload__context_name": "deploy"}),
    ],
)
def test_a_context_is_held_by_the_jobs_that_were_handed_it(
    link: dict[str, str], where: dict[str, str]
) -> None:
    others = list(ran(4, 6, target__id="j-0", payload__project_name="docs"))
    found = spans(*others, *ran(0, 1, **link), handed(0.1, **link, **where))
    assert mine(found) == [(at(0), at(1))]
    assert [job.who for job in found.jobs].count(ANYBODY) == 2
    assert found.unknown == {}
    [watched] = [one for one in found.watched if one.who == "ci"]
    assert watched.since == at(0.1)  # whether the log told of contexts before is not known


def test_a_job_without_a_beginning_is_held_as_long_as_jobs_may_run() -> None:
    context = {"payload__context_name": "deploy"}
    found = spans(*ran(0, 1, target__id="j-0"), handed(3, target__id="lost", **context))
    assert mine(found) == [(at(3), at(3) + LONGEST)]


def test_a_project_is_held_by_all_its_jobs_and_by_those_that_name_none() -> None:
    rows = [*ran(0, 1, payload__project_id="P-1"), *ran(4, 5, payload__project_name="docs")]
    rows += ran(8, 9)
    assert mine(spans(*rows, scopes=(API,))) == [(at(0), at(1)), (at(8), at(9))]


def test_secrets_of_the_organisation_are_held_by_every_job() -> None:
    rows = [*ran(0, 1, target__id="a"), *ran(4, 5, target__id="b")]
    assert mine(spans(*rows, scopes=(EVERYWHERE,))) == [(at(0), at(1)), (at(4), at(5))]


def test_jobs_that_the_inventory_saw_count_too() -> None:
    runs = (
        JobRun("p-1", "build", ("c-1", "p-1"), at(6), None),
        JobRun("p-2", "build", ("c-9",), at(20), None),
    )
    request = handed(0.1, target__id="j", payload__context_name="deploy")
    found = spans(*ran(0, 1, target__id="j"), request, runs=runs)
    assert mine(found) == [(at(0), at(1)), (at(6), at(6) + LONGEST)]


@pytest.mark.parametrize(
    ("scopes", "why"),
    [
        ((DEPLOY,), "no event in the log shows a job taking the context deploy"),
        ((API,), "no job in the log names the project gh/acme/api"),
        ((EVERYWHERE, DEPLOY), "no event in the log shows a job taking the context deploy"),
    ],
)
def test_where_the_log_does_not_say_it_is_not_known(scopes: tuple[Scope, ...], why: str) -> None:
    other = handed(0.1, target__id="j", payload__context_name="docs")
    found = spans(*ran(0, 1, target__id="j", payload__project_name="docs"), other, scopes=scopes)
    assert found.unknown == {"ci": why}
    assert {one.who for one in found.watched} == {one.who for one in found.jobs} == {ANYBODY}


def test_without_a_log_of_jobs_nothing_is_known() -> None:
    assert spans((0, "context.create", {})) == Spans([], [], {})


# --- by which rule ---------------------------------------------------------------------------

HELD = "no job that held it was running"
ANY = "no job at all was running; which jobs held it is not known"
IDLE = [{"start": "-3h", "end": "-2h"}]
BUSY = [{"start": "-1h", "end": "1h"}]


def notes(jobs_: list[dict[str, Any]], **more: Any) -> tuple[list[str], list[str]]:
    """Return what the hunt says of a use at noon, and of whom it knows of no job."""
    [hunt] = [one for one in packaged() if isinstance(one.operator, OutsideJobWindow)]
    use = {"action": "ListBuckets", "src_ip": "203.0.113.5"}
    with table("aws", {"jobs": jobs_, "events": [use], **more}) as connection:
        found = connection.execute(query(hunt, since=NOON)).fetchall()
        return [note for _, note in found], jobless(connection)


@pytest.mark.parametrize("known", ["-1d", "2h"])
@pytest.mark.parametrize("holds", [None, True, False])
@pytest.mark.parametrize("told", [IDLE, BUSY])
def test_the_hunt_says_by_which_rule_it_judged(
    told: list[dict[str, Any]], holds: bool | None, known: str
) -> None:
    """Before it is known which jobs held the secret, only that no job ran at all is judged."""
    told = [job | ({} if holds is None else {"holds": holds}) for job in told]
    is_known = holds is not None and known == "-1d"
    found, blind = notes(told, known=known)
    if is_known:
        assert found == ([] if told[0]["start"] == "-1h" and holds else [HELD])
        assert blind == []
    else:
        assert found == ([] if told[0]["start"] == "-1h" else [ANY])
        assert blind == ["who"]


def test_whose_jobs_are_known_in_part_is_named_with_the_reason() -> None:
    told = [job | {"holds": True} for job in BUSY]
    case = {"jobs": told, "known": "2h", "events": [{"action": "ListBuckets"}]}
    with table("aws", case) as connection:
        [gap] = sight.of_jobs(connection, {})
    assert gap.why == "of some of the time the log does not tell which jobs took the context"
    assert "only that no job ran at all is judged" in gap.fix


def test_the_corpus_of_the_engines_holds_both_rules() -> None:
    hunts = [one for one in packaged() if isinstance(one.operator, OutsideJobWindow)]
    with corpus(hunts) as connection:
        sql = query(hunts[0], since=NOON)
        found = {str(note) for _, note in connection.execute(sql).fetchall()}
    assert found == {HELD, ANY}
