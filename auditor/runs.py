"""Where runs live: the output folder, one folder per run, its snapshot, its results.json.

    <out>/tracker.xlsx                    the living workbook
    <out>/.tail-key                       key of the sealed tails, mode 0600
    <out>/<UTC time>-<run id>/run.json    what the run was told, to resume or repeat it
    <out>/<UTC time>-<run id>/snapshot/   raw replies, gzip JSON
    <out>/<UTC time>-<run id>/results.json

Folders are made 0700, files 0600: they hold what an audit saw.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import quote, unquote

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from auditor import calls, nesting
from auditor.errors import ConfigError
from auditor.models import (
    Baseline,
    Change,
    FirstSeen,
    HumanEdit,
    Json,
    Past,
    Point,
    Results,
    Verdict,
)
from auditor.tails import KEY_LENGTH, Sealer

T = TypeVar("T")
SCHEMA_VERSION = 1
KEY_NAME = ".tail-key"
TRACKER_NAME = "tracker.xlsx"
RESULTS_NAME = "results.json"
RUN_NAME = "run.json"
SNAPSHOT_NAME = "snapshot"
_STAMP = "%Y%m%dT%H%M%SZ"
_RUN_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
_LONGEST_SEGMENT = 120


class SnapshotFolder:
    """A `Snapshot` of one gzip JSON file per document; each is written whole or not at all."""

    def __init__(self, folder: Path) -> None:
        """Use this folder, which need not exist yet."""
        self._folder = folder

    def load(self, key: str) -> Json | None:
        """Return the document, or None where there is none or the machine died while writing it."""
        try:
            with gzip.open(self._path(key), "rt", encoding="utf-8") as file:
                return nesting.loads(file.read())
        except FileNotFoundError:
            return None
        except (OSError, EOFError, ValueError):  # a torn file is read again, as if never read
            return None

    def save(self, key: str, document: Json) -> None:
        """Keep the document under its name."""
        path = self._path(key)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # mtime=0: the same replies give the same bytes.
        data = gzip.compress(json.dumps(document).encode("ascii"), compresslevel=3, mtime=0)
        write_whole(path, (data,), durable=False)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the names that begin with the prefix, sorted."""
        found = (self._key(path) for path in self._folder.rglob("*.json.gz"))
        yield from sorted(key for key in found if key.startswith(prefix))

    def _path(self, key: str) -> Path:
        *folders, name = (_segment(part) for part in key.split("/"))
        return self._folder.joinpath(*folders, f"{name}.json.gz")

    def _key(self, path: Path) -> str:
        relative = path.relative_to(self._folder).as_posix().removesuffix(".json.gz")
        return "/".join(unquote(part) for part in relative.split("/"))


def _segment(part: str) -> str:
    """Return a file name for one part of a key: ids come from outside and may hold anything."""
    name = quote(part.encode("utf-8", "backslashreplace"), safe="@+=,")
    name = name.replace(".", "%2E") if name.startswith(".") else name
    if len(name) > _LONGEST_SEGMENT:
        name = f"long-{hashlib.sha256(name.encode()).hexdigest()}"
    return name or "%00"


@dataclass(frozen=True, slots=True)
class Run:
    """One run's folder. `settings` is what the run was told, as JSON; it holds no secret."""

    folder: Path
    id: str
    started: datetime
    settings: Json

    @property
    def snapshot(self) -> SnapshotFolder:
        """Return the raw replies of this run."""
        return SnapshotFolder(self.folder / SNAPSHOT_NAME)

    def forget_if_empty(self) -> None:
        """Remove the folder where nothing was read: it holds only what the run was told."""
        told = [self.folder / name for name in (RUN_NAME, calls.NAME)]
        if set(self.folder.iterdir()) <= set(told):
            for file in told:
                file.unlink(missing_ok=True)
            self.folder.rmdir()  # never a whole tree: a resumed run's folder is named by a person


class OutputFolder:
    """The folder that holds the runs, the tracker and the sealing key."""

    def __init__(self, path: Path) -> None:
        """Open the folder, making it 0700 where it does not exist.

        OSError when that is impossible.
        """
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass  # fails now, before hours of reading, when nothing can be written here
        self.path = path

    @property
    def tracker(self) -> Path:
        """Return where the living workbook is or will be."""
        return self.path / TRACKER_NAME

    def sealer(self) -> Sealer:
        """Return the sealer of this run history, making its key on the first run."""
        path = self.path / KEY_NAME
        with contextlib.suppress(FileExistsError):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(file, "wb") as stream:
                stream.write(secrets.token_bytes(KEY_LENGTH))
        key = path.read_bytes()
        if len(key) != KEY_LENGTH:
            raise ConfigError(
                f"{path} is not a sealing key",
                "restore it from a backup, or use another --out folder",
            )
        return Sealer(key)

    def begin(self, now: datetime, settings: Json) -> Run:
        """Make the folder of a new run and write down what it was told.

        It begins after every run that is there, whatever the clock says: runs are a history.
        """
        run_id = secrets.token_hex(3)
        started = max([now.astimezone(UTC), *(_after(run) for run in self.runs()[-1:])])
        folder = self.path / f"{started:{_STAMP}}-{run_id}"
        folder.mkdir(mode=0o700)
        told = {"schema": SCHEMA_VERSION, "id": run_id, "started": started.isoformat()}
        document = json.dumps(told | {"settings": settings}, indent=1, sort_keys=True)
        write_whole(folder / RUN_NAME, (document.encode(),))
        return Run(folder, run_id, started, settings)

    def runs(self) -> list[Path]:
        """Return the folders of all runs, oldest first."""
        return run_folders(self.path)

    def past(self, before: Run) -> Past:
        """Return what the latest run before this one knew; a later one says nothing of it."""
        earlier = [folder for folder in self.runs() if folder.name < before.folder.name]
        path = _latest_results(earlier)
        overwritten = tuple(_overwritten(before))
        if path is None:
            return Past(overwritten=overwritten)
        with _sound(path):
            verdicts = _records(path, "verdicts", Verdict)
            return Past(
                seen={row.secret_id: row for row in _records(path, "history", FirstSeen)},
                baselines={base.secret_id: base for base in _records(path, "baselines", Baseline)},
                closures={verdict.secret_id: verdict.closure for verdict in verdicts},
                edits=_edits(path),
                changes=tuple(_records(path, "changes", Change)),
                trend=tuple(_records(path, "trend", Point)),
                overwritten=overwritten,
            )

    def edits(self) -> dict[str, HumanEdit]:
        """Return what people had written, as the latest run that ended here knew."""
        path = _latest_results(self.runs())
        if path is None:
            return {}
        with _sound(path):
            return _edits(path)


def run_folders(path: Path) -> list[Path]:
    """Return the folders of all runs in an output folder, oldest first; none where it is not."""
    found = path.iterdir() if path.is_dir() else ()
    return sorted(one for one in found if one.is_dir() and _RUN_NAME.fullmatch(one.name))


def _after(run: Path) -> datetime:
    """Return the first second after a run began, by the name of its folder."""
    begun = datetime.strptime(run.name.partition("-")[0], _STAMP).replace(tzinfo=UTC)
    return begun + timedelta(seconds=1)


def _latest_results(runs: Sequence[Path]) -> Path | None:
    """Return the results of the latest of the runs, oldest first, that ended."""
    found = (folder / RESULTS_NAME for folder in reversed(runs))
    return next((path for path in found if path.is_file()), None)


@contextlib.contextmanager
def _sound(path: Path) -> Iterator[None]:
    """Refuse results that cannot be read: without them, what people wrote would be forgotten."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path}, which says what the last run knew, is damaged",
            "restore it from a backup; or move its run elsewhere, and the run before it counts",
        ) from error


def _overwritten(run: Run) -> Iterator[Change]:
    """Yield what an earlier report of the run told of cells that people changed."""
    path = run.folder / RESULTS_NAME
    if path.is_file():
        with _sound(path):
            told = list(_records(path, "changes", Change))
        yield from (one for one in told if one.run_id == run.id and one.by_hand)


def open_run(path: Path) -> Run:
    """Return the run in a folder; ConfigError when the folder is not one of ours."""
    try:
        told = nesting.loads((path / RUN_NAME).read_text("utf-8"))
        if told["schema"] != SCHEMA_VERSION:
            raise ConfigError(f"{path} was written by another version", "audit again")
        return Run(path, told["id"], datetime.fromisoformat(told["started"]), told["settings"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} is not the folder of a run", "name a folder that holds run.json"
        ) from error


# --- results.json ----------------------------------------------------------------------------


def write_results(results: Results, path: Path) -> Path:
    """Write results.json, one record a line: 100,000 records need no memory and diff well."""
    write_whole(path, results_chunks(results))
    return path


def read_results(path: Path) -> Results:
    """Return a results.json. ConfigError where there is none, or another version wrote it."""
    told: dict[str, Any] = {}
    try:
        for name, adapter, many in _result_fields():
            found = map(adapter.validate_json, _lines_of(path, name))
            value = tuple(found) if many else next(found, None)
            if many or value is not None:
                told[name] = value
        return Results(**told)
    except (OSError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{path} is not a results.json of this version",
            "audit again, or auditor report --from RUN",
        ) from error


def results_chunks(results: Results) -> Iterator[bytes]:
    """Yield the bytes of results.json: `results.schema.json` describes them."""
    yield b'{\n"schema_version": %d' % SCHEMA_VERSION
    for name, adapter, many in _result_fields():
        value = getattr(results, name)
        yield b',\n"%s": ' % name.encode()
        if not many:
            yield _line(adapter, value)
            continue
        for index, item in enumerate(value):
            yield (b",\n" if index else b"[\n") + _line(adapter, item)
        yield b"]" if value else b"[]"
    yield b"\n}\n"


def results_schema() -> dict[str, Any]:
    """Return the JSON Schema of results.json, made from the types of `models`."""
    schema = TypeAdapter(Results).json_schema(mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["properties"] = {"schema_version": {"const": SCHEMA_VERSION}} | schema["properties"]
    schema["required"] = ["schema_version", *schema["properties"]][:1] + [
        field.name for field in fields(Results)
    ]
    return schema


@cache
def _result_fields() -> tuple[tuple[str, TypeAdapter[Any], bool], ...]:
    """Return name, adapter and whether it is a list, for every field of `Results`."""
    hints = get_type_hints(Results)
    found = []
    for field in fields(Results):
        many = get_origin(hints[field.name]) is tuple
        shape = get_args(hints[field.name])[0] if many else hints[field.name]
        found.append((field.name, TypeAdapter(shape), many))
    return tuple(found)


def _line(adapter: TypeAdapter[Any], item: object) -> bytes:
    try:
        return adapter.dump_json(item)
    except PydanticSerializationError:
        # A lone surrogate in outside text has no UTF-8 form: keep it as a \ud800 escape.
        return json.dumps(adapter.dump_python(item, mode="json")).encode("ascii")


def _records(path: Path, name: str, shape: type[T]) -> Iterator[T]:
    """Yield the records of one field of a results.json, whichever version wrote it."""
    return map(TypeAdapter(shape).validate_json, _lines_of(path, name))


def _edits(path: Path) -> dict[str, HumanEdit]:
    told = nesting.loads(next(_lines_of(path, "edits"), "{}"))
    return TypeAdapter(dict[str, HumanEdit]).validate_python(told)


def _lines_of(path: Path, name: str) -> Iterator[str]:
    """Yield the records of one field of a results.json without loading the rest of it."""
    begin = f'"{name}": '
    inside = False
    with path.open("r", encoding="utf-8") as file:
        for line in file:
            if line.startswith(begin):
                inside = True
                line = line.removeprefix(begin)  # noqa: PLW2901 (the first record, or "[")
            elif line.startswith('"'):
                inside = False
            if inside and line.startswith("{"):
                yield _record(line)


def _record(line: str) -> str:
    """Return a line without what follows its record: a comma, or the end of the list."""
    text = line.rstrip().rstrip(",")
    return text.removesuffix("]") if text.endswith("}]") else text


def write_whole(path: Path, chunks: Iterable[bytes], *, durable: bool = True) -> None:
    """Replace a file in one step: readers see the old bytes or the new, never a part. Mode 0600."""
    handle, temporary = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(chunks)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
