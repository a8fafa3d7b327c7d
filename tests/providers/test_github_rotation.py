"""What verify can tell of GitHub's side: a credential is dead only where its listing was read."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from github_files import authorization, deploy_key, public_key, replies, told_of

from auditor.models import OldKey
from auditor.providers import Remembers
from auditor.providers.github.directory import GitHubDirectory
from auditor.risk.absence import Reading
from auditor.risk.closure.provider import Fate, Registry

NOW = datetime(2026, 11, 22, tzinfo=UTC)
AUTHORIZATIONS = "orgs/acme/credential-authorizations"
FINE = "orgs/acme/personal-access-tokens"
KEYS = "repos/acme/shop/keys"
REFUSED = {"message": "Forbidden", "documentation_url": "u", "status": "403"}

CLASSIC = OldKey(
    "acme/credential/2", "acme (authorized credentials)", "github", "personal access token 2"
)
TOKEN = OldKey("acme/token/50", "acme (fine-grained personal access tokens)", "github", "token 500")
KEY = OldKey("acme/shop/key/11", "acme", "github", "deploy key 11")


def registry(directory: GitHubDirectory) -> Registry:
    reading = Reading(directory.coverage, (), directory.gaps)
    return Registry(directory.identities, reading, NOW)


def fate(directory: GitHubDirectory, old: OldKey) -> Fate:
    return registry(directory).look_up([old]).fate


def without(file: str, number: int) -> list[Any]:
    return [one for one in replies()[file] if one.get("credential_id", one.get("id")) != number]


def test_what_is_listed_lives(tmp_path: Path) -> None:
    directory = told_of(tmp_path)
    assert {fate(directory, old) for old in (CLASSIC, TOKEN, KEY)} == {Fate.ALIVE}


@pytest.mark.parametrize(("file", "number", "old"), [(AUTHORIZATIONS, 2, CLASSIC), (KEYS, 11, KEY)])
def test_what_is_gone_from_a_listing_that_was_read_is_dead(
    tmp_path: Path, file: str, number: int, old: OldKey
) -> None:
    assert fate(told_of(tmp_path, **{file: without(file, number)}), old) is Fate.DEAD


@pytest.mark.parametrize("refused", [FINE, "orgs/acme/installations"])
def test_a_listing_that_only_apps_or_owners_get_leaves_the_others_provable(
    tmp_path: Path, refused: str
) -> None:
    changes = {
        refused: REFUSED,
        AUTHORIZATIONS: without(AUTHORIZATIONS, 2),
        KEYS: without(KEYS, 11),
    }
    directory = told_of(tmp_path, **changes)
    assert (fate(directory, CLASSIC), fate(directory, KEY)) == (Fate.DEAD, Fate.DEAD)


@pytest.mark.parametrize(
    ("refused", "old"),
    [(AUTHORIZATIONS, CLASSIC), (FINE, TOKEN), (KEYS, KEY), ("orgs/acme/repos", KEY)],
)
def test_what_was_not_listed_is_never_called_dead(
    tmp_path: Path, refused: str, old: OldKey
) -> None:
    assert fate(told_of(tmp_path, **{refused: REFUSED}), old) is Fate.UNKNOWN
    assert fate(told_of(tmp_path / "gone", **{refused: None}), old) is Fate.UNKNOWN


def test_an_expired_token_is_dead(tmp_path: Path) -> None:
    old = authorization(
        2, "mia", "0000BBBB", authorized_credential_expires_at="2024-01-01T00:00:00Z"
    )
    assert fate(told_of(tmp_path, **{AUTHORIZATIONS: [old]}), CLASSIC) is Fate.DEAD
    expired = [replies()[FINE][0] | {"token_expired": True}]
    assert fate(told_of(tmp_path / "fine", **{FINE: expired}), TOKEN) is Fate.DEAD


def test_a_disabled_deploy_key_and_a_suspended_app_are_off(tmp_path: Path) -> None:
    keys = [deploy_key(11, "shop-read", enabled=False)]
    told = replies()["orgs/acme/installations"]
    told["installations"][0]["suspended_at"] = "2026-01-01T00:00:00Z"
    directory = told_of(tmp_path, **{KEYS: keys, "orgs/acme/installations": told})
    app = OldKey(
        "acme/app/circleci-app", "acme (GitHub Apps)", "github", "installation of circleci-app"
    )
    assert (fate(directory, KEY), fate(directory, app)) == (Fate.OFF, Fate.OFF)


def test_a_key_that_ci_forgot_lives_on_at_github(tmp_path: Path) -> None:
    """What verify then says of the vanished entry: removed there, and its credential exists."""
    side = registry(told_of(tmp_path)).look_up([KEY])
    assert side.fate is Fate.ALIVE
    assert "deploy key 11" in side.facts[0]


@pytest.mark.parametrize(("left", "dead"), [("mia", False), ("another", True)])
def test_the_key_of_a_person_that_ci_held_is_dead_once_its_owner_deleted_it(
    tmp_path: Path, left: str, dead: bool
) -> None:
    """Additional SSH keys are told by their fingerprint: what is watched is the key at GitHub."""
    keys = [{"id": 9 if left == "mia" else 10, "key": public_key(left)}]
    old = OldKey("acme/user/mia/key/9", "acme", "github", "SSH key 9")
    directory = told_of(tmp_path, **{"users/mia/keys": keys})
    assert fate(directory, old) is (Fate.DEAD if dead else Fate.ALIVE)


# --- what CircleCI forgot ----------------------------------------------------------------------


def left(directory: GitHubDirectory, *held: str, whole: bool = True) -> list[tuple[str, str]]:
    assert isinstance(directory, Remembers)
    found = directory.left_behind(held, lambda *_: whole)
    return [(str(one.identity_id), one.severity.value) for one in found]


def test_a_key_of_circlecis_that_no_entry_holds_lives_on(tmp_path: Path) -> None:
    directory = told_of(tmp_path)
    assert left(directory) == [("acme/shop/key/11", "Medium")]
    assert left(directory, "acme/shop/key/11") == []
    assert left(directory, whole=False) == [], "where CircleCI was not read, nothing is missing"


@pytest.mark.parametrize(
    ("key", "repository", "severity"),
    [
        ({"read_only": False}, "shop", "High"),
        ({}, "shop", "Medium"),
        ({}, "site", "Low"),  # everybody may read that
        ({"read_only": False}, "old", "Medium"),  # archived: nobody may push
        ({"title": "laptop"}, "shop", None),
        ({"enabled": False}, "shop", None),
    ],
)
def test_how_bad_that_is_depends_on_what_it_opens(
    tmp_path: Path, key: dict[str, Any], repository: str, severity: str | None
) -> None:
    keys: dict[str, Any] = {
        f"repos/acme/{one}/keys": [] for one in ("shop", "site", "tools", "old")
    }
    told = keys | {f"repos/acme/{repository}/keys": [deploy_key(5, "x", **key)]}
    found = left(told_of(tmp_path, **told))
    assert found == ([(f"acme/{repository}/key/5", severity)] if severity else [])


def test_a_newly_authorized_token_of_the_person_is_a_renewal(tmp_path: Path) -> None:
    new = authorization(9, "mia", "0000NNNN", credential_authorized_at="2026-11-20T00:00:00Z")
    directory = told_of(tmp_path, **{AUTHORIZATIONS: [*replies()[AUTHORIZATIONS], new]})
    person = OldKey("acme/user/mia", "acme", "github", "personal access token 2")
    found = registry(directory).renewed([person], datetime(2026, 11, 1, tzinfo=UTC), NOW)
    assert found is not None
    assert "personal access token 9 of mia was made on 2026-11-20" in found
