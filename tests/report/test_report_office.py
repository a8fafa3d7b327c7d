"""The workbook in LibreOffice: it opens, formulas do not fire, and a re-saved one is read whole."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.utils import get_column_letter

from auditor.models import Results
from auditor.report import tracker
from auditor.report.rows import secrets

BESIDE = get_column_letter(len(secrets.COLUMNS) + 1)
"""The first column beside the tool's own."""
SOFFICE = shutil.which("soffice")
SHEET_2_AS_CSV = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,2"

pytestmark = [
    pytest.mark.office,
    pytest.mark.skipif(SOFFICE is None, reason="LibreOffice (soffice) is not installed"),
]


@pytest.fixture
def convert(tmp_path: Path) -> Callable[[Path, str], Path]:
    """Return a function that converts a file with LibreOffice, in a profile of its own."""

    def run(source: Path, kind: str) -> Path:
        target = tmp_path / "converted"
        command = [
            str(SOFFICE),
            f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            kind,
            "--outdir",
            str(target),
            str(source),
        ]
        subprocess.run(command, check=True, capture_output=True, timeout=180)
        (made,) = target.iterdir()
        return made

    return run


def test_it_prints(lab: Any, results: Results, convert: Callable[[Path, str], Path]) -> None:
    lab.run(results)
    made = convert(lab.path, "pdf").read_bytes()
    assert made.startswith(b"%PDF")
    # Summary is one page, Secrets as many as its rows take, each other sheet one or two.
    assert 6 <= made.count(b"/Type/Page\n") + made.count(b"/Type/Page/") <= 12


FORMULAS = (
    '=HYPERLINK("https://evil.example/","x")',
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "#N/A",
    "=cmd|'/c calc'!A1",
)


def test_no_name_becomes_a_formula(
    lab: Any, with_names: Callable[..., Results], convert: Callable[[Path, str], Path]
) -> None:
    lab.run(with_names(*FORMULAS, "x_x0041_y", "a\x07b"))
    with convert(lab.path, SHEET_2_AS_CSV).open(newline="", encoding="utf-8") as file:
        found = {row["Secret name"] for row in csv.DictReader(file)}
    assert found == {*FORMULAS, "x_x0041_y", "a\\x07b"}


def test_a_workbook_saved_by_libreoffice_is_read_whole(
    lab: Any, results: Results, convert: Callable[[Path, str], Path]
) -> None:
    lab.run(results)
    id_ = results.secrets[0].id
    lab.set(id_, "Notes", "two\nlines _x0041_")
    before = tracker.read(lab.path)
    shutil.copy(convert(lab.path, "xlsx"), lab.path)
    after = tracker.read(lab.path)
    assert after.problems == ()
    assert after.edits == before.edits
    assert after.content.known == before.content.known
    assert after.content.overwritten == {}, "what LibreOffice writes anew, no hand has changed"
    assert after.content.layout.titles == before.content.layout.titles
    lab.run(replace(results, edits={}))
    assert tracker.read(lab.path).edits == before.edits


def test_formulas_of_people_calculate(
    lab: Any, results: Results, convert: Callable[[Path, str], Path]
) -> None:
    lab.run(results)

    def add(book: Workbook) -> None:
        board = book.create_sheet("Board")
        board["A1"] = '=COUNTIF(tblSecrets[Status],"Open")'
        book["Secrets"][f"{BESIDE}1"] = "Length"
        for row in range(2, 62):
            book["Secrets"][f"{BESIDE}{row}"] = f"=LEN(A{row})"

    lab.change(add)
    lab.run(replace(results, edits={}))
    book = load_workbook(convert(lab.path, "xlsx"), data_only=True)
    statuses = [row["Status"] for row in lab.rows()]
    assert book["Board"]["A1"].value == statuses.count("Open")
    column = next(cell.column for cell in book["Secrets"][1] if cell.value == "Length")
    assert {book["Secrets"].cell(row, column).value for row in range(2, 62)} == {12}
