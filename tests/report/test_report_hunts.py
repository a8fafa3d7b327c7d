"""The sheets Hunts and Log coverage, and the hunt column of Secrets: the unseen is never none."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from auditor.models import (
    FilesRead,
    Finding,
    Gap,
    Hit,
    Hunted,
    Hunting,
    Kept,
    Known,
    LogCoverage,
    LogRead,
    Match,
    Reference,
    Results,
    Severity,
    Strength,
    Unknown,
)
from auditor.report import hunted, page, rows
from auditor.report.rows import Options

FILES = FilesRead(3, 0, 0, 0, 10, 5, 5, 0, None, None, complete=True)


def hunting(results: Results, now: datetime, **files: Any) -> Hunting:
    provider = results.identities[0].provider
    log = LogRead(provider, "trail", 5, now, now, 1, 5)
    return Hunting(None, None, replace(FILES, **files), (log,), (), (), (), 4, 0)


def story(results: Results, now: datetime) -> Finding:
    match = next(one for one in results.matches)
    credential = next(c for c in results.credentials if c.id == match.credential_id)
    return Finding(
        "F-1", "arn:ci", match.best.identity_id, results.identities[0].provider, Severity.CRITICAL,
        Strength.STRONG, 20, now, now, 9, 2, "192.0.2.1", "other", "DATACAMP", "RO", ("=cmd()",),
        ("AKIA****",), (Hit("h", "Access key made", "high", 1, now, now, "odd", "Whose?", ()),),
        (("iam:CreateAccessKey", 1),), (Reference(now, "CreateAccessKey", "success", "a.gz", 7),),
        "Whose?", tuple(part.secret_id for part in credential.parts),
    )  # fmt: skip


def table(results: Results, now: datetime, name: str) -> list[dict[str, Any]]:
    found = rows.report(results, Options(now=now)).table(name)
    headers = [column.header for column in found.columns]
    return [dict(zip(headers, row, strict=True)) for row in found.rows()]


def test_what_addresses_were_looked_up_in_is_told_with_its_day_and_origin(
    results: Results, now: datetime
) -> None:
    tables = (
        ("countries: made by Somebody (CC BY 4.0)", "2026-06-17"),
        ("exits.txt", "2023-01-05"),
    )
    told = replace(results, hunting=replace(hunting(results, now), tables=tables))
    found = {row["Log"]: row for row in table(told, now, "Log coverage")}
    assert found["countries"]["Where"] == "made by Somebody (CC BY 4.0)"
    assert found["countries"]["State"].endswith("of 2026-06-17")
    assert found["exits.txt"]["State"].endswith("of 2023-01-05")
    lines = "\n".join(hunted.text(Hunted((), told.hunting or hunting(results, now), ())))
    assert "Addresses by: countries of 2026-06-17, exits.txt of 2023-01-05" in lines


def of_match(results: Results, now: datetime) -> str:
    match: Match = results.matches[0]
    credential = next(c for c in results.credentials if c.id == match.credential_id)
    wanted = credential.parts[0].secret_id
    found = table(results, now, "Secrets")
    return str(next(row["Log findings"] for row in found if row["Secret ID"] == wanted))


def test_a_story_is_a_row_with_its_evidence(results: Results, now: datetime) -> None:
    hunted = replace(results, findings=(story(results, now),), hunting=hunting(results, now))
    (row,) = table(hunted, now, "Hunts")
    assert (row["Story"], row["Severity"], row["Signal"]) == ("F-1", "Critical", "strong")
    assert row["Signals"] == "high: Access key made, 1 x (odd)"
    assert row["Records"].endswith("CreateAccessKey, success: a.gz:7")
    assert "1 story to look at" in rows.report(hunted, Options(now=now)).table("Hunts").note
    assert of_match(hunted, now).startswith("1 since ")


@pytest.mark.parametrize(
    ("files", "said"),
    [({}, "none in what was read"), ({"complete": False}, "not visible")],
)
def test_no_story_means_something_only_where_all_was_read(
    results: Results, now: datetime, files: dict[str, Any], said: str
) -> None:
    assert of_match(replace(results, hunting=hunting(results, now, **files)), now) == said


def test_a_log_that_was_not_read_shows_nothing(results: Results, now: datetime) -> None:
    blind = replace(hunting(results, now), logs=())
    assert of_match(replace(results, hunting=blind), now) == "not visible"


def test_nobody_hunted(results: Results, now: datetime) -> None:
    (row,) = table(results, now, "Hunts")
    assert row["Story"] == "not hunted"
    assert of_match(results, now) == "not hunted"


def test_logs_of_providers_and_what_they_cannot_show(results: Results, now: datetime) -> None:
    gap = Unknown(Gap("what", "why", "fix", "x"))
    log = LogCoverage(
        "aws 1",
        "CloudTrail",
        Known(True),
        "management",
        Known(90),
        Known(True),
        gap,
        "object reads",
    )
    started = results.run.started
    incident = replace(results.run.incident, window_start=started - timedelta(days=400))  # type: ignore[type-var]
    known = replace(results, logs=(log,), run=replace(results.run, incident=incident))
    row = table(known, now, "Log coverage")[0]
    assert (row["State"], row["Central"], row["It can never show"]) == (
        "on",
        "unknown",
        "object reads",
    )
    assert row["Kept (days)"] == "90, too short: the window began 400 days ago"


def test_vendors_whose_log_nobody_looked_at_are_named(results: Results, now: datetime) -> None:
    nobody = {row["Log"] for row in table(results, now, "Log coverage") if "No log" in row["State"]}
    hunted = replace(results, hunting=hunting(results, now))
    after = {row["Log"] for row in table(hunted, now, "Log coverage") if "No log" in row["State"]}
    assert after < nobody


def test_a_log_that_was_read_says_which_kinds_of_events_it_holds(
    results: Results, now: datetime
) -> None:
    told = hunting(results, now)
    provider = told.logs[0].platform
    kept = tuple(
        Kept(platform, log, "1", kind, now, now)
        for platform, log, kind in (
            (provider, "trail", "reads"),
            (provider, "trail", "data writes"),
            (provider, "trail", ""),
            (provider, "other", "writes"),
            ("another", "trail", "writes"),
        )
    )
    read = table(replace(results, hunting=replace(told, kept=kept)), now, "Log coverage")
    [row] = [one for one in read if one["Log"] == "trail"]
    assert row["Level"] == "data writes, reads"


def test_logs_that_were_read_stand_first(results: Results, now: datetime) -> None:
    gap = Unknown(Gap("what", "why", "fix", "x"))
    log = LogCoverage("aws 1", "CloudTrail", Known(True), "", Known(90), gap, gap, "")
    both = replace(results, hunting=hunting(results, now), logs=(log,))
    assert [row["Log"] for row in table(both, now, "Log coverage")][:2] == ["trail", "CloudTrail"]


def test_the_page_shows_stories_before_entries_and_what_was_read_after_them(
    results: Results, now: datetime
) -> None:
    hits = tuple(replace(story(results, now).hits[0], title=f"hit {n}") for n in range(9))
    told = replace(
        results, findings=(replace(story(results, now), hits=hits),), hunting=hunting(results, now)
    )
    shown = page.render(rows.report(told, Options(now=now)))
    parts = ("<h2>Hunts", "F-1", "<h2>The worst", "<h2>What was read", "<h2>Gaps")
    places = [shown.index(part) for part in parts]
    assert places == sorted(places)
    assert "hit 5" in shown
    assert "hit 6" not in shown
    assert "and 3 more" in shown


def test_the_page_shows_after_the_entries_that_nobody_hunted(
    results: Results, now: datetime
) -> None:
    shown = page.render(rows.report(results, Options(now=now)))
    assert shown.index("<h2>The worst") < shown.index("not hunted") < shown.index("<h2>What was")


def test_a_hunt_says_first_and_last_what_it_came_to(results: Results, now: datetime) -> None:
    told = Hunted((story(results, now),), hunting(results, now), ())
    lines = list(hunted.text(told))
    assert lines[0] == "1 story to look at"
    assert lines.count(lines[0]) == 2
    assert not any("story" in line for line in list(hunted.text(replace(told, findings=())))[1:])


def test_the_page_counts_every_line_that_it_leaves_out_of_a_long_cell(
    results: Results, now: datetime
) -> None:
    long = tuple(replace(story(results, now).hits[0], title="x" * 150) for _ in range(11))
    told = replace(
        results, findings=(replace(story(results, now), hits=long),), hunting=hunting(results, now)
    )
    assert "and 5 more" in page.render(rows.report(told, Options(now=now)))
