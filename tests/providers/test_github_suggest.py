"""What would be enough for a GitHub credential, by git events and API requests, and without."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from github_files import authorization, told_of

from auditor.logfields import recorded
from auditor.models import Fact, Gap, Known, Seen, Suggestion, Unknown
from auditor.providers import Suggester

SPAN = (datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
GIT, API = (row.shown for row in recorded("github"))
TOKEN, FINE, APP = "acme/credential/2", "acme/token/50", "acme/app/circleci-app"
READ_KEY, WRITE_KEY, SSH = "acme/shop/key/11", "acme/shop/key/12", "acme/credential/5"


def logs(*used: str, shown: Any = (GIT, API), others: tuple[str, ...] = ()) -> Known[Seen]:
    """Return what logs show: "git.push acme/shop"."""
    places = frozenset(map(split, used))
    return Known(
        Seen(
            *SPAN,
            frozenset(what for what, _ in places),
            shown,
            places=places,
            others=places | frozenset(map(split, others)),
            log="GitHub's git events",
            never="what was done in the browser",
        )
    )


def split(use: str) -> tuple[str, str]:
    what, _, where = use.rpartition(" ")
    return what, where


def suggested(folder: Path, id_: str, seen: Fact[Seen] | None, **changes: Any) -> Suggestion:
    directory = told_of(folder, **changes)
    assert isinstance(directory, Suggester)
    return directory.suggest(id_, seen)


READS = ("git.clone acme/shop", "get /repos/:owner/:repo acme/shop")
WRITES = ("git.push acme/shop", "get /repos/:owner/:repo acme/tools")


@pytest.mark.parametrize(
    ("id_", "used", "repositories", "permissions"),
    [
        (TOKEN, READS, ["acme/shop", "acme/site"], {"contents": "read"}),
        (FINE, READS, ["acme/shop"], {"contents": "read", "metadata": "read"}),
        (FINE, WRITES, ["acme/shop"], {"contents": "write", "metadata": "read"}),
        (FINE, ("post /graphql acme/shop",), ["acme/shop"],
         {"contents": "write", "metadata": "read"}),
        (APP, READS, ["acme/shop", "acme/site"], {"contents": "read", "quantum_flux": "read"}),
        (APP, ("hook.create acme/tools",), ["acme/site", "acme/tools"],
         {"contents": "write", "quantum_flux": "write"}),
        (APP, ("git.clone acme/new",), ["acme/new", "acme/site"],
         {"contents": "read", "quantum_flux": "read"}),
        (SSH, ("git.fetch acme/tools",), ["acme/tools"], {"contents": "read"}),
        (SSH, ("git.push acme/tools",), ["acme/tools"], {"contents": "write"}),
    ],
)  # fmt: skip
def test_what_was_used_is_enough(
    tmp_path: Path, id_: str, used: tuple[str, ...], repositories: list[str], permissions: Any
) -> None:
    found = suggested(tmp_path, id_, logs(*used))
    [document] = found.documents
    assert document == {"repositories": repositories, "permissions": permissions}
    assert found.gaps == ()
    assert "by GitHub's git events, 2026-08-01 to 2026-11-01" in found.why
    assert found.why[-1] == "they cannot show what was done in the browser"


@pytest.mark.parametrize("id_", [TOKEN, FINE, APP])
def test_without_api_requests_nothing_is_taken_from_a_token(tmp_path: Path, id_: str) -> None:
    found = suggested(tmp_path, id_, logs("git.clone acme/shop", shown=(GIT,)))
    assert found.documents == ()
    assert "it used 1 of the" in found.why[0]
    [gap] = found.gaps
    assert "no event of an API request of anybody" in gap.why


def test_without_git_events_nothing_is_taken_either(tmp_path: Path) -> None:
    found = suggested(tmp_path, FINE, logs(*READS, shown=(API,)))
    assert found.documents == ()
    assert "git events over enough time were not read: it stays as it is" in found.why


@pytest.mark.parametrize(
    ("seen", "document", "why"),
    [
        (logs("git.clone acme/shop", shown=(GIT,)), {"repository": "acme/shop", "read_only": True},
         "nothing pushed to shop"),
        (logs("git.push acme/shop"), None, "shop was pushed to"),
        (logs(others=("git.push acme/shop",)), None, "shop was pushed to"),
        (logs("git.clone acme/shop", shown=(API,)), None, "git events over enough time"),
    ],
)  # fmt: skip
def test_a_deploy_key_may_read_only_where_nothing_shows_a_push(
    tmp_path: Path, seen: Known[Seen], document: Any, why: str
) -> None:
    found = suggested(tmp_path, WRITE_KEY, seen)
    assert found.documents == ((document,) if document else ())
    assert why in found.why[0]


def test_what_holds_no_more_is_left_alone(tmp_path: Path) -> None:
    directory = told_of(tmp_path)
    assert directory.suggest(READ_KEY, logs()).documents == ()
    assert directory.suggest("acme/user/mia", logs()).documents == ()


@pytest.mark.parametrize("known", [True, False])
def test_without_logs_what_rules_others_goes_and_the_gap_says_so(
    tmp_path: Path, known: bool
) -> None:
    gap = Gap("by logs, what it uses", "too short", "hunt again", "hunts")
    token = authorization(1, "olive", "0000AAAA", "repo", "admin:org")
    listed = {"orgs/acme/credential-authorizations": [token]}
    found = suggested(tmp_path, "acme/credential/1", Unknown(gap) if known else None, **listed)
    [document] = found.documents
    assert "repo" in document["rights"]
    assert "admin:org" not in document["rights"]
    assert len(found.gaps) == 1
    assert not known or found.gaps == (gap,)


def test_logs_name_keys_by_fingerprints_and_apps_by_their_login(tmp_path: Path) -> None:
    directory = told_of(tmp_path)
    assert directory.identities[APP].logged_as == ("circleci-app[bot]",)
    assert any(one.startswith("SHA256:") for one in directory.identities[WRITE_KEY].logged_as)
    assert directory.resolve(APP).places == ("acme",)
    assert directory.resolve(APP).shown_as == ("git.push",)
    assert directory.resolve(WRITE_KEY).shown_as == ()
