"""Whose credential an entry is: by tails, fingerprints, companions, or what a person says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from github_files import (
    authorization,
    deploy_key,
    md5_of,
    people,
    public_key,
    replies,
    sha256_of,
    told_of,
)

from auditor.classify.entries import judge
from auditor.classify.groups import group
from auditor.models import (
    Confidence,
    Credential,
    Exposure,
    Known,
    Match,
    NoMatch,
    Part,
    Scope,
    ScopeKind,
    Secret,
)
from auditor.overrides import Overrides
from auditor.providers.github.directory import GitHubDirectory
from auditor.providers.github.ssh import fingerprint_in, fingerprints
from auditor.tails import Sealer

SEALER = Sealer(b"k" * 32)
SCOPE = Scope(ScopeKind.PROJECT, "p-1", "acme/shop", "acme")
OPEN = Exposure(Known(False), Known(1), Known(False))
WRITTEN = datetime(2022, 6, 1, tzinfo=UTC)
AUTHORIZATIONS = "orgs/acme/credential-authorizations"


def secrets(values: Mapping[str, str]) -> dict[str, Secret]:
    return {
        name: Secret(
            name,
            "ci",
            "project variable",
            SCOPE,
            name,
            WRITTEN,
            None,
            SEALER.seal(value),
            OPEN,
            None,
        )
        for name, value in values.items()
    }


def asked(directory: GitHubDirectory, owner: str | None = None, **values: str) -> Match | NoMatch:
    """Return the answer for the credential of the variables, whose values are given."""
    held = secrets(values)
    (credential,) = [
        one for one in group(held.values(), judge(held, Overrides(()))) if one.provider == "github"
    ]
    return directory.identify(credential, held, owner)


def key_asked(directory: GitHubDirectory, kind: str, name: str, **place: str) -> Match | NoMatch:
    scope = Scope(ScopeKind.PROJECT, "p-1", "acme/shop", place.get("organization", "acme"))
    secret = Secret("S", "ci", "checkout key", scope, name, WRITTEN, None, None, OPEN, None)
    credential = Credential("C", kind, "CircleCI", "github", scope, "S", (Part("secret", "S"),))
    return directory.identify(credential, {"S": secret})


def best(answer: Match | NoMatch) -> tuple[str, str, Confidence]:
    assert isinstance(answer, Match), answer
    return answer.best.identity_id, answer.best.key, answer.best.confidence


# --- tokens ----------------------------------------------------------------------------------


def test_a_classic_token_is_matched_by_its_last_four(tmp_path: Path) -> None:
    answer = asked(told_of(tmp_path), GITHUB_TOKEN="ghp_xxxxBBBB")
    assert best(answer) == ("acme/credential/2", "personal access token 2", Confidence.HIGH)
    assert isinstance(answer, Match)
    assert answer.best.evidence[0].source == "GET /orgs/{org}/credential-authorizations"


def test_of_two_that_fit_the_facts_tell_and_none_is_dropped(tmp_path: Path) -> None:
    rivals = [
        authorization(1, "mia", "0000BBBB", authorized_credential_note="my laptop"),
        authorization(2, "ci-bot", "1111BBBB", authorized_credential_note="circleci"),
    ]
    answer = asked(told_of(tmp_path, **{AUTHORIZATIONS: rivals}), GITHUB_TOKEN="xBBBB")
    assert best(answer) == ("acme/credential/2", "personal access token 2", Confidence.MEDIUM)
    assert isinstance(answer, Match)
    assert [one.identity_id for one in answer.runners_up] == ["acme/credential/1"]


def test_a_token_that_nobody_lists_is_never_called_gone(tmp_path: Path) -> None:
    answer = asked(told_of(tmp_path), GITHUB_TOKEN="ZZZZ")
    assert isinstance(answer, NoMatch)
    assert not answer.searched
    assert "fine-grained" in answer.gap.why


def test_a_listing_that_was_not_read_is_named(tmp_path: Path) -> None:
    refused = {"message": "Must be an owner", "documentation_url": "u", "status": "403"}
    answer = asked(told_of(tmp_path, **{AUTHORIZATIONS: refused}), GITHUB_TOKEN="ZZZZ")
    assert isinstance(answer, NoMatch)
    assert "single sign-on" in answer.gap.why
    assert "read:org" in answer.gap.fix


@pytest.mark.parametrize("value", ["", "abc"])
def test_a_value_that_is_too_short_matches_nothing(tmp_path: Path, value: str) -> None:
    answer = asked(told_of(tmp_path), GITHUB_TOKEN=value)
    assert isinstance(answer, NoMatch)
    assert "too short" in answer.gap.why


# --- companions ------------------------------------------------------------------------------


def test_a_login_beside_the_token_names_a_machine_user(tmp_path: Path) -> None:
    directory = told_of(tmp_path, **{"orgs/acme/personal-access-tokens": []})
    answer = asked(directory, GITHUB_TOKEN="ZZZZ", GITHUB_USERNAME="ci-bot")
    assert best(answer) == ("acme/user/ci-bot", "", Confidence.MEDIUM)


def test_a_login_beside_the_token_finds_fine_grained_tokens(tmp_path: Path) -> None:
    people_ = people("olive", "mia-deploys", "ci-bot")
    token = replies()["orgs/acme/personal-access-tokens"][0] | {"owner": {"login": "mia-deploys"}}
    changes: dict[str, Any] = {
        "orgs/acme/members": people_,
        "users/mia-deploys/keys": [],
        "orgs/acme/personal-access-tokens": [token],
    }
    answer = asked(told_of(tmp_path, **changes), GITHUB_TOKEN="ZZZZ", GITHUB_USER="mia-deploys")
    assert best(answer) == ("acme/token/50", "token 500", Confidence.MEDIUM)


def test_an_app_is_found_by_the_ids_beside_its_key(tmp_path: Path) -> None:
    answer = asked(told_of(tmp_path), GITHUB_APP_PRIVATE_KEY="-----\n", GITHUB_APP_ID="18001")
    assert best(answer) == (
        "acme/app/circleci-app",
        "installation of circleci-app",
        Confidence.MEDIUM,
    )
    lone = asked(told_of(tmp_path), GITHUB_APP_PRIVATE_KEY="-----\n")
    assert isinstance(lone, NoMatch)
    assert "private keys of apps" in lone.gap.why


def test_the_connection_of_circleci_is_its_app_or_its_oauth_token(tmp_path: Path) -> None:
    oauth = authorization(
        6,
        "olive",
        "0000EEEE",
        credential_type="OAuth app token",
        authorized_credential_note="CircleCI",
    )
    directory = told_of(tmp_path, **{AUTHORIZATIONS: [oauth]})
    kind = "circleci-vcs-connection-github"
    assert best(key_asked(directory, kind, "github_app acme (all)"))[0] == "acme/app/circleci-app"
    assert best(key_asked(directory, kind, "github_oauth acme"))[0] == "acme/credential/6"
    assert isinstance(key_asked(directory, kind, "github_app other"), NoMatch)


# --- keys ------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", [sha256_of, md5_of], ids=["sha256", "md5"])
def test_a_deploy_key_is_its_fingerprint(tmp_path: Path, of: Any) -> None:
    name = f"deploy-key ({of('shop-read')})"
    answer = key_asked(told_of(tmp_path), "circleci-deploy-key-github", name)
    assert best(answer) == ("acme/shop/key/11", "deploy key 11", Confidence.CERTAIN)


def test_a_user_key_is_one_of_the_persons(tmp_path: Path) -> None:
    name = f"github-user-key ({sha256_of('mia')})"
    answer = key_asked(told_of(tmp_path), "circleci-user-key-github", name)
    assert best(answer) == ("acme/user/mia/key/9", "SSH key 9", Confidence.CERTAIN)


def test_a_deploy_key_that_is_gone_is_known_to_be_gone(tmp_path: Path) -> None:
    name = f"deploy-key ({sha256_of('gone')})"
    answer = key_asked(told_of(tmp_path), "circleci-deploy-key-github", name)
    assert isinstance(answer, NoMatch)
    assert answer.searched


@pytest.mark.parametrize("file", ["repos/acme/tools/keys", "orgs/acme/repos"])
def test_where_not_every_key_was_read_none_is_called_gone(tmp_path: Path, file: str) -> None:
    name = f"deploy-key ({sha256_of('gone')})"
    answer = key_asked(told_of(tmp_path, **{file: None}), "circleci-deploy-key-github", name)
    assert isinstance(answer, NoMatch)
    assert not answer.searched


def test_a_key_of_another_organisation_is_not_called_gone(tmp_path: Path) -> None:
    directory = told_of(tmp_path)
    name = f"deploy-key ({sha256_of('gone')})"
    scope = Scope(ScopeKind.PROJECT, "p-1", "other/shop", "other")
    secret = Secret("S", "ci", "checkout key", scope, name, WRITTEN, None, None, OPEN, None)
    credential = Credential(
        "C", "circleci-deploy-key-github", "CircleCI", "github", scope, "S", (Part("secret", "S"),)
    )
    answer = directory.identify(credential, {"S": secret})
    assert isinstance(answer, NoMatch)
    assert not answer.searched


def test_a_reused_key_opens_every_place_that_has_it(tmp_path: Path) -> None:
    keys = {"repos/acme/tools/keys": [deploy_key(13, "mia")]}
    name = f"github-user-key ({sha256_of('mia')})"
    answer = key_asked(told_of(tmp_path, **keys), "circleci-user-key-github", name)
    assert isinstance(answer, Match)
    assert {one.identity_id for one in answer.candidates} == {
        "acme/tools/key/13",
        "acme/user/mia/key/9",
    }


@pytest.mark.parametrize("host", ["any host", "docs.push.alias", "github.com"])
@pytest.mark.parametrize(
    ("seed", "of", "found"),
    [
        ("shop-write", sha256_of, ("acme/shop/key/12", "deploy key 12", Confidence.CERTAIN)),
        ("shop-write", md5_of, ("acme/shop/key/12", "deploy key 12", Confidence.CERTAIN)),
        ("mia", sha256_of, ("acme/user/mia/key/9", "SSH key 9", Confidence.CERTAIN)),
    ],
)
def test_an_additional_key_is_compared_whatever_its_host(
    tmp_path: Path, host: str, seed: str, of: Any, found: tuple[str, str, Confidence]
) -> None:
    kind = "circleci-ssh-key-github" if host == "github.com" else "circleci-ssh-key"
    answer = key_asked(told_of(tmp_path), kind, f"{host} ({of(seed)})")
    assert best(answer) == found
    assert isinstance(answer, Match)
    (fact,) = answer.best.evidence
    assert f"the fingerprint {of(seed)} is the same" in fact.fact
    assert fact.source.endswith("/keys")


def test_an_additional_key_that_github_does_not_know_is_of_another_host(tmp_path: Path) -> None:
    name = f"any host ({sha256_of('a host of ours')})"
    answer = key_asked(told_of(tmp_path), "circleci-ssh-key", name)
    assert isinstance(answer, NoMatch)
    assert answer.searched
    assert "look on the hosts" in answer.gap.fix
    unread = told_of(tmp_path / "less", **{"repos/acme/tools/keys": None})
    unsure = key_asked(unread, "circleci-ssh-key", name)
    assert isinstance(unsure, NoMatch)
    assert not unsure.searched
    assert "not all were listed" in unsure.gap.why


def test_what_a_person_says_wins(tmp_path: Path) -> None:
    directory = told_of(tmp_path)
    said = asked(directory, owner="acme/user/olive", GITHUB_TOKEN="BBBB")
    assert best(said) == ("acme/user/olive", "", Confidence.CERTAIN)
    wrong = asked(directory, owner="acme/user/nobody", GITHUB_TOKEN="BBBB")
    assert best(wrong)[2] is Confidence.MEDIUM


# --- fingerprints ----------------------------------------------------------------------------


def test_fingerprints_are_those_of_openssh() -> None:
    """As GitHub publishes for its own host key.

    https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/githubs-ssh-key-fingerprints
    """
    host = (
        "ssh-ed25519 "
        "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl github.com"
    )
    assert "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU" in fingerprints(host)
    assert fingerprints(public_key("x")) == (md5_of("x"), sha256_of("x"))


@pytest.mark.parametrize("key", ["", "ssh-rsa", "ssh-ed25519 AAAA", "\ud800", "x" * 100_000])
def test_what_is_no_key_has_no_fingerprint(key: str) -> None:
    assert fingerprints(key) == ()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (f"deploy-key ({md5_of('x')})", md5_of("x")),
        (f"MD5:{md5_of('x').upper()}", md5_of("x")),
        (sha256_of("x") + "=", sha256_of("x")),
        ("no key at all", ""),
    ],
)
def test_fingerprints_are_found_in_words(words: str, found: str) -> None:
    assert fingerprint_in(words) == found
