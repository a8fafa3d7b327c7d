"""Whatever the files of other people hold: it is read, or said to be unusable, and nothing else.

Sound files are mangled as hands, mail and broken tools do it. One test a parser of outside input;
logs have theirs in hunts/test_bad_input.py, compiled configurations in inventory/, workbooks in
report/test_tracker_mangled.py.
"""

from __future__ import annotations

import ast
import gzip
import json
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import exported_files
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mangling import torn

from auditor import config, exported, incidents, tomlfile
from auditor.errors import ConfigError
from auditor.hunts.networks import Brought, Intelligence
from auditor.hunts.rules import loading
from auditor.inventory.circleci import repositories
from auditor.providers import exports

ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 11, 22, tzinfo=UTC)
CHANCE = st.randoms(use_true_random=False)


def examples(most: int) -> settings:
    """Return the settings of a test that draws so many examples."""
    mended = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=most, deadline=None, suppress_health_check=mended)


# --- configuration and incidents -------------------------------------------------------------

SECRET = "U0VDUkVUVE9LRU4"
TOMLS = (
    ROOT / "auditor/data/config.example.toml",
    ROOT / "auditor/data/incidents/circleci-2023-01.toml",
)
LINES = (
    "a = " + "[" * 3000, "a = " + "9" * 5000, f'key = """\n{SECRET}==', f"{SECRET}==",
    "[" + " " * 2000 + "x", "window_start = 2023-99-99", "exposed_before = 0001-01-01T00:00:00Z",
    "title = 7", "[indicators]\naddresses = [7]", "[[overrides]]", "[inventory]\ncircleci = 3",
    "[" + "a." * 2000 + "a]", "a" + ".a" * 2000 + " = 1",
    "since = nan", "[hunts]\nlogs = [{}]", "\u2028", "\0", "[a.b.c]", '"" = 1',
)  # fmt: skip


def toml(chance: random.Random) -> bytes:
    lines = chance.choice(TOMLS).read_text("utf-8").split("\n")
    for _ in range(chance.randint(1, 4)):
        lines.insert(chance.randrange(len(lines)), chance.choice((*LINES, chance.choice(lines))))
    data = "\n".join(lines).encode()
    return torn(data, chance) if chance.random() < 0.3 else data


@examples(60)
@given(st.binary(max_size=100) | CHANCE.map(toml) | st.sampled_from(LINES).map(str.encode))
def test_a_configuration_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(data)
    for read in (lambda: config.load(file, environ={}, home=tmp_path), lambda: incident(file)):
        assert SECRET not in said(read)


def said(read: Callable[[], object]) -> str:
    """Return what is said of a file that is refused, "" where it is read."""
    try:
        read()
    except ConfigError as error:
        return f"{error.message} ({error.hint})"
    return ""


def incident(file: Path) -> None:
    incidents.load(str(file))


def test_lines_are_counted_as_tomllib_counts_them() -> None:
    assert tomlfile.key_lines('a = "\u2028\u2028"\nb = 1\n') == {"a": 1, "b": 2}


# --- rules and lists of addresses ------------------------------------------------------------

VALUES = (
    "1", "null", "[]", "{}", "[1, {a: b}]", "2020-99-99", "true", "'*'", "!!binary aGk=", "{1: 2}",
    "[[a]]", "''", "'1 of them'", "not", "'((('", "!!python/object:os.system x", "&a [*a]",
    "9" * 5000, "[" * 2000,
)  # fmt: skip


def rule(chance: random.Random) -> bytes:
    """Return a packaged rule, in which values are replaced by others of any type."""
    rules = sorted((ROOT / "auditor/data/hunts").glob("*.yml"))
    lines = chance.choice(rules).read_text("utf-8").split("\n")[:40]
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(lines))
        key, colon, _ = lines[at].partition(":")
        lines[at] = f"{key}: {chance.choice(VALUES)}" if colon else ""
    data = "\n".join(lines).encode()
    return torn(data, chance) if chance.random() < 0.2 else data


@examples(80)
@given(CHANCE.map(rule) | st.binary(max_size=60))
def test_a_rule_is_taken_or_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "rule.yml").write_bytes(data)
    hunts, refused = loading.from_folder(tmp_path)
    assert all(one.why for one in refused)
    assert all(one.condition for one in hunts)


@examples(60)
@given(
    st.binary(max_size=60) | st.text("0123456789abcdef.:/#% \n\r\t", max_size=60).map(str.encode)
)
def test_a_list_of_addresses_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "list"
    file.write_bytes(data)
    said(lambda: Intelligence(Brought(lists=[file])))
    assert "no database of addresses" in said(lambda: Intelligence(Brought(databases=[file])))


# --- exported files --------------------------------------------------------------------------

ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 10**30, "", "x", "*", "\ud800", "\0", "123456789012", [], {}, [None],
    "arn:aws:iam::1:user/x", "2020-99-99", "0001-01-01T00:00:00+14:00", {"id": 1}, [[1]],
)  # fmt: skip


def gcp(folder: Path) -> None:
    """Write objects of the words that the reader looks for; test_gcp_hostile.py has more."""
    (folder / "a.json").write_text(json.dumps([{word: word} for word in words("gcp")]))


@cache
def words(provider: str) -> tuple[str, ...]:
    """Return the words that a provider's package names: its readers look for them."""
    trees = (
        ast.parse(path.read_text("utf-8"))
        for path in sorted((ROOT / "auditor/providers" / provider).rglob("*.py"))
    )
    found = (
        node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)
    )
    return tuple(sorted({one for one in found if isinstance(one, str) and one.isidentifier()}))


def slots(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container of a document with each of its keys."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in keys:
        yield value, key
        yield from slots(value[key])


def odd_document(text: str, provider: str, chance: random.Random) -> bytes:
    """Return a document in which a few values are others, or which is torn, nested or packed."""
    document = list(exports.values(text.encode()))
    for container, key in chance.sample(found := list(slots(document)), min(3, len(found))):
        container[key] = chance.choice((*ODD, {chance.choice(words(provider)): 1}))
    data = "\n".join(map(json.dumps, document)).encode()
    how = chance.randrange(10)
    if how == 0:
        return b'{"a":' * chance.randint(10, 3000) + data
    if how == 1:
        return data.decode().encode("utf-16")
    if how == 2:
        return torn(gzip.compress(data), chance)
    return torn(data, chance) if how == 3 else data


@pytest.mark.parametrize("write", [*exported_files.ALL, gcp])
@examples(25)
@given(chance=CHANCE)
def test_an_odd_export_is_told(
    tmp_path: Path, write: Callable[[Path], None], chance: random.Random
) -> None:
    folder = tmp_path / "export"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    write(folder)
    files = sorted(folder.rglob("*.json"))
    for path in chance.sample(files, min(3, len(files))):
        path.write_bytes(odd_document(path.read_text("utf-8"), write.__name__, chance))
    for line in exported.answer(write.__name__, NOW, folder, None):
        json.dumps(line)


@examples(60)
@given(st.binary(max_size=80) | st.text('[]{}",:0 \n', max_size=60).map(str.encode)
       | st.integers(1, 5000).map(lambda deep: b"[" * deep + b"]" * deep))  # fmt: skip
def test_a_damaged_file_is_named(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "folder" / "a.json"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(data)
    found = list(exports.read_folder(file.parent))
    assert found
    assert {one.file for one in found} <= {"a.json"}
    assert repositories.read_files([str(file)]).call
