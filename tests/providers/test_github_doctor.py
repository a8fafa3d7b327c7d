"""What `auditor doctor` says of GitHub: who one is, the plan, what is refused, and the cure."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from github_door import APP, APP_ID, BARE, KEY, OWNER, VARIABLE, Door, door, pem, private_key

from auditor.demo import scenario
from auditor.demo.faults import Garbage
from auditor.demo.wire import Reply, Request
from auditor.doctor import DEADLINE
from auditor.models import Check, Health
from auditor.providers import Examined
from auditor.providers.github import PROVIDER

ORG = "/api/v3/orgs/acme-rockets"
AUDITOR = (scenario.load().github or {})["auditor"]
AS_APP = {"app_id": APP_ID, "private_key_env": KEY}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, APP)
    monkeypatch.setenv(KEY, pem(private_key()))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Door]:
    with door(tmp_path) as running:
        yield running


def checks(github: Door, **changes: Any) -> list[Check]:
    assert isinstance(PROVIDER, Examined)
    return list(PROVIDER.examine(github.settings(**changes)))


def said(found: list[Check], health: Health | None = None) -> str:
    return "\n".join(
        f"{one.about}: {one.says} -> {one.fix}" for one in found if health in (None, one.health)
    )


def test_a_healthy_organisation_is_entered_with_few_questions(github: Door) -> None:
    found = checks(github, **AS_APP)
    assert github.asked < 25
    assert not said(found, Health.FAIL)
    told = said(found)
    assert "entered as the app secrets-auditor, by its private key" in told
    assert "plan enterprise, with single sign-on" in told
    assert "14 of 14 sorts of reading are permitted" in told
    assert "audit log: kept 180 days, its git events 7" in told
    assert "7 repositories: about 14 requests" in told
    # The demo's events show no address: an owner has to switch that on.
    assert "disclose IP addresses" in said(found, Health.WARN)
    assert len([one for one in found if one.health is Health.WARN]) == 1


def test_nothing_but_reading_is_asked_and_no_secret_is_told(github: Door) -> None:
    told = said(checks(github))
    assert {one["method"] for one in github.server.recording} == {"GET"}
    assert APP not in told
    assert not [line for line in pem(private_key()).splitlines() if line in told]


def test_an_export_is_not_examined() -> None:
    assert not list(PROVIDER.examine(PROVIDER.settings(export=".")))


# --- who one is --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "words"),
    [
        (APP, "entered as an app, by a token of it"),
        (OWNER, "entered as otto-lift with a classic token (scopes: repo, read:org)"),
        (BARE, "entered as otto-lift with a classic token (scopes: none)"),
    ],
)
def test_who_the_audit_is_with_its_scopes(
    github: Door, monkeypatch: pytest.MonkeyPatch, token: str, words: str
) -> None:
    monkeypatch.setenv(VARIABLE, token)
    assert words in said(checks(github), Health.OK)


def test_a_person_who_is_no_owner_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, OWNER)
    with door(tmp_path, owners=["vera-orbit"]) as github:
        told = said(checks(github), Health.WARN)
    assert "otto-lift is no owner: listings hold what is shared with them" in told
    assert "use the token of an owner, or an app" in told
    with door(tmp_path) as github:
        assert "is no owner" not in said(checks(github))


def test_an_absent_header_of_scopes_is_a_fine_grained_token_and_its_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: Request, demo: Callable[[Request], Reply]) -> Reply:
        reply = demo(request)
        end = {"GitHub-Authentication-Token-Expiration": "2026-12-01 09:00:00 UTC"}
        kept = {name: one for name, one in reply.headers.items() if name != "X-OAuth-Scopes"}
        return Reply(reply.status, reply.body, kept | end)

    monkeypatch.setenv(VARIABLE, OWNER)
    with door(tmp_path, answer) as github:
        told = said(checks(github))
    assert "with a fine-grained token, good until 2026-12-01 09:00:00 UTC" in told
    assert "only GitHub Apps can list them, and this is the token of a person" in told


@pytest.mark.parametrize(
    ("broken", "why", "fix"),
    [
        ({VARIABLE: ""}, f"{VARIABLE} is not set", f"put a good token into {VARIABLE}"),
        ({VARIABLE: "ghp_wrong"}, "401: Bad credentials", f"put a good token into {VARIABLE}"),
        ({KEY: ""}, f"{KEY} is not set", "app_id"),
        ({KEY: "planted"}, "private key of the app is none", KEY),
        ({KEY: "other"}, "401: A JSON web token", "see that app_id is the app's"),
    ],
)
def test_a_login_that_fails_is_a_hard_failure_with_a_cure(
    github: Door, monkeypatch: pytest.MonkeyPatch, broken: dict[str, str], why: str, fix: str
) -> None:
    for name, value in broken.items():
        monkeypatch.setenv(name, pem(private_key(1)) if value == "other" else value)
    (check,) = checks(github, **(AS_APP if KEY in broken else {}))
    assert check.health is Health.FAIL
    assert why in check.says
    assert fix in check.fix
    assert "planted" not in said([check])
    assert "ghp_wrong" not in said([check])


# --- what would stay unknown -------------------------------------------------------------------


def test_scopes_that_are_missing_are_named_with_the_columns_that_they_empty(
    github: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, OWNER)
    told = said(checks(github), Health.WARN)
    line = next(one for one in told.splitlines() if "read:audit_log" in one)
    assert "audit log: the token lacks the scope read:audit_log" in line
    assert "in part unknown: Log findings" in line
    assert line.endswith("give the audit a token of an owner with the scope read:audit_log")
    assert "fine-grained personal access tokens" in told


def test_a_permission_that_the_app_lacks_is_named_with_the_grant_to_add(tmp_path: Path) -> None:
    less = {k: v for k, v in AUDITOR["permissions"].items() if k != "administration"}
    with door(tmp_path, auditor=AUDITOR | {"permissions": less}) as github:
        told = said(checks(github, **AS_APP), Health.WARN)
    line = next(
        one for one in told.splitlines() if "administration:read" in one and "deploy" in one
    )
    assert "deploy keys, settings of branch protection: the app lacks the permission" in line
    assert "in part unknown: Identity, What it can do" in line
    assert "add administration:read to the app's permissions, and accept it in acme" in line


def test_an_app_that_is_not_installed_cannot_enter(github: Door) -> None:
    found = checks(github, **AS_APP, organizations=("acme-rockets", "elsewhere"))
    (failed,) = [one for one in found if one.health is Health.FAIL]
    assert failed.about == "GitHub elsewhere"
    assert "not installed in elsewhere" in failed.says
    assert "install the audit's app" in failed.fix


def test_single_sign_on_prints_where_to_authorize_the_token(github: Door) -> None:
    address = f"{github.server.url}/orgs/acme-rockets/sso?authorization_request=A1"
    github.faults.single_sign_on(ORG, address)
    (failed,) = [one for one in checks(github) if one.health is Health.FAIL]
    assert failed.fix == f"authorize the audit's token for single sign-on at {address}"


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ("team", "plan team: classic tokens and the audit log can be listed by nobody"),
        ("free", "plan free: classic tokens"),
    ],
)
def test_plans_without_single_sign_on_are_told(tmp_path: Path, plan: str, words: str) -> None:
    with door(tmp_path, plan=plan) as github:
        github.faults.deny(f"{ORG}/credential-authorizations", 404)
        github.faults.deny(f"{ORG}/audit-log", 404)
        told = said(checks(github), Health.WARN)
    assert words in told
    assert "name the owners of tokens in [[overrides]]" in told
    assert "owners of an organisation of Enterprise Cloud with SAML single sign-on" in told


def test_enterprise_without_single_sign_on_is_told_as_not_known(github: Door) -> None:
    github.faults.deny(f"{ORG}/credential-authorizations", 403)
    told = said(checks(github), Health.WARN)
    assert "plan enterprise; whether single sign-on is on is not told" in told


def test_an_audit_log_that_is_refused_is_told_once(github: Door) -> None:
    github.faults.deny(f"{ORG}/audit-log", 403)
    found = checks(github)
    assert "180 days" not in said(found)
    (line,) = [one for one in said(found, Health.WARN).splitlines() if "audit log" in one]
    assert "in part unknown: Log findings" in line
    assert "read:audit_log" in line
    assert "13 of 14 sorts" in said(found)


STRIKES: dict[str, Callable[[Door, str], None]] = {
    "403": lambda d, p: d.faults.deny(p, 403),
    "404": lambda d, p: d.faults.deny(p, 404),
    "500": lambda d, p: d.faults.deny(p, 500),
    "429": lambda d, p: d.faults.throttle(1, p, retry_after=3600),
    "limit": lambda d, p: d.faults.rate_limit(p, 99_999_999_999),
    "drop": lambda d, p: d.faults.drop(p),
    "html": lambda d, p: d.faults.garbage(p, Garbage.HTML),
    "shape": lambda d, p: d.faults.garbage(p, Garbage.SHAPE),
}


@pytest.mark.parametrize("path", ["/repos", "/members", "/teams", "/installations"])
@pytest.mark.parametrize("fault", STRIKES)
def test_every_fault_is_a_check_in_good_time(github: Door, fault: str, path: str) -> None:
    STRIKES[fault](github, f"{ORG}{path}")
    begun = time.monotonic()
    found = checks(github)
    assert time.monotonic() - begun < DEADLINE
    troubles = [one for one in found if one.health is Health.WARN and "disclose" not in one.fix]
    assert troubles
    assert all(one.fix for one in troubles)


def test_too_many_repositories_for_one_run_are_told(tmp_path: Path) -> None:
    names = [f"service-{number}" for number in range(120)]
    with door(tmp_path, repositories=names) as github:
        told = said(checks(github, requests=100), Health.WARN)
    assert "125 repositories: about 250 requests, of which a run makes 100" in told
    assert "raise `requests`" in told
