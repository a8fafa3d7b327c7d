"""GitHub from exported files: what is read, what is refused, and that nothing reads as clean."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from github_files import deploy_key, read, replies, repository, told_of, write
from typer.testing import CliRunner

from auditor.cli import app
from auditor.collecting import Memory
from auditor.providers.github.directory import GitHubDirectory


def reasons(directory: GitHubDirectory) -> str:
    return "\n".join(f"{gap.what}: {gap.why} -> {gap.fix}" for gap in directory.gaps)


def test_a_whole_export_leaves_no_gap(tmp_path: Path) -> None:
    directory = told_of(tmp_path)
    assert reasons(directory) == ""
    assert len(directory.identities) == 14
    assert all(one.known == one.read for one in directory.coverage)


def test_the_command_line_prints_a_line_for_each_identity(tmp_path: Path) -> None:
    write(tmp_path, replies())
    done = CliRunner().invoke(app, ["resolve", "github", "--export", str(tmp_path)])
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    owner = next(line for line in lines if line["principal"] == "acme/credential/1")
    assert owner["capabilities"][0]["name"] == "admin"
    assert owner["complete"]
    assert owner["over_privileged"]


def test_no_character_of_a_token_is_kept(tmp_path: Path) -> None:
    held = Memory()
    planted = replies()
    planted["orgs/acme/credential-authorizations"][0]["token_last_eight"] = "b1c2Q7Zk"
    planted["orgs/acme/credential-authorizations"][0]["authorized_credential_note"] = (
        "ghp_" + "A1b2" * 9
    )
    read(write(tmp_path, planted), held)
    kept = json.dumps(held.documents)
    assert "Q7Zk" not in kept
    assert "A1b2" not in kept


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (b"", "it is empty"),
        (b"[{", "broken JSON"),
        (b"\xff\xfe[\x00", "broken JSON"),
        (b"[\xff]", "neither UTF-8 nor UTF-16 text"),
        (b"[1, 2]", "holds what is no entry"),
        (b'{"message": "Not Found", "documentation_url": "u", "status": "404"}', "404: Not Found"),
        (b"[" * 100_000, "levels deep, line 1"),
    ],
    ids=["empty", "cut", "utf-16", "latin", "numbers", "refused", "deep"],
)
def test_what_cannot_be_used_is_a_gap(tmp_path: Path, reply: bytes, why: str) -> None:
    directory = told_of(tmp_path, orgs__acme__repos=reply)
    assert why in reasons(directory)
    assert "repositories of GitHub organisation acme" in reasons(directory)
    assert directory.resolve("acme/user/olive").gaps


def test_files_may_be_packed_and_lie_beside_others(tmp_path: Path) -> None:
    folder = write(tmp_path, replies())
    plain = folder / "orgs/acme/repos.json"
    (folder / "orgs/acme/repos.json.gz").write_bytes(gzip.compress(plain.read_bytes()))
    plain.unlink()
    (folder / "notes.txt").write_text("what was exported, and when")
    assert reasons(read(folder)) == ""


@pytest.mark.parametrize("count", [30, 100])
def test_a_whole_page_may_be_one_of_several(tmp_path: Path, count: int) -> None:
    many = [repository(f"r{number}") for number in range(count)]
    assert "as one page does" in reasons(told_of(tmp_path, orgs__acme__repos=many))


@pytest.mark.parametrize("form", ["one after the other", "in one list"])
def test_pages_are_joined(tmp_path: Path, form: str) -> None:
    pages = [[repository("shop"), repository("site")], [repository("tools"), repository("old")]]
    slurped = json.dumps(pages).encode()
    printed = (
        slurped if form == "in one list" else b"\n".join(json.dumps(p).encode() for p in pages)
    )
    directory = told_of(tmp_path, orgs__acme__repos=printed)
    assert next(c.read for c in directory.coverage if c.what == "repositories") == 4


@pytest.mark.parametrize("name", sorted(replies()))
def test_every_missing_file_is_a_gap_with_the_command_to_export_it(
    tmp_path: Path, name: str
) -> None:
    directory = told_of(tmp_path, **{name: None})
    found = [gap for gap in directory.gaps if "gh api --paginate" in gap.fix]
    assert found
    assert all(gap.source == "github acme" for gap in found)


def test_without_collaborators_what_people_may_do_is_not_wholly_known(tmp_path: Path) -> None:
    directory = told_of(tmp_path, **{"repos/acme/site/collaborators": None})
    assert directory.resolve("acme/credential/3").gaps
    assert not directory.resolve("acme/credential/1").gaps
    assert "direct collaborators" in reasons(directory)


def test_where_only_owners_hold_credentials_direct_access_is_not_missed(tmp_path: Path) -> None:
    files = {name: None for name in replies() if name.endswith("/collaborators")}
    told = {
        "orgs/acme/outside_collaborators": [],
        "orgs/acme/personal-access-tokens": [],
        "orgs/acme/credential-authorizations": replies()["orgs/acme/credential-authorizations"][:1],
    }
    directory = told_of(tmp_path, **(files | told))
    assert reasons(directory) == ""
    assert directory.resolve("acme/user/mia").gaps


FLAT = {
    "orgs/acme": "org",
    "orgs/acme/repos": "all-repos",
    "orgs/acme/members-admin": "admins",
    "orgs/acme/members": "members",
    "orgs/acme/outside_collaborators": "outside-collaborators",
    "orgs/acme/credential-authorizations": "sso",
    "orgs/acme/personal-access-tokens": "pats",
    "orgs/acme/installations": "apps",
    "orgs/acme/audit-log": "events",
    "repos/acme/shop/keys": "keys of shop",
}


def test_files_of_other_names_are_known_by_what_they_hold(tmp_path: Path) -> None:
    files = replies()
    files["orgs/acme"] |= {"default_repository_permission": "none"}
    for key in files["repos/acme/shop/keys"]:
        key["url"] = f"https://api.github.com/repos/acme/shop/keys/{key['id']}"
    directory = read(write(tmp_path, {FLAT[name]: files[name] for name in FLAT}))
    told = reasons(directory)
    for what in ("exported file", "settings of", "owners of", "installed GitHub Apps", "audit log"):
        assert what not in told, told
    assert directory.resolve("acme/credential/1").capabilities[0].name == "admin"
    assert "acme/shop/key/12" in directory.identities
    assert "deploy keys (3: old, site, tools)" in told


def test_paths_may_be_written_without_folders(tmp_path: Path) -> None:
    flat = {name.replace("/", "_"): reply for name, reply in replies().items()}
    assert reasons(read(write(tmp_path, flat))) == ""


@pytest.mark.parametrize(
    "name", ["team core members", "core_members", "all of shop_keys", "repos_x"]
)
def test_an_empty_list_under_a_vague_name_is_no_empty_organisation(
    tmp_path: Path, name: str
) -> None:
    directory = read(write(tmp_path, {"orgs/acme": replies()["orgs/acme"], name: []}))
    assert "no reply of a call" in reasons(directory)
    assert "members of GitHub organisation acme" in reasons(directory)


def test_keys_of_several_repositories_in_one_file_are_told_apart(tmp_path: Path) -> None:
    mixed = [
        deploy_key(21, "a", url="https://api.github.com/repos/acme/shop/keys/21"),
        deploy_key(22, "b", url="https://api.github.com/repos/acme/tools/keys/22"),
    ]
    files = {"repos": replies()["orgs/acme/repos"], "keys": mixed}
    found = read(write(tmp_path, files)).identities
    assert {"acme/shop/key/21", "acme/tools/key/22"} <= found.keys()
    assert "acme/shop/key/22" not in found


def test_repositories_of_a_team_are_not_taken_for_all_there_are(tmp_path: Path) -> None:
    only = {"repos of team core": [repository("shop")]}
    assert "no reply of a call" in reasons(read(write(tmp_path, only)))


def test_two_files_of_one_listing_are_said(tmp_path: Path) -> None:
    twice = {"orgs/acme/repos": [repository("shop")], "x/orgs/acme/repos": [repository("site")]}
    assert "holds the same listing" in reasons(read(write(tmp_path, twice)))


def test_what_does_not_tell_its_organisation_is_said(tmp_path: Path) -> None:
    only = {"sso": replies()["orgs/acme/credential-authorizations"]}
    assert "does not tell of what" in reasons(read(write(tmp_path, only)))


def test_a_file_at_no_path_of_a_call_is_said(tmp_path: Path) -> None:
    assert "notes.json" in reasons(told_of(tmp_path, notes={"a": 1}))


def test_nothing_outside_the_folder_is_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text("[]")
    folder = tmp_path / "export"
    (folder / "orgs/acme").mkdir(parents=True)
    (folder / "orgs/acme/repos.json").symlink_to(secret)
    assert "link out of the export folder" in reasons(read(folder))


def test_an_empty_folder_is_never_clean(tmp_path: Path) -> None:
    assert "everything of GitHub" in reasons(read(tmp_path))


def test_the_audit_log_says_how_far_it_sees(tmp_path: Path) -> None:
    audit, git = told_of(tmp_path).logs
    assert (audit.retention_days.value, git.retention_days.value) == (180, 7)  # type: ignore[union-attr]
    assert audit.records_ips.value is False  # type: ignore[union-attr]
    refused = {"message": "Forbidden", "documentation_url": "u", "status": "403"}
    audit, _ = told_of(tmp_path, **{"orgs/acme/audit-log": refused}).logs
    assert "read:audit_log" in audit.enabled.gap.fix  # type: ignore[union-attr]


def test_a_key_that_may_push_to_an_open_branch_is_a_weakness(tmp_path: Path) -> None:
    (weakness,) = told_of(tmp_path).weaknesses
    assert weakness.identity_id == "acme/shop/key/12"
    assert (
        told_of(
            tmp_path, **{"repos/acme/shop/rules/branches/main": [{"type": "pull_request"}]}
        ).weaknesses
        == ()
    )
