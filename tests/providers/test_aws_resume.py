"""Reading accounts live, page by page, and going on where a run was stopped."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from aws_door import PROD, Answer, Door, Rule, collect, deny, fill, once, refuse, role, settings_for

from auditor.providers.aws import PROVIDER
from auditor.providers.aws.settings import Account

pytest.importorskip("boto3", reason="the aws extra is not installed")

# --- pages -----------------------------------------------------------------------------------


def page(*users: str, marker: str = "", truncated: bool = True) -> Answer:
    members = "".join(
        f"<member><UserName>{user}</UserName><Arn>arn:aws:iam::{PROD}:user/{user}</Arn></member>"
        for user in users
    )
    more = f"<IsTruncated>{str(truncated).lower()}</IsTruncated>"
    more += f"<Marker>{marker}</Marker>" if marker else ""
    result = f"<UserDetailList>{members}</UserDetailList>{more}"
    name = "GetAccountAuthorizationDetails"
    return 200, f"<{name}Response><{name}Result>{result}</{name}Result></{name}Response>"


def paged(pages: dict[str, Answer]) -> Rule:
    """Return a rule that answers with the page of the marker; the first has none."""
    return lambda action, params: (
        pages.get(params.get("Marker", "")) if action == "GetAccountAuthorizationDetails" else None
    )


def test_all_pages_are_read(world: Any, door: Door) -> None:
    door.rule = paged({
        "": page("a", "b", marker="m1"),
        "m1": page(marker="m2"),  # an empty page is not the last one
        "m2": page("c", truncated=False),
    })  # fmt: skip
    directory = collect(world, settings_for(door, PROD))
    assert {identity.name for identity in directory.identities.values()} == {"a", "b", "c"}
    assert directory.coverage[2].known == 3
    sizes = {p["MaxItems"] for action, p in door.calls if action.startswith("GetAccountAuth")}
    assert sizes == {"1000"}


@pytest.mark.parametrize(
    "pages",
    [
        {"": page("a", marker="m1"), "m1": page("b", marker="m1")},
        {"": page("a", marker="m1"), "m1": page("b", marker="m2"), "m2": page(marker="m1")},
        {"": page("a", marker="m1"), "m1": page("b", marker="")},
    ],
    ids=["repeated", "circle", "no marker"],
)
def test_pages_that_do_not_end_are_a_gap(world: Any, door: Door, pages: dict[str, Answer]) -> None:
    door.rule = paged(pages)
    directory = collect(world, settings_for(door, PROD))
    assert {identity.name for identity in directory.identities.values()} == {"a", "b"}
    assert directory.gaps[0].why == "RepeatedMarker: the pages of the listing do not end"
    assert door.count("GetAccountAuthorizationDetails") <= 3


def test_a_page_that_is_refused_keeps_those_before(world: Any, door: Door) -> None:
    door.rule = paged({"": page("a", marker="m1"), "m1": refuse("AccessDenied")})
    directory = collect(world, settings_for(door, PROD))
    assert {identity.name for identity in directory.identities.values()} == {"a"}
    assert directory.gaps[0].why == "AccessDenied: you are not authorized"
    assert directory.coverage[2].known is None


# --- resuming --------------------------------------------------------------------------------


def test_what_is_complete_is_not_read_again_and_what_failed_is(world: Any, door: Door) -> None:
    fill(door, PROD, "ci", "bob")
    door.rule = deny("ListAccessKeys", UserName="bob")
    assert collect(world, settings_for(door, PROD)).gaps
    door.open()
    assert collect(world, settings_for(door, PROD)).gaps == ()
    assert [name for name, _ in door.calls] == [
        "AssumeRole", "GetCallerIdentity", "ListAccessKeys", "GetAccessKeyLastUsed",
        "GenerateServiceLastAccessedDetails", *["GetServiceLastAccessedDetails"] * 2,
    ]  # fmt: skip


def test_a_refused_last_use_is_read_again(world: Any, door: Door) -> None:
    fill(door, PROD, "ci")
    door.rule = deny("GetAccessKeyLastUsed")
    assert collect(world, settings_for(door, PROD)).gaps
    door.open()
    assert collect(world, settings_for(door, PROD)).gaps == ()
    assert door.count("GetAccessKeyLastUsed") == 1


def test_a_later_refusal_loses_nothing(world: Any, door: Door) -> None:
    fill(door, PROD, "ci")
    collect(world, settings_for(door, PROD))
    door.rule = deny("AssumeRole", code="ExpiredToken")
    directory = collect(world, settings_for(door, PROD))
    assert directory.gaps == ()
    assert f"arn:aws:iam::{PROD}:user/ci" in directory.identities


def test_an_account_configured_twice_is_read_once(world: Any, door: Door) -> None:
    fill(door, PROD, "ci")
    accounts = (
        Account(role_arn=role(PROD, "poor"), name="poor"),
        Account(role_arn=role(PROD, "rich"), name="rich"),
    )
    door.rule = once(refuse("AccessDenied"), "ListAccountAliases")
    directory = collect(world, settings_for(door, accounts=accounts))
    assert directory.gaps == ()
    assert door.count("ListAccountAliases") == 2
    assert door.count("GetAccountAuthorizationDetails") == 1
    assert directory.coverage[0].read == directory.coverage[0].known == 1


def test_a_person_who_stops_it_keeps_what_was_saved(world: Any, door: Door) -> None:
    users = [f"u{number}" for number in range(12)]
    fill(door, PROD, *users)
    save = world.snapshot.save

    class Stopping(type(world.snapshot)):  # type: ignore[misc]
        def save(self, key: str, document: Any) -> None:
            if len(self.saved) == 8:
                raise KeyboardInterrupt
            save(key, document)

    stopping = Stopping()
    stopping.texts, stopping.saved = world.snapshot.texts, world.snapshot.saved
    stopped = type(world)(sealer=world.sealer, snapshot=stopping)
    with pytest.raises(KeyboardInterrupt):
        PROVIDER.collect(settings_for(door, PROD), stopped.collecting)
    assert door.count("ListAccessKeys") < len(users)
    read_before = door.count("ListAccessKeys")
    half = PROVIDER.read(settings_for(door, PROD), world.snapshot)
    assert any("access keys of" in what for what in [gap.what for gap in half.gaps])
    assert collect(world, settings_for(door, PROD)).gaps == ()
    assert door.count("ListAccessKeys") <= len(users) + read_before


# --- many accounts ---------------------------------------------------------------------------


def test_accounts_are_read_side_by_side(world: Any, door: Door) -> None:
    """Calls that each take a while overlap, over the borders of accounts, and no more than told."""
    accounts = [f"{number:012}" for number in range(111122220000, 111122220006)]
    under_way, most, lock = [0], [0], threading.Lock()

    def slow(_action: str, _given: dict[str, str]) -> Answer | None:
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        time.sleep(0.02)
        with lock:
            under_way[0] -= 1
        return None

    door.rule = slow
    directory = collect(world, settings_for(door, *accounts, parallel=4))
    assert directory.gaps == ()
    assert directory.coverage[0].read == len(accounts)
    assert 2 <= most[0] <= 4
