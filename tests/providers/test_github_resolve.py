"""What GitHub credentials may do: what they were granted, within what their owner may."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from github_files import authorization, deploy_key, read, replies, told_of, write
from hypothesis import given
from hypothesis import strategies as st
from judge import SPECIFICATIONS, needs_specifications

from auditor.models import CapabilityName, Resolution
from auditor.providers.github.levels import LEVELS, level_of, rank
from auditor.providers.github.table import parse, table

TEXT = files("auditor").joinpath("data", "github-permissions.toml").read_text("utf-8")
RAW: dict[str, Any] = tomllib.loads(TEXT)
TIERS = ("low", "medium", "high", "critical")


def named(found: Resolution) -> dict[str, bool]:
    """Return the capabilities, each with whether it is limited."""
    return {str(one.name): one.limited for one in found.capabilities if not one.conditional}


@pytest.mark.parametrize(
    ("login", "scopes", "expected", "never"),
    [
        ("olive", ["repo"], {"escalate": False, "supply-chain": False, "deploy": False}, {"admin"}),
        ("olive", ["admin:org"], {"admin": False, "read-secrets": False}, {"supply-chain"}),
        ("olive", ["read:org"], {"read-config": False}, {"admin", "read-data"}),
        ("olive", ["delete_repo"], {"destroy": False}, {"deploy"}),
        ("mia", ["repo"], {"supply-chain": True, "read-data": False}, {"escalate", "admin"}),
        ("mia", ["admin:org"], {"read-config": False}, {"admin", "escalate", "deploy"}),
        ("mia", ["public_repo"], {}, {"supply-chain", "read-data"}),
        ("ci-bot", ["public_repo"], {"supply-chain": True}, {"read-data"}),
        ("ci-bot", ["delete_repo"], {"destroy": True}, {"deploy"}),
        ("xavier", ["repo"], {"read-data": True}, {"supply-chain", "deploy"}),
        ("xavier", ["admin:public_key"], {"impersonate": False}, {"admin"}),
        ("stranger", ["repo", "admin:org"], {}, {"admin", "supply-chain", "read-data"}),
        ("mia", [], {}, set(map(str, CapabilityName))),
        ("mia", ["write:quantum"], {"supply-chain": False}, {"admin"}),
    ],
)
def test_scopes_count_within_what_the_owner_may(
    tmp_path: Path, login: str, scopes: list[str], expected: dict[str, bool], never: set[str]
) -> None:
    token = authorization(1, login, "0000AAAA", *scopes)
    directory = told_of(tmp_path, **{"orgs/acme/credential-authorizations": [token]})
    found = named(directory.resolve("acme/credential/1"))
    assert {name: found.get(name) for name in expected} == expected
    assert not never & found.keys()


def test_a_token_without_a_list_of_scopes_may_do_what_its_owner_may(tmp_path: Path) -> None:
    token = authorization(1, "mia", "0000AAAA", scopes=None, credential_type="GitHub app token")
    directory = told_of(tmp_path, **{"orgs/acme/credential-authorizations": [token]})
    assert named(directory.resolve("acme/credential/1"))["supply-chain"]


def test_the_default_for_members_counts(tmp_path: Path) -> None:
    organization = replies()["orgs/acme"] | {"default_repository_permission": "write"}
    directory = told_of(tmp_path, orgs__acme=organization)
    assert named(directory.resolve("acme/credential/2"))["supply-chain"] is False
    assert "supply-chain" not in named(directory.resolve("acme/user/xavier"))


def test_a_deploy_key_reads_or_writes_one_repository(tmp_path: Path) -> None:
    directory = told_of(tmp_path)
    assert named(directory.resolve("acme/shop/key/11")) == {"read-data": True}
    found = directory.resolve("acme/shop/key/12")
    # What CI runs of an open branch is given every secret of the job: that is no limit.
    assert named(found)["supply-chain"] is False
    assert any(
        "one push changes what CI runs" in line for c in found.capabilities for line in c.path
    )
    assert found.over_privileged


def test_behind_a_protected_branch_a_key_is_limited(tmp_path: Path) -> None:
    branch = {"name": "main", "protected": True}
    settings = {
        "url": "u",
        "enforce_admins": {"url": "u", "enabled": True},
        "required_pull_request_reviews": {"url": "u"},
    }
    changes = {
        "repos/acme/shop/branches/main": branch,
        "repos/acme/shop/branches/main/protection": settings,
    }
    directory = told_of(tmp_path, **changes)
    assert named(directory.resolve("acme/shop/key/12"))["supply-chain"] is True


def test_a_branch_that_could_not_be_read_counts_as_open(tmp_path: Path) -> None:
    found = told_of(tmp_path, **{"repos/acme/shop/branches/main": None}).resolve("acme/shop/key/12")
    assert named(found)["supply-chain"] is False
    assert found.gaps


def test_an_app_has_what_it_was_granted_and_the_unknown_counts_as_high(tmp_path: Path) -> None:
    found = told_of(tmp_path).resolve("acme/app/circleci-app")
    assert named(found)["supply-chain"] is False
    told = [line for one in found.capabilities for line in one.path if "quantum_flux" in line]
    assert "quantum_flux:write (high)" in told[0]


def test_a_fine_grained_token_reaches_its_repositories(tmp_path: Path) -> None:
    found = told_of(tmp_path).resolve("acme/token/50")
    assert {name for one in found.capabilities for name in one.resources} == {"acme/shop"}
    assert not found.gaps


def test_repositories_that_were_not_read_are_all_of_them(tmp_path: Path) -> None:
    missing = {"orgs/acme/personal-access-tokens/50/repositories": None}
    found = told_of(tmp_path, **missing).resolve("acme/token/50")
    assert found.gaps
    assert named(found)["read-data"] is False


def test_an_archived_repository_is_read_and_not_written(tmp_path: Path) -> None:
    keys = [deploy_key(1, "old", read_only=False)]
    found = told_of(tmp_path, **{"repos/acme/old/keys": keys}).resolve("acme/old/key/1")
    assert named(found) == {"read-data": True}


# --- the table -------------------------------------------------------------------------------


def test_every_scope_and_permission_has_tier_capability_and_reason() -> None:
    assert len(RAW["scope"]) >= 48
    rights = [*table().scopes.values(), *table().permissions.values(), table().unknown]
    assert len(table().permissions) >= 78
    for right in rights:
        assert right.tier in TIERS, right.name
        assert right.gives, right.name
        assert right.reason[:1].islower(), right.name
        needs = {*LEVELS, "member", "owner", "anybody"}
        assert {need for _, need in right.gives} <= needs, right.name


@needs_specifications
def test_every_permission_of_an_app_in_githubs_own_schema_is_there() -> None:
    schemas = json.loads((SPECIFICATIONS / "github.json").read_text())["components"]["schemas"]
    levels = {
        f"{name}:{level}"
        for name, schema in schemas["app-permissions"]["properties"].items()
        for level in schema["enum"]
    }
    assert levels <= table().permissions.keys()


def test_a_parent_has_the_scopes_that_it_contains() -> None:
    found = {right.name for right in table().of_scopes(["admin:org"])}
    assert found == {"admin:org", "write:org", "read:org", "manage_runners:org"}


def test_no_parent_is_less_bad_than_what_it_contains() -> None:
    for name, parent in table().parents.items():
        child, above = table().scopes[name], table().scopes[parent]
        assert TIERS.index(child.tier) <= TIERS.index(above.tier), name


def test_unknown_writing_is_high_and_unknown_reading_is_not() -> None:
    (writing,) = table().of_permissions({"new_thing": "write"})
    (reading,) = table().of_permissions({"new_thing": "read"})
    assert (writing.tier, reading.tier) == ("high", "medium")


def test_a_parent_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="no such parent"):
        parse(TEXT.replace('parent = "repo"', 'parent = "rpo"', 1))


# --- levels ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "level"),
    [
        ({"permissions": {"pull": True}}, "read"),
        ({"permissions": {"pull": True, "triage": True}}, "triage"),
        ({"permissions": {"pull": True, "push": True}}, "write"),
        ({"permissions": {"pull": True, "push": True, "maintain": True}}, "maintain"),
        ({"permissions": {"admin": True}}, "admin"),
        ({"permissions": {"pull": False}}, "none"),
        ({"role_name": "write"}, "write"),
        ({"role_name": "Security reader", "permissions": {"pull": True}}, "read"),
        ({"role_name": "Security reader"}, "admin"),
        ({}, "admin"),
    ],
)
def test_levels_are_read_and_the_unheard_of_is_the_highest(
    entry: dict[str, Any], level: str
) -> None:
    assert level_of(entry) == level


@given(st.lists(st.sampled_from(sorted(table().scopes)), max_size=6), st.sampled_from(LEVELS))
def test_more_scopes_never_give_less(scopes: list[str], level: str) -> None:
    few = {right.name for right in table().of_scopes(scopes[:-1])}
    assert few <= {right.name for right in table().of_scopes(scopes)}
    assert rank("none") <= rank(level) <= rank("admin")


def test_a_stronger_role_never_gives_less(tmp_path: Path) -> None:
    ranks = []
    for level in ("pull", "push", "admin"):
        repos = [{"name": "shop", "permissions": {"pull": True, level: True}}]
        folder = write(tmp_path / level, replies() | {"orgs/acme/teams/core/repos": repos})
        ranks.append(set(named(read(folder).resolve("acme/user/mia"))))
    assert ranks[0] <= ranks[1] <= ranks[2]
