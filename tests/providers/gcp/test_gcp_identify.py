"""Whose key a variable holds: a ranked list with evidence, and never a silent guess."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from gcp_estate import (
    ORG_OWNER,
    account,
    asked,
    bound,
    directory,
    email,
    export,
    key,
    member,
    role,
)

from auditor.models import (
    Confidence,
    Match,
    NoMatch,
)


def ask(
    folder: Path,
    *keys: dict[str, Any],
    owner: str | None = None,
    unlisted: dict[str, Any] | None = None,
    **about: str,
) -> Match | NoMatch:
    files: dict[str, Any] = {
        "policies": [ORG_OWNER, bound("roles/browser", member("ci"))],
        "roles": [role("roles/browser"), role("roles/owner")],
        "keys": list(keys),
        "projects": [
            {"projectId": "web-prod-site", "projectNumber": "111"},
            {"projectId": "data-lake-main", "projectNumber": "222"},
        ],
    }
    if unlisted:
        files["accounts"] = [unlisted]
    told = directory(export(folder, **files))
    return told.identify(*asked(**about), owner)


def best(found: Match | NoMatch) -> tuple[str, Confidence]:
    assert isinstance(found, Match)
    return found.best.identity_id, found.best.confidence


ONE, TWO = "1" * 40, "2" * 36 + "abcd"


def test_the_project_beside_it_narrows_it_down(tmp_path: Path) -> None:
    found = ask(
        tmp_path, key("ci", ONE), key("etl", TWO, "data-lake-main"), project="data-lake-main"
    )
    assert best(found) == (email("etl", "data-lake-main"), Confidence.MEDIUM)
    assert isinstance(found, Match)
    assert not found.runners_up
    told = " ".join(fact.fact for fact in found.best.evidence)
    assert "its project data-lake-main ends as the project variable" in told
    assert "whichever it is" in told


@pytest.mark.parametrize(
    ("project", "about", "open_"),
    [
        ("web-prod-site", {"project": "web-prod-site"}, True),
        ("data-lake-main", {"project": "web-prod-site"}, False),
        ("data-lake-main", {}, True),
        ("web-prod-site", {"key_id": ONE}, False),
    ],
)
def test_a_worse_account_may_be_among_those_whose_keys_were_not_listed(
    tmp_path: Path, project: str, about: dict[str, str], open_: bool
) -> None:
    """Unlike a key's own id, a project fits whatever key is in it."""
    unlisted = account("admin", project)
    found = ask(tmp_path, key("ci", ONE), unlisted=unlisted, **about)
    assert best(found)[0] == email("ci")
    assert isinstance(found, Match)
    assert bool(found.unlisted) == open_


def test_a_masked_tail_of_a_json_key_is_a_sign_of_its_type_only(tmp_path: Path) -> None:
    found = ask(tmp_path, key("ci", ONE), key("etl", TWO, "data-lake-main"))
    assert best(found)[1] is Confidence.LOW
    assert isinstance(found, Match)
    assert len(found.candidates) == 2


def test_the_key_id_beside_it_nearly_proves_it(tmp_path: Path) -> None:
    found = ask(tmp_path, key("ci", ONE), key("ci", TWO), key_id=TWO)
    assert best(found) == (email("ci"), Confidence.HIGH)
    assert isinstance(found, Match)
    assert found.best.key == TWO[:36] + "****"


def test_dates_and_names_rank(tmp_path: Path) -> None:
    old = key("ci", ONE, validAfterTime="2020-01-01T00:00:00Z")
    later = key("website", "3" * 40, validAfterTime="2024-01-01T00:00:00Z")
    found = ask(tmp_path, later, old, key("website", TWO), project="web-prod-site")
    assert best(found) == (email("website"), Confidence.MEDIUM)
    assert isinstance(found, Match)
    assert [one.identity_id for one in found.runners_up] == [email("ci"), email("website")]
    words = [" ".join(f.fact for f in one.evidence) for one in found.candidates]
    assert "just before the variable was written 2022-03-03" in words[0]
    assert "shares website" in words[0]
    assert "after the variable was written" in words[2]


@pytest.mark.parametrize(
    ("owner", "expected", "label", "others"),
    [
        (email("ci"), Confidence.HIGH, "1" * 36 + "****", 1),
        (f"serviceAccount:{email('ci')} {TWO}", Confidence.CERTAIN, "2" * 36 + "****", 0),
    ],
)
def test_a_person_names_it(
    tmp_path: Path, owner: str, expected: Confidence, label: str, others: int
) -> None:
    found = ask(tmp_path, key("ci", ONE), key("ci", TWO), key("x", "4" * 40), owner=owner)
    assert best(found) == (email("ci"), expected)
    assert isinstance(found, Match)
    assert found.best.key == label
    assert len(found.runners_up) == others


def test_a_person_names_somebody_who_was_not_read(tmp_path: Path) -> None:
    found = ask(tmp_path, key("ci", ONE), owner="nobody@x.iam.gserviceaccount.com")
    assert isinstance(found, NoMatch)
    assert not found.searched


def test_too_many_candidates_name_nobody(tmp_path: Path) -> None:
    keys = [key(f"sa-{n}", f"{n:040x}") for n in range(25)]
    found = ask(tmp_path, *keys)
    assert isinstance(found, NoMatch)
    assert not found.searched
    assert "25 keys" in found.gap.why
    assert [one.fact for one in found.evidence] == ["its value ends as a JSON key does"]


def test_of_a_project_that_was_not_read_nobody_is_named(tmp_path: Path) -> None:
    found = ask(tmp_path, key("ci", ONE), project="unheard-of")
    assert isinstance(found, NoMatch)
    assert not found.searched
    assert "scopes" in found.gap.fix or "describe" in found.gap.fix


def test_a_project_may_be_named_by_its_number(tmp_path: Path) -> None:
    found = ask(tmp_path, key("ci", ONE), key("etl", TWO, "data-lake-main"), project="5222")
    assert isinstance(found, NoMatch)
    files: dict[str, Any] = {"numbered": {"projectId": "data-lake-main", "projectNumber": "995222"}}
    export(tmp_path, **files)
    found = ask(tmp_path, key("ci", ONE), key("etl", TWO, "data-lake-main"), project="995222")
    assert best(found) == (email("etl", "data-lake-main"), Confidence.MEDIUM)


def test_keys_as_the_directory_shows_them(tmp_path: Path) -> None:
    files: dict[str, Any] = {
        "policies": [ORG_OWNER],
        "accounts": [account("ci"), account("bare"), account("dark")],
        "keys": [
            key("ci", "1" * 40),
            key("ci", "2" * 40, disabled=True, validAfterTime="2023-01-05T10:11:12.123456789Z"),
            key("ci", "3" * 40, validBeforeTime="2024-01-01T00:00:00Z"),
            key("ci", "4" * 40, keyType="SYSTEM_MANAGED"),
            key("ci", "5" * 40, keyOrigin="USER_PROVIDED"),
        ],
        email("bare"): [],
    }
    told = directory(export(tmp_path, **files))
    found = told.identities[email("ci")]
    assert [(one.label, one.status, one.kind) for one in found.keys] == [
        ("1" * 36 + "****", "enabled", "service account key"),
        ("2" * 36 + "****", "disabled", "service account key"),
        ("3" * 36 + "****", "inactive: it has expired", "service account key"),
        ("5" * 36 + "****", "enabled", "uploaded key"),
    ]
    assert [one.expires for one in found.keys] == [
        None,
        None,
        datetime(2024, 1, 1, tzinfo=UTC),
        None,
    ]
    assert found.keys_complete
    assert told.identities[email("bare")].keys_complete
    assert not told.identities[email("dark")].keys_complete
    assert any("keys of service accounts" in gap.what for gap in told.gaps)
