"""Whatever GitHub, or a file, says: nothing is raised, and nothing strange reads as clean."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from github_files import read, replies, write
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.collecting import Memory
from auditor.providers.github import PROVIDER
from auditor.providers.github.directory import GitHubDirectory
from auditor.providers.github.settings import Settings

OUR_OWN = {"Tail", "Tails", "LoginTail", "Fingerprints"}
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=12)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=6,
)


GUARDED: dict[str, Any] = {
    "repos/acme/shop/branches/main": {"name": "main", "protected": True},
    "repos/acme/shop/branches/main/protection": {
        "url": "u",
        "enforce_admins": {"enabled": True},
        "required_pull_request_reviews": {"bypass_pull_request_allowances": {"users": []}},
        "restrictions": {"users": [], "teams": [], "apps": []},
    },
    "repos/acme/shop/rules/branches/main": [{"type": "pull_request", "ruleset_id": 7}],
    "repos/acme/shop/rulesets/7": {
        "id": 7,
        "name": "reviewed",
        "bypass_actors": [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}],
    },
}
"""What stands around a branch, besides the replies of an organisation that protects none."""


@cache
def documents() -> str:
    """Return the documents of the whole export, as JSON."""
    held = Memory()
    with TemporaryDirectory() as folder:
        read(write(Path(folder), replies() | GUARDED), held)
    return json.dumps(held.documents)


def directory_of(held: dict[str, Any]) -> GitHubDirectory:
    return PROVIDER.read(Settings(), Memory(held))


def resolved(directory: GitHubDirectory) -> None:
    for id_ in directory.identities:
        directory.resolve(id_)


def entries() -> list[tuple[str, int, str]]:
    """Return every field of every entry that is kept: document, place, field."""
    found = []
    for key, document in json.loads(documents()).items():
        listed = document.get("Items") or [document.get("Body") or {}]
        found += [
            (key, at, name)
            for at, entry in enumerate(listed)
            for name in entry
            if name not in OUR_OWN
        ]
    return found


@given(st.sampled_from(entries()), JSON)
@settings(max_examples=300, deadline=None)
def test_any_value_in_any_field_is_borne(place: tuple[str, int, str], value: Any) -> None:
    held = json.loads(documents())
    key, at, name = place
    document = held[key]
    entry = document["Items"][at] if "Items" in document else document["Body"]
    entry[name] = value
    resolved(directory_of(held))


@given(st.sampled_from(sorted(json.loads(documents()))), JSON)
@settings(max_examples=200, deadline=None)
def test_any_document_is_borne(key: str, value: Any) -> None:
    resolved(directory_of(json.loads(documents()) | {key: value}))


@pytest.mark.parametrize("key", [key for key in json.loads(documents()) if "export" not in key])
def test_a_document_that_is_none_is_a_gap(key: str) -> None:
    whole = json.loads(documents())
    strange: Any
    for strange in (None, [], "text", {"error": "x"}):
        assert directory_of(whole | {key: strange}).gaps


@pytest.mark.parametrize(
    "name", ["=cmd|x", "a/b", "..", "\u202e", "<b>", "x" * 10_000, "名前", "a\nb", "\ud800"]
)
def test_names_in_any_script_are_borne(tmp_path: Path, name: str) -> None:
    files = replies()
    files["orgs/acme/members"][1]["login"] = name
    files["repos/acme/shop/keys"][0]["title"] = name
    files["orgs/acme/credential-authorizations"][1]["login"] = name
    files["orgs/acme/credential-authorizations"][1]["authorized_credential_note"] = name
    directory = read(write(tmp_path, files))
    resolved(directory)
    assert json.dumps([one.name for one in directory.identities.values()]).isascii()
    "".join(one.name for one in directory.identities.values()).encode()
