"""Rules from another hand: those that can be run are, and the others say why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hunt_cases import found

from auditor.errors import ConfigError
from auditor.hunts.rules.definition import Hunt, Level, Refused
from auditor.hunts.rules.loading import LARGEST, from_folder

COMMUNITY = """
title: Console login without a second factor
id: 77caf516-34e5-4df9-b4db-20744fea0a60
status: experimental
level: medium
logsource: {product: aws, service: cloudtrail}
detection:
  login: {eventSource: signin.amazonaws.com, eventName: CONSOLELOGIN}
  failed: {errorCode: Failure}
  condition: login and not failed
"""
HEAD = "title: t\nlogsource: {product: aws}\ndetection:\n  condition: s\n  s: "


def read(folder: Path, **texts: str) -> tuple[tuple[Hunt, ...], tuple[Refused, ...]]:
    for name, text in texts.items():
        (folder / f"{name}.yml").write_text(text, "utf-8")
    return from_folder(folder)


def test_a_community_rule_speaks_of_the_vendors_own_fields(tmp_path: Path) -> None:
    hunts, refused = read(tmp_path, login=COMMUNITY)
    assert not refused
    (hunt,) = hunts
    assert (hunt.level, hunt.platform, hunt.ours) == (Level.MEDIUM, "aws", False)
    event = {"service": "signin.amazonaws.com", "action": "ConsoleLogin"}
    assert found(hunt, event)
    assert not found(hunt, event | {"error_code": "Failure"})


def test_fields_that_events_keep_of_a_record_can_be_asked_for(tmp_path: Path) -> None:
    (hunt,), _ = read(tmp_path, a=HEAD + "{requestParameters.policyArn|endswith: Access}")
    assert found(hunt, {"action": "x", "details": {"requestParameters.policyArn": "FullAccess"}})
    assert not found(hunt, {"action": "x", "details": {"requestParameters.policyName": "Access"}})


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("title: [", "cannot be read"),
        ("a: &a [x]\nb: [*a]\n", "aliases are not taken"),
        ("just text", "no Sigma rule"),
        (HEAD + "{requestParameters.nobodyKeepsThis: x}", "no event has a field"),
        (HEAD + "{eventName|re: '['}", "Regular expression"),
        (HEAD + "{action|cidr: 10.0.0.0/8}", "not held as an address"),
        (HEAD + "{action: x}\nhunt: {operator: guess}", "hunt"),
        (HEAD + "{action: x}\nhunt: {operator: count, at_least: 3, within: soon}", "hunt.count"),
        (HEAD + "{action: x}\nhunt: {operator: first_seen, of: [pet]}", "pet"),
        (HEAD.replace("product: aws", "product: windows") + "{a: b}", "no log of windows"),
        ("#" * (LARGEST + 1), "larger than"),
        (HEAD.replace("condition: s", "condition: none") + "{action: x}", "none"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_run_says_why(tmp_path: Path, text: str, why: str) -> None:
    hunts, refused = read(tmp_path, bad=text, good=COMMUNITY)
    assert [hunt.title for hunt in hunts] == ["Console login without a second factor"]
    assert why in refused[0].why
    assert refused[0].file == "bad.yml"


def test_several_rules_may_share_a_file(tmp_path: Path) -> None:
    hunts, _ = read(tmp_path, two=COMMUNITY + "---\n" + HEAD + "{eventName: x}\n")
    assert len(hunts) == 2


def test_a_folder_without_rules_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no rule"):
        from_folder(tmp_path)
