from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.errors import ConfigError
from auditor.models import (
    Exposure,
    FirstSeen,
    Gap,
    HumanEdit,
    Known,
    Results,
    RunInfo,
    Scope,
    ScopeKind,
    Secret,
    Unknown,
)
from auditor.runs import (
    RESULTS_NAME,
    OutputFolder,
    SnapshotFolder,
    open_run,
    results_chunks,
    results_schema,
    write_results,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GAP = Gap("what", "why", "fix", "ci")


def results(**changes: Any) -> Results:
    scope = Scope(ScopeKind.CONTEXT, "u-1", "prod", "acme")
    exposure = Exposure(Known(value=True), Unknown(GAP), Known(value=False))
    secret = Secret("S-1", "ci", "variable", scope, "NAME", NOW, None, None, exposure, None)
    empty: dict[str, Any] = dict.fromkeys(Results.__dataclass_fields__, ()) | {"hunting": None}
    empty |= {
        "run": RunInfo("r", NOW, "1", "acme"),
        "secrets": (secret,),
        "edits": {},
        "gaps": (GAP,),
    }
    return Results(**(empty | changes))


def test_results_keep_to_their_schema_and_read_back() -> None:
    document = json.loads(b"".join(results_chunks(results(edits={"S-1": HumanEdit(owner="ann")}))))
    jsonschema.validate(document, results_schema())
    assert document["secrets"][0]["exposure"]["project_count"]["gap"]["why"] == "why"
    assert document["edits"]["S-1"]["owner"] == "ann"


def test_the_published_schema_is_the_one_in_force() -> None:
    published = Path(__file__).parents[1] / "auditor" / "data" / "results.schema.json"
    assert json.loads(published.read_text()) == results_schema(), "run `make schema`"


def test_schema_refuses_a_result_without_severity() -> None:
    document = json.loads(b"".join(results_chunks(results())))
    document["assessments"] = [{"secret_id": "S-1"}]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, results_schema())


@given(st.text(max_size=50).map(lambda text: text + "\ud800"))
def test_any_text_is_kept_in_results(text: str) -> None:
    gap = Gap(text, text, text, "ci")
    document = json.loads(b"".join(results_chunks(results(gaps=(gap,)))))
    assert document["gaps"][0]["what"] == text


@settings(max_examples=50)
@given(
    key=st.lists(
        st.text(min_size=1, max_size=300).filter(lambda t: "/" not in t), min_size=1, max_size=3
    )
)
def test_any_key_is_kept_inside_the_folder(
    tmp_path_factory: pytest.TempPathFactory, key: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("snapshot")
    snapshot = SnapshotFolder(folder / "inner")
    name = "/".join(key)
    snapshot.save(name, {"kept": name})
    assert snapshot.load(name) == {"kept": name}
    assert [path.name for path in folder.iterdir()] == ["inner"]
    assert [snapshot.load(found) for found in snapshot.keys("")] == [{"kept": name}]


@pytest.mark.parametrize("name", ["..", ".", "../../etc/passwd", "a/../../b", "\x00", "CON", ""])
def test_hostile_ids_do_not_leave_the_folder(tmp_path: Path, name: str) -> None:
    snapshot = SnapshotFolder(tmp_path / "a" / "b")
    snapshot.save(name, 1)
    assert snapshot.load(name) == 1
    assert {path.relative_to(tmp_path).parts[:2] for path in tmp_path.rglob("*.gz")} == {("a", "b")}


def test_a_torn_document_counts_as_not_read(tmp_path: Path) -> None:
    snapshot = SnapshotFolder(tmp_path)
    snapshot.save("one", {"a": 1})
    file = next(tmp_path.rglob("*.gz"))
    file.write_bytes(file.read_bytes()[:-5])
    assert snapshot.load("one") is None


def test_runs_are_found_again_and_private(tmp_path: Path) -> None:
    output = OutputFolder(tmp_path / "out")
    run = output.begin(NOW, {"told": 1})
    edits = {"S-1": HumanEdit(owner="ann", notes="]}", due=NOW.date(), other={"Team": "x"})}
    seen = (FirstSeen("S-1", NOW, NOW), FirstSeen("S-2", NOW, NOW))
    write_results(results(history=seen, edits=edits), run.folder / RESULTS_NAME)
    assert open_run(run.folder).settings == {"told": 1}
    assert output.runs() == [run.folder]
    later = output.begin(NOW.replace(year=2027), {})
    assert output.past(later).seen == {row.secret_id: row for row in seen}
    assert output.edits() == edits
    assert not output.past(run).seen
    modes = {stat.S_IMODE(path.stat().st_mode) for path in run.folder.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert stat.S_IMODE(run.folder.stat().st_mode) == 0o700


def test_only_a_folder_that_holds_nothing_else_is_forgotten(tmp_path: Path) -> None:
    output = OutputFolder(tmp_path)
    empty, kept = output.begin(NOW, {}), output.begin(NOW, {})
    (kept.folder / "notes.txt").write_text("a person's")
    empty.forget_if_empty()
    kept.forget_if_empty()
    assert output.runs() == [kept.folder]
    assert open_run(kept.folder).id == kept.id


def test_the_sealing_key_is_made_once_and_private(tmp_path: Path) -> None:
    output = OutputFolder(tmp_path)
    assert output.sealer().seal("ABCD") == OutputFolder(tmp_path).sealer().seal("ABCD")
    assert stat.S_IMODE((tmp_path / ".tail-key").stat().st_mode) == 0o600
    (tmp_path / ".tail-key").write_bytes(b"")
    with pytest.raises(ConfigError, match="not a sealing key"):
        output.sealer()


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"schema": 99}', "\x00"])
def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(ConfigError):
        open_run(tmp_path)


LATER = ("verdicts", "baselines", "changes", "trend", "findings", "weaknesses", "logs", "uses")


@pytest.mark.parametrize("missing", [(name,) for name in LATER] + [LATER])
def test_results_of_versions_that_knew_less_are_a_past_too(
    tmp_path: Path, missing: tuple[str, ...]
) -> None:
    output = OutputFolder(tmp_path)
    run = output.begin(NOW, {})
    told = results(history=(FirstSeen("S-1", NOW, NOW),), edits={"S-1": HumanEdit(owner="ann")})
    lines = b"".join(results_chunks(told)).split(b"\n")
    kept = [
        line for line in lines if not line.startswith(tuple(b'"%s"' % m.encode() for m in missing))
    ]
    (run.folder / RESULTS_NAME).write_bytes(b"\n".join(kept))
    past = output.past(output.begin(NOW.replace(year=2027), {}))
    assert past.seen["S-1"].first == NOW
    assert past.edits["S-1"].owner == "ann"
    assert output.edits()["S-1"].owner == "ann"
