"""Names that mean harm go through the whole audit as text: nothing runs, nothing is lost."""

from __future__ import annotations

from dataclasses import replace

import openpyxl
import pytest
from asking import without_accounts
from audits import Audits

from auditor.demo import Organisation

LONG = "x" * 10_000
NAMES = [
    '=HYPERLINK("http://evil.example","click")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\x07bell\x1b[31mred",
    "lone \ud800 surrogate",
    "#N/A",
    "[bold]markup[/bold]",
    "ключ-鍵-🔑",
    LONG,
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Audits:
    scenario = without_accounts()
    first, *others = scenario.organizations
    model = next(c for c in first.contexts if c.variables and not c.denied)
    variable = model.variables[0]
    contexts = tuple(
        replace(model, id=f"{number:08d}-{model.id[9:]}", name=name, variables=(named,))
        for number, name in enumerate(NAMES)
        for named in [replace(variable, name=f"{name[:200]}_TOKEN")]
    )
    served = replace(scenario, organizations=(replace(first, contexts=contexts), *others))
    with Organisation(served) as organisation:
        audits = Audits(organisation, tmp_path_factory.mktemp("hostile"))
        audits.first = audits.audit()
    assert audits.first.code == 0, audits.first.stderr
    return audits


def visible(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode()


def test_every_name_is_in_the_results(hostile: Audits) -> None:
    scopes = {row["scope"]["name"] for row in hostile.results()["secrets"]}
    assert scopes >= {visible(name) for name in NAMES}


def test_the_workbook_holds_them_as_text(hostile: Audits) -> None:
    book = openpyxl.load_workbook(hostile.tracker)
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value]
    assert not [cell for cell in cells if cell.data_type in ("f", "e")]
    texts = {str(cell.value) for cell in cells}
    for name in NAMES:
        shown = visible(name).replace("\x07", "\\x07").replace("\x1b", "\\x1b")
        assert any(shown in text for text in texts), shown[:50]


def test_the_terminal_gets_no_control_codes(hostile: Audits) -> None:
    assert not set("\x07\x1b") & set(hostile.first.stdout + hostile.first.stderr)
