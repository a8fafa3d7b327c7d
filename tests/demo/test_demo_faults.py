"""What can be made to go wrong does, where and as often as told, and stops when told."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import requests
from asking import Asking, without_accounts

from auditor.demo import Faults, Garbage, Organisation

SCENARIO = without_accounts()
OWNER = str(SCENARIO.organizations[0].id)


@pytest.fixture(scope="module")
def demo() -> Iterator[Organisation]:
    with Organisation(SCENARIO) as running:
        yield running


@pytest.fixture
def ask(demo: Organisation) -> Iterator[Asking]:
    demo.faults.clear()
    with Asking(demo) as asking:
        yield asking
    demo.faults.clear()


def test_nothing_goes_wrong_unless_told() -> None:
    assert Faults().strike("/api/v2/me") is None


def test_deny_answers_the_status_on_matching_paths(demo: Organisation, ask: Asking) -> None:
    demo.faults.deny("/api/v2/context/*/restrictions", 403)
    demo.faults.deny("/api/v2/project/*", 404)
    context = SCENARIO.organizations[0].contexts[0].id
    assert ask(f"/api/v2/context/{context}/restrictions").status_code == 403
    assert ask("/api/v2/project/gh/acme-rockets/orbit-api/envvar").status_code == 404
    assert ask(f"/api/v2/context/{context}/environment-variable").status_code == 200


def test_a_number_of_times(demo: Organisation, ask: Asking) -> None:
    demo.faults.deny("/api/v2/me", 500, times=2)
    assert [ask("/api/v2/me").status_code for _ in range(4)] == [500, 500, 200, 200]


def test_throttle_strikes_every_so_often_and_says_when_to_return(
    demo: Organisation, ask: Asking
) -> None:
    demo.faults.throttle(every=3, retry_after=7)
    replies = [ask("/api/v2/me") for _ in range(6)]
    assert [reply.status_code for reply in replies] == [200, 200, 429, 200, 200, 429]
    refused = replies[2].headers
    assert (refused["Retry-After"], refused["RateLimit-Remaining"]) == ("7", "0")
    assert int(replies[0].headers["RateLimit-Remaining"]) > 0


def test_drop_closes_the_connection_without_an_answer(demo: Organisation, ask: Asking) -> None:
    demo.faults.drop("/api/v2/me", times=1)
    before = len(demo.recording)
    with pytest.raises(requests.ConnectionError):
        ask("/api/v2/me")
    assert len(demo.recording) == before
    assert ask("/api/v2/me").status_code == 200


@pytest.mark.parametrize(
    ("path", "owner", "token"),
    [
        ("/api/v2/context", "owner-id", "page-token"),
        ("/api/private/project", "organization-id", "page-token"),
        ("/api/v3/projects", "filter[org_id]", "page[cursor]"),
    ],
)
def test_endless_pages_repeat_under_ever_new_tokens(
    demo: Organisation, ask: Asking, path: str, owner: str, token: str
) -> None:
    demo.faults.endless(path)
    query, seen = {owner: OWNER}, []
    for _ in range(3):
        reply = ask.json(path, **query)
        query[token] = reply["page"]["next"] if "page" in reply else reply["next_page_token"]
        seen.append((reply.get("items") or reply["data"], query[token]))
    pages, tokens = zip(*seen, strict=True)
    assert pages[0] == pages[1] == pages[2]
    assert len({*tokens}) == 3


def test_endless_project_variables_repeat_under_one_token(demo: Organisation, ask: Asking) -> None:
    demo.faults.endless("*/envvar")
    path = "/api/v2/project/gh/acme-rockets/orbit-api/envvar"
    first = ask.json(path)
    assert first["next_page_token"]
    assert ask.json(path, **{"page-token": first["next_page_token"]}) == first


@pytest.mark.parametrize("kind", [Garbage.HTML, Garbage.TRUNCATED, Garbage.EMPTY, Garbage.BINARY])
def test_garbage_is_no_json(demo: Organisation, ask: Asking, kind: Garbage) -> None:
    demo.faults.garbage("/api/v2/me", kind)
    reply = ask("/api/v2/me")
    assert (reply.status_code, reply.headers["Content-Type"]) == (200, kind.value[0])
    with pytest.raises(requests.JSONDecodeError):
        reply.json()


def test_garbage_may_be_json_of_another_shape(demo: Organisation, ask: Asking) -> None:
    demo.faults.garbage("/api/v2/me", Garbage.SHAPE)
    assert isinstance(ask.json("/api/v2/me"), list)


def test_latency_delays_every_reply(demo: Organisation, ask: Asking) -> None:
    demo.faults.latency = 0.2
    try:
        begun = time.monotonic()
        ask("/api/v2/me")
        assert time.monotonic() - begun >= 0.2
    finally:
        demo.faults.latency = 0.0


def test_clear_mends_everything(demo: Organisation, ask: Asking) -> None:
    demo.faults.deny("*", 500)
    demo.faults.clear()
    assert ask("/api/v2/me").status_code == 200
