"""GitHub read live through PyGithub: what is asked, what is refused, and what that leaves open."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from github_door import APP, BARE, OWNER, VARIABLE, Door, door
from judge import judge, needs_specifications

from auditor.demo.faults import Garbage
from auditor.demo.wire import Reply, Request
from auditor.providers.github import PROVIDER
from auditor.providers.github.credential import foreseen
from auditor.providers.github.directory import GitHubDirectory
from auditor.providers.github.settings import Settings

NEVER = date(2020, 1, 1)
REPOS = "/api/v3/orgs/acme-rockets/repos"


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, APP)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Door]:
    with door(tmp_path) as running:
        yield running


def reasons(directory: GitHubDirectory) -> str:
    return "\n".join(f"{gap.what}: {gap.why} -> {gap.fix}" for gap in directory.gaps)


# --- nothing goes wrong ----------------------------------------------------------------------


def test_an_app_reads_everything(github: Door) -> None:
    directory = github.read()
    assert reasons(directory) == ""
    assert len(directory.identities) == 21
    assert all(one.known == one.read for one in directory.coverage)


@needs_specifications
def test_every_request_and_reply_keeps_to_githubs_own_schema(github: Door) -> None:
    github.read()
    judged = judge(github.server.recording.lines())
    assert judged.objections == ()
    assert judged.judged > 30


def test_only_reading_is_asked_for(github: Door) -> None:
    github.read()
    assert {exchange["method"] for exchange in github.server.recording} == {"GET"}


def test_what_is_complete_is_not_asked_again(github: Door) -> None:
    github.read()
    before = github.asked
    assert reasons(github.read()) == ""
    assert github.asked - before == 2  # whose credential it is, and how far it sees


def test_a_call_for_each_repository_is_made_only_where_it_can_matter(tmp_path: Path) -> None:
    owners = [{"login": "otto-lift", "scopes": [], "note": "", "authorized": NEVER, "used": NEVER}]
    with door(tmp_path, outside=[], fine_grained=[], tokens=owners) as github:
        directory = github.read()
        assert not any("/collaborators" in one["path"] for one in github.server.recording)
        assert reasons(directory) == ""
        assert directory.resolve("acme-rockets/user/mia-module").gaps


def test_the_token_is_in_no_document_and_no_log(
    github: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    github.read()
    assert APP not in json.dumps(github.snapshot.documents)
    assert APP not in caplog.text


# --- the audit's own credential --------------------------------------------------------------


def test_what_a_persons_token_cannot_see_is_said_before_anything_is_read(
    github: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, OWNER)
    directory = github.read()
    assert "only GitHub Apps can list them" in github.notes.lines[0]
    assert any("lacks the scope read:audit_log" in line for line in github.notes.lines)
    assert not any("lacks the scope repo" in line for line in github.notes.lines)
    assert "only GitHub Apps are answered" in reasons(directory)


def test_an_empty_list_of_scopes_is_no_missing_one(
    github: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, BARE)
    github.read()
    assert github.snapshot.documents["github/credential"]["Scopes"] == []
    assert any("lacks the scope repo" in line for line in github.notes.lines)


def test_without_a_token_nothing_is_asked_and_everything_is_a_gap(
    github: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    directory = github.read()
    assert github.asked == 0
    assert f"{VARIABLE} is not set" in reasons(directory)
    assert not directory.identities


def test_a_bad_token_is_named_as_such(github: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "ghp_wrong")
    assert "401: Bad credentials" in reasons(github.read())


def test_the_least_permissions_are_the_packaged_ones() -> None:
    packaged = files("auditor").joinpath("data", "github-audit-permissions.json")
    assert packaged.read_text("utf-8") == PROVIDER.permissions()
    told = json.loads(PROVIDER.permissions())
    assert told["classic_token"]["scopes"] == ["read:audit_log", "read:org", "repo"]
    granted = told["github_app"]["default_permissions"]
    assert set(granted.values()) == {"read"}
    assert "organization_personal_access_tokens" in granted


GRANTED = json.loads(PROVIDER.permissions())["github_app"]["default_permissions"]


@pytest.mark.parametrize("permission", GRANTED)
def test_every_permission_of_the_least_permissions_is_needed(permission: str) -> None:
    rest = {name: level for name, level in GRANTED.items() if name != permission}
    told = {"acme": {"Permissions": rest, "Selection": "all"}}
    found = list(foreseen({"Kind": "app", "Scopes": None, "Installations": told}))
    assert [f"lacks the permission {permission}:read" in one.why for one in found] == [True]
    assert found[0].organization == "acme"
    whole = {"acme": {"Permissions": GRANTED, "Selection": "all"}}
    assert not list(foreseen({"Kind": "app", "Scopes": None, "Installations": whole}))


@pytest.mark.parametrize("scope", json.loads(PROVIDER.permissions())["classic_token"]["scopes"])
def test_every_scope_of_the_least_permissions_is_needed(scope: str) -> None:
    rest = [
        one for one in json.loads(PROVIDER.permissions())["classic_token"]["scopes"] if one != scope
    ]
    told = list(foreseen({"Kind": "classic", "Scopes": rest}))
    assert any(f"lacks the scope {scope}" in one.why for one in told)


# --- faults ----------------------------------------------------------------------------------

FAULTS: dict[str, tuple[Callable[[Door, str], None], str]] = {
    "401": (lambda d, p: d.faults.deny(p, 401), "401"),
    "403": (lambda d, p: d.faults.deny(p, 403), "403"),
    "404": (lambda d, p: d.faults.deny(p, 404), "404"),
    "500": (lambda d, p: d.faults.deny(p, 500), "could not be reached"),
    "429": (lambda d, p: d.faults.throttle(1, p, retry_after=1), "limit|could not be reached"),
    "drop": (lambda d, p: d.faults.drop(p), "could not be reached"),
    "html": (lambda d, p: d.faults.garbage(p, Garbage.HTML), "no list|not what GitHub"),
    "truncated": (lambda d, p: d.faults.garbage(p, Garbage.TRUNCATED), "no sound JSON"),
    "empty": (lambda d, p: d.faults.garbage(p, Garbage.EMPTY), "no list|not what GitHub"),
    "shape": (lambda d, p: d.faults.garbage(p, Garbage.SHAPE), "no entry|no list|not what GitHub"),
    "endless": (lambda d, p: d.faults.endless(p), "do not end"),
}
STRUCK = {
    "repos": "/orgs/acme-rockets/repos",
    "teams": "/orgs/acme-rockets/teams",
    "apps": "/orgs/acme-rockets/installations",
    "keys": "/repos/acme-rockets/mission-website/keys",
    "settings": "/orgs/acme-rockets",
}


@pytest.mark.parametrize("struck", STRUCK)
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_a_gap_and_the_rest_is_read(github: Door, fault: str, struck: str) -> None:
    if fault == "endless" and struck == "settings":
        pytest.skip("it has no pages")
    strike, why = FAULTS[fault]
    strike(github, f"/api/v3{STRUCK[struck]}")
    directory = github.read()
    told = reasons(directory)
    assert any(word in told for word in why.split("|")), told
    assert "acme-rockets/user/otto-lift" in directory.identities
    assert any(one.known is None for one in directory.coverage) or struck in ("teams", "settings")


def test_a_repository_that_went_meanwhile_is_a_gap_of_its_keys(github: Door) -> None:
    github.faults.deny("/api/v3/repos/acme-rockets/handbook/keys", 404)
    told = reasons(github.read())
    assert "deploy keys of handbook" in told
    assert "administration:read" in told


KEYS = "/api/v3/repos/acme-rockets/mission-website/keys"


def test_a_repository_that_was_renamed_meanwhile_is_read_at_its_new_address(tmp_path: Path) -> None:
    """GitHub answers with 301 and the address by id.

    https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
    """

    def answer(request: Request, demo: Callable[[Request], Reply]) -> Reply:
        if request.path == KEYS:
            body = {"message": "Moved Permanently", "url": f"{running[0].server.url}{MOVED}"}
            return Reply(301, body, {"Location": f"{running[0].server.url}{MOVED}"})
        return demo(replace(request, path=KEYS) if request.path == MOVED else request)

    running: list[Door] = []
    with door(tmp_path, answer) as github:
        running.append(github)
        directory = github.read()
    assert reasons(directory) == ""
    assert "acme-rockets/mission-website/key/9001" in directory.identities


MOVED = "/api/v3/repositories/4711/keys"


@pytest.mark.parametrize(
    "address", ["https://evil.example/keys", "http://127.0.0.1:9/keys", "//evil.example/keys"]
)
def test_a_redirect_to_another_server_is_not_followed(tmp_path: Path, address: str) -> None:
    def answer(request: Request, demo: Callable[[Request], Reply]) -> Reply:
        if request.path == KEYS:
            return Reply(301, {"message": "Moved Permanently"}, {"Location": address})
        return demo(request)

    with door(tmp_path, answer) as github:
        told = reasons(github.read())
    assert "deploy keys of mission-website" in told
    assert "cannot be followed" in told or "could not be reached" in told
    assert "evil.example" not in told


def test_a_repository_that_was_deleted_meanwhile_leaves_the_others_read(github: Door) -> None:
    """All calls of one repository are 404, whatever hangs on it."""
    github.faults.deny("/api/v3/repos/acme-rockets/launch-calendar/*", 404)
    directory = github.read()
    told = reasons(directory)
    assert "deploy keys of launch-calendar" in told
    assert "direct collaborators of launch-calendar" in told
    assert "acme-rockets/orbit-api/key/9004" in directory.identities


def answering(status: int, message: str, **headers: str) -> Any:
    def answer(request: Request, demo: Callable[[Request], Reply]) -> Reply:
        if request.path != REPOS:
            return demo(request)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Reply(status, {"message": message, "documentation_url": "u"}, named)

    return answer


def test_single_sign_on_asks_to_authorize_the_token_at_an_address(github: Door) -> None:
    address = f"{github.server.url}/orgs/acme-rockets/sso?authorization_request=A1"
    github.faults.single_sign_on(REPOS, address)
    told = reasons(github.read())
    assert "SAML enforcement" in told
    assert f"authorize the audit's token for single sign-on at {address}" in told


def test_an_address_of_another_host_is_not_passed_on(tmp_path: Path) -> None:
    evil = answering(403, "SAML", X_GitHub_SSO="required; url=https://evil.example/sso")
    with door(tmp_path, evil) as github:
        assert "evil.example" not in reasons(github.read())


@pytest.mark.parametrize(
    ("message", "headers"),
    [
        ("You have exceeded a secondary rate limit.", {"Retry_After": "3600"}),
        ("You have exceeded a secondary rate limit.", {}),
    ],
    ids=["secondary", "secondary without a time"],
)
def test_no_limit_is_waited_for_longer_than_the_settings_say(
    tmp_path: Path, message: str, headers: dict[str, str]
) -> None:
    with door(tmp_path, answering(403, message, **headers)) as github:
        begun = time.monotonic()
        told = reasons(github.read())
        assert time.monotonic() - begun < 15
    assert "repositories of GitHub organisation acme-rockets" in told
    assert "run again with --resume" in told


def test_the_limit_of_the_hour_is_not_waited_for(github: Door) -> None:
    github.faults.rate_limit(REPOS, 99_999_999_999)
    begun = time.monotonic()
    told = reasons(github.read())
    assert time.monotonic() - begun < 15
    assert "RateLimit: API rate limit exceeded" in told
    assert "run again with --resume in an hour" in told


def test_a_next_page_on_another_server_is_not_asked_for(tmp_path: Path) -> None:
    def answer(request: Request, demo: Callable[[Request], Reply]) -> Reply:
        reply = demo(request)
        link = {"Link": '<https://evil.example/api/v3/orgs?page=2>; rel="next"'}
        return Reply(200, reply.body, link) if request.path == REPOS else reply

    with door(tmp_path, answer) as github:
        assert "on another server" in reasons(github.read())


def test_the_budget_ends_the_reading_and_says_so(tmp_path: Path) -> None:
    names = [f"service-{number}" for number in range(120)]
    with door(tmp_path, repositories=names, archived=[]) as github:
        directory = github.read(requests=100)
        assert github.asked <= 101
        told = reasons(directory)
        assert "used up" in told
        assert "raise `requests`" in told
        assert any("requests left of this run" in line for line in github.notes.lines)


@pytest.mark.parametrize(
    ("api", "web"),
    [
        ("https://api.github.com", "https://github.com"),
        ("https://github.acme.example/api/v3", "https://github.acme.example"),
        ("https://github.acme.example/api/v3/", "https://github.acme.example"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com"),
    ],
)
def test_the_web_pages_are_beside_the_api(api: str, web: str) -> None:
    assert Settings(base_url=api).web == web


def test_the_pace_is_kept(tmp_path: Path) -> None:
    with door(tmp_path, repositories=[], teams=[], outside=[]) as github:
        begun = time.monotonic()
        github.read(per_minute=3000, parallel=8)
        assert time.monotonic() - begun >= (github.asked - 1) * 60 / 3000
