from __future__ import annotations

from collections.abc import Iterator

import pytest
from gcp_lab import Lab

from auditor.demo import scenario
from auditor.demo.faults import Faults
from auditor.demo.google import GoogleServer, rest
from auditor.demo.google_estate import Google
from auditor.demo.loopback import Loopback
from auditor.demo.wire import Recording


@pytest.fixture(scope="session")
def servers() -> Iterator[Lab]:
    faults, recording = Faults(), Recording()
    google = Google(scenario.load().google or {})
    server = GoogleServer(google, faults, recording)
    beside = Loopback("google", rest(google), None, faults, recording)
    server.start()
    beside.start()
    settings = {"endpoint": server.url, "rest_endpoint": beside.url, "timeout": 2}
    settings |= {"scopes": (google.organization,), "guardrails_per_minute": 1000}
    yield Lab(settings, faults, recording)
    server.stop()
    beside.stop()


@pytest.fixture
def lab(servers: Lab) -> Iterator[Lab]:
    yield servers
    servers.faults.clear()
