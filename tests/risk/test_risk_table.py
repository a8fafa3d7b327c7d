"""The table of severities is whole, and its figures keep the order that words promise."""

from __future__ import annotations

import tomllib
from importlib.resources import files

import pytest

from auditor.models import CapabilityName, Role, Severity
from auditor.risk.reasons import points, reason, within
from auditor.risk.table import Steps, parse, table

IMPACTS = [
    "cloud",
    "ci-control",
    "secret-manager",
    "source-code",
    "supply-chain",
    "signing",
    "database",
    "infrastructure",
    "remote-access",
    "identity-provider",
    "payment",
    "communication",
    "monitoring",
    "quality",
    "business-data",
    "ai",
    "deployment",
    "client",
    "licence",
    "generic",
    "unlisted",
]


def test_every_capability_and_every_impact_has_a_row() -> None:
    assert set(table().capabilities) == set(CapabilityName)
    assert sorted(table().impacts) == sorted(IMPACTS)


def test_every_impact_of_the_catalogue_is_in_the_table() -> None:
    text = files("auditor").joinpath("data", "catalogue.toml").read_text("utf-8")
    used = {row["impact"] for row in tomllib.loads(text)["kind"]}
    assert used
    assert used <= set(table().impacts)


def test_only_secret_roles_get_points() -> None:
    assert set(table().roles) == set(Role) - {Role.SECRET, Role.UNCLASSIFIED}


def test_severities_come_worst_first() -> None:
    thresholds = [worth.points for worth in table().levels.values()]
    assert list(table().levels) == [Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM]
    assert thresholds == sorted(thresholds, reverse=True)
    levels = [table().level(score) for score in range(101)]
    assert [level.rank for level in levels] == sorted(level.rank for level in levels)
    assert levels[0] is Severity.LOW


def test_points_leave_room_and_floors_stay_below_them() -> None:
    told = table()
    worst = max(worth.points for worth in told.capabilities.values())
    assert worst + told.several.most <= 100
    assert all(0 < worth.least <= worth.points for worth in told.capabilities.values())
    assert all(worth.points > 0 for worth in told.impacts.values())
    # What can do nothing never scores above what can do something.
    least = min(worth.least for worth in told.capabilities.values())
    assert told.harmless.points <= least
    assert told.contained.least <= told.harmless.points


def test_what_is_unknown_scores_among_the_high() -> None:
    assert table().level(table().unknown.points) is Severity.HIGH
    assert table().level(table().compromised.points) is Severity.CRITICAL
    assert table().level(table().impacts["generic"].points) is Severity.MEDIUM


@pytest.mark.parametrize("steps", [table().exposures.projects, table().exposures.age])
def test_steps_rise(steps: Steps) -> None:
    starts = [step.start for step in steps.steps]
    percents = [step.percent for step in steps.steps]
    assert starts == sorted(set(starts))
    assert percents == sorted(set(percents))
    assert steps.reached(starts[0] - 1) is None
    assert [steps.reached(start) for start in starts] == list(steps.steps)


def test_a_key_that_nobody_reads_is_an_error() -> None:
    text = files("auditor").joinpath("data", "severity.toml").read_text("utf-8")
    with pytest.raises(TypeError):
        parse(text.replace("[several]", "[several]\nmisspelt = 1"))
    with pytest.raises(TypeError):
        parse(text.replace("most = 8\n", ""))


def test_equal_reasons_are_one_object() -> None:
    assert reason(5, "why") is reason(5, "why")


def test_lines_keep_within_the_limit_first_come_first_served() -> None:
    kept = within(100, (reason(85, "a"), reason(-5, "b"), reason(30, "c"), reason(9, "d")))
    assert [one.points for one in kept] == [85, -5, 20, 0]
    assert points(kept) == 100
