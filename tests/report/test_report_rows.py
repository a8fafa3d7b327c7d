from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from auditor.classify.catalogue import kinds
from auditor.models import (
    AccessKey,
    Capability,
    CapabilityName,
    Closure,
    Gap,
    HumanEdit,
    Known,
    NoMatch,
    Part,
    Results,
    Severity,
    Unknown,
    Verdict,
)
from auditor.report import rows
from auditor.report.rows import Options, Report, Vanished, gaps, permissions, secrets, vanished
from auditor.report.tables import Owner, Table


@pytest.fixture
def report(results: Results, now: datetime) -> Report:
    return rows.report(results, Options(now=now))


def dicts(table: Table) -> list[dict[str, Any]]:
    headers = [column.header for column in table.columns]
    return [dict(zip(headers, row, strict=True)) for row in table.rows()]


def test_the_tables_in_the_order_of_the_sheets(report: Report) -> None:
    names = [table.name for table in report.tables]
    assert names == [
        "Secrets",
        "Identities",
        "Permissions",
        "Hunts",
        "Log coverage",
        "Changes",
        "Gaps",
        "Closed",
        "Read me",
    ]


def test_the_columns_people_look_for(report: Report) -> None:
    table = report.table("Secrets")
    human = [column.header for column in table.columns if column.owner is Owner.HUMAN]
    assert human == ["Status", "Owner", "Due date", "Ticket", "Notes", "Exception until"]
    assert {"Secret ID", "Severity", "Rotate", "Secret name", "Where"} <= {
        column.header for column in table.columns
    }


def test_headers_are_unique_whatever_their_case(report: Report) -> None:
    for table in report.tables:
        headers = [column.header.casefold() for column in table.columns]
        assert len(set(headers)) == len(headers), table.name


def test_every_column_of_secrets_says_what_it_is(report: Report) -> None:
    assert all(column.note for column in report.table("Secrets").columns)


def test_worst_first_then_score_then_due_date(report: Report) -> None:
    found = dicts(report.table("Secrets"))
    ranks = [Severity(row["Severity"]).rank for row in found]
    assert ranks == sorted(ranks, reverse=True)
    keys = [(-Severity(r["Severity"]).rank, -r["Score"], r["Due date"] or date.max) for r in found]
    assert keys == sorted(keys)
    assert len(found) == 60


def test_rows_are_made_one_at_a_time_and_again(report: Report) -> None:
    table = report.table("Secrets")
    first = next(table.rows())
    assert next(table.rows()) == first


def test_a_critical_row_in_full(report: Report) -> None:
    row = next(r for r in dicts(report.table("Secrets")) if r["Secret name"] == "AWS_ACCESS_KEY_ID")
    assert row["Severity"] == "Critical"
    assert row["Rotate"] == "rotate now"
    assert row["Where"] == "context deploy-production"
    assert row["Identity"] == "ci-admin"
    assert row["What it can do"] == "admin"
    assert row["Escalation path"] == "user ci-admin → group Admins → AdministratorAccess"
    assert row["Why"].startswith("Its identity is an administrator of the production account; any")
    assert row["Account"] == "123456789012"
    assert row["Used by (projects)"] == 14
    assert row["Last used"] == date(2023, 1, 19)
    assert row["Evidence"] == "the tail fits exactly one key (iam:ListAccessKeys)"
    assert row["Open in console"].startswith("https://console.aws.amazon.com/")
    assert row["Status"] == "Rotated"
    assert row["Days over"] is None


def test_where_nobody_is_known_the_page_of_the_kind_is_linked(report: Report) -> None:
    rows = [row for row in dicts(report.table("Secrets")) if not row["Identity"]]
    linked = {row["Open in console"] for row in rows}
    assert kinds()["npm-token"].console in linked
    assert all(row["Open in console"] is None for row in rows if row["Severity"] == "None")


def test_every_candidate_is_named(report: Report) -> None:
    named = {row["Identity"] for row in dicts(report.table("Secrets"))}
    assert "billing-backup (or docs-deploy)" in named


def test_what_was_not_read_is_the_word_unknown(results: Results, now: datetime) -> None:
    gap = Gap("uses of the context", "403", "ask", "circleci")
    exposure = replace(
        results.secrets[0].exposure, project_count=Unknown(gap), unrestricted=Unknown(gap)
    )
    changed = replace(
        results,
        secrets=(replace(results.secrets[0], exposure=exposure), *results.secrets[1:]),
        resolutions=(),
        assessments=results.assessments[1:],
    )
    report = rows.report(changed, Options(now=now))
    row = next(r for r in dicts(report.table("Secrets")) if r["Secret ID"] == changed.secrets[0].id)
    assert row["Used by (projects)"] == "unknown"
    assert row["What it can do"] == "unknown"
    assert row["Severity"] == "Unknown"
    assert row["Rotate"] == "check by hand"
    assert "unknown who may use it" in row["Open to"]


def test_what_depends_on_a_provider_that_is_not_configured_says_so(
    results: Results, now: datetime
) -> None:
    gap = Gap("who stands behind AWS credentials", "it is not configured", "add it", "aws")
    asked = results.matches[0]
    changed = replace(
        results,
        matches=results.matches[1:],
        unmatched=(NoMatch(asked.credential_id, searched=False, gap=gap),),
    )
    (credential,) = (one for one in results.credentials if one.id == asked.credential_id)
    ids = {part.secret_id for part in credential.parts}
    table = rows.report(changed, Options(now=now)).table("Secrets")
    found = [row for row in dicts(table) if row["Secret ID"] in ids]
    assert found
    for row in found:
        assert row["Identity"] == "unknown: it is not configured"
        for header in ("Account", "What it can do", "Escalation path", "Last used"):
            assert row[header] == "unknown"
        assert row["Credential created"] == "unknown"
        assert row["Log findings"] == "not hunted"
        assert row["Seen in jobs"] == "no job was looked at (usage_budget)"


@pytest.mark.parametrize(
    ("used", "shown"),
    [
        (Known(datetime(2023, 1, 2, tzinfo=UTC)), date(2023, 1, 2)),
        (Known(None), "never"),
        (Unknown(Gap("", "", "", "")), "unknown"),
    ],
)
def test_last_use(used: Any, shown: Any, results: Results, now: datetime) -> None:
    key = AccessKey("AKIAIOSFODNN7EXA****", "active", now, used)
    people = tuple(replace(identity, keys=(key,)) for identity in results.identities)
    report = rows.report(replace(results, identities=people), Options(now=now))
    assert dicts(report.table("Identities"))[0]["Last used"] == shown
    assert dicts(report.table("Secrets"))[0]["Last used"] == shown


def test_owners_are_proposed_by_secret_id(results: Results, now: datetime) -> None:
    new = results.secrets[1].id
    report = rows.report(replace(results, edits={}), Options(now=now, owners={new: "Ana"}))
    row = next(r for r in dicts(report.table("Secrets")) if r["Secret ID"] == new)
    assert (row["Status"], row["Owner"]) == ("Open", "Ana")
    assert row["Due date"] == (now - timedelta(days=1)).date() + timedelta(days=7)


def test_an_identity_shows_every_place_its_credential_is_in(report: Report) -> None:
    found = {row["Identity"]: row for row in dicts(report.table("Identities"))}
    assert list(found) == ["ci-admin", "terraform", "billing-backup", "docs-deploy"]
    assert found["ci-admin"]["Entries"] == 6
    assert len(found["ci-admin"]["Secret IDs"].split(", ")) == 6
    assert found["terraform"]["What it can do"] == "escalate, read-secrets; not fully known"
    assert "AccessDenied" in found["terraform"]["Not fully known because"]


def test_permissions_are_the_risky_ones_worst_first(results: Results, now: datetime) -> None:
    who = results.identities[0].id
    harmless = Capability(who, CapabilityName.READ_CONFIG, (), ("s3:ListAllMyBuckets",), ("*",))
    resolutions = tuple(
        replace(r, capabilities=(harmless, *r.capabilities)) if r.identity_id == who else r
        for r in results.resolutions
    )
    report = rows.report(replace(results, resolutions=resolutions), Options(now=now))
    found = [row["Capability"] for row in dicts(report.table("Permissions"))]
    assert found == ["admin", "escalate", "read-secrets", "deploy", "read-data"]


def test_permissions_are_capped_and_say_so(results: Results, now: datetime) -> None:
    who = results.identities[0].id
    many = tuple(
        Capability(who, CapabilityName.READ_DATA, (f"policy {n}",), ("s3:GetObject",) * 99, ("*",))
        for n in range(permissions.MOST_ROWS + 7)
    )
    resolutions = tuple(
        replace(r, capabilities=many) if r.identity_id == who else r for r in results.resolutions
    )
    report = rows.report(replace(results, resolutions=resolutions), Options(now=now))
    table = report.table("Permissions")
    found = dicts(table)
    assert len(found) == permissions.MOST_ROWS
    assert table.note == "The worst 5,000 of 5,011 permissions; all of them are in results.json."
    assert table.note in report.summary.notes
    assert found[0]["Capability"] == "escalate"
    assert found[-1]["Actions"].endswith("… and 79 more")


def test_gaps_from_everywhere_are_listed_once(results: Results, now: datetime) -> None:
    exposure = Gap("restrictions", "404", "ask for access", "circleci")
    touched = tuple(
        replace(secret, exposure=replace(secret.exposure, fork_builds=Unknown(exposure)))
        for secret in results.secrets[:3]
    )
    changed = replace(results, secrets=(*touched, *results.secrets[3:]))
    found = gaps.every(changed)
    assert [gap.what for gap in found].count("restrictions") == 1
    row = next(
        r
        for r in dicts(rows.report(changed, Options(now=now)).table("Gaps"))
        if r["What could not be seen"] == "restrictions"
    )
    assert row["Where"].split("\n") == ["context deploy-production", "context platform"]
    # Every entry of the two places stays open, not only the three that were asked about.
    places = {secret.scope.id for secret in touched}
    assert row["Entries"] == sum(secret.scope.id in places for secret in results.secrets)


def test_a_gap_that_a_wider_one_says_already_is_left_out(results: Results) -> None:
    wide = Gap("restrictions of a, b", "denied", "grant", "ci", ("A", "B"))
    told = Gap("restrictions of a", "denied", "grant", "ci", ("A",))
    other = Gap("settings of a", "denied", "grant", "ci", ("A",))
    apart = Gap("restrictions of c", "denied", "grant", "ci", ("C",))
    nothing = replace(results, places=(), secrets=(), resolutions=(), unmatched=())
    found = gaps.every(replace(nothing, gaps=(told, wide, other, apart)))
    assert set(found) == {wide, other, apart}


def test_an_id_does_not_repeat_its_secret_among_the_first(results: Results, now: datetime) -> None:
    def first(changed: Results) -> list[str]:
        return [entry.id for entry in rows.report(changed, Options(now=now)).summary.first]

    secret, id_, *_ = first(results)
    held = next(one for one in results.credentials if one.part("secret") == secret)
    others = tuple(one for one in results.credentials if one.part("secret") not in (secret, id_))
    pair = replace(held, parts=(*held.parts, Part("id", id_)))
    assert first(replace(results, credentials=(pair, *others)))[0] == secret
    assert id_ not in first(replace(results, credentials=(pair, *others)))


def test_the_figures(report: Report) -> None:
    summary = report.summary
    assert {tile.label: tile.value for tile in summary.tiles} == {
        "entries listed": 60,
        "rotate now": 10,
        "critical open": 10,
        "overdue": 21,
        "severity unknown": 12,
        "identities behind them": 4,
    }
    assert sum(sum(counts.values()) for counts in summary.matrix.values()) == 60
    assert summary.matrix[Severity.CRITICAL]["Rotated"] == 1
    assert [listing.complete for listing in summary.coverage] == [False, True, True]
    assert summary.coverage[0].text == "circleci: 31 of 34 contexts read"
    assert summary.coverage[0].note == "3 refused"
    assert summary.gaps == 2
    assert len(summary.first) == 10
    assert all(entry.severity is Severity.CRITICAL for entry in summary.first)
    assert summary.owners[0].owner == "(no owner)"


def test_figures_agree_with_the_rows(report: Report) -> None:
    found = dicts(report.table("Secrets"))
    for severity, counts in report.summary.matrix.items():
        assert sum(counts.values()) == sum(r["Severity"] == severity.value for r in found)
    late = sum(row["Days over"] is not None for row in found)
    assert late == sum(report.summary.overdue.values())


def test_what_is_no_secret_is_not_open_work(report: Report) -> None:
    assert report.summary.matrix[Severity.NONE]["Open"] == 0
    assert report.summary.matrix[Severity.NONE]["Not applicable"] == 4


def test_no_results_at_all(results: Results, now: datetime) -> None:
    empty = Results(results.run, *((),) * 12)
    report = rows.report(empty, Options(now=now))
    assert list(report.table("Secrets").rows()) == []
    assert report.summary.tiles[0].value == 0


def gone(results: Results, now: datetime, closure: Closure | None) -> dict[str, Any]:
    id_ = "S-0123456789"
    kept = Vanished(id_, {"Severity": "High", "Secret name": "OLD", "CI system": "circleci"})
    edit = HumanEdit("Open", "Ana", date(2023, 1, 10))
    verdicts = (Verdict(id_, closure, "why"),) if closure else ()
    changed = replace(results, places=(), verdicts=verdicts, edits={id_: edit})
    report = rows.report(changed, Options(now=now), (kept,))
    *_, row = dicts(report.table("Secrets"))
    assert row["Secret ID"] == id_
    assert report.summary.notes == ("1 row kept for entries that this run did not find.",)
    return row


def test_a_vanished_row_stays_with_its_severity_and_its_people(
    results: Results, now: datetime
) -> None:
    row = gone(results, now, Closure.REMOVED_UNKNOWN)
    assert (row["Severity"], row["Secret name"], row["Owner"]) == ("High", "OLD", "Ana")
    assert row["Why"] == vanished.GONE
    assert row["Days over"] == 10


@pytest.mark.parametrize("closure", [None, Closure.CANNOT])
def test_absence_proves_nothing_where_no_verdict_says_so(
    closure: Closure | None, results: Results, now: datetime
) -> None:
    assert gone(results, now, closure)["Why"] == vanished.NOT_CHECKED


def test_hostile_names_stay_as_they_are(with_names: Callable[..., Results], now: datetime) -> None:
    names = ('=HYPERLINK("x")', "a\x07b", "x" * 10_000, "[bold]")
    report = rows.report(with_names(*names), Options(now=now))
    position = report.table("Secrets").position("Secret name")
    assert {row[position] for row in report.table("Secrets").rows()} == set(names)


def test_carried_cells_are_columns() -> None:
    assert set(vanished.CARRIED) <= {column.header for column in secrets.COLUMNS}
