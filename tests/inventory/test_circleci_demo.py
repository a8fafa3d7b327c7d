"""The collector against the demo organisation: TLS, real paging, faults, the vendor's schema."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from asking import without_accounts
from judge import judge, needs_specifications
from scripted import NOW, Memory

from auditor.classify.catalogue import kinds
from auditor.collecting import Collecting, Silent
from auditor.demo import Faults, Garbage, Organisation
from auditor.demo.estate import Context, Project
from auditor.demo.organisation import TOKEN_VARIABLE
from auditor.inventory import Inventory
from auditor.inventory.circleci import CircleCI, unlisted
from auditor.inventory.circleci.settings import Settings
from auditor.inventory.circleci.stores import STORES
from auditor.models import Known, Unknown
from auditor.tails import Sealer

SCENARIO = without_accounts()
CONTEXTS = [context for one in SCENARIO.organizations for context in one.contexts]
PROJECTS = [project for one in SCENARIO.organizations for project in one.projects]
PLANTED = re.compile(r"(?:secret=|services/T0/B0/|_token\": \"|://bot:)([\w+/]{40})")
PLACES: list[Context | Project] = [*CONTEXTS, *PROJECTS]


@pytest.fixture
def demo() -> Iterator[Organisation]:
    with Organisation(SCENARIO) as running:
        yield running


def audit(demo: Organisation, snapshot: Memory | None = None, **told: Any) -> Inventory:
    settings = Settings(
        url=demo.circleci_url, token_env=TOKEN_VARIABLE, ca_bundle=str(demo.ca_bundle), **told
    )
    kept = snapshot or Memory()
    system = CircleCI({TOKEN_VARIABLE: demo.tokens.personal}, lambda _: None)
    system.collect(settings, Collecting(kept, Sealer(b"k" * 32), Silent(), NOW, 200))
    return system.read(settings, kept)


def test_everything_the_scenario_holds_is_found(demo: Organisation) -> None:
    found = audit(demo)
    stores = {"context variable", "project variable", "legacy AWS key"}
    variables = [one for one in found.secrets if one.store in stores]
    names = {(one.scope.id, one.store, one.name) for one in variables}
    expected = {
        (context.id, "context variable", variable.name)
        for context in CONTEXTS
        if not context.denied
        for variable in context.variables
    }
    for project in PROJECTS:
        if not project.denied:
            expected |= {(project.id, "project variable", one.name) for one in project.variables}
            if project.legacy_keys:
                halves = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
                expected |= {(project.id, "legacy AWS key", half) for half in halves}
    assert {(scope, store, name.encode()) for scope, store, name in names} == {
        (scope, store, name.encode("utf-8", "backslashreplace")) for scope, store, name in expected
    }


def test_what_is_denied_and_nothing_else_is_not_readable(demo: Organisation) -> None:
    places = audit(demo).places
    organizations = {one.id for one in SCENARIO.organizations if one.id and one.projects}
    assert {one.scope.id for one in places} == organizations | {one.id for one in PLACES}
    unread = {one.scope.id for one in places if isinstance(one.readable, Unknown)}
    assert unread == {one.id for one in PLACES if one.denied}


def test_no_value_and_no_tail_is_kept(demo: Organisation) -> None:
    snapshot = Memory()
    found = repr(audit(demo, snapshot))
    text = "".join(snapshot.documents.values())
    variables = [one for place in PLACES for one in place.variables if one.value]
    # A project's id is no secret: as evidence it is kept where a configuration names it, too.
    values = {one.value for one in variables if not one.name.endswith("_PROJECT_ID")}
    # A tail of plain letters or digits can also stand in an id or a name by chance.
    assert not [value for value in values if len(value) > 12 and value in text + found]
    assert demo.tokens.personal not in text + found
    assert '"xxxx' not in text


def test_every_store_is_found_and_says_what_it_holds(demo: Organisation) -> None:
    found = audit(demo)
    assert {one.store for one in found.secrets} == {
        unlisted.STORE,
        *(one.name for one in STORES if one.entries),
    }
    told = [one for one in found.secrets if one.kind]
    assert {one.kind for one in told} <= set(kinds())
    assert len({one.id for one in found.secrets}) == len(found.secrets)


def test_no_planted_secret_is_kept(demo: Organisation) -> None:
    snapshot = Memory()
    found = repr(audit(demo, snapshot))
    text = "".join(snapshot.documents.values()) + found
    wire = [line for line in demo.recording.lines() if "<secret>" not in line]
    planted = {word for line in wire for word in PLANTED.findall(line)}
    assert len(planted) >= 4
    assert not [word for word in planted if word in text]


def test_jobs_that_use_contexts_are_found(demo: Organisation) -> None:
    found = audit(demo)
    names = {one.scope.id: one.scope.name for one in found.places}
    attached = [one for one in found.uses if one.by_context]
    assert {(one.project, one.job, names[one.scope_id]) for one in attached} == {
        ("orbit-api", "deploy", "api-deploy"),
        ("orbit-api", "deploy", "org-global"),
        ("rocket-ui", "publish", "org-global"),
        ("mission-website", "deploy", "site-deploy"),
        ("launch-infrastructure", "apply", "terraform"),
        ("wind-tunnel", "deploy", "labs-clouds"),
        ("wind-tunnel", "simulate", "wind-tunnel-login"),
    }
    assert all(one.confirmed and one.last_run for one in attached)
    assert [gap for gap in found.gaps if "agency-2022" in gap.what]


@needs_specifications
def test_every_exchange_is_as_the_vendor_specifies(demo: Organisation) -> None:
    audit(demo)
    judgement = judge(demo.recording.lines())
    assert judgement.objections == ()
    assert judgement.judged > 100
    assert {exchange["method"] for exchange in demo.recording} == {"GET"}


@pytest.mark.parametrize("fault", ["throttle", "drop"])
def test_faults_in_passing_change_nothing(demo: Organisation, fault: str) -> None:
    good = audit(demo)
    # Every call has five retries: a twentieth of them failing never fells six in a row.
    if fault == "throttle":
        demo.faults.throttle(20, retry_after=0)
    else:
        demo.faults.drop(every=20)
    assert audit(demo) == good


def test_pages_without_end_end(demo: Organisation) -> None:
    good = audit(demo)
    demo.faults.endless("*/envvar")
    demo.faults.endless("*/environment-variable")
    found = audit(demo)
    assert found.secrets == good.secrets
    assert any("repeat" in gap.why for gap in found.gaps)


@pytest.mark.parametrize("garbage", list(Garbage))
def test_garbage_is_a_gap(demo: Organisation, garbage: Garbage) -> None:
    demo.faults.garbage("/api/v2/context/*/environment-variable", garbage)
    contexts = {one.id for one in CONTEXTS}
    read = [one for one in audit(demo).places if one.scope.id in contexts]
    assert read
    assert not [one for one in read if isinstance(one.readable, Known)]


def test_a_killed_audit_is_resumed_where_it_failed(demo: Organisation) -> None:
    snapshot = Memory()
    good = audit(demo)
    demo.faults.deny("/api/v1.1/project/*", status=500)
    demo.faults.deny("/api/v2/context/*/restrictions", status=500)
    assert len(audit(demo, snapshot, retries=0).gaps) > len(good.gaps)
    demo.faults.clear()
    assert audit(demo, snapshot) == good


def test_an_organisation_that_refuses_everything_is_all_gaps() -> None:
    faults = Faults()
    with Organisation(SCENARIO, faults) as demo:
        for path in (
            "/api/v2/context*",
            "/api/v2/p*",
            "/api/v2/i*",
            "/api/v2/o[tw]*",
            "/api/v2/org/*",
            "/api/v2/organizations/*",
            "/api/v2/organization/*/url*",
            "/api/v2/w*",
            "/api/v[13]*",
            "/api/private*",
            "/private/*",
        ):
            faults.deny(path, status=403)
        found = audit(demo)
    assert {one.store for one in found.secrets} == {unlisted.STORE}
    assert {gap.affects for gap in found.gaps} == {
        (one.id,) for one in SCENARIO.organizations if one.id
    }
    lines = [line for line in found.coverage if line.what != "organisations"]
    assert lines
    assert all(line.read == 0 for line in lines)
    assert all(line.known is None for line in lines if line.what.startswith(("context", "project")))
