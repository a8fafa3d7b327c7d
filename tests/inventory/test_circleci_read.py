"""What the inventory says of what was read, and of what was not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted import (
    API,
    DEPLOY,
    FORBIDDEN,
    NOT_FOUND,
    OPEN,
    ORG,
    WEB,
    Memory,
    Routes,
    Said,
    acme,
    audit,
    items,
    legacy,
    restriction,
    serving,
    switches,
    v3,
    variable,
)

from auditor.inventory import Inventory
from auditor.inventory.circleci import SYSTEM, CircleCI, links
from auditor.inventory.circleci.settings import Settings
from auditor.inventory.circleci.stores import STORES
from auditor.models import Coverage, Gap, Known, Place, ScopeKind, Secret, Unknown, secret_id
from auditor.tails import Sealer

SEALER = Sealer(b"k" * 32)
BROKEN = Said({}, 503)
THROTTLED = Said({}, 429, {"Retry-After": "9999"})
VARIABLES = f"/api/v2/context/{DEPLOY}/environment-variable"
RESTRICTIONS = f"/api/v2/context/{DEPLOY}/restrictions"
ENVVAR = "/api/v2/project/gh/acme/web/envvar"
SETTINGS = "/api/v2/project/gh/acme/web/settings"
LEGACY = "/api/v1.1/project/gh/acme/web/settings"


def inventory(changes: Routes | None = None, **told: Any) -> Inventory:
    with serving(acme() | (changes or {})) as server:
        return audit(server, retries=0, **told)


def place(found: Inventory, id_: str) -> Place:
    return next(one for one in found.places if one.scope.id == id_)


def secret(found: Inventory, name: str) -> Secret:
    return next(one for one in found.secrets if one.name == name)


def covered(found: Inventory) -> dict[str, tuple[int, int | None]]:
    return {line.what: (line.read, line.known) for line in found.coverage}


# --- everything allowed -----------------------------------------------------------------------


def test_a_whole_organisation_has_no_gap() -> None:
    found = inventory()
    assert found.organizations == ("acme",)
    assert found.gaps == ()
    assert {(one.scope.kind, one.scope.name, one.readable) for one in found.places} == {
        (ScopeKind.CONTEXT, "deploy", Known(2)),
        (ScopeKind.CONTEXT, "open", Known(1)),
        (ScopeKind.PROJECT, "web", Known(1)),
        (ScopeKind.PROJECT, "api", Known(1)),
        (ScopeKind.ORGANIZATION, "acme", Known(1)),
    }
    lines = covered(found)
    assert lines.pop("organisations") == (1, 1)
    assert lines == {
        "contexts of acme": (2, 2),
        "projects of acme": (2, 2),
        "organization acme": (1, 1),
        "job configurations of acme": (0, 2),
    }
    assert place(found, WEB).sources == ("v3", "private", "followed", "pipelines", "insights")
    assert place(found, API).sources == ("v3", "private")
    assert "read as olga" in found.coverage[0].note


def test_the_context_of_ai_agents_says_who_reads_it() -> None:
    agents = items({"id": DEPLOY, "name": "circleci-agents"}, {"id": OPEN, "name": "open"})
    found = inventory({"/api/v2/context": agents})
    said = {one.scope.name: one.exposure.restrictions for one in found.secrets}
    assert said["circleci-agents"] == ("project web", "read by the AI agents of CircleCI")
    assert said["open"] == ()


def test_a_context_variable_in_full() -> None:
    one = secret(inventory(), "AWS_ACCESS_KEY_ID")
    assert one.id == secret_id("circleci", "context variable", DEPLOY, "AWS_ACCESS_KEY_ID")
    assert (one.source, one.store) == ("circleci", "context variable")
    assert (one.scope.id, one.scope.name, one.scope.organization) == (DEPLOY, "deploy", "acme")
    assert str(one.created) == "2021-01-01 00:00:00+00:00"
    assert str(one.updated) == "2022-05-05 05:05:05.555000+00:00"
    assert one.tail == SEALER.seal("MPLE")


def test_legacy_keys_are_two_secrets_of_their_project() -> None:
    found = inventory({LEGACY: legacy("xxxxMPLE", "xxxxEKEY")})
    halves = {one.name: one for one in found.secrets if one.store == "legacy AWS key"}
    assert set(halves) == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert {one.scope.id for one in halves.values()} == {WEB}
    assert halves["AWS_ACCESS_KEY_ID"].tail == SEALER.seal("MPLE")
    assert halves["AWS_SECRET_ACCESS_KEY"].tail == SEALER.seal("EKEY")
    assert place(found, WEB).readable == Known(3)


@pytest.mark.parametrize("body", [{}, {"aws": None}, {"aws": {"keypair": None}}, {"aws": "x"}])
def test_no_legacy_keys_are_no_secrets(body: Any) -> None:
    found = inventory({LEGACY: Said({**body, "ssh_keys": []})})
    assert not [one for one in found.secrets if one.store == "legacy AWS key"]
    assert found.gaps == ()


def test_settings_that_tell_nothing_are_a_gap() -> None:
    found = inventory({LEGACY: Said({})})
    assert {gap.what for gap in found.gaps} == {
        "legacy AWS keys of web",
        "additional SSH keys of web",
    }


def test_secrets_of_a_scope_share_their_exposure() -> None:
    found = inventory()
    id_, key = (secret(found, f"AWS_{name}") for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY"))
    assert id_.exposure is key.exposure
    assert id_.exposure.restrictions == ("project web",)
    assert secret(found, "NPM_TOKEN").exposure.unrestricted == Known(value=True)
    assert secret(found, "NPM_TOKEN").exposure.project_count == Known(2)


def test_a_project_that_serves_forks_exposes_the_contexts_it_reaches() -> None:
    found = inventory({SETTINGS: switches(forks=True)})
    assert secret(found, "AWS_ACCESS_KEY_ID").exposure.fork_builds == Known(value=True)
    assert secret(found, "NPM_TOKEN").exposure.fork_builds == Known(value=True)
    forks = {one.scope.id: one.exposure.fork_builds for one in found.secrets if one.name == "TOKEN"}
    assert forks == {WEB: Known(value=True), API: Known(value=False)}


# --- refusals and failures --------------------------------------------------------------------

FAILURES = [FORBIDDEN, NOT_FOUND, BROKEN, THROTTLED, Said(b"<html>"), Said(b""), Said(drop=True)]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize(
    ("path", "id_", "what", "line"),
    [
        (VARIABLES, DEPLOY, "context variables of deploy", "contexts of acme"),
        (ENVVAR, WEB, "project variables of web", "projects of acme"),
        (LEGACY, WEB, "legacy AWS keys of web", "projects of acme for their legacy AWS keys"),
    ],
)
def test_a_store_of_secrets_that_cannot_be_read_is_a_gap(
    path: str, id_: str, what: str, line: str, failure: Said
) -> None:
    found = inventory({path: failure})
    gap, *others = found.gaps
    # One call may tell several stores.
    assert {one.why for one in others} <= {gap.why}
    assert (gap.what, gap.source, gap.affects) == (what, "circleci", (id_,))
    assert path.split("/")[2] in gap.why
    assert gap.fix
    readable = place(found, id_).readable
    assert readable == Unknown(gap)
    assert next(read for what, read in covered(found).items() if what.startswith(line)) == (1, 2)


@pytest.mark.parametrize("failure", FAILURES)
def test_restrictions_that_cannot_be_read_leave_the_exposure_open(failure: Said) -> None:
    found = inventory({RESTRICTIONS: failure, SETTINGS: switches(forks=True)})
    exposure = secret(found, "AWS_ACCESS_KEY_ID").exposure
    (gap,) = found.gaps
    assert gap.what == "context restrictions of deploy"
    assert exposure.unrestricted == exposure.project_count == Unknown(gap)
    assert exposure.fork_builds == Unknown(gap)
    assert place(found, DEPLOY).readable == Known(2)  # its secrets are known all the same


@pytest.mark.parametrize("failure", [*FAILURES, Said({"advanced": {}}), Said({"advanced": None})])
def test_settings_that_cannot_be_read_leave_forks_open(failure: Said) -> None:
    found = inventory({SETTINGS: failure})
    (gap,) = found.gaps
    assert gap.what == "project settings of web"
    for name in ("AWS_ACCESS_KEY_ID", "NPM_TOKEN"):
        assert secret(found, name).exposure.fork_builds == Unknown(gap)
    assert place(found, WEB).readable == Known(1)


@pytest.mark.parametrize(
    ("failure", "fix"),
    [
        (FORBIDDEN, "organization admin"),
        (NOT_FOUND, "organization admin"),
        (Said({}, 401), "new token"),
        (BROKEN, "--resume"),
        (THROTTLED, "--resume"),
        (Said(drop=True), "--resume"),
        (Said(b"<html>"), "proxy"),
        (Said({}, 302, {"Location": "https://elsewhere.example"}), "set url"),
    ],
)
def test_the_fix_of_a_gap_fits_its_reason(failure: Said, fix: str) -> None:
    (gap,) = inventory({VARIABLES: failure}).gaps
    assert fix in gap.fix


def test_a_forbidden_context_may_be_a_missing_one_and_says_so() -> None:
    (gap,) = inventory({VARIABLES: FORBIDDEN}).gaps
    assert "missing contexts alike" in gap.why


def test_scopes_refused_for_one_reason_share_one_gap() -> None:
    ids = [f"c-{number}" for number in range(40)]
    contexts = items(*({"id": id_, "name": f"{id_}{'!' * 99}"} for id_ in ids))
    found = inventory({"/api/v2/context": contexts})
    variables, restrictions = found.gaps
    assert variables.affects == restrictions.affects == tuple(ids)
    assert variables.what.endswith("and 37 more contexts of acme")
    assert len(variables.what) < 300
    assert covered(found)["contexts of acme"] == (0, 40)


def test_a_context_at_the_limit_may_hold_more() -> None:
    many = [variable(f"V{number:03}") for number in range(100)]
    (gap,) = inventory({VARIABLES: items(*many)}).gaps
    assert gap.affects == (DEPLOY,)
    assert "100" in gap.why
    assert inventory({VARIABLES: items(*many[:99])}).gaps == ()


def test_what_came_before_a_listing_broke_off_is_kept_and_not_called_whole() -> None:
    def pages(asked: Any) -> Said:
        first = items({"name": "FIRST", "value": "xxxx"}, token="t")
        return BROKEN if "page-token" in asked.query else first

    found = inventory({ENVVAR: pages})
    assert secret(found, "FIRST").scope.id == WEB
    assert isinstance(place(found, WEB).readable, Unknown)


# --- which projects there are -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"/api/v3/projects": FORBIDDEN, "/api/private/project": BROKEN}, {}),
        ({"/api/v3/projects": v3(), "/api/private/project": NOT_FOUND}, {}),
        ({}, {"v3": False, "private": False}),
        ({}, {"server": True}),
    ],
)
def test_with_partial_listings_only_there_may_be_more_projects(
    changes: Routes, told: dict[str, Any]
) -> None:
    found = inventory(changes, **told)
    gap = next(
        one for one in found.gaps if one.what == "projects that no partial listing names of acme"
    )
    assert gap.affects == (ORG,)
    assert covered(found)["projects of acme"][1] is None
    assert secret(found, "NPM_TOKEN").exposure.project_count == Unknown(gap)
    assert secret(found, "NPM_TOKEN").exposure.fork_builds == Unknown(gap)


@pytest.mark.parametrize(
    "changes",
    [
        {"/api/v3/projects": FORBIDDEN},
        {"/api/private/project": NOT_FOUND},
        {"/api/v1.1/projects": BROKEN, "/api/v2/pipeline": BROKEN},
        {"/api/v2/insights/gh/acme/summary": Said({"all_projects": None})},
    ],
)
def test_one_whole_listing_is_enough_and_the_others_are_named(changes: Routes) -> None:
    known = Said({"id": WEB, "slug": "gh/acme/web", "name": "web"})
    api = Said({"id": API, "slug": "gh/acme/api", "name": "api"})
    resolved = {f"/api/v2/project/{WEB}": known, f"/api/v2/project/{API}": api}
    found = inventory(changes | resolved)
    # One listing alone names the deleted ones.
    deleted = [gap for gap in found.gaps if gap.what.startswith("deleted and stopped projects")]
    assert len(found.gaps) == len(deleted) == ("/api/private/project" in changes)
    (line,) = [one for one in found.coverage if one.what == "projects of acme"]
    assert (line.read, line.known) == (2, 2)
    assert all(name in line.note for name in ("v3", "private", "followed", "pipelines", "insights"))


def test_an_organisation_without_projects_is_not_a_gap() -> None:
    empty: Routes = {
        "/api/v3/projects": v3(),
        "/api/private/project": items(),
        "/api/v1.1/projects": Said([]),
        "/api/v2/pipeline": items(),
        "/api/v2/insights/gh/acme/summary": Said({"all_projects": []}),
        RESTRICTIONS: items(),
    }
    found = inventory(empty)
    assert found.gaps == ()
    assert covered(found)["projects of acme"] == (0, 0)


def test_a_list_of_contexts_that_fails_is_a_gap_and_not_zero_contexts() -> None:
    found = inventory({"/api/v2/context": FORBIDDEN})
    (gap,) = found.gaps
    assert gap.what == "the list of contexts of acme"
    assert covered(found)["contexts of acme"] == (0, None)


def test_a_project_known_by_name_only_is_a_place_that_was_not_read() -> None:
    found = inventory(
        {
            "/api/v2/me/collaborations": Said(
                [{"id": ORG, "vcs-type": "circleci", "name": "acme", "slug": "circleci/Xy"}]
            ),
            "/api/v2/insights/circleci/Xy/summary": Said({"all_projects": ["web", "old", 7]}),
        }
    )
    old = place(found, "name:old")
    assert old.sources == ("insights",)
    assert isinstance(old.readable, Unknown)
    assert old.url is None


def test_a_store_that_is_switched_off_is_a_gap() -> None:
    gaps = inventory(v1=False).gaps
    assert [gap.what for gap in gaps] == [
        f"{store.name}s of acme" for store in STORES if store.switch == "v1"
    ]
    assert gaps[0] == Gap(
        "legacy AWS keys of acme",
        "they are switched off in the configuration",
        "set v1 = true in [inventory.circleci], then audit again",
        "circleci",
        (ORG,),
    )


def test_organisations_that_could_not_be_found() -> None:
    listed = [
        {"id": ORG, "vcs-type": "github", "name": "acme", "slug": "gh/acme"},
        {"id": None, "vcs-type": "github", "name": "me", "slug": "gh/me"},
    ]
    known = inventory({"/api/v2/me/collaborations": Said(listed)})
    assert known.gaps == ()  # the code host knows it, CircleCI does not
    assert "1 more unknown to CircleCI" in known.coverage[0].note
    wanted = inventory(organizations=("gh/acme", "gh/typo"))
    (gap,) = wanted.gaps
    assert gap.what == "organisation gh/typo"
    assert covered(wanted)["organisations"] == (1, 2)


def test_a_project_that_two_organisations_list_is_counted_once() -> None:
    both = [
        {"id": id_, "vcs-type": "github", "name": name, "slug": f"gh/{name}"}
        for id_, name in ((ORG, "acme"), ("o-2", "zeta"))
    ]
    found = inventory({"/api/v2/me/collaborations": Said(both), "/api/v3/projects": v3()})
    assert len({one.id for one in found.secrets}) == len(found.secrets)
    assert len({one.scope.id for one in found.places}) == len(found.places)


# --- outside text -----------------------------------------------------------------------------

HOSTILE = [
    '=HYPERLINK("http://x","y")',
    "x" * 10_000,
    "a\x00\x1b[31m",
    "\ud800",
    "🚀 نشر",
    "",
    "../..",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_come_through_whole(name: str) -> None:
    shown = name.replace("\ud800", "\\ud800")
    found = inventory(
        {
            "/api/v2/context": items({"id": DEPLOY, "name": name, "created_at": {"odd": 1}}),
            VARIABLES: items(variable(name, updated=None)),
            ENVVAR: items({"name": name, "value": 7}),
            RESTRICTIONS: items(restriction("expression", name)),
        }
    )
    assert place(found, DEPLOY).scope.name == shown
    assert [one.name for one in found.secrets if one.scope.id in (DEPLOY, WEB)] == [shown] * 2
    json.dumps([one.name for one in found.secrets]).encode()
    assert secret(found, shown).exposure.restrictions in ((), (f"expression {shown}",))


def test_ids_of_any_kind_neither_crash_nor_leave_their_place() -> None:
    odd = ["../../x", "a/b", "?x=1", "\ud800", ".", "x" * 3000]
    found = inventory({"/api/v2/context": items(*({"id": id_, "name": "n"} for id_ in odd))})
    assert {one.scope.id for one in found.places if one.scope.kind is ScopeKind.CONTEXT} == set(odd)
    assert all(isinstance(place(found, id_).readable, Unknown) for id_ in odd)


WIRE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["items", "data", "id", "slug", "name", "variable", "page", "aws"])
            | st.text(max_size=3),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(WIRE, st.sampled_from(sorted(set(acme()) - {"/api/v2/me", "/api/v2/me/collaborations"})))
def test_no_json_crashes_the_audit(body: Any, path: str) -> None:
    found = inventory({path: Said(body)})
    assert found.organizations == ("acme",)


# --- links ------------------------------------------------------------------------------------

CLOUD = Settings()


@pytest.mark.parametrize(
    ("slug", "url"),
    [
        ("gh/acme/web", "https://app.circleci.com/settings/project/github/acme/web/page"),
        ("bb/acme/web", "https://app.circleci.com/settings/project/bitbucket/acme/web/page"),
        ("circleci/Xy/Zq", "https://app.circleci.com/settings/project/circleci/Xy/Zq/page"),
        ('gh/a"b/w<x>', "https://app.circleci.com/settings/project/github/a%22b/w%3Cx%3E/page"),
        ("gh/acme", None),
        ("gh/acme/..", None),
        ("gh//web", None),
        ("", None),
    ],
)
def test_links_to_projects(slug: str, url: str | None) -> None:
    assert links.project(CLOUD, slug, "page") == url


def test_links_go_to_the_installation_and_only_by_https() -> None:
    server = Settings(url="https://ci.acme.example/api/v2", server=True)
    assert links.organization(server, "gh/acme", "contexts", "c 1") == (
        "https://ci.acme.example/settings/organization/github/acme/contexts/c%201"
    )
    assert links.organization(Settings(url="http://127.0.0.1:9"), "gh/acme") is None


# --- size -------------------------------------------------------------------------------------


def test_reading_is_pure_and_repeatable() -> None:
    snapshot = Memory()
    with serving(acme()) as server:
        first = audit(server, snapshot)
        url = server.url
    before = dict(snapshot.documents)
    assert CircleCI({}).read(Settings(url=url), snapshot) == first
    assert snapshot.documents == before
    assert (
        Coverage("circleci", "contexts of acme", 2, 2)
        in SYSTEM.read(Settings(url=url), snapshot).coverage
    )
    assert OPEN in {one.scope.id for one in first.places}
