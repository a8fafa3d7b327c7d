"""What people may do to the workbook between two runs, and that all of it is still there."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.packaging.custom import StringProperty
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from auditor.models import HumanEdit, Results
from auditor.report import tracker
from auditor.report.rows import Options, secrets, vanished

AFTER = [get_column_letter(len(secrets.COLUMNS) + number) for number in (1, 2, 3)]
BESIDE = AFTER[0]
"""The first column beside the tool's own."""
MORNING = datetime(2023, 5, 1, 9)  # noqa: DTZ001 (a cell names no zone)
HUMAN = ("Status", "Owner", "Due date", "Ticket", "Notes", "Exception until")


@pytest.fixture
def first(lab: Any, results: Results) -> Any:
    lab.run(results)
    return lab


def people(lab: Any) -> dict[str, dict[str, Any]]:
    return {row["Secret ID"]: {h: row[h] for h in HUMAN} for row in lab.rows()}


def headers(sheet: Worksheet) -> list[Any]:
    return [cell.value for cell in sheet[1]]


def test_a_first_run_finds_nothing_to_keep(lab: Any) -> None:
    previous = tracker.read(lab.path)
    assert (previous.digest, previous.edits, previous.problems) == (None, {}, ())


def test_nothing_changes_when_nobody_changes_anything(first: Any, results: Results) -> None:
    before = first.rows()
    first.run(replace(results, edits={}))
    assert first.rows() == before


def test_what_people_wrote_is_read(first: Any, results: Results) -> None:
    id_ = results.secrets[0].id
    written = ("Rotated", "Ana", date(2023, 2, 1), "SEC-1", "done\nreally", date(2023, 3, 1))
    for header, value in zip(HUMAN, written, strict=True):
        first.set(id_, header, value)
    assert tracker.read(first.path).edits[id_] == HumanEdit(
        "Rotated", "Ana", date(2023, 2, 1), "SEC-1", "done\nreally", date(2023, 3, 1)
    )


def test_the_tool_takes_its_own_columns_back(first: Any, results: Results) -> None:
    id_ = results.secrets[0].id
    first.set(id_, "Severity", "Low")
    first.set(id_, "Secret name", "=1+1")
    first.run(results)
    assert first.row(id_)["Severity"] == "Critical"
    assert first.row(id_)["Secret name"] == "AWS_ACCESS_KEY_ID"


def test_the_workbook_wins_over_older_edits(first: Any, results: Results, now: datetime) -> None:
    id_ = results.secrets[0].id
    first.set(id_, "Owner", "Mei")
    previous = tracker.read(first.path)
    stale = replace(results, edits={id_: HumanEdit("Open", "somebody else")})
    tracker.write(stale, first.path, previous, Options(now=now))
    assert first.row(id_)["Owner"] == "Mei"


def test_shuffled_rows_and_moved_columns(first: Any, results: Results) -> None:
    before = people(first)

    def shuffle(book: Any) -> None:
        sheet = book["Secrets"]
        top, *body = [list(row) for row in sheet.iter_rows(values_only=True)]
        random.Random(7).shuffle(body)  # noqa: S311 (repeatable)
        order = list(range(len(top)))
        order.insert(1, order.pop(top.index("Owner")))
        order.append(order.pop(0))  # the ids stand last
        for number, row in enumerate([top, *body], 1):
            for column, index in enumerate(order, 1):
                sheet.cell(number, column).value = row[index]

    first.change(shuffle)
    first.run(replace(results, edits={}))
    assert people(first) == before
    found = headers(load_workbook(first.path)["Secrets"])
    assert (found[0], found[-1]) == ("Owner", "Secret ID")


def test_a_column_people_added_stays_where_it_is(first: Any, results: Results) -> None:
    ids = [row["Secret ID"] for row in first.rows()]

    def add(book: Any) -> None:
        sheet = book["Secrets"]
        sheet.insert_cols(4)
        values = ("Team", "red", 7, 1.5, True, MORNING, time(8, 30), "=1+1")
        for row, value in enumerate(values, 1):
            sheet.cell(row, 4).value = value
        sheet.cell(9, 4).value, sheet.cell(9, 4).data_type = "=text", "s"

    first.change(add)
    edits = tracker.read(first.path).edits
    assert [edits[id_].other.get("Team") for id_ in ids[:8]] == [
        "red",
        "7",
        "1.5",
        "TRUE",
        "2023-05-01 09:00:00",
        "08:30:00",
        "=1+1",
        "=text",
    ]
    first.run(replace(results, edits={}))
    column = load_workbook(first.path)["Secrets"]["D"]
    assert [cell.value for cell in column[:9]] == [
        "Team",
        "red",
        7,
        1.5,
        True,
        MORNING,
        time(8, 30),
        "=1+1",
        "=text",
    ]
    assert [cell.data_type for cell in column[7:9]] == ["f", "s"]
    assert [cell.number_format for cell in column[2:4]] == ["General", "General"]


def test_formulas_of_an_added_column_follow_their_rows(first: Any, results: Results) -> None:
    ids = [row["Secret ID"] for row in first.rows()]

    def add(book: Any) -> None:
        sheet = book["Secrets"]
        sheet[f"{BESIDE}1"] = "Weight"
        for row in range(2, sheet.max_row + 1):
            sheet[f"{BESIDE}{row}"] = f"=LEN(A{row})"

    first.change(add)
    keep = tuple(secret for secret in results.secrets if secret.id != ids[0])
    first.run(replace(results, secrets=keep, edits={}))
    sheet = load_workbook(first.path)["Secrets"]
    assert [sheet[f"{BESIDE}{row}"].value for row in range(2, 62)] == [
        f"=LEN(A{row})" for row in range(2, 62)
    ]


def test_columns_without_a_header_and_with_a_taken_one(first: Any, results: Results) -> None:
    def add(book: Any) -> None:
        sheet = book["Secrets"]
        sheet[f"{BESIDE}1"], sheet[f"{BESIDE}2"] = "notes", "the other notes"
        sheet[f"{AFTER[1]}2"] = "nameless"
        sheet[f"{AFTER[2]}1"] = "=Header"
        sheet[f"{AFTER[2]}1"].data_type = "s"
        sheet[f"{AFTER[2]}2"] = "x"

    first.change(add)
    first.run(replace(results, edits={}))
    row = first.rows()[0]
    assert row["notes (2)"] == "the other notes"
    assert row[f"Column {AFTER[1]}"] == "nameless"
    assert row["=Header"] == "x"
    region = load_workbook(first.path)["Secrets"].tables["tblSecrets"]
    assert region.column_names == list(row)


def test_text_where_a_date_belongs_stays_text(first: Any, results: Results) -> None:
    id_ = results.secrets[1].id
    first.set(id_, "Due date", "after the summit")
    first.set(id_, "Exception until", 45_000)
    edit = tracker.read(first.path).edits[id_]
    assert (edit.due, edit.exception_until) == (None, None)
    assert edit.other == {"Due date": "after the summit", "Exception until": "45000"}
    first.run(replace(results, edits={}))
    row = first.row(id_)
    assert (row["Due date"], row["Exception until"]) == ("after the summit", 45_000)


def test_a_cleared_due_date_stays_cleared(first: Any, results: Results) -> None:
    id_ = results.secrets[1].id
    first.set(id_, "Due date", None)
    first.run(replace(results, edits={}))
    assert first.row(id_)["Due date"] is None


def test_a_deleted_column_comes_back(first: Any, results: Results) -> None:
    first.change(lambda book: book["Secrets"].delete_cols(9))  # Status
    first.run(replace(results, edits={}))
    found = headers(load_workbook(first.path)["Secrets"])
    assert found.index("Status") == found.index("Rotation verdict") + 1
    assert first.rows()[0]["Owner"] == "Ana Souza"


def test_a_renamed_human_column_is_kept_beside_a_new_one(first: Any, results: Results) -> None:
    def rename(book: Any) -> None:
        book["Secrets"]["J1"] = "Team"

    first.change(rename)
    first.run(replace(results, edits={}))
    assert first.rows()[0]["Team"] == "Ana Souza"
    assert first.rows()[0]["Owner"] is None


def test_a_deleted_row_comes_back(first: Any, results: Results) -> None:
    first.change(lambda book: book["Secrets"].delete_rows(2, 3))
    first.run(replace(results, edits={}))
    assert {row["Secret ID"] for row in first.rows()} == {s.id for s in results.secrets}


def test_a_vanished_row_is_kept_for_ever(first: Any, results: Results) -> None:
    gone = results.secrets[0]
    first.set(gone.id, "Notes", "ask the vendor")
    fewer = replace(results, secrets=results.secrets[1:], edits={})
    for _ in range(3):
        first.run(fewer)
    row = first.row(gone.id)
    assert row["Notes"] == "ask the vendor"
    assert (row["Severity"], row["Secret name"]) == ("Critical", gone.name)
    assert row["Where"] == "context deploy-production"
    assert row["Why"] == vanished.NOT_CHECKED  # 31 of 34 contexts were read
    assert len(first.rows()) == 60


def test_a_vanished_row_that_returns_has_its_people(first: Any, results: Results) -> None:
    gone = results.secrets[0]
    before = first.row(gone.id)
    first.run(replace(results, secrets=results.secrets[1:], edits={}))
    first.run(replace(results, edits={}))
    assert first.row(gone.id) == before


def test_a_row_without_an_id_is_moved_to_its_sheet(first: Any, results: Results) -> None:
    def add(book: Any) -> None:
        sheet = book["Secrets"]
        sheet["D65"], sheet["N65"] = "SOMETHING_ELSE", "=a note"
        sheet["N65"].data_type = "s"
        sheet["A66"] = "Total"

    first.change(add)
    for _ in range(2):  # once moved, it stays there and is not moved again
        first.run(replace(results, edits={}))
    assert len(first.rows()) == 60
    found = first.rows("Notes without ID")
    assert [row["Where it stood"] for row in found] == [
        "row 65, without a Secret ID",
        "row 66, without a Secret ID",
    ]
    assert found[0]["What it said"] == "Secret name: SOMETHING_ELSE\nNotes: =a note"
    assert found[1]["What it said"] == "Secret ID: Total"


def test_rows_above_the_header(first: Any, results: Results) -> None:
    before = people(first)

    def insert(book: Any) -> None:
        book["Secrets"].insert_rows(1, 2)
        book["Secrets"]["B1"] = "Reviewed on Monday"

    first.change(insert)
    first.run(replace(results, edits={}))
    assert people(first) == before
    assert first.rows("Notes without ID")[0]["What it said"] == "Reviewed on Monday"


def test_two_rows_of_one_id_are_merged_and_the_rest_is_kept(first: Any, results: Results) -> None:
    id_ = results.secrets[1].id

    def copy(book: Any) -> None:
        sheet = book["Secrets"]
        for row, owner, note in ((70, "Mei", "from the copy"), (71, "Ana", "another")):
            sheet[f"A{row}"], sheet[f"J{row}"], sheet[f"N{row}"] = id_, owner, note

    first.change(copy)
    first.run(replace(results, edits={}))
    row = first.row(id_)
    assert (row["Owner"], row["Notes"]) == ("Mei", "from the copy")
    assert first.rows("Notes without ID")[0]["What it said"] == "Owner: Ana\nNotes: another"
    assert len(first.rows()) == 60


def test_sheets_people_added_survive(first: Any, results: Results) -> None:
    def add(book: Any) -> None:
        board = book.create_sheet("Board", 0)
        board["A1"] = '=COUNTIF(tblSecrets[Status],"Open")'
        board["A2"], board["B2"] = "Ana's list", 3
        board.column_dimensions["A"].width = 33
        chart = BarChart()
        chart.add_data(Reference(board, min_col=2, min_row=2, max_row=2))
        board.add_chart(chart, "D1")
        book.custom_doc_props.append(StringProperty(name="MSIP_Label_1_Enabled", value="true"))

    first.change(add)
    for _ in range(2):
        first.run(replace(results, edits={}))
    book: Any = load_workbook(first.path)
    assert book.sheetnames[:3] == ["Board", "Summary", "Secrets"]
    board = book["Board"]
    assert board["A1"].value == '=COUNTIF(tblSecrets[Status],"Open")'
    assert (board["A2"].value, board["B2"].value) == ("Ana's list", 3)
    assert board.column_dimensions["A"].width == 33
    assert len(board._charts) == 1
    assert book.custom_doc_props.names == ["MSIP_Label_1_Enabled"]


def test_renamed_and_moved_sheets_keep_name_and_place(first: Any, results: Results) -> None:
    before = people(first)

    def rename(book: Any) -> None:
        book["Secrets"].title = "Ana's list"
        book.defined_names["auditor_Secrets"].attr_text = "'Ana''s list'!$A$1"  # as Excel does
        book["Read me"].title = "Help"
        book.defined_names["auditor_Read_me"].attr_text = "Help!$A$1"
        book.move_sheet("Help", -book.index(book["Help"]))
        book["Gaps"].sheet_state = "hidden"

    first.change(rename)
    first.run(replace(results, edits={}))
    book = load_workbook(first.path)
    assert book.sheetnames[:4] == ["Help", "Summary", "Ana's list", "Identities"]
    assert book["Gaps"].sheet_state == "hidden"
    rows = [
        dict(zip(headers(book["Ana's list"]), row, strict=True))
        for row in book["Ana's list"].iter_rows(min_row=2, values_only=True)
    ]
    assert {row["Secret ID"]: {h: row[h] for h in HUMAN} for row in rows} == before


def test_the_tracker_is_found_without_marks(first: Any) -> None:
    before = people(first)

    def strip(book: Any) -> None:
        for name in list(book.defined_names):
            del book.defined_names[name]
        book["Secrets"].title = "List"
        del book["_meta"], book["Lists"]

    first.change(strip)
    previous = tracker.read(first.path)
    assert previous.content.layout.titles["Secrets"] == "List"
    assert len(previous.edits) == len(before)


def test_a_copy_of_the_sheet_is_left_alone(first: Any, results: Results) -> None:
    def copy(book: Any) -> None:
        book.copy_worksheet(book["Secrets"]).title = "Secrets (2)"
        book.move_sheet("Secrets (2)", -8)

    first.change(copy)
    first.set(results.secrets[0].id, "Owner", "Mei")
    first.run(replace(results, edits={}))
    assert first.row(results.secrets[0].id)["Owner"] == "Mei"
    assert {r["Secret ID"]: r["Owner"] for r in first.rows("Secrets (2)")}[
        results.secrets[0].id
    ] == "Ana Souza"


def test_somebody_elses_workbook_is_kept_whole(lab: Any, results: Results) -> None:
    book = Workbook()
    book.worksheets[0].title = "Summary"
    book["Summary"]["A1"] = "my own summary"
    book.save(lab.path)
    lab.run(results)
    kept = load_workbook(lab.path)
    assert kept["Summary"]["A1"].value == "my own summary"
    assert len(lab.rows()) == 60


def test_widths_and_hidden_columns_are_kept(first: Any, results: Results) -> None:
    def shape(book: Any) -> None:
        columns = book["Secrets"].column_dimensions
        columns["E"].width = 61
        columns["F"].hidden = True

    first.change(shape)
    first.run(replace(results, edits={}))
    columns = load_workbook(first.path)["Secrets"].column_dimensions
    assert columns["E"].width == 61
    assert columns["F"].hidden


def test_notes_on_cells_are_kept(first: Any, results: Results) -> None:
    id_ = results.secrets[0].id

    def note(book: Any) -> None:
        sheet = book["Secrets"]
        row = next(cell.row for cell in sheet["A"] if cell.value == id_)
        sheet.cell(row, 10).comment = Comment("on leave until May", "Mei")
        sheet.cell(row, 14).comment = Comment("on an empty cell", "Mei")
        sheet["A1"].comment = Comment("cite this", "Ana")
        sheet["C90"].comment = Comment("below everything", "Ana")

    first.change(note)
    keep = tuple(reversed(results.secrets))
    for _ in range(2):
        first.run(replace(results, secrets=keep, edits={}))
    sheet = load_workbook(first.path)["Secrets"]
    row = next(cell.row for cell in sheet["A"] if cell.value == id_)
    found = [sheet.cell(row, 10).comment, sheet.cell(row, 14).comment, sheet["A1"].comment]
    assert [(c.text, c.author) for c in found if c] == [
        ("on leave until May", "Mei"),
        ("on an empty cell", "Mei"),
        ("cite this", "Ana"),
    ]
    assert first.rows("Notes without ID")[0]["What it said"] == "Note: below everything"


def test_a_column_the_tool_no_longer_has_goes(first: Any, results: Results) -> None:
    def older(book: Any) -> None:
        sheet = book["Secrets"]
        sheet[f"{BESIDE}1"], sheet[f"{BESIDE}2"] = "Blast radius", "large"
        book["_meta"].append(["tool column", "Blast radius"])

    first.change(older)
    first.run(replace(results, edits={}))
    assert "Blast radius" not in first.rows()[0]


def test_the_backup_is_the_old_workbook(first: Any, results: Results) -> None:
    before = first.path.read_bytes()
    first.run(results, now=datetime(2023, 1, 21, 12, tzinfo=UTC))
    backup = first.path.parent / "backups" / "tracker-20230121T120000Z.xlsx"
    assert backup.read_bytes() == before
    assert backup.stat().st_mode & 0o777 == 0o600
    assert first.path.stat().st_mode & 0o777 == 0o600
