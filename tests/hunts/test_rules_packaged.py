"""Every packaged hunt finds its own true events and none of its false ones, in DuckDB."""

from __future__ import annotations

from collections import Counter

import pytest
from hunt_cases import found

from auditor.hunts.rules.definition import Hunt
from auditor.hunts.rules.loading import packaged
from auditor.hunts.rules.operators import Operator

HUNTS = packaged()


@pytest.mark.parametrize("hunt", HUNTS, ids=lambda hunt: f"{hunt.file}:{hunt.title}")
def test_a_hunt_finds_its_true_events_and_no_false_ones(hunt: Hunt) -> None:
    assert hunt.cases.finds
    assert hunt.cases.ignores
    for case in hunt.cases.finds:
        assert found(hunt, case), case
    for case in hunt.cases.ignores:
        assert not found(hunt, case), case


@pytest.mark.parametrize("hunt", HUNTS, ids=lambda hunt: f"{hunt.file}:{hunt.title}")
def test_a_hunt_says_what_people_need(hunt: Hunt) -> None:
    assert hunt.description
    assert hunt.question.endswith((".", "?"))
    assert hunt.false_positives
    assert any(tag.startswith("attack.") for tag in hunt.tags)


def test_there_are_enough_hunts_and_each_has_a_name_of_its_own() -> None:
    platforms = Counter(hunt.platform for hunt in HUNTS)
    assert len(HUNTS) >= 60
    assert len({hunt.id for hunt in HUNTS}) == len({hunt.title for hunt in HUNTS}) == len(HUNTS)
    assert min(platforms.values()) >= 10
    assert len(platforms) == 6


def test_every_operator_is_used() -> None:
    kinds = {kind.__name__ for kind in Operator.__args__[0].__args__}
    assert {type(hunt.operator).__name__ for hunt in HUNTS} == kinds
