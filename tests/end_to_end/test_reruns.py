"""A second run into the same folder: what people wrote is still there."""

from __future__ import annotations

import shutil

import openpyxl
import pytest
from audits import Audits
from openpyxl.worksheet.worksheet import Worksheet

WRITTEN = {"Status": "In progress", "Owner": "Ann Ace", "Ticket": "SEC-1", "Notes": "=1+1 is text"}


def secrets_sheet(audits: Audits) -> tuple[openpyxl.Workbook, Worksheet, dict[str, int]]:
    book = openpyxl.load_workbook(audits.tracker)
    sheet = book["Secrets"]
    header = next(
        row for row in sheet.iter_rows(max_row=10) if any(c.value == "Secret ID" for c in row)
    )
    return book, sheet, {str(cell.value): cell.column for cell in header if cell.value}


def ids_of(sheet: Worksheet) -> list[str]:
    found = (str(row[0].value) for row in sheet.iter_rows())
    return [text for text in found if text.startswith("S-")]


def row_of(sheet: Worksheet, id_: str) -> int:
    rows = enumerate(sheet.iter_rows(values_only=True), 1)
    return next(number for number, values in rows if values[0] == id_)


def test_the_columns_people_look_for_are_there(healthy: Audits) -> None:
    _, _, columns = secrets_sheet(healthy)
    wanted = {"Rotate", "Severity", "Secret ID", "Status", "Owner", "Due date", "Ticket", "Notes"}
    assert wanted <= set(columns)


def test_edits_survive_a_second_run(audits: Audits) -> None:
    assert audits.audit().code == 0
    book, sheet, columns = secrets_sheet(audits)
    ids = ids_of(sheet)
    at = row_of(sheet, ids[5])
    for header, text in WRITTEN.items():
        cell = sheet.cell(at, columns[header])
        cell.value = text
        cell.data_type = "s"
    book.save(audits.tracker)
    assert audits.audit().code == 0
    _, sheet, columns = secrets_sheet(audits)
    at = row_of(sheet, ids[5])
    assert {h: sheet.cell(at, columns[h]).value for h in WRITTEN} == WRITTEN
    assert audits.results()["edits"][ids[5]]["owner"] == "Ann Ace"


@pytest.mark.parametrize("ruin", ["gone", "garbage"])
def test_edits_outlive_the_workbook(audits: Audits, ruin: str) -> None:
    assert audits.audit().code == 0
    book, sheet, columns = secrets_sheet(audits)
    id_ = ids_of(sheet)[0]
    at = row_of(sheet, id_)
    sheet.cell(at, columns["Owner"]).value = "Ann Ace"
    book.save(audits.tracker)
    assert audits.audit().code == 0
    if ruin == "gone":
        audits.tracker.unlink()
    else:
        audits.tracker.write_bytes(b"no workbook")
    assert audits.audit().code == (0 if ruin == "gone" else 5)
    assert audits.results()["edits"][id_]["owner"] == "Ann Ace"


def test_cells_of_the_tool_changed_by_hand_are_put_back_and_told(audits: Audits) -> None:
    assert audits.audit().code == 0
    book, sheet, columns = secrets_sheet(audits)
    id_ = ids_of(sheet)[0]
    at = row_of(sheet, id_)
    was = sheet.cell(at, columns["Severity"]).value
    sheet.cell(at, columns["Severity"]).value = "Low, says Ann"
    sheet.cell(at, columns["Account"]).value = "the old one"
    book.save(audits.tracker)
    assert audits.audit().code == 0
    book, sheet, columns = secrets_sheet(audits)
    assert sheet.cell(row_of(sheet, id_), columns["Severity"]).value == was
    told = [row for row in book["Changes"].iter_rows(values_only=True) if row[2] == id_]
    assert [row[4:6] for row in told] == [
        ("Account, changed by hand and put back", "the old one"),
        ("Severity, changed by hand and put back", "Low, says Ann"),
    ]
    run = audits.runs[-1]
    assert audits.run("report", "--from", str(run)).code == 0
    kept = [one["before"] for one in audits.results()["changes"] if one["secret_id"] == id_]
    assert kept == ["Low, says Ann", "the old one"], "a second report of the run forgets nothing"


def test_files_that_cannot_be_written_beside_the_workbook_are_named(audits: Audits) -> None:
    assert audits.audit().code == 0
    run = audits.runs[-1]
    shutil.rmtree(run / "tables")
    (run / "tables").write_text("in the way")
    ended = audits.run("report", "--from", str(run))
    assert ended.code == 5
    assert "the page and the tables could not be written (File exists)" in ended.stderr
    assert f"auditor report --from {run}" in ended.stderr
    assert "tracker.xlsx" in ended.stdout, "the workbook itself was written"
    (run / "results.json").unlink()
    (run / "results.json").mkdir()
    ended = audits.run("report", "--from", str(run))
    assert ended.code == 5
    assert "results.json could not be written" in ended.stderr


def test_first_seen_stays_and_last_seen_moves(audits: Audits) -> None:
    assert audits.audit().code == 0
    assert audits.audit().code == 0
    first, second = (
        {row["secret_id"]: row for row in audits.results(run)["history"]} for run in (0, 1)
    )
    assert first.keys() == second.keys()
    for id_, row in second.items():
        assert row["first"] == first[id_]["first"]
        assert row["last"] > first[id_]["last"]


def test_a_ruined_workbook_is_made_anew_from_the_results(audits: Audits) -> None:
    assert audits.audit().code == 0
    book, sheet, columns = secrets_sheet(audits)
    id_ = ids_of(sheet)[0]
    sheet.cell(row_of(sheet, id_), columns["Owner"]).value = "Ann Ace"
    book.save(audits.tracker)
    assert audits.audit().code == 0
    run = str(audits.runs[-1])
    refused = audits.run("report", "--from", run, "--rebuild")
    assert refused.code == 2
    assert "can be read" in refused.stderr
    audits.tracker.write_bytes(b"no workbook")
    assert audits.run("report", "--from", run, "--rebuild").code == 0
    _, sheet, columns = secrets_sheet(audits)
    assert sheet.cell(row_of(sheet, id_), columns["Owner"]).value == "Ann Ace"
    (ruined,) = audits.out.glob("tracker.ruined-*.xlsx")
    assert ruined.read_bytes() == b"no workbook"
