"""Single and packed exports, and further files beside an account's details."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.models import Known, Unknown
from auditor.providers import exports
from auditor.providers.aws import export
from auditor.providers.aws.accounts import Reading, read_accounts
from auditor.providers.aws.settings import Settings
from auditor.providers.aws.surroundings import Surroundings

ACCOUNT = "444455556666"
USER, ROLE = f"arn:aws:iam::{ACCOUNT}:user/ci", f"arn:aws:iam::{ACCOUNT}:role/deploy"
DETAILS = {
    "UserDetailList": [{"UserName": "ci", "Arn": USER}],
    "GroupDetailList": [],
    "RoleDetailList": [{"RoleName": "deploy", "Arn": ROLE}],
    "Policies": [],
}
FULL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*"}]}
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:jobs"


def read(world: Any, path: Path) -> Reading:
    export.collect(Settings(export=str(path)), world.collecting)
    return read_accounts([], world.snapshot)


def beside(world: Any, folder: Path, name: str, document: Any) -> tuple[Surroundings, list[str]]:
    """Return what is read of an account with one more file, and what is wrong with files."""
    (folder / "details.json").write_text(json.dumps(DETAILS))
    (folder / name).write_text(json.dumps(document))
    reading = read(world, folder)
    return reading.accounts[0].surroundings, [gap.why for gap in reading.unusable]


# --- one file --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["details.json", "details.json.gz", "anything"])
def test_a_single_file_is_an_export(world: Any, tmp_path: Path, name: str) -> None:
    data = json.dumps(DETAILS).encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    (tmp_path / "other.json").write_text("{")
    reading = read(world, tmp_path / name)
    assert set(reading.accounts[0].principals) == {USER, ROLE}
    assert reading.unusable == ()


def test_a_link_that_is_named_outright_is_followed(world: Any, tmp_path: Path) -> None:
    (tmp_path / "details.json").write_text(json.dumps(DETAILS))
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link.json").symlink_to(tmp_path / "details.json")
    assert read(world, tmp_path / "folder" / "link.json").accounts


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (gzip.compress(json.dumps(DETAILS).encode(), mtime=0)[:40], "it is broken gzip"),
        (b"\x1f\x8bnot gzip at all", "it is broken gzip"),
        (gzip.compress(b"{" + b" " * 3000 + b"}", mtime=0), "it is larger than 0 MiB"),
        (gzip.compress(b"", mtime=0), "it is empty"),
    ],
)
def test_packed_files_are_bounded_and_may_be_broken(
    world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: bytes, why: str
) -> None:
    monkeypatch.setattr(exports, "LARGEST_FILE", 2000)
    (tmp_path / "export.json.gz").write_bytes(data)
    assert [gap.why for gap in read(world, tmp_path).unusable] == [why]


# --- limits ----------------------------------------------------------------------------------


def test_guardrails_are_levels_of_documents(world: Any, tmp_path: Path) -> None:
    told = {"ServiceControlPolicies": [[FULL], [FULL, FULL]], "ResourceControlPolicies": None}
    found, problems = beside(world, tmp_path, "guardrails.json", told)
    assert problems == []
    assert found.guardrails.scps == Known(((FULL,), (FULL, FULL)))
    assert found.guardrails.rcps == Known(None)


def test_a_kind_of_guardrails_that_is_not_told_is_unknown(world: Any, tmp_path: Path) -> None:
    told = {"AccountId": ACCOUNT, "ServiceControlPolicies": [[FULL]]}
    found, _ = beside(world, tmp_path, "guardrails.json", told)
    assert found.guardrails.scps == Known(((FULL,),))
    assert isinstance(found.guardrails.rcps, Unknown)


@pytest.mark.parametrize("levels", [[], [[{"Statement": 1}, "{"]], "none", [7], {}])
def test_broken_guardrails_limit_nothing_silently(world: Any, tmp_path: Path, levels: Any) -> None:
    told = {"ServiceControlPolicies": levels, "ResourceControlPolicies": None}
    found, problems = beside(world, tmp_path, "guardrails.json", told)
    assert problems or isinstance(found.guardrails.scps, Unknown)


# --- use -------------------------------------------------------------------------------------


def use(entity: str = "") -> dict[str, Any]:
    service = {"ServiceNamespace": "s3", "LastAuthenticated": "2026-11-01T00:00:00Z"}
    told = {"LastAuthenticatedEntity": entity} if entity else {}
    return {
        "JobStatus": "COMPLETED",
        "JobCompletionDate": "2026-11-22T00:00:00Z",
        "ServicesLastAccessed": [{"ServiceNamespace": "iam"}, service | told],
    }


@pytest.mark.parametrize(
    ("name", "entity", "arn"),
    [("x.json", USER, USER), ("deploy.json", "", ROLE), ("CI.json", "", USER)],
)
def test_use_is_of_whom_the_reply_or_its_file_names(
    world: Any, tmp_path: Path, name: str, entity: str, arn: str
) -> None:
    found, problems = beside(world, tmp_path, name, use(entity))
    assert problems == []
    (fact,) = found.last_accessed.values()
    assert isinstance(fact, Known)
    assert list(found.last_accessed) == [arn]
    assert fact.value.unused_services() == ("iam",)


# --- resources and providers -----------------------------------------------------------------


def policy(resource: str) -> str:
    statement = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


@pytest.mark.parametrize(
    ("document", "arn"),
    [
        ({"Policy": policy("arn:aws:s3:::acme/*")}, "arn:aws:s3:::acme"),
        (
            {"Policy": policy(f"arn:aws:lambda:r:{ACCOUNT}:function:f"), "RevisionId": "1"},
            f"arn:aws:lambda:r:{ACCOUNT}:function:f",
        ),
        (
            {"ARN": f"arn:aws:secretsmanager:r:{ACCOUNT}:secret:a", "ResourcePolicy": policy("*")},
            f"arn:aws:secretsmanager:r:{ACCOUNT}:secret:a",
        ),
        ({"Attributes": {"QueueArn": QUEUE, "Policy": policy("*")}}, QUEUE),
    ],
)
def test_policies_of_resources(world: Any, tmp_path: Path, document: Any, arn: str) -> None:
    found, problems = beside(world, tmp_path, "policy.json", document)
    assert problems == []
    fact = found.resource_policies[arn]
    assert isinstance(fact, Known)
    assert fact.value["Statement"]["Principal"] == "*"


def test_a_queue_without_a_policy_is_known_to_have_none(world: Any, tmp_path: Path) -> None:
    found, _ = beside(world, tmp_path, "queue.json", {"Attributes": {"QueueArn": QUEUE}})
    assert found.resource_policies == {QUEUE: Known(None)}


@pytest.mark.parametrize(
    "document",
    [use(), {"Policy": policy("*")}, {"Policy": "{"}, {"Policy": policy("arn:aws:s3:::a*")}],
)
def test_what_nobody_can_place_is_told(world: Any, tmp_path: Path, document: Any) -> None:
    _, problems = beside(world, tmp_path, "nobody.json", document)
    assert problems == ["it does not tell which identity or resource it is of"]


def test_the_reply_about_a_policy_of_an_identity_is_of_no_use(world: Any, tmp_path: Path) -> None:
    (tmp_path / "details.json").write_text(json.dumps(DETAILS))
    (tmp_path / "policy.json").write_text(json.dumps({"Policy": {"PolicyName": "p"}}))
    assert [gap.what for gap in read(world, tmp_path).strange] == ["exported file policy.json"]


def test_identity_providers_are_completed_by_their_details(world: Any, tmp_path: Path) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/"
    listed = {"OpenIDConnectProviderList": [{"Arn": f"{arn}a.example"}, {"Arn": f"{arn}b.example"}]}
    (tmp_path / "list.json").write_text(json.dumps(listed))
    told = {"Url": "b.example", "ClientIDList": ["1"], "ThumbprintList": []}
    found, _ = beside(world, tmp_path, "b.json", told)
    assert isinstance(found.oidc_providers, Known)
    assert [(p.url, p.clients) for p in found.oidc_providers.value] == [
        ("a.example", ()),
        ("b.example", ("1",)),
    ]
