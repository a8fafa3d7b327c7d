"""No entry of an export is left out without a word: how many, and which is the first."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import exported_files
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor import exported
from auditor.providers.exports import Problem, counted, values

NOW = datetime(2026, 11, 22, tzinfo=UTC)
JUNK: tuple[Any, ...] = (None, 7, "x", {}, {"a": 1})


def listings(document: Any) -> Iterator[list[Any]]:
    """Yield the lists of objects at the top of a document."""
    found = [document, *(document.values() if isinstance(document, dict) else ())]
    for one in found:
        if isinstance(one, list) and one and all(isinstance(entry, dict) for entry in one):
            yield one


def told(provider: str, folder: Path) -> str:
    lines = exported.answer(provider, NOW, folder, None)
    return json.dumps([line["gaps"] for line in lines if "principal" not in line])


@pytest.mark.parametrize("write", exported_files.ALL)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chance=st.randoms(use_true_random=False), junk=st.sampled_from(JUNK))
def test_what_is_no_entry_is_counted_and_named(
    tmp_path: Path, write: Callable[[Path], None], chance: random.Random, junk: Any
) -> None:
    folder = tmp_path / "export"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write(folder)
    files = {path: list(values(path.read_bytes())) for path in sorted(folder.rglob("*.json"))}
    found = [
        (path, listing)
        for path, documents in files.items()
        for document in documents
        for listing in listings(document)
    ]
    path, listing = chance.choice(found)
    number = chance.randint(1, len(listing))
    before = told(write.__name__, folder)
    assert "entry" not in before
    listing[number - 1] = junk
    path.write_text("\n".join(map(json.dumps, files[path])))
    nested = any(isinstance(d, dict) and d.get("children") is listing for d in files[path])
    assert f"entry {1 if nested else number}" in told(write.__name__, folder)


EMAIL = "ci@p-1.iam.gserviceaccount.com"
POLICY = {"resource": "//x/projects/p-1"}
LACKING: tuple[tuple[str, str, Any, str], ...] = (
    ("gcp", "a", {**POLICY, "policy": {"bindings": [{"role": 7}]}}, "bindings that are none"),
    ("gcp", "a", {**POLICY, "policy": {"bindings": [{"role": "roles/owner", "members": "x"}]}},
     "bindings that are none"),
    ("gcp", "a", {**POLICY, "policy": {"bindings": 7}}, "without a resource or bindings"),
    ("gcp", "a", {"policy": {}, "resource": None}, "without a resource or bindings"),
    ("gcp", "a", {"name": "roles/x", "includedPermissions": None}, "permissions are no list"),
    ("gcp", "g@acme.example", {"preferredMemberKey": {"name": EMAIL}}, "members without an id"),
    ("gcp", "a", {"assetType": 7, "resource": {}}, "do not tell what they are"),
    ("gcp", "a", {"projectId": 7, "projectNumber": 7}, "projects without an id"),
    ("azure", "a", {"appId": "1", "servicePrincipalType": "Application"}, "without id"),
    ("azure", "a", {"directoryScopeId": "/", "roleDefinitionId": "r", "principalId": None},
     "directory-assignments without principalId"),
    ("azure", "owners", {"id": "1", "userPrincipalName": "a@b"}, "does not tell of what"),
    ("aws", "a", {"UserDetailList": [{"UserName": 7, "Arn": None}]}, "has no UserName or Arn"),
    ("aws", "a", {"RoleDetailList": {"RoleName": "x"}, "UserDetailList": []}, "is no list"),
    ("github", "orgs/acme/repos", [{"name": None}], "1 of 1, the first is entry 1"),
)  # fmt: skip


@pytest.mark.parametrize(("provider", "name", "document", "why"), LACKING)
def test_what_does_not_tell_what_it_is_is_named(
    tmp_path: Path, provider: str, name: str, document: Any, why: str
) -> None:
    file = tmp_path / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document))
    assert why in told(provider, tmp_path)


def test_problems_of_entries_are_counted() -> None:
    found = [Problem("a", "odd", entry=n) for n in (7, 3, 3_000)]
    once = [
        Problem("a", "odd", strange=True, entry=2),
        Problem("b", "broken"),
        Problem("b", "broken"),
    ]
    assert [(one.file, one.why) for one in counted([*found, *once])] == [
        ("a", "odd (3 entries, the first is entry 3)"),
        ("a", "odd (entry 2)"),
        ("b", "broken"),
    ]
