"""The whole audit against the invented company: what came out, and what never may."""

from __future__ import annotations

import json
import re
import stat
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import openpyxl
from audits import Audits
from judge import judge, needs_specifications

from auditor.inventory.circleci import unlisted
from auditor.inventory.circleci.stores import STORES
from auditor.runs import results_schema

WORST_FIRST = ["Critical", "Unknown", "High", "Medium", "Low", "None"]


def test_results_keep_to_their_schema(healthy: Audits) -> None:
    jsonschema.validate(healthy.results(), results_schema())


def test_the_terminal_shows_the_worst_and_where_the_files_are(healthy: Audits) -> None:
    assert "Critical" in healthy.first.stdout
    assert "tracker.xlsx" in healthy.first.stdout
    assert "results.json" in healthy.first.stdout


def assessment(audits: Audits, scope: str, name: str) -> Any:
    wanted = audits.ids()[scope, name]
    return next(row for row in audits.results()["assessments"] if row["secret_id"] == wanted)


def test_every_entry_is_assessed_once(healthy: Audits) -> None:
    results = healthy.results()
    ids = [row["id"] for row in results["secrets"]]
    assert len(ids) == len(set(ids)) > 200
    assert sorted(row["secret_id"] for row in results["assessments"]) == sorted(ids)
    assert sorted(row["secret_id"] for row in results["classifications"]) == sorted(ids)


def test_only_reading_calls_were_made(healthy: Audits) -> None:
    asked = [json.loads(line) for line in healthy.exchanges]
    others = {(one["provider"], one["path"].rpartition("/")[2]) for one in asked
              if one["method"] != "GET"}  # fmt: skip
    assert others == {("azure", "token")}


@needs_specifications
def test_every_exchange_keeps_to_the_vendors_schema(healthy: Audits) -> None:
    judgement = judge(healthy.exchanges)
    assert judgement.judged > 100
    assert not judgement.objections


def test_azure_credentials_are_traced_to_what_their_thief_could_do(healthy: Audits) -> None:
    results = healthy.results()
    severities = healthy.severities()
    secrets = {row["name"]: row["id"] for row in results["secrets"]
               if row["scope"]["name"] in ("azure-production", "azure-staging")}  # fmt: skip
    expected = {
        "AZURE_CLIENT_SECRET": {"Critical"},
        "ROLES_AZURE_CLIENT_SECRET": {"High", "Critical"},
        "DIRECTORY_AZURE_CLIENT_SECRET": {"Critical"},
        "PORTAL_AZURE_CLIENT_SECRET": {"Critical"},
        "ARM_CLIENT_SECRET": {"Critical"},
        "OLD_AZURE_CLIENT_SECRET": {"Unknown"},
        "SCANNER_AZURE_CLIENT_SECRET": {"High", "Critical"},
    }
    assert {
        name: severities[secrets[name]]
        for name in expected
        if severities[secrets[name]] not in expected[name]
    } == {}
    assert any(one["source"] == "azure" for one in results["weaknesses"])


def test_nothing_written_holds_a_token_a_value_or_a_tail(healthy: Audits) -> None:
    canaries = planted(healthy)
    assert len(canaries) > 100
    pattern = re.compile(
        b"(?<![A-Za-z0-9])(?:" + b"|".join(map(re.escape, canaries)) + b")(?![A-Za-z0-9])"
    )
    shown = [("stdout", healthy.first.stdout.encode()), ("stderr", healthy.first.stderr.encode())]
    found = {
        (name, match[0])
        for name, data in (*healthy.written(), *shown)
        for match in pattern.finditer(data)
    }
    assert not found


def planted(audits: Audits) -> list[bytes]:
    """Return every masked tail that went over the wire, every token and every secret key."""
    tails: set[str] = set()
    for line in audits.exchanges:
        collect_tails(json.loads(line)["body"], tails)
    environment = audits.organisation.environment()
    own = {environment[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
    tokens = {audits.organisation.tokens.personal}
    return [text.encode() for text in sorted({*tails, *own, *tokens})]


def collect_tails(body: Any, into: set[str]) -> None:
    if isinstance(body, list):
        for item in body:
            collect_tails(item, into)
    elif isinstance(body, dict):
        for key, value in body.items():
            if key in ("truncated_value", "value", "access_key_id", "secret_access_key"):
                tail = str(value).removeprefix("xxxx")
                if len(tail) == 4 and not tail.isdigit():
                    into.add(tail)
            else:
                collect_tails(value, into)


def test_files_are_private(healthy: Audits) -> None:
    for path in healthy.out.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_run_is_repeated_offline_with_the_same_results(healthy: Audits, tmp_path: Path) -> None:
    run = healthy.runs[0]
    ended = healthy.run(
        "report", "--from", str(run), "--out", str(tmp_path), environment={"CIRCLE_TOKEN": ""}
    )
    assert ended.code == 0, ended.stderr
    again = json.loads((tmp_path / "results.json").read_text())
    assert again == healthy.results(0)


def test_json_on_stdout_is_the_results_and_nothing_else(healthy: Audits, tmp_path: Path) -> None:
    run = healthy.runs[0]
    ended = healthy.run("report", "--from", str(run), "--out", str(tmp_path), "--format", "json")
    assert json.loads(ended.stdout) == healthy.results(0)


def test_the_workbook_lists_every_store_with_kind_place_exposure_and_link(healthy: Audits) -> None:
    sheet = openpyxl.load_workbook(healthy.tracker)["Secrets"]
    headers = [str(cell.value) for cell in sheet[1]]
    rows = [dict(zip(headers, row, strict=True)) for row in sheet.iter_rows(2, values_only=True)]
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        found.setdefault(str(row["Store"]), row)
    wanted = {store.name for store in STORES if store.entries} | {unlisted.STORE}
    assert wanted <= set(found)
    for store in wanted:
        assert found[store]["Kind"], store
        assert found[store]["Where"], store
        assert found[store]["Open in CI"], store
    assert sum(bool(row["Open to"]) for row in rows) > len(rows) / 2
    assert any(row["Seen in jobs"] for row in rows)


def test_every_call_of_the_run_is_written_down(healthy: Audits) -> None:
    file = healthy.runs[0] / "calls.jsonl"
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    host = urlsplit(healthy.organisation.circleci_url).netloc
    exchanges = [json.loads(line) for line in healthy.exchanges]
    recorded = Counter(
        (urlsplit(one["path"]).path, one["status"])
        for one in exchanges
        if one["provider"] == "circleci"
    )
    assert Counter((one["path"], one["status"]) for one in lines if one["host"] == host) == recorded
    assert "iam:GetAccountAuthorizationDetails" in {one.get("operation") for one in lines}


def test_github_credentials_are_matched_and_what_they_may_do_is_said(healthy: Audits) -> None:
    results = healthy.results(0)
    ids = healthy.ids(0)
    severities = healthy.severities(0)
    whose = {
        part["secret_id"]: match["best"]["identity_id"]
        for match in results["matches"]
        for credential in results["credentials"]
        if credential["id"] == match["credential_id"]
        for part in credential["parts"]
    }
    owners = ids["org-global", "GITHUB_TOKEN"]
    assert whose[owners] == "acme-rockets/credential/161001"
    assert severities[owners] == "Critical"
    keys = [id_ for (place, name), id_ in ids.items() if name.startswith("deploy-key (SHA256:")]
    assert {whose[key] for key in keys} == {
        "acme-rockets/mission-website/key/9001",
        "acme-rockets/flight-sim-classic/key/9002",
    }
    # An additional SSH key without a host is a deploy key that writes.
    (additional,) = [id_ for (_, name), id_ in ids.items() if name.startswith("any host (SHA256:")]
    assert whose[additional] == "acme-rockets/launch-calendar/key/9003"
    assert severities[additional] in ("Critical", "High")
    assert any(one["what"].startswith("A deploy key may push") for one in results["weaknesses"])
    # One that CircleCI forgot, since its project was deleted; those that it holds are none.
    left = [one for one in results["weaknesses"] if "lives on" in one["what"]]
    assert [one["identity_id"] for one in left] == ["acme-rockets/research-notes/key/9005"]
    assert {"audit log", "git events"} <= {log["log"] for log in results["logs"]}
