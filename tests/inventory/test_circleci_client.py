from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pytest
from scripted import NOT_FOUND, TOKEN, Asked, Said, Scripted, serving

from auditor.inventory.circleci.client import LARGEST_BODY, Client
from auditor.inventory.circleci.replies import Answer
from auditor.inventory.circleci.settings import Settings

GOOD = Said({"good": True})
BUSY = Said({}, 429, {"Retry-After": "3"})
BROKEN = Said({}, 503)
START = 1_700_000_000.0


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = START
        self.naps: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds


def client(server: Scripted, clock: Clock, **told: Any) -> Client:
    settings = Settings(url=server.url, **told)
    return Client(settings, TOKEN, sleep=clock.sleep, clock=clock, jitter=lambda: 1.0)


def get(route: Any, clock: Clock | None = None, **told: Any) -> tuple[Answer, Scripted]:
    """Return the answer of one call and the server that gave it."""
    with serving({"/x": route}) as server, client(server, clock or Clock(), **told) as calls:
        return calls.get("/x"), server


def test_a_call_carries_the_token_in_a_header_only() -> None:
    answer, server = get(GOOD)
    assert answer == Answer(200, body={"good": True})
    (asked,) = server.asked
    assert asked.headers["Circle-Token"] == TOKEN
    assert asked.headers["Accept"] == "application/json"
    assert asked.headers["User-Agent"].startswith("ci-secrets-auditor/")
    assert asked.query == {}


@pytest.mark.parametrize(
    ("routes", "error", "attempts"),
    [
        ([BUSY, GOOD], "", 2),
        ([BROKEN, BROKEN, GOOD], "", 3),
        ([Said(drop=True), GOOD], "", 2),
        ([Said(b'{"go', drop=True), GOOD], "", 2),
        ([Said({}, 408), GOOD], "", 2),
        (BUSY, "429 Too Many Requests", 4),
        (BROKEN, "503 Service Unavailable", 4),
        (Said(drop=True), "the connection failed", 4),
        (Said(b'{"go', drop=True), "the connection broke within the answer", 4),
        (NOT_FOUND, "404 Not Found", 1),
        (Said({}, 401), "401 Unauthorized", 1),
        (Said({}, 403), "403 Forbidden", 1),
        (Said({}, 599), "599", 4),
        (Said(b"", 200), "the answer is not JSON", 1),
        (Said(b"<html>sign in</html>", 200), "the answer is not JSON", 1),
        (Said(b'{"items": [{"id"', 200), "the answer is not JSON", 1),
        (Said(b"[" * 200_000, 200), "the answer is nested too deeply", 1),
        (Said(b"9" * 5_000, 200), "the answer is not JSON", 1),
        (Said({}, 204), "204 No Content", 1),
    ],
)
def test_how_a_call_ends(routes: Any, error: str, attempts: int) -> None:
    answer, server = get(routes, retries=3)
    assert answer.error == error
    assert (answer.body is None) is bool(error)
    assert len(server.asked) == attempts


def test_text_that_is_not_utf8_is_not_lost() -> None:
    answer, _ = get(Said(b'{"name": "a\xff\\ud800"}'))
    assert answer.body == {"name": "a\udcff\ud800"}


def test_an_answer_too_large_is_refused_before_it_fills_the_memory() -> None:
    answer, _ = get(Said(b" " * (LARGEST_BODY + 1)))
    assert answer.error == "more than 32 MB in one answer"


def test_the_time_the_server_names_is_kept() -> None:
    clock = Clock()
    answer, _ = get([BUSY, GOOD], clock)
    assert not answer.error
    assert clock.now >= START + 3


def test_without_a_time_the_waits_grow() -> None:
    clock = Clock()
    get(BROKEN, clock, retries=4)
    assert clock.naps == [1, 2, 4, 8]


def test_a_call_does_not_wait_longer_than_it_may() -> None:
    clock = Clock()
    answer, server = get(Said({}, 429, {"Retry-After": "3600"}), clock, max_wait=60)
    assert answer == Answer(429, "429 Too Many Requests, asking to wait 3600 seconds")
    assert len(server.asked) == 1
    assert clock.naps == []


def test_all_waits_of_a_call_count_together() -> None:
    clock = Clock()
    answer, _ = get(Said({}, 429, {"Retry-After": "25"}), clock, max_wait=60, retries=10)
    assert answer.status == 429
    assert clock.now - START <= 60


def test_one_refusal_for_haste_slows_every_other_call() -> None:
    naps: list[float] = []

    def sleep(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 1:  # the refused call waits; now another worker wants something
            calls.get("/other")

    routes: dict[str, Any] = {"/x": [Said({}, 429, {"Retry-After": "40"}), GOOD], "/other": GOOD}
    with serving(routes) as server:
        settings = Settings(url=server.url)
        with Client(settings, TOKEN, sleep=sleep, clock=lambda: START, jitter=lambda: 0.5) as calls:
            calls.get("/x")
    assert naps == [0.5, 40, 40]


def test_an_error_of_the_server_slows_its_own_call_only() -> None:
    clock = Clock()
    routes: dict[str, Any] = {"/x": BROKEN, "/other": GOOD}
    with serving(routes) as server, client(server, clock, retries=1) as calls:
        calls.get("/x")
        clock.naps.clear()
        calls.get("/other")
    assert clock.naps == []


def test_a_redirect_is_not_followed_and_the_token_stays() -> None:
    with serving({"/stolen": GOOD}) as other:
        answer, _ = get(Said({}, 302, {"Location": f"{other.url}/stolen"}))
        assert answer == Answer(302, "302, a redirect, which is not followed")
        assert other.asked == []


def test_segments_are_encoded_one_by_one() -> None:
    with serving({}) as server, client(server, Clock()) as calls:
        calls.get("/p/{a}/{b}", {"a": "x/../y?z#", "b": "é\ud800%"}, {"filter[org]": "a&b"})
        (asked,) = server.asked
        assert asked.path == "/p/x%2F..%2Fy%3Fz%23/%C3%A9%5Cud800%25"
        assert asked.query == {"filter[org]": "a&b"}


@pytest.mark.parametrize("segment", ["", ".", ".."])
def test_a_segment_that_would_change_the_route_is_not_asked(segment: str) -> None:
    with serving({}) as server, client(server, Clock()) as calls:
        answer = calls.get("/api/{id}/me", {"id": segment})
        assert answer.status is None
        assert answer.error.startswith("not asked")
        assert server.asked == []


def test_a_stopped_client_asks_nothing_more() -> None:
    with serving({"/x": GOOD}) as server:
        with client(server, Clock()) as calls:
            pass
        with pytest.raises(CancelledError):
            calls.get("/x")
        assert server.asked == []


def test_stopping_wakes_a_call_that_waits() -> None:
    with serving({"/x": BROKEN}) as server:
        calls = Client(Settings(url=server.url, retries=9), TOKEN, sleep=lambda _: stop())

        def stop() -> None:
            calls.__exit__(None, None, None)

        with pytest.raises(CancelledError):
            calls.get("/x")
        assert len(server.asked) == 1


def test_nobody_at_home() -> None:
    with serving({}) as server:
        pass
    with client(server, Clock(), retries=2) as calls:
        assert calls.get("/x") == Answer(None, "the connection failed")


def test_the_token_is_in_no_repr() -> None:
    with serving({}) as server, client(server, Clock()) as calls:
        shown = f"{calls!r} {vars(calls)!r} {vars(calls._session)!r} {calls._session.auth!r}"
        assert TOKEN not in shown


# --- what the environment of the process may not change ---------------------------------------

CHILD = """
import json, sys
from auditor.inventory.circleci.client import Client
from auditor.inventory.circleci.settings import Settings
with Client(Settings(url=sys.argv[1], ca_bundle=sys.argv[2], retries=0), "planted") as calls:
    answer = calls.get("/x")
    print(json.dumps([answer.status, answer.error, answer.body]))
"""


def child(url: str, ca_bundle: str, **environment: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", CHILD, url, ca_bundle],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_no_password_of_a_netrc_file_is_sent(tmp_path: Path) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password planted\n")
    netrc.chmod(0o600)
    with serving({"/x": GOOD}) as server:
        assert child(server.url, "", NETRC=str(netrc))[0] == 200
        assert "Authorization" not in server.asked[0].headers


def tls(server: Scripted, tmp_path: Path) -> Callable[[str], str]:
    """Put the server behind TLS; return what writes a file with a named authority's certificate."""
    import ssl  # noqa: PLC0415

    import trustme  # noqa: PLC0415

    authorities = {"own": trustme.CA(), "other": trustme.CA()}
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authorities["own"].issue_cert("127.0.0.1").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)

    def bundle(name: str) -> str:
        path = tmp_path / f"{name}.pem"
        authorities[name].cert_pem.write_to_path(str(path))
        return str(path)

    return bundle


@pytest.mark.parametrize(
    ("setting", "environment", "error"),
    [
        ("own", "other", ""),
        ("", "own", ""),
        ("other", "own", "the TLS certificate is not trusted"),
    ],
)
def test_the_configured_authority_wins_over_the_environment(
    tmp_path: Path, setting: str, environment: str, error: str
) -> None:
    with serving({"/x": GOOD}) as server:
        bundle = tls(server, tmp_path)
        found = child(
            server.url.replace("http:", "https:"),
            bundle(setting) if setting else "",
            REQUESTS_CA_BUNDLE=bundle(environment),
        )
        assert found[1] == error


def test_a_query_is_asked_for_every_attempt() -> None:
    seen: list[Any] = []

    def answer(asked: Asked) -> Said:
        seen.append(asked.query)
        return BROKEN if len(seen) == 1 else GOOD

    with serving({"/x": answer}) as server, client(server, Clock()) as calls:
        calls.get("/x", query={"page-token": "a/b"})
    assert seen == [{"page-token": "a/b"}] * 2
