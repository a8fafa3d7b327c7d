"""Laws of used versus granted, whatever logs hold and whatever is taken out of them.

An action that a log shows is never called unused; and no record that is missing makes anything else
unused than what it showed itself, nor anything at all where the log records nothing of the kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import used
from auditor.hunts.kinds import kinds
from auditor.hunts.subjects import Subject
from auditor.hunts.uses import called
from auditor.models import (
    FilesRead,
    Finding,
    Habit,
    Hunted,
    Hunting,
    Identity,
    Known,
    Resolution,
    Results,
    RunInfo,
    Severity,
    Strength,
)


@dataclass(frozen=True)
class World:
    """One platform: an identity, its account, and what it may do, with the kind of the record."""

    platform: str
    log: str
    identity: str
    account: str
    actions: dict[str, str]
    regions: tuple[str, ...] = ("",)


AWS = World(
    "aws", "cloudtrail", "arn:aws:iam::111122223333:user/ci", "111122223333",
    {"iam:CreateUser": "writes", "ec2:RunInstances": "writes", "sts:AssumeRole": "reads",
     "secretsmanager:GetSecretValue": "reads", "rds:DeleteDBInstance": "writes",
     "iam:GetUser": "reads", "s3:PutObject": "data"},
    ("us-east-1", "eu-west-3"),
)  # fmt: skip
GCP = World(
    "gcp", "gcp:activity", "ci@p.iam.gserviceaccount.com", "p",
    {"resourcemanager.projects.setIamPolicy": "writes", "iam.serviceAccountKeys.create": "writes",
     "storage.objects.get": "reads"},
)  # fmt: skip
AZURE = World(
    "azure", "azure:activity", "22222222-bbbb-4bbb-8bbb-222222222222", "s-1",
    {"microsoft.authorization/roleassignments/write": "writes",
     "microsoft.compute/virtualmachines/delete": "writes",
     "microsoft.network/virtualnetworks/subnets/join/action": "writes",
     "microsoft.authorization/policies/audit/action": "policy effects",
     "microsoft.storage/storageaccounts/read": "reads"},
)  # fmt: skip
GITHUB = World(
    "github", "github", "acme/app/ci", "acme",
    {"git.push": "git events", "git.clone": "git events", "get /repos/x": "API requests",
     "post /repos/x": "API requests", "hook.create": "writes"},
)  # fmt: skip
WORLDS = [AWS, GCP, AZURE, GITHUB]
BEGIN = datetime(2023, 1, 1, tzinfo=UTC)
NOW = BEGIN + timedelta(days=90)
PLACE = "203.0.113.9"


@dataclass(frozen=True)
class Record:
    who: str
    action: str
    kind: str
    region: str
    day: int
    outcome: str = "success"
    src: str = "198.51.100.1"


def records(world: World) -> st.SearchStrategy[list[Record]]:
    """Runs of records of one action each, such as jobs leave them, and some strange ones."""
    run = st.builds(
        lambda who, action, region, first, step, many, outcome, src: [
            Record(who, action, world.actions[action], region, day, outcome, src)
            for day in range(first, min(first + step * many, 90), step)
        ],
        st.sampled_from([world.identity, world.identity, "another"]),
        st.sampled_from(sorted(world.actions)),
        st.sampled_from(world.regions),
        st.integers(0, 60),
        st.integers(1, 9),
        st.integers(1, 60),
        st.sampled_from(["success", "success", "success", "denied", "failure"]),
        st.sampled_from(["198.51.100.1", PLACE]),
    )
    return st.lists(run, min_size=1, max_size=9).map(lambda runs: list(chain(*runs)))


CONNECTION = duckdb.connect()
COLUMNS = (
    "who VARCHAR, platform VARCHAR, log VARCHAR, account_uid VARCHAR, region VARCHAR,"
    " time TIMESTAMP, ts BIGINT, action VARCHAR, operation VARCHAR, read_only BOOLEAN,"
    " details VARCHAR, outcome VARCHAR, src_ip VARCHAR, src_name VARCHAR, resource VARCHAR"
)


def load(world: World, rows: Sequence[Record]) -> None:
    CONNECTION.execute(f"CREATE OR REPLACE TABLE seen ({COLUMNS})")
    values = []
    for one in rows:
        moment = BEGIN + timedelta(days=one.day)
        kind = one.kind if one.kind != "data" else "writes"
        action = one.action.partition(":")[2] or one.action
        action = "api.request" if one.kind == "API requests" else action
        details = '{"eventCategory":"Data"}' if one.kind == "data" else None
        values.append((
            one.who, world.platform, world.log, world.account.upper(), one.region or None,
            moment.replace(tzinfo=None), int(moment.timestamp()), action,
            one.action, kind == "reads", details, one.outcome, one.src, None, None,
        ))  # fmt: skip
    if values:
        types = (column.rpartition(" ")[2] for column in COLUMNS.split(","))
        lists = ", ".join(f"unnest(?::{kind}[])" for kind in types)
        columns = [list(column) for column in zip(*values, strict=True)]
        CONNECTION.execute(f"INSERT INTO seen SELECT {lists}", columns)


def unused(world: World, rows: Sequence[Record], *stories: Finding) -> set[str]:
    """Return what is said to be unused of what the identity may do."""
    load(world, rows)
    mine = [BEGIN + timedelta(days=one.day) for one in rows if one.who == world.identity]
    if not mine:
        return set()
    habit = Habit(world.identity, world.platform, len(mine), min(mine), max(mine), 0)
    files = FilesRead(1, 0, 0, 0, 1, 1, 1, 0, None, None, complete=True)
    hunting = Hunting(None, None, files, (), (), (habit,), (), 0, 0, kept=kinds(CONNECTION))
    names = frozenset({world.identity.casefold()})
    people = (Subject(world.identity, names, world.platform),)
    hunted = Hunted((), hunting, (), called(CONNECTION, people, stories))
    who = Identity(world.identity, world.platform, world.account, "ci", "", None, "active", ())
    results = Results(
        RunInfo("r", NOW, "0", ""), places=(), secrets=(), classifications=(), credentials=(),
        identities=(who,), matches=(), unmatched=(), assessments=(), coverage=(), gaps=(),
        resolutions=(Resolution(world.identity, (), ()),),
    )  # fmt: skip
    found = used.seen(results, hunted, world.identity)
    if not isinstance(found, Known):
        return set()
    return {action for action in world.actions if found.value.unused(action)}


def story(world: World) -> Finding:
    return Finding(
        "F-1", world.identity, world.identity, world.platform, Severity.HIGH, Strength.STRONG, 9,
        BEGIN, NOW, 1, 0, PLACE, "", "", "", (), (), (), (), (), "",
    )  # fmt: skip


def every_day(world: World, *actions: str, who: str = "") -> list[Record]:
    return [
        Record(who or world.identity, action, world.actions[action], region, day)
        for action in actions
        for region in world.regions
        for day in range(0, 90, 6)
    ]


def of(rows: Iterable[Record], world: World) -> set[str]:
    return {one.action for one in rows if one.who == world.identity}


@pytest.mark.parametrize("world", WORLDS, ids=lambda one: one.platform)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_what_a_log_shows_is_never_unused(world: World, data: st.DataObject) -> None:
    rows = data.draw(records(world)) + every_day(world, *world.actions, who="another")
    assert not unused(world, rows) & of(rows, world)
    assert not unused(world, rows, story(world)) & of(rows, world)


@pytest.mark.parametrize("world", WORLDS, ids=lambda one: one.platform)
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_record_that_is_missing_makes_nothing_unused_but_what_it_showed(
    world: World, data: st.DataObject
) -> None:
    rows = data.draw(records(world))
    if data.draw(st.booleans()):
        rows += every_day(world, *world.actions, who="another")
    gone = set(data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=len(rows))))
    left = [one for number, one in enumerate(rows) if number not in gone]
    removed = [one for number, one in enumerate(rows) if number in gone]
    assert unused(world, left) - unused(world, rows) <= of(removed, world)


@pytest.mark.parametrize("world", WORLDS, ids=lambda one: one.platform)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_of_a_kind_that_the_log_does_not_record_nothing_is_unused(
    world: World, data: st.DataObject
) -> None:
    rows = data.draw(records(world)) + every_day(world, *world.actions, who="another")
    kind = data.draw(st.sampled_from(sorted({*world.actions.values()} - {"data"})))
    left = [one for one in rows if one.kind != kind]
    recorded = {action for action, its in world.actions.items() if its != kind}
    assert unused(world, left) <= recorded


def test_the_laws_are_about_something() -> None:
    """With logs of all kinds, what was not used is told, of each kind and platform."""
    rows = every_day(AWS, *AWS.actions, who="another") + every_day(AWS, "iam:GetUser")
    assert unused(AWS, rows) == {
        "iam:CreateUser", "ec2:RunInstances", "rds:DeleteDBInstance", "sts:AssumeRole",
        "secretsmanager:GetSecretValue",
    }  # fmt: skip
    reads = [one for one in rows if one.kind == "reads"]
    assert unused(AWS, reads) == {"sts:AssumeRole", "secretsmanager:GetSecretValue"}
    home = [replace(one, region="us-east-1") for one in rows]
    assert unused(AWS, home) == {"iam:CreateUser"}
    rows = every_day(GCP, *GCP.actions, who="another") + every_day(GCP, "storage.objects.get")
    assert "iam.serviceAccountKeys.create" in unused(GCP, rows)
    rows = every_day(AZURE, *AZURE.actions, who="another")
    rows += every_day(AZURE, "microsoft.storage/storageaccounts/read")
    assert unused(AZURE, rows) == {
        "microsoft.authorization/roleassignments/write",
        "microsoft.compute/virtualmachines/delete",
    }
    effects = [one for one in rows if one.kind != "writes"]
    assert unused(AZURE, effects) == set()
    rows = every_day(GITHUB, *GITHUB.actions, who="another") + every_day(GITHUB, "git.clone")
    assert unused(GITHUB, rows) == {"git.push", "get /repos/x", "post /repos/x"}
    rows = every_day(GCP, *GCP.actions, who="another") + every_day(GCP, "storage.objects.get")
    hole = [one for one in rows if not 30 < one.day < 60]
    assert unused(GCP, hole) == set()
