"""Every remote call of an audit, gone wrong: a sample of the honesty matrix, each time the same.

`make matrix` runs all of it.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from honest import lies
from honesty import Call, Matrix

EVERY = {"circleci": 2, "aws": 2}
"""Of these, whose audits cost most, one call in so many is tried here."""


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    with Matrix() as running:
        yield running


def test_the_calls_are_those_that_were_recorded(matrix: Matrix) -> None:
    routes = {(call.part, call.route) for call in matrix.calls}
    assert len(routes) == len(matrix.calls) > 100
    assert {call.part for call in matrix.calls} == {"circleci", "aws", "azure", "gcp", "github"}
    assert ("circleci", "/api/v2/context/{}/restrictions") in routes
    assert ("aws", "/iam/GetAccountAuthorizationDetails") in routes


def test_a_healthy_audit_tells_no_lies_of_itself(matrix: Matrix) -> None:
    assert lies(matrix.healthy, matrix.healthy) == []


@pytest.mark.parametrize("part", ["circleci", "aws", "azure", "gcp", "github"])
def test_a_call_gone_wrong_makes_nothing_look_better(matrix: Matrix, part: str) -> None:
    calls = [call for call in matrix.calls if call.part == part]
    cells = [matrix.cell(*one) for one in sample(matrix, calls, EVERY.get(part, 1))]
    assert cells
    assert [str(cell) for cell in cells if cell.lies] == []


def sample(matrix: Matrix, calls: list[Call], every: int) -> Iterator[tuple[Call, str]]:
    """Yield calls with one way each, so that every way has its turn."""
    for number, call in enumerate(calls[::every]):
        ways = matrix.ways(call)
        yield call, ways[number % len(ways)]
