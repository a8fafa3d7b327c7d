"""`auditor doctor`: what it says of a healthy company, and of one where something is refused."""

from __future__ import annotations

import json
from typing import Any

import mmdb
from audits import Audits

from auditor.models import Health


def checks(audits: Audits, **environment: str) -> tuple[int, list[Any]]:
    told = ("doctor", "--json", "--config", str(audits.config), "--out", str(audits.out))
    ended = audits.run(*told, environment=environment)
    return ended.code, json.loads(ended.stdout)


def test_a_healthy_company_is_entered_and_named(audits: Audits) -> None:
    code, found = checks(audits)
    assert code == 0
    assert not [check for check in found if check["health"] == Health.FAIL.value]
    says = "\n".join(f"{check['about']}: {check['says']}" for check in found)
    assert "knows the token's user as otto-lift" in says
    assert "entered as arn:aws:" in says
    assert "clock: agrees with CircleCI's" in says
    assert "goes back" not in says, "no incident was named"
    assert not audits.out.exists(), "nothing is written"


def test_logs_that_do_not_go_back_to_the_incident_are_named(audits: Audits) -> None:
    text = audits.config.read_text("utf-8")
    audits.config.write_text(f'incident = "circleci-2023-01"\n{text}', "utf-8")
    code, found = checks(audits)
    assert code == 0
    (told,) = (check for check in found if check["about"] == "CloudTrail event history")
    assert told["health"] == Health.WARN.value
    assert told["says"].startswith("goes back 90 days; the incident began 2022-12")
    assert "[hunts] logs" in told["fix"]


def test_a_database_of_addresses_is_tried(audits: Audits) -> None:
    own, none = audits.out.parent / "own.mmdb", audits.out.parent / "none.mmdb"
    mmdb.write(own, {"192.0.2.0/24": {"country_code": "NO"}}, built=1_700_000_000)
    none.write_bytes(b"none")
    text = audits.config.read_text("utf-8")
    audits.config.write_text(f"{text}\n[hunts]\ndatabases = ['{own}', '{none}']\n", "utf-8")
    code, found = checks(audits)
    says = {check["about"]: check for check in found}
    assert code == 3
    assert says[str(own)]["says"] == "a database of addresses, of 2023-11-14"
    assert says[str(none)]["health"] == Health.FAIL.value
    assert "countries of 2026-06-17" in says["addresses in logs"]["says"]


def test_a_refused_token_is_a_hard_failure_with_a_cure(audits: Audits) -> None:
    code, found = checks(audits, AUDITOR_DEMO_CIRCLECI_TOKEN="wrong-token")
    assert code == 3
    failed = [check for check in found if check["health"] == Health.FAIL.value]
    assert [check["about"] for check in failed] == ["CircleCI"]
    assert "personal API token" in failed[0]["fix"]
    assert "wrong-token" not in json.dumps(found)


def test_a_workbook_that_is_open_is_told(audits: Audits) -> None:
    audits.out.mkdir()
    audits.tracker.write_bytes(b"no workbook")
    code, found = checks(audits)
    assert code == 0
    (told,) = (check for check in found if check["about"] == "tracker.xlsx")
    assert told["health"] == Health.WARN.value


def test_it_reads_well_in_a_terminal(audits: Audits) -> None:
    ended = audits.run("doctor", "--config", str(audits.config), "--out", str(audits.out))
    assert ended.code == 0
    lines = ended.stdout.splitlines()
    assert all(line.startswith(("OK    ", "WARN  ", "FAIL  ", "      -> ")) for line in lines), (
        lines
    )
