"""Every endpoint that the code calls, gone wrong in every way: a gap each time, the run goes on.

The endpoints come from a recorded audit of the demo organisation, so that a new one is covered by
itself; one that the demo does not make the code call fails the first test.
"""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from asking import without_accounts
from replayed import Key, Recorder, Replayed, audit
from scripted import Said, serving

import auditor.inventory.circleci as package
from auditor.demo import Organisation
from auditor.demo.estate import CiOrganization, Scenario
from auditor.demo.organisation import TOKEN_VARIABLE
from auditor.errors import AuthError, RemoteError
from auditor.inventory import Inventory
from auditor.inventory.circleci.client import Client
from auditor.inventory.circleci.replies import Answer
from auditor.inventory.circleci.settings import Settings
from auditor.inventory.circleci.stores import STORES
from auditor.models import Exposure, Fact, Gap, ScopeKind, Unknown

ME, LISTED = "/api/v2/me", "/api/v2/me/collaborations"
ASKED = "/api/v2/organization/{organization}"
SETTINGS = {store.name for store in STORES if store.setting}
FIRST = {ME, LISTED}
"""Without these nothing can be read at all."""


# --- what CircleCI says when all is well ------------------------------------------------------


def small() -> Scenario:
    """Return the demo's organisations with only those projects that have something of their own."""

    def of(organization: CiOrganization) -> CiOrganization:
        kept = [p for p in organization.projects if p.stores or p.stopped or p.denied]
        return replace(organization, projects=tuple(kept[:9]), contexts=organization.contexts[:4])

    scenario = without_accounts()
    return replace(scenario, organizations=tuple(map(of, scenario.organizations)))


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was said in one audit, and the inventory it gave."""

    said: Mapping[Key, Answer]
    found: Inventory
    told: Mapping[str, Any]

    def audit(self, route: str, change: Callable[[Answer], Answer]) -> Inventory:
        """Return the inventory with the answers of one route changed."""
        return audit(Replayed(self.said, route, change), **self.told)

    @property
    def routes(self) -> set[str]:
        """Return the routes that were called."""
        return {key[0] for key in self.said}


def _record(demo: Organisation, **told: Any) -> Recorded:
    settings = Settings(
        url=demo.circleci_url, ca_bundle=str(demo.ca_bundle), token_env=TOKEN_VARIABLE
    )
    with Client(settings, demo.tokens.personal) as client:
        recorder = Recorder(client)
        audit(recorder, **told)
    return Recorded(recorder.said, audit(Replayed(recorder.said), **told), told)


_RECORDED: list[Recorded] = []


def recorded() -> list[Recorded]:
    """Return an audit of everything, and one that has to ask which project is which."""
    if not _RECORDED:
        with Organisation(small()) as demo:
            _RECORDED.extend((_record(demo), _record(demo, private=False)))
    return _RECORDED


def of_route(route: str) -> Recorded:
    """Return the recorded audit that calls a route."""
    return next(one for one in recorded() if route in one.routes)


def all_routes() -> list[str]:
    """Return every route that is called."""
    return sorted(set().union(*(one.routes for one in recorded())))


def literals() -> Iterator[str]:
    """Yield every text in the code of the package that begins as a route does."""
    for file in Path(str(package.__path__[0])).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            text = node.value if isinstance(node, ast.Constant) else None
            if isinstance(text, str) and re.match(r"/api/(v1\.1|v2|v3|private)/", text):
                yield text


def test_every_endpoint_in_the_code_is_called() -> None:
    called = all_routes()
    text = set(literals())
    assert len(called) >= 40
    assert not [one for one in text if not any(route.startswith(one) for route in called)]


def test_the_healthy_audit_is_the_same_replayed() -> None:
    whole = recorded()[0]
    assert audit(Replayed(whole.said)) == whole.found
    assert len({one.store for one in whole.found.secrets}) >= 25


# --- what is compared -------------------------------------------------------------------------


def new_gaps(healthy: Inventory, faulty: Inventory) -> list[Gap]:
    """Return what only the faulty audit could not see; names may stand in another order."""
    known = {(gap.why, gap.fix, frozenset(gap.affects)) for gap in healthy.gaps}
    return [g for g in faulty.gaps if (g.why, g.fix, frozenset(g.affects)) not in known]


def known(found: Inventory) -> tuple[set[Any], ...]:
    """Return what an inventory says of secrets, places and uses, in no order."""
    places = {(one.scope, one.readable) for one in found.places}
    return set(found.secrets), places, set(found.uses), set(found.job_runs)


def fell(before: Fact[Any], after: Fact[Any]) -> bool:
    """Return whether a fact became better than it was known to be."""
    if isinstance(after, Unknown) or isinstance(before, Unknown):
        return False  # an unknown one counts as its bad case
    return bool(after.value < before.value)


def assert_honest(healthy: Inventory, faulty: Inventory) -> None:
    """Nothing is lost without a gap that says so, nothing looks safer than it is."""
    scopes = {one.scope.id: one.scope for one in healthy.places}
    explained = {id_ for gap in new_gaps(healthy, faulty) for id_ in gap.affects}
    names = {
        one.scope.name: one.scope.id
        for one in healthy.places
        if one.scope.kind is ScopeKind.ORGANIZATION
    }
    ids = {one.id for one in faulty.secrets}
    readable = {one.scope.id: one.readable for one in faulty.places}
    for lost in (one for one in healthy.secrets if one.id not in ids):
        assert {lost.scope.id, names[lost.scope.organization]} & explained, lost
        if lost.store not in SETTINGS and lost.scope.id in readable:
            assert isinstance(readable[lost.scope.id], Unknown)
    missing = set(scopes) - {one.scope.id for one in faulty.places}
    assert all(names[scopes[id_].organization] in explained for id_ in missing)
    before = {one.id: one.exposure for one in healthy.secrets}
    for one in faulty.secrets:
        if one.id in before and _open(before[one.id], one.exposure):
            raise AssertionError(f"{one.name} looks safer: {one.exposure}")
    assert all(line.known is None or line.read <= line.known for line in faulty.coverage)


def _open(before: Exposure, after: Exposure) -> bool:
    return any(map(fell, before.facts, after.facts))


# --- refusals and useless answers -------------------------------------------------------------

FAULTS: Mapping[str, tuple[Said, str]] = {
    "401": (Said({"message": "?"}, 401), "new token"),
    "403": (Said({"message": "?"}, 403), "use the token of"),
    "404": (Said({"message": "?"}, 404), "use the token of"),
    "429": (Said({}, 429, {"Retry-After": "9999"}), "--resume"),
    "500": (Said({}, 500), "--resume"),
    "302": (Said({}, 302, {"Location": "https://elsewhere.example"}), "set url"),
    "empty": (Said(b""), "--resume"),
    "html": (Said(b"<html>502 Bad Gateway</html>"), "--resume"),
    "truncated": (Said(b'{"items": [{"id": "7d1c'), "--resume"),
    "binary": (Said(b"\x1f\x8b\xff\x00\xfe"), "--resume"),
    "shape": (Said(7), "--resume"),
    "foreign": (Said([{"items": 7}, None, "x"]), "--resume"),
    "dropped": (Said(drop=True), "--resume"),
    "broken off": (Said(b"{}", drop=True), "--resume"),
}
"""What a server says, and what the fix of the gap begins with."""


@pytest.fixture(scope="module")
def answers() -> Mapping[str, Answer]:
    """Return what the real client makes of each fault."""
    with serving({f"/{name}".replace(" ", "-"): said for name, (said, _) in FAULTS.items()}) as at:
        settings = Settings(url=at.url, retries=0)
        with Client(settings, "token", sleep=lambda _: None) as client:
            return {name: client.get(f"/{name}".replace(" ", "-")) for name in FAULTS}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "route" in metafunc.fixturenames:
        metafunc.parametrize("route", all_routes())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_a_gap_and_the_run_goes_on(
    route: str, fault: str, answers: Mapping[str, Answer]
) -> None:
    whole = of_route(route)
    answer = answers[fault]
    try:
        found = whole.audit(route, lambda _: answer)
    except (AuthError, RemoteError):
        assert route in FIRST
        return
    assert route != ME
    assert_honest(whole.found, found)
    gaps = new_gaps(whole.found, found)
    if not gaps:  # other routes told everything that it tells
        assert known(found) == known(whole.found)
        return
    about = [gap for gap in gaps if route in gap.why]
    assert about
    # Of an organisation that CircleCI does not name, nobody knows the id.
    assert all(gap.what for gap in gaps)
    assert all(gap.affects for gap in gaps if route not in (LISTED, ASKED))
    if "no listing of all" not in about[0].why:
        assert any(FAULTS[fault][1] in gap.fix for gap in about), about


# --- answers that are odd within --------------------------------------------------------------


def each(body: Any, change: Callable[[str, Any], Any]) -> Any:
    """Return a body with every value of every object replaced; `change` gets key and value."""
    if isinstance(body, list):
        return [each(one, change) for one in body]
    if isinstance(body, dict):
        containers = (dict, list)
        return {
            key: each(value, change) if isinstance(value, containers) else change(key, value)
            for key, value in body.items()
        }
    return body


def _without_dates(answer: Answer) -> Answer:
    def change(key: str, value: Any) -> Any:
        return None if key.endswith(("_at", "-at")) or key in ("time", "created") else value

    return replace(answer, body=each(answer.body, change))


def _with(value: Any) -> Callable[[Answer], Answer]:
    def change(answer: Answer) -> Answer:
        odd = each(answer.body, lambda _, old: value if isinstance(old, str | int) else old)
        return replace(answer, body=odd)

    return change


def _named(name: str) -> Callable[[Answer], Answer]:
    keys = ("name", "variable", "label", "nickname", "login", "hostname", "host", "file_name")

    def change(answer: Answer) -> Answer:
        odd = each(answer.body, lambda key, old: name if key in keys else old)
        return replace(answer, body=odd)

    return change


def _repeating(answer: Answer) -> Answer:
    body = copy.deepcopy(answer.body)
    if isinstance(body, dict) and "items" in body:
        body["next_page_token"] = "again"
    elif isinstance(body, dict) and "data" in body:
        body["page"] = {"next": "again"}
    return replace(answer, body=body)


def _with_strangers(answer: Answer) -> Answer:
    body = copy.deepcopy(answer.body)
    entries = body.get("items", body.get("data")) if isinstance(body, dict) else body
    if isinstance(entries, list):
        entries[:0] = [None, 7, "x", []]
    return replace(answer, body=body)


ODD: Mapping[str, Callable[[Answer], Answer]] = {
    "null dates": _without_dates,
    "repeated page token": _repeating,
    "entries of other types": _with_strangers,
    "null": _with(None),
    "empty text": _with(""),
    "a list": _with([1]),
    "an object": _with({"a": 1}),
    "text": _with("x"),
    "formula": _named('=HYPERLINK("http://x")'),
    "long": _named("x" * 10_000),
    "control": _named("\x00\x1b[31m\r\n"),
    "surrogate": _named("\ud800"),
    "any script": _named("نشر \u202e鍵🔑"),
}


@pytest.mark.parametrize("odd", ODD)
def test_an_odd_answer_ends_no_run(route: str, odd: str) -> None:
    whole = of_route(route)
    try:
        found = whole.audit(route, ODD[odd])
    except (AuthError, RemoteError):
        assert route in FIRST
        return
    assert found.places or route in FIRST
    for one in found.secrets:
        one.name.encode()
    if odd in ("null dates", "repeated page token", "entries of other types"):
        assert_honest(whole.found, found)
        # Without dates nothing is lost but the dates.
        assert {one.id for one in found.secrets} == {one.id for one in whole.found.secrets}


def test_without_any_one_field_nothing_is_lost_in_silence(route: str) -> None:
    whole = of_route(route)
    fields = {
        key
        for said, answer in whole.said.items()
        if said[0] == route
        for key in _fields(answer.body)
    }
    for field in sorted(fields):
        change = _without(field)
        try:
            found = whole.audit(route, change)
        except (AuthError, RemoteError):
            assert route in FIRST
            continue
        assert found.places


def _fields(body: Any) -> Iterator[str]:
    if isinstance(body, list):
        for one in body:
            yield from _fields(one)
    elif isinstance(body, dict):
        for key, value in body.items():
            yield key
            yield from _fields(value)


def _without(field: str) -> Callable[[Answer], Answer]:
    def cut(body: Any) -> Any:
        if isinstance(body, list):
            return [cut(one) for one in body]
        if isinstance(body, dict):
            return {key: cut(value) for key, value in body.items() if key != field}
        return body

    return lambda answer: replace(answer, body=cut(answer.body))


def test_a_full_context_may_hold_more() -> None:
    route = "/api/v2/context/{context}/environment-variable"
    whole = recorded()[0]
    hundred = {"items": [{"variable": f"V{n}"} for n in range(100)], "next_page_token": None}
    found = whole.audit(route, lambda answer: replace(answer, body=hundred, error=""))
    assert any("never shows more than 100" in gap.why for gap in found.gaps)
