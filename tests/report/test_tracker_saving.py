"""What keeps the old workbook from being replaced, and that it is then untouched."""

from __future__ import annotations

import io
import os
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.xml.constants import SHEET_MAIN_NS

from auditor.models import Results
from auditor.report import tracker
from auditor.report.rows import Options
from auditor.report.tracker import WrittenElsewhere, checking, preflight, saving

NOBODY = 65534
NEW = "tracker.new-20230120T093000Z.xlsx"


@pytest.fixture
def first(lab: Any, with_names: Callable[..., Results]) -> Any:
    lab.run(with_names("ONE", "TWO"))
    lab.results = with_names("ONE", "TWO", "THREE")
    lab.set(lab.results.secrets[0].id, "Owner", "Ana")
    return lab


def refused(lab: Any, **options: Any) -> WrittenElsewhere:
    """Run again; return the refusal after checking that the old workbook is as it was."""
    before = lab.path.read_bytes()
    with pytest.raises(WrittenElsewhere) as caught:
        lab.run(lab.results, **options)
    assert lab.path.read_bytes() == before
    assert not list(lab.path.parent.glob(".tracker-*"))
    assert caught.value.exit_code == 5
    return caught.value


def owners(path: Path) -> set[Any]:
    sheet = load_workbook(path)["Secrets"]
    return {row[9] for row in sheet.iter_rows(min_row=2, values_only=True)}


@pytest.mark.parametrize("lock", ["~$tracker.xlsx", ".~lock.tracker.xlsx#"])
def test_a_workbook_that_is_open_is_not_replaced(lock: str, first: Any) -> None:
    (first.path.parent / lock).touch()
    error = refused(first)
    assert lock in error.message
    assert error.path == first.path.parent / NEW
    assert str(error.path) in error.message
    assert error.path
    assert owners(error.path) == {"Ana", None}
    assert error.path.stat().st_mode & 0o777 == 0o600


def test_every_refused_run_has_a_file_of_its_own(first: Any) -> None:
    (first.path.parent / "~$tracker.xlsx").touch()
    assert refused(first).path != refused(first).path


def test_a_workbook_saved_while_the_audit_ran(first: Any) -> None:
    previous = tracker.read(first.path)
    first.set(first.results.secrets[1].id, "Owner", "written meanwhile")
    before = first.path.read_bytes()
    options = Options(now=first.results.run.started)
    with pytest.raises(WrittenElsewhere, match="changed or moved by somebody"):
        tracker.write(first.results, first.path, previous, options)
    assert first.path.read_bytes() == before


def test_a_workbook_saved_in_the_last_moment(first: Any, tmp_path: Path) -> None:
    target = saving.Target(first.path, saving.digest(first.path), first.results.run.started)

    def build(file: Any) -> None:
        file.write(b"new")
        first.path.write_bytes(b"saved by a person")

    with pytest.raises(saving.Obstructed):
        saving.replace(target, build, lambda _: None)
    assert first.path.read_bytes() == b"saved by a person"
    assert not (tmp_path / "backups").exists()


def test_a_workbook_that_appeared_meanwhile(lab: Any, with_names: Callable[..., Results]) -> None:
    previous = tracker.read(lab.path)
    lab.path.write_bytes(b"a sync client was faster")
    results = with_names("ONE")
    with pytest.raises(WrittenElsewhere):
        tracker.write(results, lab.path, previous, Options(now=results.run.started))
    assert lab.path.read_bytes() == b"a sync client was faster"


def test_a_workbook_that_was_moved_away_meanwhile(first: Any) -> None:
    previous = tracker.read(first.path)
    content = first.path.read_bytes()
    first.path.rename(first.path.with_name("kept.xlsx"))
    with pytest.raises(WrittenElsewhere):
        tracker.write(first.results, first.path, previous, Options(now=first.results.run.started))
    assert first.path.with_name("kept.xlsx").read_bytes() == content


@pytest.fixture
def powerless(lab: Any) -> Iterator[Any]:
    """Give a lab in which permissions count, as they do not for root."""
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, *((NOBODY, NOBODY) if os.geteuid() == 0 else (-1, -1)))
        before = os.geteuid()
        os.seteuid(NOBODY if before == 0 else before)
        try:
            yield type(lab)(Path(folder))
        finally:
            os.seteuid(before)


def test_a_write_protected_workbook(powerless: Any, with_names: Callable[..., Results]) -> None:
    powerless.results = with_names("ONE")
    powerless.run(powerless.results)
    powerless.path.chmod(0o400)
    assert "write-protected" in refused(powerless).message


def test_a_write_protected_folder(powerless: Any, with_names: Callable[..., Results]) -> None:
    powerless.results = with_names("ONE")
    powerless.run(powerless.results)
    run_folder = powerless.path.parent / "run"
    run_folder.mkdir()
    powerless.path.parent.chmod(0o500)
    try:
        error = refused(powerless, beside=run_folder)
    finally:
        powerless.path.parent.chmod(0o700)
    assert error.path == run_folder / NEW
    assert "Permission denied" in error.message


def test_nowhere_to_save(with_names: Callable[..., Results], tmp_path: Path) -> None:
    results = with_names("ONE")
    path = tmp_path / "file" / "tracker.xlsx"
    path.parent.touch()
    with pytest.raises(WrittenElsewhere, match="could not be saved anywhere") as caught:
        tracker.write(
            results, path, tracker.Tracker(path), Options(now=results.run.started), beside=path
        )
    assert caught.value.path is None


def test_a_folder_in_the_place_of_the_workbook(
    lab: Any, with_names: Callable[..., Results]
) -> None:
    lab.path.mkdir()
    with pytest.raises(WrittenElsewhere) as caught:
        lab.run(with_names("ONE"))
    assert caught.value.path == lab.path.parent / NEW


def test_a_link_keeps_pointing_to_the_workbook(first: Any, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    first.path.rename(shared / "tracker.xlsx")
    first.path.symlink_to(shared / "tracker.xlsx")
    first.run(first.results)
    assert first.path.is_symlink()
    assert owners(shared / "tracker.xlsx") == {"Ana", None}


def test_a_workbook_that_does_not_hold_its_rows_replaces_nothing(first: Any) -> None:
    target = saving.Target(first.path, saving.digest(first.path), first.results.run.started)
    before = first.path.read_bytes()

    def build(file: Any) -> None:
        file.write(b"half a workb")

    def check(path: Path) -> None:
        assert path.read_bytes() == b"half a workb"
        raise OSError("not all rows")

    with pytest.raises(OSError, match="not all rows"):
        saving.replace(target, build, check)
    assert first.path.read_bytes() == before
    assert [path.name for path in first.path.parent.iterdir()] == [first.path.name]


# --- files that are not what they should be ---------------------------------------------------


def rewritten(path: Path, **parts: bytes) -> None:
    """Write the package again with parts added or replaced."""
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist()}
    content |= {name.replace("__", "/"): data for name, data in parts.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, data in content.items():
            new.writestr(name, data)


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:4_000])


def encrypted(path: Path) -> None:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(4_096))


def encrypted_zip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    start = data.rindex(b"PK\x01\x02")
    data[start + 8] |= 1
    path.write_bytes(data)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("Secret ID,Owner\n")


def entity_bomb(path: Path) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    rewritten(path, **{"xl/worksheets/sheet2.xml": bomb})


def entity_bomb_in_utf16(path: Path) -> None:
    bomb = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    rewritten(path, **{"docProps/app.xml": bomb.encode("utf-16")})


def zip_bomb(path: Path) -> None:
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/sharedStrings.xml", "w", force_zip64=True) as part,
    ):
        for _ in range((preflight.LARGEST_PART >> 20) + 1):
            part.write(bytes(1 << 20))


def many_parts(path: Path) -> None:
    with zipfile.ZipFile(path, "a") as archive:
        for number in range(preflight.MOST_PARTS):
            archive.writestr(f"xl/media/{number}", b"")


def two_parts_of_one_name(path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/worksheets/sheet2.xml", b"<x/>")


def broken_xml(path: Path) -> None:
    rewritten(path, **{"xl/worksheets/sheet2.xml": b"<worksheet><sheetData><row></worksheet>"})


def missing_sheet(path: Path) -> None:
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist() if "sheet2.xml" not in name}
    with zipfile.ZipFile(path, "w") as new:
        for name, data in content.items():
            new.writestr(name, data)


def no_ids(path: Path) -> None:
    book = load_workbook(path)
    book["Secrets"]["A1"] = "Reference"
    book.save(path)


UNREADABLE = (
    truncated,
    encrypted,
    encrypted_zip,
    empty,
    text,
    entity_bomb,
    entity_bomb_in_utf16,
    zip_bomb,
    many_parts,
    two_parts_of_one_name,
    broken_xml,
    missing_sheet,
    no_ids,
)


@pytest.mark.parametrize("ruin", UNREADABLE)
def test_a_file_that_cannot_be_read_stays_as_it_is(
    ruin: Callable[[Path], None], first: Any
) -> None:
    ruin(first.path)
    previous = tracker.read(first.path)
    assert not previous.readable
    assert len(previous.problems) == 1
    error = refused(first)
    assert previous.problems[0] in error.message
    assert error.path
    assert len(owners(error.path)) == 1  # a sound workbook, without what could not be read


LOSSY = {
    "threaded comments": {"xl/threadedComments/threadedComment1.xml": b"<x/>"},
    "a sensitivity label": {"docMetadata/LabelInfo.xml": b"<x/>"},
    "macros": {"xl/vbaProject.bin": b"\x00"},
    "slicers": {"xl/slicers/slicer1.xml": b"<x/>"},
    "text boxes or shapes": {"xl/drawings/drawing9.xml": b"<d:wsDr xmlns:d='x'><d:sp /></d:wsDr>"},
    "a digital signature": {"_xmlsignatures/sig1.xml": b"<x/>"},
}


@pytest.mark.parametrize("what", LOSSY)
def test_what_a_rewrite_would_lose_is_kept_and_the_edits_are_read(what: str, first: Any) -> None:
    rewritten(first.path, **LOSSY[what])
    error = refused(first)
    assert f"holds {what}, which a rewrite would lose" in error.message
    assert error.path
    assert owners(error.path) == {"Ana", None}


@pytest.mark.skipif(find_spec("PIL") is not None, reason="with Pillow openpyxl keeps pictures")
def test_pictures_are_not_lost(first: Any) -> None:
    rewritten(first.path, **{"xl/media/image1.png": b"\x89PNG"})
    assert "holds pictures, which a rewrite would lose" in refused(first).message


def test_a_workbook_with_macros_beside_is_read_and_never_touched(first: Any) -> None:
    macros = first.path.with_suffix(".xlsm")
    macros.write_bytes(first.path.read_bytes())
    rewritten(macros, **LOSSY["macros"])
    book_bytes = macros.read_bytes()
    first.set(first.results.secrets[0].id, "Owner", "an older owner")
    error = refused(first)
    assert macros.read_bytes() == book_bytes
    assert error.path
    assert owners(error.path) == {"Ana", None}


def test_a_sheet_that_cannot_be_kept(first: Any) -> None:
    first.change(lambda book: book.create_sheet("Board"))
    with zipfile.ZipFile(first.path) as archive:
        sheets = [n for n in archive.namelist() if re.search(r"sheet\d+\.xml$", n)]
        board = max(sheets, key=lambda name: int(re.findall(r"\d+", name)[-1]))
    sheet = f"<worksheet xmlns='{SHEET_MAIN_NS}'><sheetData><row r='x'/></sheetData></worksheet>"
    rewritten(first.path, **{board: sheet.encode()})
    error = refused(first)
    assert "sheets that cannot be kept" in error.message
    assert error.path
    assert owners(error.path) == {"Ana", None}


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_damaged_file_never_raises_and_never_loses_silently(data: Any, first: Any) -> None:
    sound = io.BytesIO(first.path.read_bytes()).getvalue()
    damaged = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = first.path.with_name("damaged.xlsx")
    path.write_bytes(damaged)
    previous = tracker.read(path)
    kept = previous.edits.get(first.results.secrets[0].id)
    assert not previous.readable or (kept and kept.owner == "Ana")


# --- backups ----------------------------------------------------------------------------------


def test_ten_backups_are_kept_and_all_of_today(first: Any) -> None:
    folder = first.path.parent / "backups"
    stranger = folder / "tracker-of-mine.xlsx"
    start = datetime(2023, 3, 1, 12, tzinfo=UTC)
    for day in range(14):
        first.run(first.results, now=start + timedelta(days=day))
    stranger.touch()
    assert len(list(folder.iterdir())) == 11
    for minute in range(12):
        first.run(first.results, now=start + timedelta(days=20, minutes=minute // 2))
    names = sorted(path.name for path in folder.iterdir())
    assert len([name for name in names if "20230321" in name]) == 12
    assert stranger.exists()
    assert len(names) == 13


def test_rows_that_are_no_longer_there_are_noticed(first: Any) -> None:
    ids = [secret.id for secret in first.results.secrets[:2]]
    assert sorted(checking.ids(first.path)) == sorted(ids)
    with pytest.raises(OSError, match="does not hold the 3 rows"):
        checking.check(first.path, [*ids, "S-0000000000"])
