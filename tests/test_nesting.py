"""However deep other people's JSON is nested: it is read, or refused by name, and nothing else."""

from __future__ import annotations

import gzip
import json
import random
import shutil
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import exported_files
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scripted import TOKEN, Said, serving

from auditor import exported, nesting, whatif
from auditor.errors import ConfigError
from auditor.inventory.circleci import repositories
from auditor.inventory.circleci.client import Client
from auditor.inventory.circleci.settings import Settings as CircleCI
from auditor.providers import exports
from auditor.providers.aws import statements, surroundings
from auditor.providers.aws.documents import without_key_ids
from auditor.providers.aws.jobs import read
from auditor.providers.github.refusals import Refused, refusals
from auditor.runs import OutputFolder, SnapshotFolder, open_run, read_results

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DEPTHS = (90, 101, 200, 300, 480, 700, 900, 990, 3_000, 100_000)
MARK = "@here@"
CHANCE = st.randoms(use_true_random=False)


def nested(levels: int, value: str = "1") -> str:
    """Return JSON of so many levels, lists and objects by turns."""
    begin = "".join('{"Statement":' if at % 2 else "[" for at in range(levels))
    return begin + value + "".join("}" if at % 2 else "]" for at in reversed(range(levels)))


# --- the bound ---------------------------------------------------------------------------------


@given(st.integers(1, 2 * nesting.DEEPEST), st.sampled_from(["", "\n \n", '["]","\\"["],\n']))
@example(nesting.DEEPEST, "")
@example(nesting.DEEPEST + 1, "")
def test_the_bound_is_exact_and_its_place_is_told(levels: int, before: str) -> None:
    inner = nested(levels - 1) if levels > 1 else "1"
    text = f"[{before}{inner}]"
    if levels <= nesting.DEEPEST:
        assert nesting.loads(text) == json.loads(text)
        return
    line = before.count("\n") + 1
    with pytest.raises(nesting.TooDeep, match=rf"more than 100 levels deep, line {line}$"):
        nesting.loads(text)


@pytest.mark.parametrize("levels", DEPTHS)
def test_any_depth_is_answered(levels: int) -> None:
    text = nested(levels)
    for told in (text, text.encode()):
        if levels <= nesting.DEEPEST:
            assert nesting.loads(told) == json.loads(text)
        else:
            with pytest.raises(nesting.TooDeep):
                nesting.loads(told)


def test_broken_json_is_broken_and_not_deep() -> None:
    for text in ('{"a":', "[1,]", '"\ud800', ""):
        with pytest.raises(json.JSONDecodeError):
            nesting.loads(text)


# --- exported files ----------------------------------------------------------------------------


def slots(value: Any) -> list[tuple[Any, Any]]:
    """Return every container of a document with each of its keys."""
    found: list[tuple[Any, Any]] = []
    rest = [value]
    while rest:
        one = rest.pop()
        if isinstance(one, (dict, list)):
            keys = list(one) if isinstance(one, dict) else list(range(len(one)))
            found += [(one, key) for key in keys]
            rest += [one[key] for key in keys]
    return found


def deepened(text: str, levels: int, chance: random.Random) -> str:
    """Return a document in which a random value is nested so deeply."""
    documents = list(exports.values(text.encode()))
    container, key = chance.choice(slots(documents)[1:] or slots(documents))
    container[key] = MARK
    told = "\n".join(map(json.dumps, documents))
    return told.replace(json.dumps(MARK), nested(levels), 1)


@pytest.mark.parametrize("write", exported_files.ALL)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(chance=CHANCE, levels=st.sampled_from(DEPTHS))
def test_a_deep_export_is_named(
    tmp_path: Path, write: Callable[[Path], None], chance: random.Random, levels: int
) -> None:
    folder = tmp_path / "export"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write(folder)
    path = chance.choice(sorted(folder.rglob("*.json")))
    path.write_text(deepened(path.read_text("utf-8"), levels, chance))
    lines = list(exported.answer(write.__name__, NOW, folder, None))
    json.dumps(lines)
    gaps = [gap for line in lines if "principal" not in line for gap in line["gaps"]]
    name = without_key_ids(path.relative_to(folder).as_posix())
    told = [gap for gap in gaps if name in gap["what"] and "levels deep, line" in gap["why"]]
    assert bool(told) == (levels > nesting.DEEPEST)


# --- JSON inside of JSON: policies that are texts -----------------------------------------------


@pytest.mark.parametrize("levels", DEPTHS)
@pytest.mark.parametrize("as_text", [False, True])
def test_a_deep_policy_is_malformed(levels: int, as_text: bool) -> None:
    condition = f'{{"StringEquals":{{"aws:username":{nested(levels)}}}}}'
    allow = f'{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}'
    policy = f'{{"Version":"2012-10-17","Statement":{allow}}}'
    if as_text:
        _, problems = statements.parse(policy)
        assert any("levels deep, line 1" in one for one in problems) == (levels > nesting.DEEPEST)
        assert (surroundings.policy_document(policy) is None) == (levels > nesting.DEEPEST)
    elif levels <= nesting.DEEPEST:
        statements.parse(nesting.loads(policy))


# --- replies of APIs --------------------------------------------------------------------------


@pytest.mark.parametrize("levels", DEPTHS)
def test_a_deep_reply_is_a_refusal(levels: int) -> None:
    """As botocore hands it on: it decodes policies inside of replies itself."""

    def fill(document: dict[str, Any]) -> None:
        document["UserDetailList"] = [{"Policy": json.loads(nested(levels))}]

    document = read(fill)
    assert document.get("message", "") == (
        "" if levels < nesting.DEEPEST - 3 else "the reply is nested too deeply"
    )


@pytest.mark.parametrize("levels", DEPTHS)
def test_a_deep_reply_of_the_others_is_one_too(levels: int) -> None:
    deep = levels > nesting.DEEPEST
    body = Said(nested(levels).encode())
    with serving({"/x": body}) as server, Client(CircleCI(url=server.url), TOKEN) as calls:
        answer = calls.get("/x")
    assert answer.error == ("the answer is nested too deeply" if deep else "")
    with pytest.raises(Refused) if deep else nullcontext(), refusals("https://github.com"):
        nesting.checked(nesting.loads(nested(levels)))


# --- files of ours, and files that people write -------------------------------------------------


@pytest.mark.parametrize("levels", DEPTHS)
def test_deep_files_of_a_run_count_as_damaged(tmp_path: Path, levels: int) -> None:
    output = OutputFolder(tmp_path)
    run = output.begin(NOW, {})
    deep = levels > nesting.DEEPEST
    file = run.folder / "snapshot/aws/x.json.gz"
    file.parent.mkdir(parents=True)
    file.write_bytes(gzip.compress(nested(levels).encode()))
    assert (SnapshotFolder(run.folder / "snapshot").load("aws/x") is None) == deep
    (run.folder / "results.json").write_text(f'{{\n"edits": {{"a": {nested(levels)}}}\n}}\n')
    with pytest.raises(ConfigError):
        read_results(run.folder / "results.json")
    with pytest.raises(ConfigError, match="is damaged"):
        output.edits()
    (run.folder / "run.json").write_text(f'{{"schema": {nested(levels)}}}')
    with pytest.raises(ConfigError):
        open_run(run.folder)


@pytest.mark.parametrize("levels", DEPTHS)
def test_deep_requests_and_lists_are_told(tmp_path: Path, levels: int) -> None:
    requests = tmp_path / "requests"
    requests.write_text(f'{{"id": 1, "identity": [{nested(levels)}]}}\n')
    for provider in ("aws", "azure", "gcp"):
        out = StringIO()
        whatif.simulate(provider, str(requests), NOW, out, as_json=True)
        assert json.loads(out.getvalue())["error"]
    reply = repositories.read_files([str(requests)])
    assert (reply.error == "") == (levels <= nesting.DEEPEST)
