"""The audit's own login: as a GitHub App by its private key, and what any login cannot see."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from github_door import APP, APP_ID, BARE, KEY, OWNER, VARIABLE, Door, door, pem, private_key
from judge import judge, needs_specifications

from auditor.console import REDACTOR
from auditor.demo import scenario
from auditor.demo.wire import Reply, Request
from auditor.providers.github.directory import GitHubDirectory
from auditor.providers.github.parts import PARTS
from auditor.report.rows.secrets import COLUMNS

ORG = "/api/v3/orgs/acme-rockets"
AUDITOR = (scenario.load().github or {})["auditor"]
AS_APP = {"app_id": APP_ID, "private_key_env": KEY}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY, pem(private_key()))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def github(tmp_path: Path) -> Iterator[Door]:
    with door(tmp_path) as running:
        yield running


def reasons(directory: GitHubDirectory) -> str:
    return "\n".join(f"{gap.what}: {gap.why} -> {gap.fix}" for gap in directory.gaps)


# --- as an app ---------------------------------------------------------------------------------


def test_an_app_logs_in_by_its_key_and_reads_everything(github: Door) -> None:
    directory = github.read(**AS_APP)
    assert reasons(directory) == ""
    assert len(directory.identities) == 21
    assert github.snapshot.documents["github/credential"]["Login"] == "secrets-auditor"


@needs_specifications
def test_the_login_keeps_to_githubs_own_schema(github: Door) -> None:
    github.read(**AS_APP)
    told = judge(github.server.recording.lines()).objections
    # The description at hand was cut to what was asked when it was kept: not to logins.
    assert {one.rpartition(": ")[2] for one in told} <= {"no such operation"}
    assert all("installation" in one.split()[1] for one in told)


def test_the_only_call_that_is_no_reading_asks_for_the_apps_own_token(github: Door) -> None:
    github.read(**AS_APP)
    written = [one for one in github.server.recording if one["method"] != "GET"]
    (asked,) = {(one["method"], one["path"]) for one in written}
    assert asked == ("POST", f"/api/v3/app/installations/{AUDITOR['installation']}/access_tokens")
    assert len(written) == 1, "one token serves all threads"


def test_the_token_may_read_only_whatever_the_app_was_granted(tmp_path: Path) -> None:
    """The demo refuses a token with more, or other, than what the app holds."""
    seen: list[Any] = []

    def answer(request: Request, demo: Callable[[Request], Reply]) -> Reply:
        if request.method == "POST":
            seen.append(json.loads(request.body)["permissions"])
        return demo(request)

    # Issues are not read for an audit, so no right to them is asked for.
    granted = {**AUDITOR["permissions"], "issues": "read"}
    with door(tmp_path, answer, auditor=AUDITOR | {"permissions": granted}) as github:
        github.read(**AS_APP)
    assert seen == [AUDITOR["permissions"]]
    assert set(seen[0].values()) == {"read"}


@pytest.mark.parametrize("form", ["file", "one line", "spaces around"])
def test_the_key_may_be_a_file_or_a_variable(
    github: Door, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    written = pem(private_key())
    changes: dict[str, Any] = dict(AS_APP)
    if form == "file":
        monkeypatch.delenv(KEY)
        (tmp_path / "key.pem").write_text(written)
        changes["private_key_file"] = str(tmp_path / "key.pem")
    elif form == "one line":
        monkeypatch.setenv(KEY, written.replace("\n", "\\n"))
    else:
        monkeypatch.setenv(KEY, f"\n {written}\n ")
    assert reasons(github.read(**changes)) == ""


def _ed25519() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


BAD: dict[str, Callable[[], str]] = {
    "empty": str,
    "no key": lambda: "planted-text-that-is-no-key",
    "cut off": lambda: pem(private_key())[:400],
    "not of RSA": _ed25519,
}


@pytest.mark.parametrize("bad", BAD)
def test_a_key_that_is_none_is_named_and_never_shown(
    github: Door, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    value = BAD[bad]()
    monkeypatch.setenv(KEY, value)
    directory = github.read(**AS_APP)
    assert github.asked == 0
    (gap,) = [one for one in directory.gaps if one.what.startswith("everything")]
    assert (
        "is not set" in gap.why if bad == "empty" else "private key of the app is none" in gap.why
    )
    assert KEY in gap.fix
    assert not value or value not in json.dumps(github.snapshot.documents)
    assert "planted" not in reasons(directory)


def test_a_missing_file_is_named(github: Door) -> None:
    told = reasons(github.read(**AS_APP, private_key_file="/nowhere/key.pem"))
    assert "cannot be read: No such file" in told


def test_a_key_of_another_app_is_refused_by_github(
    github: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY, pem(private_key(1)))
    told = reasons(github.read(**AS_APP))
    assert "401: A JSON web token could not be decoded" in told
    assert "see that app_id is the app's" in told
    assert "app_id" in reasons(github.read(**AS_APP | {"app_id": "7"}))


def test_an_organisation_without_the_app_is_a_gap_and_others_are_read(github: Door) -> None:
    directory = github.read(**AS_APP, organizations=("acme-rockets", "elsewhere"))
    told = [gap for gap in directory.gaps if "elsewhere" in gap.what]
    assert told
    assert all("not installed in elsewhere" in gap.why for gap in told if gap.why)
    assert any("install the audit's app" in gap.fix for gap in told)
    assert "acme-rockets/user/otto-lift" in directory.identities


@pytest.mark.parametrize(
    "path", ["/app", "/orgs/acme-rockets/installation", "/app/installations/*"]
)
@pytest.mark.parametrize("fault", ["deny", "drop", "garbage"])
def test_a_login_that_fails_is_a_gap_and_no_crash(github: Door, path: str, fault: str) -> None:
    getattr(github.faults, fault)(f"/api/v3{path}", *([github_garbage()] * (fault == "garbage")))
    directory = github.read(**AS_APP)
    only_its_name = path == "/app"
    assert bool(reasons(directory)) is not only_its_name
    assert all((one.known is None) is not only_its_name for one in directory.coverage)


def github_garbage() -> Any:
    from auditor.demo.faults import Garbage  # noqa: PLC0415

    return Garbage.SHAPE


def test_neither_key_nor_token_is_in_a_document_a_log_or_a_message(
    github: Door, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    github.read(**AS_APP)
    said = json.dumps(github.snapshot.documents) + caplog.text + "".join(github.notes.lines)
    key = pem(private_key())
    assert APP not in said
    assert not [line for line in key.splitlines() if line in said]
    assert REDACTOR.clean(f"trouble with {key} and {APP}").count("BEGIN") == 0
    assert key.splitlines()[5] not in REDACTOR.clean(key)


# --- what a login cannot see -------------------------------------------------------------------


def test_an_app_on_selected_repositories_does_not_see_all_and_says_so(tmp_path: Path) -> None:
    with door(tmp_path, auditor=AUDITOR | {"selection": "selected"}) as github:
        told = reasons(github.read(**AS_APP))
        assert "repositories of GitHub organisation acme-rockets: Partial: the app is" in told
        assert "install the app on all repositories" in told


def test_the_token_of_an_app_on_selected_repositories_says_so_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, APP)
    with door(tmp_path, auditor=AUDITOR | {"selection": "selected"}) as github:
        assert "installed on selected repositories" in reasons(github.read())


def test_a_permission_that_the_app_lacks_is_said_before_anything_is_read(tmp_path: Path) -> None:
    less = {k: v for k, v in AUDITOR["permissions"].items() if k != "administration"}
    with door(tmp_path, auditor=AUDITOR | {"permissions": less}) as github:
        told = reasons(github.read(**AS_APP))
        (line,) = [one for one in github.notes.lines if "administration:read" in one]
        assert "(acme-rockets): deploy keys" in line
        assert "deploy keys (7" in told
        assert "accept it in acme-rockets" in told


def test_what_is_answered_to_a_token_with_too_few_scopes_is_not_all(
    github: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitHub answers with what is public, as if that were all: absence proves nothing then."""
    monkeypatch.setenv(VARIABLE, BARE)
    directory = github.read()
    told = reasons(directory)
    assert "repositories of GitHub organisation acme-rockets: Partial" in told
    assert "the token lacks the scope repo" in told
    assert all(
        one.known is None for one in directory.coverage if one.what in ("repositories", "members")
    )


def _fine_grained(request: Request, demo: Callable[[Request], Reply]) -> Reply:
    reply = demo(request)
    kept = {name: value for name, value in reply.headers.items() if name != "X-OAuth-Scopes"}
    return Reply(reply.status, reply.body, kept)


def test_a_fine_grained_token_that_sees_all_private_repositories_sees_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, OWNER)
    with door(tmp_path, _fine_grained) as github:
        told = reasons(github.read())
        assert github.snapshot.documents["github/credential"]["Kind"] == "fine-grained"
        assert "may be limited" not in told


@pytest.mark.parametrize("count", [99, None])
def test_a_fine_grained_token_that_may_be_limited_does_not_see_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int | None
) -> None:
    def answer(request: Request, demo: Callable[[Request], Reply]) -> Reply:
        reply = _fine_grained(request, demo)
        if request.path == ORG and isinstance(reply.body, dict):
            body = {k: v for k, v in reply.body.items() if k != "total_private_repos"}
            return Reply(200, body | ({"total_private_repos": count} if count else {}))
        return reply

    monkeypatch.setenv(VARIABLE, OWNER)
    with door(tmp_path, answer) as github:
        told = reasons(github.read())
        assert "a fine-grained token may be limited to some" in told
        assert ("of 99 private" in told) is (count == 99)


@pytest.mark.parametrize(("shared", "whole"), [("none", False), ("read", True), ("admin", True)])
def test_who_is_no_owner_sees_what_is_shared_with_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shared: str, whole: bool
) -> None:
    monkeypatch.setenv(VARIABLE, OWNER)
    with door(tmp_path, owners=["vera-orbit"], default_permission=shared) as github:
        told = reasons(github.read())
    assert ("otto-lift is no owner, and sees what is shared with them" in told) is not whole


def test_every_column_that_a_gap_names_is_one_of_the_workbook() -> None:
    assert {part.column for part in PARTS} <= {column.header for column in COLUMNS}
