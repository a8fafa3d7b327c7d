"""What hunts in Azure's and GitHub's own logs show of use, from files to what is said of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hunt_cases import NOON, table
from other_records import (
    APP,
    PRINCIPAL,
    SUBSCRIPTION,
    TENANT,
    activity,
    audit_entry,
    github_event,
    sign_in,
)

from auditor import hunting, used
from auditor.collecting import Silent
from auditor.hunting import Logs, Order
from auditor.hunts.compile import query
from auditor.hunts.rules.loading import packaged
from auditor.hunts.rules.operators import UsedVsGranted
from auditor.hunts.subjects import Subject, Subjects, behind
from auditor.models import (
    Capability,
    CapabilityName,
    Fact,
    Hunted,
    Identity,
    Known,
    Resolution,
    Results,
    RunInfo,
    Seen,
    Unknown,
)
from auditor.tails import Sealer

NOW = datetime(2023, 2, 1, tzinfo=UTC)
DAYS = [datetime(2022, 11, 20, tzinfo=UTC) + timedelta(days=day) for day in range(0, 70, 3)]
SA = "deploy@shop-prod.iam.gserviceaccount.com"
BOT, PERSON, TOKEN = "ci-bot", "shop/user/ci-bot", "shop/credential/7"
STAMP = "%Y-%m-%dT%H:%M:%SZ"


def azure() -> Iterator[Any]:
    for number, day in enumerate(DAYS):
        call = activity(f"a{number}") | {"eventTimestamp": day.strftime(STAMP)}
        yield call
        yield sign_in(f"s{number}") | {"createdDateTime": day.strftime(STAMP)}


def github() -> Iterator[Any]:
    for number, day in enumerate(DAYS):
        at: dict[str, Any] = {"@timestamp": int(day.timestamp() * 1000)}
        yield github_event(f"g{number}", **at)
        yield github_event(f"o{number}", "git.push", actor="somebody", repo="shop/site", **at)


def gcp() -> Iterator[Any]:
    for number, day in enumerate(DAYS):
        yield audit_entry(f"e{number}") | {"timestamp": day.strftime(STAMP)}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Hunted:
    """One hunt over the three logs."""
    folder: Path = tmp_path_factory.mktemp("logs")
    for name, records in (("azure", azure()), ("github", github()), ("gcp", gcp())):
        lines = "".join(f"{json.dumps(one)}\n" for one in records)
        (folder / name).mkdir()
        (folder / name / "log.jsonl").write_text(lines)
    people = (
        Subject(PRINCIPAL, frozenset({PRINCIPAL, APP}), "azure"),
        Subject(PERSON, frozenset({PERSON, BOT}), "github"),
        Subject(TOKEN, frozenset({TOKEN}), "github", owner=BOT),
        Subject("shop/user/somebody", frozenset({"somebody"}), "github"),
        Subject(SA, frozenset({SA}), "gcp"),
    )
    logs = [Logs(folder / name, name) for name in ("azure", "github", "gcp")]
    sealer = Sealer(b"k" * 32)
    return hunting.hunt(Order(logs), Subjects(people), folder / "run", sealer, NOW, Silent())


def seen(found: Hunted, id_: str, provider: str, account: str, **of: Any) -> Fact[Seen] | None:
    places = of.pop("places", ())
    who = Identity(id_, provider, account, of.pop("name", "ci"), "", None, "active", (), **of)
    bot = Identity(PERSON, "github", "shop", BOT, "person", None, "active", ())
    results = Results(
        RunInfo("r", NOW, "0", ""), places=(), secrets=(), classifications=(), credentials=(),
        identities=(who, bot), matches=(), unmatched=(), assessments=(), coverage=(), gaps=(),
        resolutions=(Resolution(id_, (), (), places=places),),
    )  # fmt: skip
    return used.seen(results, found, id_)


def test_activity_and_sign_ins_of_azure(found: Hunted) -> None:
    fact = seen(found, PRINCIPAL, "azure", TENANT, places=(SUBSCRIPTION,))
    assert isinstance(fact, Known)
    assert ("sign-in activity", "microsoft graph") in fact.value.places
    made = [one for one in fact.value.used | fact.value.doubtful if "/" in one]
    assert made
    assert not any(map(fact.value.unused, made))
    assert fact.value.unused("Microsoft.Authorization/roleAssignments/delete")
    assert not fact.value.shows("Microsoft.Storage/storageAccounts/read")


@pytest.mark.parametrize("places", [("another-subscription",), ("*",), (SUBSCRIPTION, "b")])
def test_a_subscription_whose_log_was_not_read_leaves_changes_open(
    found: Hunted, places: tuple[str, ...]
) -> None:
    fact = seen(found, PRINCIPAL, "azure", TENANT, places=places)
    assert isinstance(fact, Known)  # of sign-ins
    assert not fact.value.shows("Microsoft.Authorization/roleAssignments/delete")
    assert "nothing is known of Azure's activity logs" in fact.value.never


def test_a_token_used_what_its_owner_used(found: Hunted) -> None:
    fact = seen(found, TOKEN, "github", "shop", owner=BOT, places=("shop",))
    assert isinstance(fact, Known)
    assert fact.value.used == {"git.clone"}
    assert fact.value.unused("git.push")
    assert fact.value.places == {("git.clone", "shop/payments")}
    assert ("git.push", "shop/site") in fact.value.others
    assert "they show no API requests of anybody in shop" in fact.value.never


def test_admin_activity_of_google_cloud(found: Hunted) -> None:
    fact = seen(found, SA, "gcp", "shop-prod")
    assert isinstance(fact, Known)
    assert fact.value.unused("iam.serviceAccountKeys.create")
    assert not fact.value.unused("resourcemanager.projects.setIamPolicy")
    other = seen(found, SA, "gcp", "shop-prod", places=("shop-prod", "shop-test"))
    assert isinstance(other, Unknown)
    assert "they show no writes of anybody in shop-test" in other.gap.why


@pytest.mark.parametrize(
    ("past", "doubt"),
    [
        ({"read_only": False}, False),
        ({"read_only": True}, True),
        ({"read_only": False, "platform": "gcp"}, True),
        ({"read_only": False, "account_uid": "2"}, True),
    ],
)
def test_a_first_use_says_where_the_log_may_not_have_recorded_earlier_ones(
    past: dict[str, Any], doubt: bool
) -> None:
    [hunt] = [one for one in packaged() if isinstance(one.operator, UsedVsGranted)]
    plain = {"outcome": "success", "account_uid": "1"}
    case = {
        "granted": ["CreateUser"],
        "history": [plain | {"action": "x", "times": 20, "every": "12h"} | past],
        "events": [plain | {"action": "CreateUser", "read_only": False}],
    }
    with table("aws", case) as connection:
        [(_, note)] = connection.execute(query(hunt, since=NOON)).fetchall()
    assert note.startswith("new: createuser")
    assert ("may have recorded none" in note) is doubt


def test_what_is_granted_is_asked_as_logs_name_it() -> None:
    who = Identity(TOKEN, "github", "shop", "t", "", None, "active", (), owner=BOT)
    bot = Identity(PERSON, "github", "shop", BOT, "person", None, "active", (), owner=BOT)
    can = Capability(TOKEN, CapabilityName.DEPLOY, (), ("contents:write", "*/write"), ())
    results = Results(
        RunInfo("r", NOW, "0", ""), places=(), secrets=(), classifications=(), credentials=(),
        identities=(who, bot), matches=(), unmatched=(), assessments=(), coverage=(), gaps=(),
        resolutions=(Resolution(TOKEN, (), (can,), shown_as=("git.push",)),),
    )  # fmt: skip
    granted = behind(results, (), (), Sealer(b"k" * 32)).granted
    assert {one.action for one in granted} == {"contents:write", "git.push"}
    assert {one.who for one in granted} == {TOKEN, BOT, PERSON}
