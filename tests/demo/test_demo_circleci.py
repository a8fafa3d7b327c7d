"""The CircleCI server answers as the wire does: routes, statuses, paging, masking."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from asking import Asking, without_accounts

from auditor.demo import Organisation, generate
from auditor.demo.circleci_other import edn
from auditor.demo.circleci_v2 import masked, truncated
from auditor.demo.estate import CiOrganization, Scenario

SCENARIO = without_accounts()
ACME, LABS, PERSONAL = SCENARIO.organizations
ACME_ID = str(ACME.id)


@pytest.fixture(scope="module")
def demo() -> Iterator[Organisation]:
    with Organisation(SCENARIO) as running:
        yield running


@pytest.fixture(scope="module")
def ask(demo: Organisation) -> Iterator[Asking]:
    with Asking(demo) as asking:
        yield asking


def context_id(name: str) -> str:
    return next(c.id for o in SCENARIO.organizations for c in o.contexts if c.name == name)


def slug(name: str, organization: CiOrganization = ACME) -> str:
    return next(p.slug for p in organization.projects if p.name == name)


# --- who may ask ------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "wrong"])
@pytest.mark.parametrize("path", ["/api/v2/me", "/api/v1.1/projects", "/nowhere"])
def test_no_good_token_is_401(ask: Asking, path: str, token: str | None) -> None:
    assert ask(path, token=token).status_code == 401


def test_a_project_token_is_good_for_v1_only(ask: Asking, demo: Organisation) -> None:
    assert ask("/api/v2/me", token=demo.tokens.project).status_code == 403
    assert ask("/api/v1.1/projects", token=demo.tokens.project).status_code == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(ask: Asking, demo: Organisation, method: str) -> None:
    assert ask("/api/v2/context", method=method).status_code == 405
    assert list(demo.recording)[-1]["method"] == method


def test_unknown_routes_are_404(ask: Asking) -> None:
    assert ask("/api/v2/nowhere").status_code == 404
    assert ask(f"/api/v2/project/{slug('orbit-api')}/envvar/").status_code == 404


def test_an_escaped_slash_separates_nothing(ask: Asking) -> None:
    escaped = slug("orbit-api").replace("/", "%2F")
    assert ask(f"/api/v2/project/{escaped}/envvar").status_code == 404


# --- organisations and contexts ---------------------------------------------------------------


def test_collaborations_are_bare_and_may_lack_an_id(ask: Asking) -> None:
    listed = ask.json("/api/v2/me/collaborations")
    assert [(o["id"], o["vcs-type"], o["slug"]) for o in listed] == [
        (ACME.id, "github", "gh/acme-rockets"),
        (LABS.id, "circleci", LABS.slug),
        (None, "github", "gh/otto-lift"),
    ]


@pytest.mark.parametrize("name", [ACME_ID, "gh%2Facme-rockets", "github%2Facme-rockets"])
def test_an_organisation_has_one_segment(ask: Asking, name: str) -> None:
    assert ask.json(f"/api/v2/organization/{name}")["slug"] == "gh/acme-rockets"


@pytest.mark.parametrize("name", ["gh%2Fotto-lift", "gh/acme-rockets", "nobody"])
def test_organisations_it_does_not_know(ask: Asking, name: str) -> None:
    assert ask(f"/api/v2/organization/{name}").status_code == 404


@pytest.mark.parametrize("query", [{"owner-id": ACME_ID}, {"owner-slug": "gh/acme-rockets"}])
def test_contexts_are_listed_by_owner_denied_ones_too(ask: Asking, query: dict[str, str]) -> None:
    listed = ask.json("/api/v2/context", **query)
    assert [c["name"] for c in listed["items"]] == [c.name for c in ACME.contexts]
    assert listed["next_page_token"] is None


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 400),
        ({"owner-id": ACME_ID, "owner-type": "account"}, 400),
        ({"owner-id": "00000000-0000-0000-0000-000000000000"}, 404),
    ],
)
def test_contexts_of_nobody(ask: Asking, query: dict[str, str], status: int) -> None:
    assert ask("/api/v2/context", **query).status_code == status


@pytest.mark.parametrize("id_", [context_id("finance-payments"), "no-such-context"])
@pytest.mark.parametrize("rest", ["", "/environment-variable", "/restrictions"])
def test_denied_and_missing_contexts_are_both_403(ask: Asking, id_: str, rest: str) -> None:
    assert ask(f"/api/v2/context/{id_}{rest}").status_code == 403


def test_context_variables_show_a_bare_tail_and_the_last_write(ask: Asking) -> None:
    place = context_id("api-deploy")
    items = ask.json(f"/api/v2/context/{place}/environment-variable")["items"]
    stored = {v.name: v for c in ACME.contexts if c.id == place for v in c.variables}
    assert [item["variable"] for item in items] == sorted(stored)
    for item in items:
        assert item["truncated_value"] == stored[item["variable"]].value[-4:]
        assert item["updated_at"] == stored[item["variable"]].updated


def test_restrictions_of_every_kind(ask: Asking) -> None:
    listed = ask.json(f"/api/v2/context/{context_id('terraform')}/restrictions")["items"]
    by_kind = {item["restriction_type"]: item for item in listed}
    assert by_kind["expression"]["name"] is None
    assert by_kind["project"]["project_id"] == by_kind["project"]["restriction_value"]
    (group,) = ask.json(f"/api/v2/context/{context_id('everyone-tools')}/restrictions")["items"]
    assert group["restriction_value"] == ACME.id
    assert "project_id" not in group


def test_groups_belong_to_standalone_organisations(ask: Asking) -> None:
    listed = ask.json(f"/api/v2/organizations/{LABS.id}/groups")["items"]
    assert [g["name"] for g in listed] == ["All members", "Researchers"]
    assert ask(f"/api/v2/organizations/{ACME.id}/groups").status_code == 403


# --- projects ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["gh/acme-rockets/orbit-api", "github/acme-rockets/orbit-api", ACME.projects[10].id],
)
def test_a_project_answers_to_every_name(ask: Asking, name: str) -> None:
    assert ask.json(f"/api/v2/project/{name}")["slug"] == "gh/acme-rockets/orbit-api"


def test_a_standalone_project_answers_to_opaque_names_only(ask: Asking) -> None:
    short, long = next(p for p in LABS.projects if p.name == "wind-tunnel").slugs
    assert ask.json(f"/api/v2/project/{short}") == ask.json(f"/api/v2/project/{long}")
    assert ask("/api/v2/project/circleci/Acme%20Rockets%20Labs/wind-tunnel").status_code == 404


@pytest.mark.parametrize("rest", ["", "/envvar", "/settings", "/checkout-key", "/schedule"])
def test_a_denied_project_is_404(ask: Asking, rest: str) -> None:
    assert ask(f"/api/v2/project/{slug('guidance-core')}{rest}").status_code == 404


def test_project_variables_are_masked_with_dates_of_any_kind(ask: Asking) -> None:
    listed = ask.json(f"/api/v2/project/{slug('launchpad-monolith')}/envvar")
    items = {item["name"]: item for item in listed["items"]}
    stored = {v.name: v for p in ACME.projects if p.legacy_keys for v in p.variables}
    assert items["PGPASSWORD"] == {
        "name": "PGPASSWORD",
        "value": "xxxx" + stored["PGPASSWORD"].value[-4:],
        "created_at": None,
    }
    assert items["SECRET_KEY_BASE"]["created_at"] == "#joda/inst 2016-05-11T14:03:55+0000"
    assert listed["next_page_token"] is None


def test_settings_tell_of_forks(ask: Asking) -> None:
    settings = ask.json(f"/api/v2/project/{slug('mission-website')}/settings")["advanced"]
    assert settings["build_fork_prs"]
    assert settings["forks_receive_secret_env_vars"]


@pytest.mark.parametrize(
    ("value", "context", "project"),
    [
        ("", "", "xxxx"),
        ("a", "", "xxxx"),
        ("abc", "c", "xxxx"),
        ("abcd", "cd", "xxxx"),
        ("abcde", "de", "xxxxbcde"),
        ("abcdefgh", "efgh", "xxxxefgh"),
        ("abcdefghijkl", "ijkl", "xxxxijkl"),
    ],
)
def test_masks(value: str, context: str, project: str) -> None:
    assert (truncated(value), masked(value)) == (context, project)


# --- listings of projects ---------------------------------------------------------------------


def names(items: list[dict[str, Any]]) -> set[str]:
    return {str(item.get("name") or item.get("reponame")) for item in items}


def test_no_listing_but_the_private_one_with_deleted_is_complete(ask: Asking) -> None:
    everything = {p.name for p in ACME.projects}
    unfollowed = {p.name for p in ACME.projects if not p.followed}
    query = {"organization-id": ACME_ID}
    whole = ask.json("/api/private/project", **query, **{"include-deleted": "true"})
    assert names(whole["items"]) == everything
    active = everything - {"flight-sim-classic"}
    assert names(ask.json("/api/private/project", **query)["items"]) == active
    v3 = ask.json("/api/v3/projects", **{"filter[org_id]": ACME_ID})["data"]
    assert {item["attributes"]["name"] for item in v3} == active
    v11 = ask.json("/api/v1.1/projects")
    followed = [item for item in v11 if item["username"] == "acme-rockets"]
    assert names(followed) == active - unfollowed
    slugs = {item["project_slug"] for item in pipelines(ask)}
    assert slugs == {f"gh/acme-rockets/{name}" for name in active - unfollowed}
    summary = ask.json("/api/v2/insights/gh/acme-rockets/summary")
    assert set(summary["all_projects"]) == active - unfollowed


def pipelines(ask: Asking) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    query = {"org-slug": "gh/acme-rockets"}
    while True:
        reply = ask.json("/api/v2/pipeline", **query)
        items += reply["items"]
        if not reply["next_page_token"]:
            return items
        query["page-token"] = reply["next_page_token"]


def test_v1_names_standalone_projects_by_a_url_of_its_own(ask: Asking) -> None:
    listed = [p for p in ask.json("/api/v1.1/projects") if p["vcs_type"] == "circleci"]
    assert listed
    assert all(p["vcs_url"].startswith(f"//circleci.com/{LABS.id}/") for p in listed)


def test_v1_answers_edn_to_those_who_do_not_ask_for_json(ask: Asking) -> None:
    reply = ask("/api/v1.1/projects", accept="*/*")
    assert reply.headers["Content-Type"].startswith("application/edn")
    assert reply.text.startswith('[{:vcs_type "github", :username "acme-rockets"')


def test_edn() -> None:
    value = {"a": [1, None, True], "b": {"c": 'x"y'}}
    assert edn(value) == '{:a [1 nil true], :b {:c "x\\"y"}}'


def test_v1_settings_show_legacy_keys_masked(ask: Asking) -> None:
    pair = next(p.legacy_keys for p in ACME.projects if p.legacy_keys)
    for spelling in ("gh", "github"):
        path = f"/api/v1.1/project/{spelling}/acme-rockets/launchpad-monolith/settings"
        assert ask.json(path)["aws"]["keypair"] == {
            "access_key_id": f"xxxx{pair.id[-4:]}",
            "secret_access_key": f"xxxx{pair.secret[-4:]}",
        }
    other = ask.json(f"/api/v1.1/project/{slug('orbit-api')}/settings")
    assert (other["aws"]["keypair"], other["ssh_keys"]) == (None, [])


def test_the_private_listing_fails_when_asked_for_too_much(ask: Asking) -> None:
    query = {"organization-id": ACME_ID, "page-size": "100"}
    assert ask("/api/private/project", **query).status_code == 500


def test_one_private_call_tells_all_of_a_project(ask: Asking) -> None:
    found = next(p for p in ACME.projects if p.legacy_keys)
    body = ask.json(f"/api/private/project/{found.id}")
    assert len(body["project_env_vars"]) == len(found.variables)
    assert set(body["legacy_aws_keys"]) == {"access_key_id", "secret_access_key"}


def test_a_stopped_project_is_there_on_demand_only(ask: Asking) -> None:
    path = f"/api/private/project/{next(p.id for p in ACME.projects if p.stopped)}"
    assert ask(path).status_code == 404
    assert ask.json(path, **{"include-deleted": "true"})["project_env_vars"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"filter[slug]": "gh/acme-rockets/orbit-api"}, {"orbit-api"}),
        ({"filter[slug]": "gh/acme-rockets/nothing"}, set()),
        ({"filter[org_id]": str(LABS.id), "filter[name]": "telemetry-etl"}, {"telemetry-etl"}),
    ],
)
def test_v3_filters(ask: Asking, query: dict[str, str], found: set[str]) -> None:
    listed = ask.json("/api/v3/projects", **query)["data"]
    assert {item["attributes"]["name"] for item in listed} == found


@pytest.mark.parametrize("query", [{}, {"filter[org_id]": ACME_ID, "page[limit]": "101"}])
def test_v3_refuses_what_it_does_not_take(ask: Asking, query: dict[str, str]) -> None:
    assert ask("/api/v3/projects", **query).status_code == 400


def test_v3_knows_a_project_by_id(ask: Asking) -> None:
    wanted = ACME.projects[0]
    assert ask.json(f"/api/v3/projects/{wanted.id}")["data"]["attributes"]["name"] == wanted.name


# --- pages ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ask_large() -> Iterator[Asking]:
    with Organisation(generate(45, 120, 130, 2)) as large, Asking(large) as asking:
        yield asking


@pytest.mark.parametrize(
    ("path", "owner", "token", "sizes"),
    [
        ("/api/v2/context", "owner-id", "page-token", [20, 20, 5]),
        ("/api/private/project", "organization-id", "page-token", [50, 50, 30]),
        ("/api/v3/projects", "filter[org_id]", "page[cursor]", [50, 50, 30]),
    ],
)
def test_pages(ask_large: Asking, path: str, owner: str, token: str, sizes: list[int]) -> None:
    query = {owner: ask_large.json("/api/v2/me/collaborations")[0]["id"]}
    pages: list[list[str]] = []
    while len(pages) < 9:
        reply = ask_large.json(path, **query)
        pages.append([item["id"] for item in reply.get("items", reply.get("data"))])
        following = reply["page"]["next"] if "page" in reply else reply["next_page_token"]
        if not following:
            break
        query[token] = following
    assert [len(page) for page in pages] == sizes
    assert len({id_ for page in pages for id_ in page}) == sum(sizes)


def test_a_context_shows_a_hundred_variables_whatever_the_page_token(ask_large: Asking) -> None:
    owner = ask_large.json("/api/v2/me/collaborations")[0]["id"]
    first = ask_large.json("/api/v2/context", **{"owner-id": owner})["items"][0]
    path = f"/api/v2/context/{first['id']}/environment-variable"
    assert len(ask_large.json(path)["items"]) == 100
    assert ask_large.json(path) == ask_large.json(path, **{"page-token": "page-100"})


# --- hostile text -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["x" * 10_000, "a\x00b\x1b[31m\r\n", "\ud800 alone", "\u202e\u2066rtl"]
)
def test_any_text_goes_over_the_wire_unharmed(name: str) -> None:
    first, *rest = ACME.contexts
    renamed = replace(ACME, contexts=(replace(first, name=name), *rest))
    scenario: Scenario = replace(SCENARIO, organizations=(renamed,))
    with Organisation(scenario) as demo, Asking(demo) as asking:
        listed = asking.json("/api/v2/context", **{"owner-id": ACME_ID})
    assert listed["items"][0]["name"] == name
