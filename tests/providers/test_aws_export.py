"""Exported files become the documents that reading live would have left."""

from __future__ import annotations

import codecs
import json
import os
from pathlib import Path
from typing import Any

import pytest

from auditor.models import Confidence
from auditor.providers import exports
from auditor.providers.aws import PROVIDER, export, files
from auditor.providers.aws.directory import AwsDirectory
from auditor.providers.aws.settings import Settings

SAMPLE = Path(__file__).parents[1] / "data" / "aws" / "export"
ACCOUNT = "444455556666"
CI_KEY, OLD_KEY, ALICE_KEY = "AKIAWO645SY5ACPDO6NR", "AKIAWO645SY5AA6G543C", "AKIAWO645SY5ADNKM3IT"


def arn(name: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:user/{name}"


def read(world: Any, folder: Path) -> AwsDirectory:
    settings = Settings(export=str(folder))
    export.collect(settings, world.collecting)
    return PROVIDER.read(settings, world.snapshot)


def details(*users: str, account: str = ACCOUNT, **more: Any) -> dict[str, Any]:
    entries = [{"UserName": u, "Arn": f"arn:aws:iam::{account}:user/{u}"} for u in users]
    lists = {"UserDetailList": entries, "GroupDetailList": [], "RoleDetailList": [], "Policies": []}
    return lists | more


def keys(user: str, *ids: str) -> dict[str, Any]:
    listed = [{"UserName": user, "AccessKeyId": id_, "Status": "Active"} for id_ in ids]
    return {"AccessKeyMetadata": listed}


def put(folder: Path, name: str, *documents: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(document) for document in documents), "utf-8")


def whys(directory: AwsDirectory) -> str:
    return " | ".join(f"{gap.what}: {gap.why}" for gap in directory.gaps)


# --- the sample ------------------------------------------------------------------------------


def test_the_sample_is_read_completely(world: Any) -> None:
    directory = read(world, SAMPLE)
    assert directory.gaps == ()
    assert directory.coverage[1].note == "acme-production"
    assert {identity.name for identity in directory.identities.values()} == {
        "ci-deploy", "alice", "artifact-push", "retired", "web", "<root_account>"
    }  # fmt: skip
    assert directory.identities[arn("retired")].status.startswith("quarantined")


def test_the_sample_answers_whose_key_it_is(world: Any) -> None:
    directory = read(world, SAMPLE)
    secret = world.secret(CI_KEY)
    match = directory.identify(world.credential(secret), {secret.id: secret})
    assert (match.best.identity_id, match.best.key) == (arn("ci-deploy"), "AKIAWO645SY5ACPD****")  # type: ignore[union-attr]
    assert match.best.confidence is Confidence.HIGH  # type: ignore[union-attr]
    facts = [evidence.fact for evidence in match.best.evidence]  # type: ignore[union-attr]
    assert "described as: circleci, web deploys" in facts
    assert "last used 2026-10-30" in facts


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ci-deploy", {"supply-chain", "impersonate", "read-secrets limited", "deploy",
                       "destroy", "read-secrets", "read-config"}),
        ("artifact-push", {"supply-chain limited", "read-data limited"}),
        ("retired", set()),
    ],
)  # fmt: skip
def test_the_sample_says_what_they_may_do(world: Any, name: str, expected: set[str]) -> None:
    resolution = read(world, SAMPLE).resolve(arn(name))
    assert resolution.gaps == ()
    assert {
        f"{c.name}{' limited' if c.limited else ''}" for c in resolution.capabilities
    } == expected
    conditional = {str(c.name) for c in resolution.capabilities if c.conditional}
    # Which functions run as the role that Lambda may act as, no export tells.
    assert conditional <= {"impersonate"}


def test_no_key_id_and_no_tail_gets_into_the_snapshot(world: Any) -> None:
    read(world, SAMPLE)
    text = "\n".join([*world.snapshot.texts, *world.snapshot.texts.values()])
    assert CI_KEY[:-4] in text
    for key_id in (CI_KEY, OLD_KEY, ALICE_KEY):
        assert key_id not in text
        assert f'"{key_id[-4:]}"' not in text


def test_reading_again_keeps_what_is_complete(world: Any) -> None:
    read(world, SAMPLE)
    world.snapshot.saved.clear()
    read(world, SAMPLE)
    assert world.snapshot.saved == ["aws/export/files"]


# --- shapes of exports -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "encode",
    [
        lambda text: text.encode(),
        lambda text: codecs.BOM_UTF8 + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: b"\n\n  " + text.encode(),
    ],
    ids=["utf-8", "bom", "powershell", "space"],
)
def test_encodings_that_shells_write(world: Any, tmp_path: Path, encode: Any) -> None:
    (tmp_path / "gaad").write_bytes(encode(json.dumps(details("ci"))))
    report = (SAMPLE / "credential-report.csv").read_text("utf-8")
    (tmp_path / "report").write_bytes(encode(report).lstrip())
    put(tmp_path, "ci.json", keys("ci", CI_KEY))
    directory = read(world, tmp_path)
    assert arn("ci") in directory.identities
    assert arn("people/alice") in directory.identities
    assert "neither" not in whys(directory)


def test_pages_are_put_together(world: Any, tmp_path: Path) -> None:
    put(tmp_path, "page-1.json", details("a", IsTruncated=True, Marker="m"))
    put(tmp_path, "page-2.json", details("b", NextToken="n"))
    cut = read(world, tmp_path)
    assert {identity.name for identity in cut.identities.values()} == {"a", "b"}
    assert "the export ends before its last page" in whys(cut)
    put(tmp_path, "page-3.json", details("c", IsTruncated=False))
    whole = read(world, tmp_path)
    assert {identity.name for identity in whole.identities.values()} == {"a", "b", "c"}
    assert "users, groups" not in whys(whole)


def test_a_list_of_replies_is_taken_apart(world: Any, tmp_path: Path) -> None:
    put(tmp_path, "all.json", [details("ci"), keys("ci", CI_KEY)])
    assert len(read(world, tmp_path).identities[arn("ci")].keys) == 1


def test_accounts_are_told_apart(world: Any, tmp_path: Path) -> None:
    other = "111122223333"
    put(tmp_path, "one/details.json", details("ci"))
    put(tmp_path, "two/details.json", details("ci", account=other))
    put(tmp_path, "keys/a.json", keys("ci", CI_KEY))  # its id carries the account
    put(tmp_path, "two/b.json", keys("ci", "AKIAAAAAAAAAAAAAAAAA"))  # its folder does
    put(tmp_path, "keys/c.json", keys("ci", "AKIABBBBBBBBBBBBBBBB"))  # nothing does
    put(tmp_path, "two/aliases.json", {"AccountAliases": ["two"]})
    put(tmp_path, "aliases.json", {"AccountAliases": ["whose"]})
    directory = read(world, tmp_path)
    held = {i.account: [key.label for key in i.keys] for i in directory.identities.values()}
    assert held == {ACCOUNT: ["AKIAWO645SY5ACPD****"], other: ["AKIAAAAAAAAAAAAA****"]}
    assert "keys/c.json: it does not tell which account its keys are of" in whys(directory)
    assert "aliases.json: it does not tell which account it is of" in whys(directory)
    assert {c.note for c in directory.coverage} >= {"two"}


def test_a_user_tells_the_account_where_nothing_else_does(world: Any, tmp_path: Path) -> None:
    put(tmp_path, "one/details.json", details("only-here"))
    put(tmp_path, "two/details.json", details("ci", account="111122223333"))
    put(tmp_path, "keys.json", keys("only-here", "AKIABBBBBBBBBBBBBBBB"))
    assert len(read(world, tmp_path).identities[arn("only-here")].keys) == 1


@pytest.mark.parametrize(
    ("name", "listed"),
    [("ci", 1), ("list-access-keys-ci", 1), ("CI", 1), ("my-ci", 0), ("x", 0)],
)
def test_an_empty_list_counts_only_for_the_user_it_is_called_after(
    world: Any, tmp_path: Path, name: str, listed: int
) -> None:
    put(tmp_path, "details.json", details("ci"))
    put(tmp_path, f"keys/{name}.json", keys("ci"))
    directory = read(world, tmp_path)
    assert directory.coverage[1].read == listed
    assert ("access keys of user ci" in whys(directory)) == (not listed)


def test_last_uses_find_their_key(world: Any, tmp_path: Path) -> None:
    put(tmp_path, "details.json", details("ci", "two"))
    put(tmp_path, "keys.json", keys("ci", CI_KEY), keys("two", ALICE_KEY, OLD_KEY))
    used = {"AccessKeyLastUsed": {"LastUsedDate": "2026-01-01T00:00:00Z"}}
    put(tmp_path, "used-1.json", {"UserName": "ci", **used})
    put(tmp_path, f"used-{OLD_KEY}.json", {"UserName": "two", **used})
    put(tmp_path, "used-2.json", {"UserName": "two", **used})
    directory = read(world, tmp_path)
    assert "used-2.json: it does not tell which key it is of" in whys(directory)
    uses = {k.label[-9:]: k.last_used for i in directory.identities.values() for k in i.keys}
    known = {label for label, use in uses.items() if type(use).__name__ == "Known"}
    assert known == {CI_KEY[11:16] + "****", OLD_KEY[11:16] + "****"}


def test_live_answers_are_not_overwritten(world: Any, tmp_path: Path) -> None:
    world.account = ACCOUNT
    world.write(users={"live": {}}, keys={"live": [world.metadata(1)]}, report=None)
    put(tmp_path, "details.json", details("old"))
    put(tmp_path, "report.json", {"Content": _report(), "ReportFormat": "text/csv"})
    directory = read(world, tmp_path)
    assert arn("live") in directory.identities
    assert arn("old") not in directory.identities
    assert "credential report" not in whys(directory)


def _report() -> str:
    import base64  # noqa: PLC0415

    return base64.b64encode((SAMPLE / "credential-report.csv").read_bytes()).decode()


# --- files that cannot be used ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.json", b"", "it is empty"),
        ("a.json", b'{"UserDetailList": [', "it is broken JSON"),
        ("a.json", b"{" + b"\xff" * 9, "it is neither UTF-8 nor UTF-16 text"),
        ("a.json", b'{"UserDetailList":' + b"[" * 100_000, "100 levels deep, line 1"),
        ("a.json", b'{"Roles": []}', "it is no reply of a call that the audit reads"),
        ("a.json", b'[1, "x", null]', "it is no reply of a call that the audit reads"),
        ("a.csv", b"name,other\n1,2\n", "it is neither JSON nor a report"),
        ("a.json", b'{"UserDetailList": 7}', "it does not tell which account it is of"),
        ("a.json", b'{"Content": "not base64"}', "it does not tell which account it is of"),
        (
            "a.json",
            b'{"AccessKeyMetadata": [{"UserName": 1}]}',
            "has no AccessKeyId: it was left out",
        ),
        ("a.json", b'{"AccessKeyMetadata": [{"AccessKeyId": "AKIA"}]}', "which account its keys"),
        ("a.json", b'{"AccessKeyLastUsed": 3}', "it does not tell which key it is of"),
        ("a.json", b'{"AccessKeyMetadata": [], "IsTruncated": true}', "ends before its last page"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    world: Any, tmp_path: Path, name: str, data: bytes, why: str
) -> None:
    (tmp_path / name).write_bytes(data)
    directory = read(world, tmp_path)
    assert {gap.what for gap in directory.gaps} == {f"exported file {name}"}
    assert why in directory.gaps[-1].why


def test_what_is_no_reply_is_passed_over(world: Any, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("How I exported this")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    assert read(world, tmp_path).gaps == ()


def test_a_broken_file_may_hide_a_key_a_strange_one_does_not(world: Any, tmp_path: Path) -> None:
    secret = world.secret("AKIAWO645SY5ACPDAAAA")
    put(tmp_path, "details.json", details("ci"))
    put(tmp_path, "ci.json", keys("ci", CI_KEY))
    put(tmp_path, "report.json", {"Content": _report()})
    for user in ("alice", "artifact-push", "ci-deploy"):
        put(tmp_path, f"{user}.json", keys(user, "AKIAWO645SY5ACPDQQQQ"))
    put(tmp_path, "summary.json", {"SummaryMap": {}})
    answer = read(world, tmp_path).identify(world.credential(secret), {secret.id: secret})
    assert answer.searched  # type: ignore[union-attr]
    (tmp_path / "broken.json").write_text("{")
    answer = read(world, tmp_path).identify(world.credential(secret), {secret.id: secret})
    assert not answer.searched  # type: ignore[union-attr]


def test_a_folder_that_is_not_there_is_a_gap(world: Any, tmp_path: Path) -> None:
    directory = read(world, tmp_path / "nowhere")
    assert "the export does not exist" in whys(directory)
    assert directory.identities == {}


def test_nothing_outside_the_folder_is_opened(world: Any, tmp_path: Path) -> None:
    inside, outside = tmp_path / "export", tmp_path / "outside"
    put(outside, "details.json", details("secret"))
    inside.mkdir()
    (inside / "file.json").symlink_to(outside / "details.json")
    (inside / "folder").symlink_to(outside)
    os.mkfifo(inside / "pipe.json")
    put(inside, "real.json", details("ci"))
    (inside / "again.json").symlink_to(inside / "real.json")
    directory = read(world, inside)
    assert {i.name for i in directory.identities.values()} == {"ci"}
    assert whys(directory).count("it is a link out of the export folder") == 2
    assert "pipe.json: it is not a plain file" in whys(directory)


def test_the_size_of_an_export_is_bounded(tmp_path: Path) -> None:
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(exports.LARGEST_FILE + 1)
    found = list(files.read_export(tmp_path))
    assert found == [exports.Problem("huge.json", "it is larger than 512 MiB")]
