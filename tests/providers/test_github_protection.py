"""Who may pass the protection of a default branch: what does not bind is no protection."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from github_door import APP, VARIABLE, Door, door
from github_files import replies, told_of
from hypothesis import given
from hypothesis import strategies as st

from auditor.models import CapabilityName
from auditor.providers.github.branches import actor_of
from auditor.providers.github.directory import GitHubDirectory
from auditor.providers.github.protection import KEY, Actor, Protection, passes_of, protection_of

MIA = Actor(login="mia", user=2, teams={1: "core"}, level="write")
ADMIN = Actor(login="ann", user=9, level="admin")
OWNER = Actor(login="olive", user=1, level="admin", is_owner=True)
BOT = Actor(app=18001, slug="circleci-app")
WHO = {"key": KEY, "mia": MIA, "admin": ADMIN, "owner": OWNER, "app": BOT}
BRANCH = {"Body": {"name": "main", "protected": True}}
OPEN = {"Body": {"name": "main", "protected": False}}
NO_RULES: dict[str, Any] = {"Items": []}
REFUSED = {"error": "403", "message": "no"}


def settings(*, enforced: bool = True, **more: Any) -> dict[str, Any]:
    return {"Body": {"url": "u", "enforce_admins": {"url": "u", "enabled": enforced}} | more}


def lists(*users: str, teams: tuple[str, ...] = (), apps: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "users": [{"login": one} for one in users],
        "teams": [{"slug": one} for one in teams],
        "apps": [{"slug": one} for one in apps],
    }


REVIEWS: dict[str, Any] = {"required_approving_review_count": 1}


def reviewed_but_for(**allowed: Any) -> dict[str, Any]:
    return {"required_pull_request_reviews": REVIEWS | {"bypass_pull_request_allowances": allowed}}


CLASSIC: dict[str, tuple[dict[str, Any], set[str]]] = {
    # The settings, and whom they do not keep from pushing.
    "reviews, for administrators too": (settings(required_pull_request_reviews=REVIEWS), set()),
    "reviews, not for administrators": (
        settings(enforced=False, required_pull_request_reviews=REVIEWS),
        {"key", "admin", "owner"},
    ),
    "reviews, but for a person": (settings(**reviewed_but_for(**lists("MIA"))), {"mia"}),
    "reviews, but for a team": (settings(**reviewed_but_for(**lists(teams=("core",)))), {"mia"}),
    "reviews, but for an app": (
        settings(**reviewed_but_for(**lists(apps=("circleci-app",)))),
        {"app"},
    ),
    "only some may push": (settings(restrictions=lists("ann", teams=("core",))), {"mia", "admin"}),
    "checks": (settings(required_status_checks={"contexts": []}), set()),
    "locked": (settings(lock_branch={"enabled": True}), set()),
    "nothing that keeps a push off": (settings(lock_branch={"enabled": False}), set(WHO)),
    "checks besides reviews that a person may pass": (
        settings(required_status_checks={"contexts": []}, **reviewed_but_for(**lists("mia"))),
        set(),
    ),
}


@pytest.mark.parametrize("case", CLASSIC)
@pytest.mark.parametrize("who", WHO)
def test_settings_of_a_branch_bind_whom_they_do_not_spare(case: str, who: str) -> None:
    told, spared = CLASSIC[case]
    found = protection_of(BRANCH, told, NO_RULES, {})
    assert found.binds(WHO[who]) is (who not in spared)
    assert found.passed_by(WHO[who]) is (who in spared)


def rules(*kinds: str, ruleset: int = 7) -> dict[str, Any]:
    return {"Items": [{"type": kind, "ruleset_id": ruleset} for kind in kinds]}


def ruleset(*passes: tuple[str, int | None, str]) -> dict[str, Any]:
    actors = [{"actor_type": t, "actor_id": i, "bypass_mode": m} for t, i, m in passes]
    return {"Body": {"id": 7, "name": "reviewed", "bypass_actors": actors}}


RULESETS: dict[str, tuple[dict[str, Any], set[str], set[str]]] = {
    # The ruleset, whom it does not bind, and of whom that is not known.
    "nobody passes": (ruleset(), set(), set()),
    "deploy keys": (ruleset(("DeployKey", None, "always")), {"key"}, set()),
    "deploy keys, exempt": (ruleset(("DeployKey", None, "exempt")), {"key"}, set()),
    "deploy keys, by pull request": (ruleset(("DeployKey", None, "pull_request")), set(), set()),
    "owners": (ruleset(("OrganizationAdmin", 1, "always")), {"owner"}, set()),
    "administrators": (ruleset(("RepositoryRole", 5, "always")), {"admin", "owner"}, set()),
    "who may write": (
        ruleset(("RepositoryRole", 4, "pull_request")),
        {"mia", "admin", "owner"},
        set(),
    ),
    "a role of the organisation's own": (
        ruleset(("RepositoryRole", 5121, "always")),
        set(),
        {"mia", "admin", "owner"},
    ),
    "a team": (ruleset(("Team", 1, "always")), {"mia"}, set()),
    "an app": (ruleset(("Integration", 18001, "always")), {"app"}, set()),
    "another app": (ruleset(("Integration", 7, "always")), set(), set()),
    "a person": (ruleset(("User", 2, "always")), {"mia"}, set()),
    "what was never heard of": (ruleset(("Robot", 1, "always")), set(), set(WHO)),
    "nonsense": (
        {"Body": {"id": 7, "bypass_actors": [{"actor_type": [], "actor_id": {}}, "x", None]}},
        set(),
        set(WHO),
    ),
    "not told": ({"Body": {"id": 7, "name": "reviewed"}}, set(), set(WHO)),
    "refused": (REFUSED, set(), set(WHO)),
}


@pytest.mark.parametrize("case", RULESETS)
@pytest.mark.parametrize("who", WHO)
def test_a_ruleset_binds_whom_it_does_not_let_pass(case: str, who: str) -> None:
    told, spared, unknown = RULESETS[case]
    found = protection_of(OPEN, None, rules("pull_request"), {"7": told})
    wanted = None if who in unknown else who not in spared
    assert found.binds(WHO[who]) is wanted


@pytest.mark.parametrize(
    ("branch", "told", "listed", "wanted"),
    [
        (OPEN, None, NO_RULES, False),
        (OPEN, None, rules("non_fast_forward", "deletion"), False),
        (OPEN, None, REFUSED, None),
        (None, None, NO_RULES, None),
        (REFUSED, None, NO_RULES, None),
        (BRANCH, REFUSED, NO_RULES, None),
        (BRANCH, None, NO_RULES, None),
        (BRANCH, {"error": "404", "message": "Branch not protected"}, NO_RULES, False),
        (BRANCH, {"error": "404", "message": "Not Found"}, NO_RULES, None),
        # One that binds is enough, whatever else was not read.
        (BRANCH, settings(required_pull_request_reviews=REVIEWS), REFUSED, True),
    ],
)
def test_what_was_not_read_is_never_called_open_or_shut(
    branch: Any, told: Any, listed: Any, wanted: bool | None
) -> None:
    assert protection_of(branch, told, listed, {}).binds(KEY) is wanted


@given(
    on=st.sampled_from([True, False, None]),
    enforced=st.booleans(),
    listed=st.lists(st.sampled_from(list(RULESETS)), max_size=3, unique=True),
    who=st.sampled_from(list(WHO.values())),
)
def test_reading_less_never_opens_or_shuts_a_branch(
    on: bool | None, enforced: bool, listed: list[str], who: Actor
) -> None:
    """Law: taking a ruleset's list away turns a verdict into "not known", or leaves it."""
    told = settings(enforced=enforced, required_pull_request_reviews=REVIEWS)["Body"]
    passes = {name: passes_of(RULESETS[name][0]) for name in listed}
    whole = Protection(on, told, rules_read=True, rulesets=passes).binds(who)
    for name in listed:
        less = Protection(on, told, rules_read=True, rulesets=passes | {name: None}).binds(who)
        assert less in (None, whole)


# --- in an organisation ------------------------------------------------------------------------

SHOP = "repos/acme/shop"
WRITER = "acme/shop/key/12"


def shop(folder: Path, **changes: Any) -> GitHubDirectory:
    files = {f"{SHOP}/branches/main": {"name": "main", "protected": True}} | changes
    return told_of(folder, **files)


def weak(directory: GitHubDirectory) -> list[str]:
    return [one.why for one in directory.weaknesses if one.identity_id == WRITER]


def branch_line(directory: GitHubDirectory, identity: str = WRITER) -> str:
    found = [
        line
        for one in directory.resolve(identity).capabilities
        if one.name is CapabilityName.DEPLOY
        for line in one.path
        if "default branch" in line
    ]
    return found[0] if found else ""


def test_a_branch_that_spares_administrators_is_open_to_a_key_that_writes(tmp_path: Path) -> None:
    told = settings(enforced=False, required_pull_request_reviews=REVIEWS)["Body"]
    directory = shop(tmp_path, **{f"{SHOP}/branches/main/protection": told})
    assert "it may pass the protection of the default branch" in weak(directory)[0]
    assert "the key may pass that: one push changes what CI runs" in branch_line(directory)
    facts = [one.fact for weakness in directory.weaknesses for one in weakness.evidence]
    assert "enforce_admins is off, and a deploy key acts as an administrator" in facts
    assert any("default branch" in why for why in directory.resolve(WRITER).over_privileged)


def test_a_branch_that_spares_nobody_binds(tmp_path: Path) -> None:
    told = settings(required_pull_request_reviews=REVIEWS)["Body"]
    directory = shop(tmp_path, **{f"{SHOP}/branches/main/protection": told})
    assert weak(directory) == []
    assert "it takes another branch" in branch_line(directory)
    assert directory.resolve(WRITER).gaps == ()


def test_a_ruleset_that_lets_deploy_keys_pass_is_no_protection_against_them(tmp_path: Path) -> None:
    changes = {
        f"{SHOP}/branches/main": {"name": "main", "protected": False},
        f"{SHOP}/rules/branches/main": rules("pull_request")["Items"],
        f"{SHOP}/rulesets/7": ruleset(("DeployKey", None, "always"))["Body"],
    }
    directory = shop(tmp_path, **changes)
    assert weak(directory)
    facts = [one.fact for weakness in directory.weaknesses for one in weakness.evidence]
    assert "deploy keys pass reviewed" in facts


@pytest.mark.parametrize("missing", ["protection", "ruleset", "bypass actors"])
def test_who_may_pass_and_was_not_read_leaves_the_key_unknown(tmp_path: Path, missing: str) -> None:
    if missing == "protection":
        directory = shop(tmp_path)
    else:
        told = None if missing == "ruleset" else {"id": 7, "name": "reviewed"}
        changes = {
            f"{SHOP}/branches/main": {"name": "main", "protected": False},
            f"{SHOP}/rules/branches/main": rules("pull_request")["Items"],
            f"{SHOP}/rulesets/7": told,
        }
        directory = shop(tmp_path, **changes)
    assert weak(directory) == []
    assert "may be protected: that could not be read whole" in branch_line(directory)
    (gap,) = directory.resolve(WRITER).gaps
    assert gap in directory.gaps
    assert "What it can do" in gap.fix
    if missing == "bypass actors":
        assert "GitHub tells who may pass it to those alone who may change it" in gap.why
        assert "Settings > Rules" in gap.fix


def test_exported_files_of_any_name_tell_who_may_pass(tmp_path: Path) -> None:
    url = "https://api.github.com/repos/acme/shop/branches/main/protection"
    told = settings(required_pull_request_reviews=REVIEWS)["Body"] | {"url": url}
    named = ruleset(("DeployKey", None, "always"))["Body"]
    named |= {"enforcement": "active", "source_type": "Repository", "source": "acme/shop"}
    changes = {
        "guard of shop": told,
        "rules of shop": named,
        f"{SHOP}/rules/branches/main": rules("pull_request")["Items"],
    }
    directory = shop(tmp_path, **changes)
    assert [gap for gap in directory.gaps if "exported file" in gap.what] == []
    assert directory.resolve(WRITER).gaps == ()
    assert weak(directory) == []


def test_people_and_apps_that_may_pass_are_told_so(tmp_path: Path) -> None:
    told = settings(enforced=False, required_pull_request_reviews=REVIEWS)["Body"]
    directory = shop(tmp_path, **{f"{SHOP}/branches/main/protection": told})
    assert "may pass the protection of default branches: shop" in branch_line(
        directory,
        "acme/credential/1",  # of an owner
    )
    assert branch_line(directory, "acme/credential/2") == ""  # of somebody who may write


def test_actors_are_named_as_protections_name_them(tmp_path: Path) -> None:
    directory = told_of(tmp_path)
    organization = directory._organizations["acme"]
    held = directory._holders
    assert actor_of(held[WRITER], organization, "write") is KEY
    assert actor_of(held["acme/app/circleci-app"], organization, "admin") == BOT
    people = {one["login"]: one["id"] for one in replies()["orgs/acme/members"]}
    found = actor_of(held["acme/user/mia"], organization, "write")
    assert found == Actor(login="mia", user=people["mia"], teams={1: "core"}, level="write")
    assert actor_of(held["acme/user/olive"], organization, "admin").is_owner


# --- live --------------------------------------------------------------------------------------


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Door]:
    monkeypatch.setenv(VARIABLE, APP)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with door(tmp_path) as running:
        yield running


def test_each_ruleset_is_asked_once_and_settings_only_of_what_is_protected(github: Door) -> None:
    directory = github.read()
    asked = [one["path"] for one in github.server.recording]
    assert len([one for one in asked if "/rulesets/" in one]) == 1
    assert not [one for one in asked if one.endswith("/protection")]
    whys = {one.identity_id: one.why for one in directory.weaknesses}
    assert "may pass the protection" in whys["acme-rockets/orbit-api/key/9004"]
    assert "nothing protects" in whys["acme-rockets/launch-calendar/key/9003"]


def test_administrators_that_are_spared_are_read_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, APP)
    with door(
        tmp_path, protected=["launch-calendar"], not_for_admins=["launch-calendar"], rulesets=[]
    ) as github:
        directory = github.read()
        assert directory.gaps == ()
        key = "acme-rockets/launch-calendar/key/9003"
        assert any(one.identity_id == key for one in directory.weaknesses)


@pytest.mark.parametrize("struck", ["branches/main/protection", "rulesets/501"])
def test_a_refusal_live_is_a_gap_with_the_right_to_grant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, struck: str
) -> None:
    monkeypatch.setenv(VARIABLE, APP)
    with door(tmp_path, protected=["orbit-api"]) as github:
        github.faults.deny(f"/api/v3/repos/acme-rockets/orbit-api/{struck}", 403)
        directory = github.read()
        key = directory.resolve("acme-rockets/orbit-api/key/9004")
        # With settings that bind everybody, who may pass the ruleset decides nothing.
        assert bool(key.gaps) is (struck != "rulesets/501")
        told = "\n".join(f"{gap.why} {gap.fix}" for gap in directory.gaps)
        assert "administration:read" in told or "metadata:read" in told
