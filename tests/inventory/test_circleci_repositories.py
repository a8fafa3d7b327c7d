"""The code host's own list of repositories: which forms are taken, and what it tells."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import ORG, acme, audit, serving

from auditor.errors import ConfigError
from auditor.inventory import Inventory
from auditor.inventory.circleci.repositories import read_files
from auditor.models import Unknown

REPOSITORIES = [{"full_name": "acme/web", "private": True}, {"full_name": "acme/docs"}]


def key(repository: str, title: str) -> dict[str, str]:
    url = f"https://api.example/repos/{repository}/keys/1"
    return {"url": url, "title": title, "key": "ssh-rsa AAAA"}


def written(folder: Path, text: str, name: str = "repositories") -> str:
    file = folder / name
    file.write_bytes(text.encode())
    return str(file)


def dump(*documents: object) -> str:
    return "\n".join(map(json.dumps, documents))


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("acme/web\nacme/docs\n", {"gh/acme/web": False, "gh/acme/docs": False}),
        ("\ufeffacme/web\r\n", {"gh/acme/web": False}),
        ("", {}),
        (dump(REPOSITORIES), {"gh/acme/web": False, "gh/acme/docs": False}),
        # One page after the other, as gh prints them.
        (dump(REPOSITORIES[:1], REPOSITORIES[1:]), {"gh/acme/web": False, "gh/acme/docs": False}),
        (dump([{"nameWithOwner": "acme/web"}]), {"gh/acme/web": False}),
        (dump(*REPOSITORIES), {"gh/acme/web": False, "gh/acme/docs": False}),
        (dump([key("acme/web", "CircleCI")]), {"gh/acme/web": True}),
        (dump([key("acme/web", "CircleCI"), key("acme/web", "mine")]), {"gh/acme/web": True}),
        (
            dump([key("acme/web", "mine")], REPOSITORIES),
            {"gh/acme/web": False, "gh/acme/docs": False},
        ),
        (dump([{"full_name": 7}, 8, None, {"url": "x", "title": "CircleCI"}]), {}),
    ],
)
def test_forms_of_the_list(tmp_path: Path, content: str, found: dict[str, bool]) -> None:
    reply = read_files([written(tmp_path, content)])
    assert reply.complete
    assert {one["slug"]: one["key"] for one in reply.items} == found


@pytest.mark.parametrize(
    "content", ["a line of words", "[{", "[" * 100_000, "owner/name/more", "{}]"]
)
def test_what_is_no_list_is_an_error(tmp_path: Path, content: str) -> None:
    reply = read_files([written(tmp_path, content)])
    assert not reply.complete
    assert "unknown form" in reply.error


@given(st.binary())
def test_any_content_ends_no_run(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("any") / "list"
    file.write_bytes(content)
    assert isinstance(read_files([str(file)]).error, str)


def inventory(*files: str) -> Inventory:
    with serving(acme()) as server:
        return audit(server, retries=0, repositories=files)


def test_the_list_is_compared_with_the_projects(tmp_path: Path) -> None:
    found = inventory(written(tmp_path, "acme/web\nacme/docs\nother/api\n"))
    (line,) = (one for one in found.coverage if one.what.startswith("repositories of acme"))
    assert (line.read, line.known) == (1, 2)
    assert "1 are no project" in line.note
    assert "gh/acme/api" in line.note  # its repository is gone
    assert found.gaps == ()


def test_a_deploy_key_tells_of_a_project_that_nobody_lists(tmp_path: Path) -> None:
    found = inventory(written(tmp_path, dump([key("acme/old", "CircleCI"), key("acme/api", "x")])))
    (old,) = (one for one in found.places if one.scope.name == "old")
    assert old.sources == ("deploy keys",)
    assert isinstance(old.readable, Unknown)
    assert any(gap.what == "slug and ids of old" for gap in found.gaps)


def test_a_list_that_cannot_be_read_is_a_gap(tmp_path: Path) -> None:
    found = inventory(written(tmp_path, "no list at all"))
    (gap,) = found.gaps
    assert gap.what == "the comparison with the code host of acme"
    assert gap.affects == (ORG,)


def test_a_list_that_is_not_there_ends_the_run_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="repositories"):
        inventory(str(tmp_path / "nowhere"))
