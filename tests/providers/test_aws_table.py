"""The reviewed tables of actions: complete, documented, and true to AWS's own catalogue."""

from __future__ import annotations

import re

import pytest

from auditor.models import CapabilityName
from auditor.providers.aws.analysis.catalogue import catalogue
from auditor.providers.aws.analysis.escalations import Kind, Row, rows
from auditor.providers.aws.sensitive import matches_nothing, table

EXACT = sorted(action for action in table().actions if "*" not in action)


@pytest.mark.parametrize("action", sorted(table().actions - set(EXACT)))
def test_every_pattern_names_actions_of_one_service(action: str) -> None:
    service, name = action.lower().split(":")
    found = [catalogue().actions[number] for number in catalogue().services[service]]
    assert any(one.lower().startswith(f"{service}:{name.rstrip('*')}") for one in found)


def test_every_action_exists() -> None:
    named = {*EXACT, *(action for row in rows() for action in row.needed)}
    assert not {action for action in named if action.lower() not in catalogue().numbers}


def test_every_capability_has_a_rule_and_every_rule_a_reason_and_a_source() -> None:
    assert {rule.capability for rule in table().rules} == set(CapabilityName)
    for rule in table().rules:
        assert rule.reason.startswith("can ")
        assert rule.source.startswith("https://")
        assert rule.beyond in ("", "account")
        assert rule.any
    assert matches_nothing("a,b")
    assert matches_nothing("iam:* ")


def test_there_are_a_hundred_combinations_of_actions_each_told_and_documented() -> None:
    assert len({frozenset(row.needed) for row in rows()}) >= 100
    assert len({row.id for row in rows()}) == len(rows())
    assert {row.kind for row in rows()} == set(Kind)
    for row in rows():
        assert row.source.startswith("https://")
        assert re.match(r"[a-z]+s ", row.how)
        assert row.needed


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.id)
def test_rows_say_what_they_must_reach(row: Row) -> None:
    reaching = row.kind in (Kind.PASS, Kind.EXISTING)
    assert bool(row.service) is reaching
    assert bool(row.target or row.policy) is not reaching
    assert ("{target}" in row.how) or row.kind in (
        Kind.EXISTING,
        Kind.NEW,
        Kind.SELF,
        Kind.BOUNDARY,
    )
