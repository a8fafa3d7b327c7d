"""What the command says when CircleCI misbehaves: never less than is true, never clean.

Each call, gone wrong in each way, is for `test_honesty`; here the command itself ends as it should.
"""

from __future__ import annotations

import pytest
from audits import Audits

from auditor.demo.faults import Garbage
from auditor.models import Severity

RANK = {severity.value: severity.rank for severity in Severity}


def assert_nothing_falls(healthy: Audits, faulty: Audits) -> None:
    """Unknown is no fall: it may be as bad as critical, and says so."""
    before, after = healthy.severities(), faulty.severities()
    fallen = {
        id_: (before[id_], severity)
        for id_, severity in after.items()
        if RANK[severity] < RANK[before[id_]] and severity != "Unknown"
    }
    assert not fallen


def gaps(audits: Audits) -> set[tuple[str, str]]:
    return {(gap["what"], gap["why"]) for gap in audits.results()["gaps"]}


def test_throttled_and_dropped_calls_change_nothing(undisturbed: Audits, audits: Audits) -> None:
    audits.organisation.faults.throttle(29, retry_after=0)
    audits.organisation.faults.drop(every=31)
    ended = audits.audit("--incident", "circleci-2023-01")
    assert ended.code == 0, ended.stderr
    assert audits.severities() == undisturbed.severities()
    assert gaps(audits) == gaps(undisturbed)


def test_endless_pages_end(healthy: Audits, audits: Audits) -> None:
    audits.organisation.faults.endless("/api/*")
    assert audits.audit("--incident", "circleci-2023-01").code == 0
    assert_nothing_falls(healthy, audits)


@pytest.mark.parametrize(
    "path",
    ["/api/v2/context/*/restrictions", "/api/v3/*", "/api/v2/context"],
)
@pytest.mark.parametrize("how", ["403", "shape"])
def test_a_refused_or_useless_store_is_a_gap(
    undisturbed: Audits, audits: Audits, path: str, how: str
) -> None:
    faults = audits.organisation.faults
    if how.isdigit():
        faults.deny(path, int(how))
    else:
        faults.garbage(path, Garbage[how.upper()])
    text = audits.config.read_text()
    audits.config.write_text(text.replace("token_env", "retries = 0\ntoken_env"))
    ended = audits.audit("--incident", "circleci-2023-01", "--strict")
    assert ended.code in (3, 4, 11), ended.stderr
    assert "Traceback" not in ended.stderr
    if ended.code == 11:
        assert_nothing_falls(undisturbed, audits)
        whole = audits.severities() == undisturbed.severities()  # another route had it all
        assert whole or gaps(audits) - gaps(undisturbed)


def test_without_the_provider_no_severity_falls(healthy: Audits, audits: Audits) -> None:
    ended = audits.audit("--incident", "circleci-2023-01", "--only", "circleci", "--strict")
    assert ended.code == 11
    assert audits.severities().keys() == healthy.severities().keys()
    assert_nothing_falls(healthy, audits)
