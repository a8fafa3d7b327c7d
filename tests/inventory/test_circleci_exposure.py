from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import API, ORG, WEB, restriction

from auditor.inventory.circleci.exposure import (
    NO,
    YES,
    Doors,
    Estate,
    any_of,
    of_context,
    of_project,
    of_unknown_context,
    passes_to_forks,
)
from auditor.models import Exposure, Fact, Gap, Known, Unknown


def gap(what: str) -> Gap:
    return Gap(what, "why", "fix", "circleci")


REFUSED = Unknown(gap("settings"))
UNJUDGED = Unknown(gap("restriction"))
MISSING = Unknown(gap("projects"))
ALL_MEMBERS = restriction("group", ORG, "All members")
CREW = restriction("group", "g-1", "Crew")
MAIN = restriction("expression", 'pipeline.git.branch == "main"')
OF_WEB = restriction("project", WEB)
OF_API = restriction("project", API)
ELSEWHERE = restriction("project", "p-unlisted", "elsewhere")


def estate(web: Fact[bool] = NO, api: Fact[bool] = NO, missing: Gap | None = None) -> Estate:
    return Estate(ORG, {WEB: "web", API: "api"}, {WEB: Doors(web), API: Doors(api)}, missing)


def facts(exposure: Exposure) -> tuple[Any, Any, Any]:
    return exposure.unrestricted, exposure.project_count, exposure.fork_builds


OPEN, CLOSED = Known(value=True), Known(value=False)


@pytest.mark.parametrize(
    ("restrictions", "projects", "expected"),
    [
        # Nothing limits it.
        ([], estate(), (OPEN, Known(2), NO)),
        ([ALL_MEMBERS], estate(), (OPEN, Known(2), NO)),
        ([ALL_MEMBERS, CREW], estate(), (OPEN, Known(2), NO)),
        ([], estate(YES), (OPEN, Known(2), YES)),
        ([], estate(YES, REFUSED), (OPEN, Known(2), YES)),
        ([], estate(NO, REFUSED), (OPEN, Known(2), REFUSED)),
        ([], estate(missing=MISSING.gap), (OPEN, MISSING, MISSING)),
        ([], estate(YES, missing=MISSING.gap), (OPEN, MISSING, YES)),
        # Projects limit it.
        ([OF_WEB], estate(), (CLOSED, Known(1), NO)),
        ([OF_WEB, OF_API], estate(NO, YES), (CLOSED, Known(2), YES)),
        ([OF_WEB, OF_WEB], estate(), (CLOSED, Known(1), NO)),
        ([OF_WEB, ALL_MEMBERS], estate(NO, YES), (CLOSED, Known(1), NO)),
        ([OF_WEB], estate(REFUSED, NO), (CLOSED, Known(1), REFUSED)),
        ([OF_WEB], estate(NO, missing=MISSING.gap), (CLOSED, Known(1), NO)),
        ([ELSEWHERE], estate(), (CLOSED, Known(1), UNJUDGED)),
        # A group limits who starts it, not which project; whom a fork's author counts as is open.
        ([CREW], estate(), (CLOSED, Known(2), NO)),
        ([CREW], estate(YES), (CLOSED, Known(2), UNJUDGED)),
        ([CREW, OF_WEB], estate(NO, YES), (CLOSED, Known(1), NO)),
        ([CREW, OF_WEB], estate(YES), (CLOSED, Known(1), UNJUDGED)),
        # An expression limits it in ways nobody can count from outside.
        ([MAIN], estate(), (CLOSED, UNJUDGED, NO)),
        ([MAIN], estate(YES), (CLOSED, UNJUDGED, UNJUDGED)),
        ([MAIN, OF_WEB], estate(), (CLOSED, Known(1), NO)),
        ([restriction("planet", "mars")], estate(), (CLOSED, UNJUDGED, NO)),
        ([{}], estate(YES), (CLOSED, UNJUDGED, UNJUDGED)),
    ],
)
def test_who_can_use_a_context(
    restrictions: list[Any], projects: Estate, expected: tuple[Any, Any, Any]
) -> None:
    assert facts(of_context(restrictions, projects, UNJUDGED.gap)) == expected


def test_restrictions_in_words() -> None:
    told = [OF_WEB, ELSEWHERE, CREW, MAIN, restriction("project", "p-9"), {"id": "odd"}]
    assert of_context(told, estate(), UNJUDGED.gap).restrictions == (
        "project web",
        "project elsewhere",
        "group Crew",
        'expression pipeline.git.branch == "main"',
        "project p-9",
        "restriction ",
    )


def test_restrictions_that_cannot_be_read_leave_everything_open() -> None:
    unread = gap("restrictions")
    unknown = Unknown(unread)
    assert facts(of_unknown_context(estate(YES), unread)) == (unknown, unknown, unknown)
    # Where no project gives secrets to forks, no restriction could change that.
    assert facts(of_unknown_context(estate(), unread)) == (unknown, unknown, NO)


@pytest.mark.parametrize(
    ("settings", "passes"),
    [
        ({"build_fork_prs": True, "forks_receive_secret_env_vars": True}, YES),
        ({"build_fork_prs": False, "forks_receive_secret_env_vars": True}, NO),
        ({"build_fork_prs": True, "forks_receive_secret_env_vars": False}, NO),
        ({"build_fork_prs": False}, NO),
        ({"forks_receive_secret_env_vars": False}, NO),
        ({"build_fork_prs": True}, UNJUDGED),
        ({"forks_receive_secret_env_vars": True}, UNJUDGED),
        ({}, UNJUDGED),
    ],
)
def test_whether_a_project_gives_its_secrets_to_forks(
    settings: dict[str, bool], passes: Fact[bool]
) -> None:
    assert passes_to_forks(settings, UNJUDGED.gap) == passes
    assert of_project(Doors(passes)) == Exposure(NO, Known(1), passes)


FACTS = st.lists(st.sampled_from([YES, NO, REFUSED]))


@given(FACTS)
def test_any_of_is_never_lower_than_what_is_known(known: list[Fact[bool]]) -> None:
    result = any_of(known)
    if YES in known:
        assert result == YES
    elif REFUSED in known:
        assert result == REFUSED
    else:
        assert result == NO


@given(FACTS)
def test_a_refused_project_never_lowers_a_context(known: list[Fact[bool]]) -> None:
    def forks(facts: list[Fact[bool]]) -> Fact[bool]:
        projects = Estate(ORG, {}, {str(number): Doors(fact) for number, fact in enumerate(facts)})
        return of_context([], projects, UNJUDGED.gap).fork_builds

    rank = {NO: 0, REFUSED: 1, YES: 2}
    assert rank[forks([*known, REFUSED])] >= rank[forks(known)]
