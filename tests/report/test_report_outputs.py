"""The page, the CSV files and the Markdown: outside text acts nowhere, and nothing is asked for."""

from __future__ import annotations

import csv
import io
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.models import Results, Severity
from auditor.report import csvfiles, markdown, outputs, page, rows
from auditor.report.rows import Options, Report
from auditor.report.tables import Column, Kind, Owner, Table

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=https://evil.example/x onerror=alert(1)>',
    "{{ 7 * 7 }} {% raw %}",
    "javascript:alert(1)",
    "a\x07b\ud800c",
    "| cell | [link](https://evil.example) `code`",
    "=1+1",
    " =1+1",
    "＝1+1",  # noqa: RUF001 (full-width: meant)
    "-2",
    "@SUM(A1)",
    "\tx",
)


@pytest.fixture
def report(results: Results, now: datetime) -> Report:
    return rows.report(results, Options(now=now))


class Page(HTMLParser):
    """Every tag with its attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_page_shows_figures_worst_entries_and_gaps(report: Report) -> None:
    shown = Page(page.render(report))
    text = " ".join(shown.words)
    for tile in report.summary.tiles:
        assert f"{tile.value:,}" in text
        assert tile.label in text
    first = next(iter(report.table("Secrets").rows()))
    assert str(first[0]) in text
    for gap in report.table("Gaps").rows():
        assert str(gap[0]) in text


def test_the_page_asks_for_nothing_and_runs_nothing(report: Report) -> None:
    shown = Page(page.render(report))
    policy = next(
        attributes["content"] or ""
        for tag, attributes in shown.tags
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not {tag for tag, _ in shown.tags} & {"script", "img", "link", "iframe", "form", "base"}
    assert not [a for _, attributes in shown.tags for a in attributes if a.startswith("on")]
    links = [attributes["href"] or "" for tag, attributes in shown.tags if tag == "a"]
    assert all(link.startswith("https://") for link in links)


def test_hostile_text_is_text_on_the_page(
    with_names: Callable[..., Results], results: Results, now: datetime
) -> None:
    plain = {tag for tag, _ in Page(page.render(rows.report(results, Options(now=now)))).tags}
    shown = Page(page.render(rows.report(with_names(*HOSTILE), Options(now=now))))
    assert {tag for tag, _ in shown.tags} <= plain
    text = " ".join(shown.words)
    assert "<script>alert(1)</script>" in text
    assert "{{ 7 * 7 }}" in text
    assert "a\\x07b\\ud800c" in text


def test_a_long_table_is_cut_and_says_so(with_names: Callable[..., Results], now: datetime) -> None:
    many = with_names(*(f"NAME_{number}" for number in range(page.WORST + 7)))
    assert "and 7 more: see the workbook." in page.render(rows.report(many, Options(now=now)))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_of_a_csv_file_acts(
    text: str, with_names: Callable[..., Results], now: datetime
) -> None:
    table = rows.report(with_names(text), Options(now=now)).table("Secrets")
    header, *body = read(csvfiles.chunks(table))
    assert header == [column.header for column in table.columns]
    cells = [cell for row in body for cell in row]
    assert not [cell for cell in cells if cell.lstrip(" ")[:1] in tuple("=+@\t\r＝＋－＠")]  # noqa: RUF001
    assert not [c for c in cells if c.startswith("-") and not re.fullmatch(r"-?\d+(\.\d+)?", c)]


@settings(max_examples=60)
@given(st.lists(st.lists(st.text(max_size=20), min_size=2, max_size=2), max_size=4))
def test_a_csv_file_reads_back(cells: list[list[str]]) -> None:
    columns = tuple(Column(name, Owner.TOOL, 9, Kind.TEXT) for name in ("one", "two"))
    found = read(csvfiles.chunks(Table("T", columns, lambda: iter(cells))))
    assert len(found) == 1 + len(cells)
    assert all(len(row) == 2 for row in found)


def read(chunks: Iterable[bytes]) -> list[list[str]]:
    text = b"".join(chunks).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def test_markdown_holds_the_figures_and_no_markup_of_others(
    with_names: Callable[..., Results], now: datetime
) -> None:
    text = markdown.render(rows.report(with_names(*HOSTILE), Options(now=now)).summary)
    assert f"| {Severity.CRITICAL.value} |" in text
    assert "<script>" not in text
    assert "](https://evil" not in text
    tables = [line for line in text.splitlines() if line.startswith("| ") and "S-" in line]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in tables} == {6}


def test_every_file_is_written_whole_for_its_owner_only(report: Report, tmp_path: Path) -> None:
    from auditor.runs import write_whole  # noqa: PLC0415

    files = outputs.write(report, tmp_path, write_whole)
    assert set(files) == {"page", "tables"}
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in written} >= {"report.html", "summary.md", "secrets.csv"}
    assert {path.stat().st_mode & 0o777 for path in written} == {0o600}


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_shows_the_page(report: Report, tmp_path: Path, dark: bool) -> None:
    file = tmp_path / "report.html"
    file.write_text(page.render(report), "utf-8")
    picture = tmp_path / "page.png"
    command: list[Any] = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu"]
    command += ["--force-dark-mode"] * dark
    command += [f"--screenshot={picture}", "--window-size=1400,1600", "--hide-scrollbars"]
    ended = subprocess.run(
        [*command, f"--user-data-dir={tmp_path / 'profile'}", file.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert "Content Security Policy" not in ended.stderr
    assert picture.stat().st_size > 20_000
