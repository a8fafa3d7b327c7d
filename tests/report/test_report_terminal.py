from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console

from auditor.models import Gap, Results
from auditor.report import rows, terminal
from auditor.report.rows import Options
from auditor.report.rows.gaps import helps

FILES = {"workbook": Path("reports/tracker.xlsx"), "results": Path("reports") / ("x" * 90)}


def printed(results: Results, now: datetime, width: int = 80, encoding: str = "utf-8") -> str:
    data = io.BytesIO()
    stream = io.TextIOWrapper(data, encoding=encoding, newline="\n")
    console = Console(file=stream, width=width)
    terminal.show(console, rows.report(results, Options(now=now)).summary, FILES)
    stream.flush()
    return data.getvalue().decode(encoding)


def test_eighty_columns(results: Results, now: datetime) -> None:
    lines = printed(results, now).splitlines()
    assert lines[0].split() == ["Severity", "Rotate", "Secret", "Where", "Identity", "Can", "do"]
    assert lines[1].split()[:4] == ["Critical", "rotate", "now", "AWS_ACCESS_KEY_ID_1"]
    assert len([line for line in lines if line.startswith("Critical")]) == 10
    assert all(len(line) <= 80 for line in lines[:-1] if not line.startswith("  1 x "))
    assert lines[12:] == [
        "Found: Critical 12, Unknown 12, High 15, Medium 9, Low 6, no secret 6",
        "Overdue: 21",
        "Read in part: circleci: 31 of 34 contexts read",
        "Read in full: 2 listings",
        "Could not see 2 things: see sheet Gaps. What helps most:",
        (
            "  1 x circleci: give the token's user access to the context, or use a token of an"
            " organization admin"
        ),
        "  1 x aws 210987654321: grant sso:ListPermissionSets to the audit role",
        "workbook: reports/tracker.xlsx",
        f"results:  reports/{'x' * 90}",
    ]


def test_a_narrow_terminal_still_shows_severity_and_what_to_do(
    results: Results, now: datetime
) -> None:
    lines = printed(results, now, width=60).splitlines()
    assert lines[0].split() == ["Severity", "Rotate", "Secret", "Where"]
    assert lines[1].split()[:4] == ["Critical", "rotate", "now", "AWS_ACCESS_KEY_ID_1"]


def test_what_helps_against_most_gaps_comes_first() -> None:
    admin = [Gap(f"keys of {name}", "404", "ask; until then x", "circleci") for name in "ab"]
    told = helps([Gap("roles", "403", "grant roles", "gcp"), *admin])
    assert told == ("2 x circleci: ask", "1 x gcp: grant roles")


def test_a_pipe_gets_no_colour_and_a_terminal_does(results: Results, now: datetime) -> None:
    assert "\x1b" not in printed(results, now)
    coloured = Console(file=io.StringIO(), width=80, force_terminal=True, color_system="standard")
    terminal.show(coloured, rows.report(results, Options(now=now)).summary, {})
    assert "\x1b[" in coloured.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_encoding_can_print_every_name(
    encoding: str, with_names: Callable[..., Results], now: datetime
) -> None:
    shown = printed(with_names("ключ-🔑-\ud800-" + "x" * 99), now, encoding=encoding)
    assert "Critical" in shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("[red]x[/red]", "[red]x[/red]"),
        (":bomb:", ":bomb:"),
        ("a\x1b[2Jb", "a\\x1b[2Jb"),
        ("a\x9b31mb", "a\\x9b31mb"),
        ("a\r\nb", "a\\x0d\\x0ab"),
        ("a\u202eb", "a\\u202eb"),
        ("\ud800", "\\ud800"),
    ],
)
def test_no_name_acts_on_the_terminal(
    name: str, shown: str, with_names: Callable[..., Results], now: datetime
) -> None:
    assert f" {shown} " in printed(with_names(name), now, width=160)


def test_nothing_to_rotate(results: Results, now: datetime) -> None:
    calm = replace(results, secrets=(), assessments=(), gaps=(), places=(), resolutions=())
    lines = printed(replace(calm, unmatched=()), now).splitlines()
    assert lines[0].startswith("Found: Critical 0")
    assert not [line for line in lines if "Could not see" in line]
