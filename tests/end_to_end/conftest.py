from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from audits import Audits

from auditor.demo import Organisation

SLOW = ("gcp", "azure")
"""Providers whose SDKs cost seconds to load, and which most tests are not about."""


@pytest.fixture(scope="session")
def organisation() -> Iterator[Organisation]:
    with Organisation() as running:
        yield running


@pytest.fixture(scope="module")
def whole(organisation: Organisation) -> Organisation:
    """The company, whole when a file begins: other tests empty moto, which is one a process."""
    organisation.refill()
    return organisation


@pytest.fixture
def audits(whole: Organisation, tmp_path: Path) -> Iterator[Audits]:
    """Runs the command line against the invented company, with an output folder of its own."""
    yield Audits(whole, tmp_path, without=SLOW)
    whole.faults.clear()
    whole.faults.latency = 0.0


@pytest.fixture(scope="session")
def healthy(organisation: Organisation, tmp_path_factory: pytest.TempPathFactory) -> Audits:
    """One audit with nothing going wrong, for every test that only looks at what came out."""
    organisation.refill()
    audits = Audits(organisation, tmp_path_factory.mktemp("healthy"))
    before = len(organisation.recording.lines())
    audits.first = audits.audit("--incident", "circleci-2023-01")
    audits.exchanges = organisation.recording.lines()[before:]
    assert audits.first.code == 0, audits.first.stderr
    return audits


@pytest.fixture(scope="session")
def undisturbed(organisation: Organisation, tmp_path_factory: pytest.TempPathFactory) -> Audits:
    """One audit with nothing going wrong, of what `audits` looks at."""
    organisation.refill()
    audits = Audits(organisation, tmp_path_factory.mktemp("undisturbed"), without=SLOW)
    assert audits.audit("--incident", "circleci-2023-01").code == 0
    return audits
