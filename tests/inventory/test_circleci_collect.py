"""What is asked, kept and asked again: `collect` over a loopback server."""

from __future__ import annotations

import re
from typing import Any

import pytest
from scripted import (
    API,
    DEPLOY,
    FORBIDDEN,
    NOT_FOUND,
    NOW,
    OPEN,
    ORG,
    TOKEN,
    WEB,
    Asked,
    Memory,
    Said,
    acme,
    audit,
    items,
    legacy,
    serving,
    v3,
    variable,
)

from auditor.collecting import Collecting, Silent
from auditor.config import load
from auditor.errors import AuditorError, AuthError, ConfigError, RemoteError
from auditor.inventory import Inventory, systems
from auditor.inventory.circleci import SYSTEM, CircleCI
from auditor.inventory.circleci.settings import Settings
from auditor.models import Gap, Unknown
from auditor.tails import Sealer

ENVVAR = "/api/v2/project/gh/acme/web/envvar"
THROTTLED = Said({}, 429, {"Retry-After": "0"})


def test_the_system_is_found_by_its_folder() -> None:
    assert systems()["circleci"] is SYSTEM


# --- the token --------------------------------------------------------------------------------


def collecting() -> Collecting:
    return Collecting(Memory(), Sealer(b"k" * 32), Silent(), NOW)


def refused(environ: dict[str, str], **told: Any) -> AuditorError:
    with pytest.raises(AuditorError) as caught:
        CircleCI(environ).collect(Settings(retries=0, **told), collecting())
    return caught.value


@pytest.mark.parametrize("environ", [{}, {"CIRCLE_TOKEN": ""}, {"CIRCLE_TOKEN": " \n"}])
def test_without_a_token_the_variable_is_named(environ: dict[str, str]) -> None:
    error = refused(environ)
    assert isinstance(error, AuthError)
    assert "CIRCLE_TOKEN" in error.message
    assert "https://app.circleci.com/settings/user/tokens" in error.hint


@pytest.mark.parametrize("token", ["planted token", "planted\ntoken", "plantéd", "planted\x00"])
def test_what_cannot_be_a_token_is_not_sent_and_not_shown(token: str) -> None:
    error = refused({"CIRCLE_TOKEN": token})
    assert isinstance(error, AuthError)
    assert "plant" not in f"{error.message}{error.hint}"


@pytest.mark.parametrize(
    ("environ", "told", "sent"),
    [
        ({"CIRCLE_TOKEN": "a", "CIRCLE_CLI_TOKEN": "b"}, {}, "a"),
        ({"CIRCLE_CLI_TOKEN": "b\n"}, {}, "b"),
        ({"CIRCLE_TOKEN": "a", "MINE": "c"}, {"token_env": "MINE"}, "c"),
    ],
)
def test_which_token_is_sent(environ: dict[str, str], told: dict[str, Any], sent: str) -> None:
    with serving({}) as server:
        with pytest.raises(RemoteError):
            CircleCI(environ).collect(Settings(url=server.url, **told), collecting())
        assert server.asked[0].headers["Circle-Token"] == sent


@pytest.mark.parametrize(
    ("me", "error", "words"),
    [
        (Said({"message": "Invalid token"}, 401), AuthError, "refused the token in CIRCLE_TOKEN"),
        (FORBIDDEN, AuthError, "project token"),
        (NOT_FOUND, RemoteError, "404 Not Found"),
        (Said(b"<html>", 200), RemoteError, "not JSON"),
        (Said([], 200), RemoteError, "expected shape"),
        (Said({}, 302, {"Location": "https://example.com"}), RemoteError, "redirect"),
        (Said({}, 500), RemoteError, "500"),
        (Said(drop=True), RemoteError, "the connection failed"),
    ],
)
def test_the_first_call_decides_whether_to_begin(
    me: Said, error: type[AuditorError], words: str
) -> None:
    with serving(acme() | {"/api/v2/me": me}) as server:
        with pytest.raises(error, match=words) as caught:
            audit(server, retries=1)
        assert TOKEN not in f"{caught.value.message}{caught.value.hint}"
        assert set(server.paths()) == {"/api/v2/me"}


def test_a_missing_ca_bundle_is_an_error_of_the_configuration() -> None:
    assert isinstance(refused({"CIRCLE_TOKEN": "a"}, ca_bundle="/nowhere.pem"), ConfigError)


# --- organisations ----------------------------------------------------------------------------

LISTED = "/api/v2/me/collaborations"
OTHER = {"id": "o-2", "vcs_type": "circleci", "name": "labs", "slug": "circleci/Xy"}


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ((), ("acme", "labs")),
        (("gh/acme",), ("acme",)),
        (("github/acme",), ("acme",)),
        ((ORG,), ("acme",)),
        (("circleci/Xy", "gh/acme"), ("acme", "labs")),
        (("gh/asked",), ("asked",)),
    ],
)
def test_which_organisations_are_audited(told: tuple[str, ...], found: tuple[str, ...]) -> None:
    routes = acme() | {
        LISTED: Said([{"id": ORG, "vcs-type": "github", "name": "acme", "slug": "gh/acme"}, OTHER]),
        "/api/v2/organization/gh%2Fasked": Said({"id": "o-3", "slug": "gh/asked", "name": "asked"}),
    }
    with serving(routes) as server:
        assert audit(server, organizations=told).organizations == found


def test_an_organisation_without_an_id_is_asked_for_by_its_slug() -> None:
    nameless = {"id": None, "vcs-type": "github", "name": "new", "slug": "gh/new"}
    known = Said({"id": "o-9", "slug": "gh/new", "name": "new"})
    with serving(acme() | {LISTED: Said([nameless])}) as server:
        server.routes["/api/v2/organization/gh%2Fnew"] = known
        assert audit(server).organizations == ("new",)


@pytest.mark.parametrize(
    ("listed", "error"),
    [
        (Said([]), AuthError),
        (FORBIDDEN, AuthError),
        (Said({}, 500), RemoteError),
        (Said([{"id": None, "name": "new", "slug": "gh/new"}]), AuthError),
    ],
)
def test_no_organisation_is_an_error_and_not_an_empty_inventory(
    listed: Said, error: type[AuditorError]
) -> None:
    with serving(acme() | {LISTED: listed}) as server, pytest.raises(error):
        audit(server, retries=0)


# --- what is asked ----------------------------------------------------------------------------


def test_every_question_of_a_plain_audit() -> None:
    with serving(acme()) as server:
        audit(server)
        asked = set(server.paths())
    assert asked == set(acme())


def test_the_queries_that_circleci_needs() -> None:
    with serving(acme()) as server:
        audit(server)
        queries = {asked.path: asked.query for asked in server.asked}
    assert queries["/api/v2/context"] == {"owner-id": ORG}
    assert queries["/api/v3/projects"] == {"filter[org_id]": ORG}
    assert queries["/api/v2/pipeline"] == {"org-slug": "gh/acme"}
    assert queries["/api/private/project"] == {
        "organization-id": ORG,
        "page-size": "50",
        "include-deleted": "true",
    }


@pytest.mark.parametrize(
    ("told", "never"),
    [
        ({"server": True}, "/api/v3/(?!runner)|/api/private/"),
        ({"v3": False}, "/api/v3/(?!runner)"),
        ({"runner": False}, "/api/v3/runner"),
        ({"private": False}, "/api/private/"),
        ({"v1": False}, "/api/v1.1/"),
    ],
)
def test_what_is_switched_off_is_not_asked(told: dict[str, Any], never: str) -> None:
    with serving(acme()) as server:
        for name, id_ in (("web", WEB), ("api", API)):
            known = Said({"id": id_, "slug": f"gh/acme/{name}", "name": name})
            server.routes[f"/api/v2/project/gh/acme/{name}"] = known
            server.routes[f"/api/v2/project/{id_}"] = known
        inventory = audit(server, **told)
        assert not [path for path in server.paths() if re.search(never, path)]
    assert WEB in {place.scope.id for place in inventory.places}


def test_an_owner_of_server_may_have_to_be_called_an_account() -> None:
    contexts = acme()["/api/v2/context"]

    def as_account(asked: Asked) -> Said:
        assert isinstance(contexts, Said)
        return contexts if asked.query.get("owner-type") == "account" else Said({}, 400)

    with serving(acme() | {"/api/v2/context": as_account}) as server:
        found = audit(server, server=True).places
        assert {place.scope.id for place in found} >= {DEPLOY, OPEN}
    with serving(acme() | {"/api/v2/context": as_account}) as server:
        audit(server)
        assert all("owner-type" not in asked.query for asked in server.asked)


def test_a_project_that_listings_name_by_halves_is_read_once() -> None:
    known = Said({"id": WEB, "slug": "gh/acme/web", "name": "web"})
    routes = acme() | {
        "/api/private/project": FORBIDDEN,
        "/api/v3/projects": v3((WEB, "web")),
        f"/api/v2/project/{WEB}": known,
    }
    with serving(routes) as server:
        inventory = audit(server)
        assert server.paths().count(ENVVAR) == 1
        assert "/api/v2/project/gh/acme/web" not in server.paths()
    (web,) = [place for place in inventory.places if place.scope.id == WEB]
    assert web.sources == ("v3", "followed", "pipelines", "insights")


def test_a_project_of_another_organisation_in_an_unfiltered_list_is_left_out() -> None:
    foreign = {"id": "f", "attributes": {"name": "f"}, "references": {"org": {"id": "else"}}}
    with serving(acme() | {"/api/v3/projects": Said({"data": [foreign]})}) as server:
        assert "f" not in {place.scope.id for place in audit(server).places}


def test_a_standalone_project_that_is_followed_is_known_by_its_address() -> None:
    followed = [
        {"vcs_type": "circleci", "vcs_url": f"//circleci.com/{ORG}/p-1", "reponame": "solo"},
        {"vcs_type": "circleci", "vcs_url": "//circleci.com/else/p-2", "reponame": "foreign"},
        {"vcs_type": "github", "username": "acme-2", "reponame": "web"},
        {},
    ]
    routes = acme() | {
        "/api/v1.1/projects": Said(followed),
        f"/api/v2/project/circleci/{ORG}/p-1/envvar": items({"name": "A", "value": "xxxx"}),
    }
    with serving(routes) as server:
        found = {place.scope.id: place for place in audit(server).places}
    assert found["p-1"].scope.name == "solo"
    assert "p-2" not in found
    assert not [id_ for id_ in found if "acme-2" in id_]


def gap_of(inventory: Inventory, what: str) -> Gap:
    return next(gap for gap in inventory.gaps if gap.what == what)


def test_a_deleted_project_still_gives_up_its_secrets() -> None:
    gone = {"id": "gone", "slug": "gh/acme/old", "name": "old"}
    detail = {
        "project_env_vars": [{"name": "FORGOTTEN", "value": "xxxxgone"}],
        "legacy_aws_keys": {"access_key_id": "xxxxAKID", "secret_access_key": "xxxxSECR"},
        "ssh_keys": [{"hostname": "", "fingerprint": "s"}],
        "checkout_keys": [{"type": "deploy-key", "fingerprint": "c"}],
    }
    routes = acme() | {
        "/api/private/project": items(gone),
        "/api/private/project/gone": Said(detail),
    }
    with serving(routes) as server:
        inventory = audit(server)
    names = {secret.name for secret in inventory.secrets if secret.scope.id == "gone"}
    halves = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert names == {"FORGOTTEN", *halves, "any host (s)", "deploy-key (c)"}
    (place,) = [place for place in inventory.places if place.scope.id == "gone"]
    assert place.readable == Unknown(gap_of(inventory, "project API tokens of old"))
    assert place.sources == ("private",)


@pytest.mark.parametrize("slug", ["gh/acme/../../../api/v2/me", "gh/acme", "gh//x", "gh/./x", "x"])
def test_a_slug_that_is_none_leads_nowhere(slug: str) -> None:
    odd = {"id": "odd", "slug": slug, "name": "odd"}
    with serving(acme() | {"/api/private/project": items(odd)}) as server:
        inventory = audit(server)
        assert server.paths().count("/api/v2/me") == 1
    assert any("odd" in gap.affects for gap in inventory.gaps)


def test_paging_that_never_ends_ends() -> None:
    def endless(asked: Asked) -> Said:
        token = asked.query.get("page-token", "")
        return items(variable("A"), variable("B"), token=f"{token}x")

    route = f"/api/v2/context/{DEPLOY}/environment-variable"
    with serving(acme() | {route: endless}) as server:
        inventory = audit(server)
        assert server.paths().count(route) == 2
    assert {s.name for s in inventory.secrets if s.scope.id == DEPLOY} == {"A", "B"}
    assert any("repeat" in gap.why and DEPLOY in gap.affects for gap in inventory.gaps)


# --- the snapshot -----------------------------------------------------------------------------


def test_no_tail_no_token_and_no_unknown_field_is_in_the_snapshot() -> None:
    planted = {"value": "PLANTED1", "nested": {"secret": "PLANTED2"}, "private_key": "PLANTED3"}
    routes = acme() | {
        f"/api/v2/context/{DEPLOY}/environment-variable": items(
            variable("A", "!Qz~") | planted, variable("B", "xxxx!Qz~")
        ),
        ENVVAR: items({"name": "C", "value": "xxxx!Qz~", "token": "PLANTED4"}),
        "/api/v1.1/project/gh/acme/web/settings": legacy("xxxx!Qz~", "xxxx?Yy~"),
        "/api/v2/project/gh/acme/web/settings": Said(
            {"advanced": {"build_fork_prs": True, "oss": "PLANTED5", "x": "PLANTED6"}}
        ),
        "/api/v2/project/gh/acme/api/envvar": Said({"message": "PLANTED7 !Qz~"}, 403),
        "/api/private/project/" + API: Said({"message": "PLANTED8"}, 403),
        "/api/v2/pipeline": items(
            {"id": "1", "project_slug": "gh/acme/web", "trigger_parameters": {"k": "PLANTED9"}}
        ),
    }
    snapshot = Memory()
    with serving(routes) as server:
        inventory = audit(server, snapshot)
    text = "".join(snapshot.documents.values())
    for planted_text in ("PLANTED", "!Qz~", "?Yy~", TOKEN, "QQQQ"):
        assert planted_text not in text
        assert planted_text not in repr(inventory)
    tails = {secret.name: secret.tail for secret in inventory.secrets if secret.tail}
    assert tails["A"] == tails["B"] == tails["C"] == tails["AWS_ACCESS_KEY_ID"]
    assert tails["AWS_SECRET_ACCESS_KEY"] != tails["A"]


def test_a_second_collection_asks_only_who_the_user_is() -> None:
    snapshot = Memory()
    with serving(acme()) as server:
        first = audit(server, snapshot)
        server.asked.clear()
        assert audit(server, snapshot) == first
        assert server.paths() == ["/api/v2/me"]


@pytest.mark.parametrize("failure", [THROTTLED, Said({}, 503), Said(drop=True), Said(b"<html>")])
@pytest.mark.parametrize(
    "path",
    [
        ENVVAR,
        f"/api/v2/context/{DEPLOY}/restrictions",
        "/api/v2/context",
        "/api/v3/projects",
        "/api/v1.1/projects",
        "/api/v1.1/project/gh/acme/web/settings",
    ],
)
def test_what_failed_in_passing_is_asked_again_and_nothing_else(path: str, failure: Said) -> None:
    snapshot = Memory()
    with serving(acme()) as server:
        good = audit(server)
        whole = server.routes[path]
        server.routes[path] = failure
        broken = audit(server, snapshot, retries=1)
        assert broken != good
        server.routes[path] = whole
        server.asked.clear()
        assert audit(server, snapshot) == good
        beyond = {asked for asked in server.paths() if asked not in ("/api/v2/me", path)}
    # Only what hangs on the list of contexts could not be asked before.
    assert not beyond or path == "/api/v2/context"


@pytest.mark.parametrize("path", [ENVVAR, "/api/v3/projects", "/api/v2/insights/gh/acme/summary"])
@pytest.mark.parametrize("refusal", [FORBIDDEN, NOT_FOUND, Said({}, 400)])
def test_what_was_refused_is_not_asked_again(path: str, refusal: Said) -> None:
    snapshot = Memory()
    with serving(acme() | {path: refusal}) as server:
        first = audit(server, snapshot)
        server.asked.clear()
        assert audit(server, snapshot) == first
        assert server.paths() == ["/api/v2/me"]


def test_an_expired_token_leaves_the_rest_for_a_new_one() -> None:
    snapshot = Memory()
    with serving(acme() | {ENVVAR: Said({}, 401)}) as server:
        broken = audit(server, snapshot)
        assert any("new token" in gap.fix for gap in broken.gaps)
        server.routes[ENVVAR] = acme().get(ENVVAR, NOT_FOUND)
        server.asked.clear()
        audit(server, snapshot)
        assert server.paths() == ["/api/v2/me", ENVVAR]


class CtrlC(Silent):
    """Interrupts when so many parts are done."""

    def __init__(self, after: int) -> None:
        self.left = after

    def advance(self, amount: int = 1) -> None:
        self.left -= amount
        if self.left < 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("after", range(8))
def test_an_interrupted_collection_goes_on_where_it_ended(after: int) -> None:
    snapshot = Memory()
    with serving(acme()) as server:
        good = audit(server)
        server.asked.clear()
        with pytest.raises(KeyboardInterrupt):
            audit(server, snapshot, progress=CtrlC(after), parallel=1)
        read = CircleCI().read(Settings(url=server.url), snapshot)
        assert read.gaps  # what was not read is said
        before = len(server.paths())
        assert audit(server, snapshot) == good
        again = server.paths()
    questions = [path for path in again if path != "/api/v2/me"]
    repeated = {path for path in questions if questions.count(path) > 1}
    assert before > 1
    # At most the document that was being written when Ctrl-C came.
    assert len(repeated) <= 3


def test_a_snapshot_that_holds_nothing_reads_as_unknown() -> None:
    inventory = SYSTEM.read(Settings(), Memory())
    assert inventory.places == ()
    assert inventory.gaps
    assert inventory.coverage[0].known is None


def test_settings_come_from_their_table(tmp_path: Any) -> None:
    loaded = load(environ={}, home=tmp_path)
    assert loaded.section("inventory", SYSTEM.name, SYSTEM.settings) == Settings()
