"""The honesty matrix: every remote call that an audit makes, gone wrong in every way.

The calls come from a recorded audit of the invented company, so that a new one is covered by
itself. A cell of the matrix is an audit in this process in which one call goes wrong: the provider
it belongs to is read anew, what the others said is shared, and the conclusions are compared with
those of an audit where all went well. `make matrix` runs all of them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from honest import differs, lies, new_gaps

from auditor.collecting import Collecting, Silent
from auditor.conclude import conclude
from auditor.config import load, to_json
from auditor.demo import Faults, Garbage, Organisation
from auditor.demo import load as load_scenario
from auditor.demo.estate import CiOrganization, Scenario
from auditor.errors import AuthError, RemoteError
from auditor.models import Gap, Results
from auditor.plan import Plan, plan
from auditor.publishing import exit_code
from auditor.runs import OutputFolder, Run, write_results

SECONDS = 2
"""How long every client waits for an answer in a cell."""
DEADLINE = 60.0
"""Seconds of the clock that no cell may take, whatever goes wrong."""

Break = Callable[[Faults, "Call"], None]

WAYS: Mapping[str, Break] = {
    "401": lambda faults, call: faults.deny(call.route, 401),
    "403": lambda faults, call: faults.deny(call.route, 403),
    "404": lambda faults, call: faults.deny(call.route, 404),
    "429 for ever": lambda faults, call: faults.throttle(1, call.route, retry_after=9999),
    "500": lambda faults, call: faults.deny(call.route, 500),
    "timeout": lambda faults, call: faults.hang(call.route, SECONDS * 3, times=call.some(2)),
    "reset": lambda faults, call: faults.reset(call.route, times=call.some(call.count)),
    "truncated body": lambda faults, call: faults.cut(call.route, times=call.some(call.count)),
    "wrong content type": lambda faults, call: faults.garbage(call.route, Garbage.HTML),
    "empty body": lambda faults, call: faults.garbage(call.route, Garbage.EMPTY),
    "empty page": lambda faults, call: faults.blank(call.route),
}
"""How a call goes wrong. Some ways strike every call of a route, some only the first half."""

_IMPATIENT = {
    "circleci": {"timeout": SECONDS, "retries": 0, "max_wait": 1},
    "aws": {"timeout": SECONDS, "retries": 0},
    "azure": {"timeout": SECONDS, "retries": 0},
    "gcp": {"timeout": SECONDS},
    "github": {"timeout": SECONDS, "retries": 0, "max_wait": 1},
}
_SAYS_NOTHING = (
    ("gcp", r"/v1/.*"),
    ("circleci", r".*/policy-bundle"),
)
"""Where an object without anything in it is how the vendor says that there is nothing."""
_IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
_PARTS = {"google": "gcp"}
"""What a recording calls otherwise than the product does."""


@dataclass(frozen=True, slots=True)
class Call:
    """One route of a provider ("/api/v2/context/{}/restrictions"), and how often it is asked."""

    part: str
    route: str
    count: int

    def some(self, most: int) -> int:
        """Return the half of the calls that are to go wrong, at least one."""
        return max(1, min(most, (self.count + 1) // 2))


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of one call gone wrong in one way."""

    call: Call
    way: str
    lies: tuple[str, ...]
    ending: str
    """How the audit ended: its exit code under --strict, and why if it stopped."""
    gaps: tuple[Gap, ...] = ()
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.call.part} {self.call.route}, {self.way}: {'; '.join(self.lies)}"


class Matrix:
    """The invented company, one healthy audit of it, and the cells."""

    healthy: Results
    calls: tuple[Call, ...]

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.demo = stack.enter_context(Organisation(_small()))
            made = tempfile.TemporaryDirectory(prefix="honesty-", dir=_IN_MEMORY)
            folder = Path(stack.enter_context(made))
            stack.callback(_restore, dict(os.environ))
            os.environ.update(self.demo.environment())
            self._prepare(folder)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _prepare(self, folder: Path) -> None:
        told = self.demo.config_toml()
        self.patient, self.todo = _plan(folder, told), _plan(folder, _impatient(told))
        self.output = OutputFolder(folder / "out")
        self.now = datetime.now(UTC)
        recordings = (self.demo.recording, self.demo.google_recording, self.demo.aws_recording)
        before = [len(one) for one in recordings]
        self.first = self._begin()
        for name in self._parts(self.patient):
            self._collect(name, self.first, self.patient)
        exchanges = [json.loads(line) for one, start in zip(recordings, before, strict=True)
                     for line in one.lines()[start:]]  # fmt: skip
        self.calls = tuple(_calls(exchanges))
        results = conclude(self.todo, self.first, self.output.past(self.first), {})
        write_results(results, self.first.folder / "results.json")
        self.now = datetime.now(UTC)
        again = self._again("")
        self.past = self.output.past(again)
        self.healthy = conclude(self.todo, again, self.past, {})

    def _parts(self, todo: Plan) -> dict[str, tuple[Any, Any]]:
        return {**todo.systems, **todo.providers}

    def _begin(self) -> Run:
        told = {"loaded": to_json(self.todo.loaded), "only": [], "seal": self.output.sealer().name}
        return self.output.begin(self.now, told)

    def _again(self, but: str) -> Run:
        """Return a run that has read what the first one read, but for one part."""
        run = self._begin()
        for folder in (self.first.folder / "snapshot").iterdir():
            if folder.name != but:
                shutil.copytree(
                    folder, run.folder / "snapshot" / folder.name, copy_function=os.link
                )
        return run

    def _collect(self, name: str, run: Run, todo: Plan) -> None:
        part, settings = self._parts(todo)[name]
        budget = self.todo.loaded.settings.usage_budget
        part.collect(
            settings, Collecting(run.snapshot, self.output.sealer(), Silent(), self.now, budget)
        )

    def ways(self, call: Call) -> tuple[str, ...]:
        """Return how a call can go wrong."""
        legal = any(call.part == part and re.fullmatch(r, call.route) for part, r in _SAYS_NOTHING)
        return tuple(way for way in WAYS if not (legal and way == "empty page"))

    def cell(self, call: Call, way: str) -> Cell:
        """Return what an audit says in which one call goes wrong in one way."""
        self.demo.faults.clear()
        WAYS[way](self.demo.faults, call)
        run, begun = self._again(call.part), time.monotonic()
        try:
            self._collect(call.part, run, self.todo)
            self.demo.faults.clear()
            found = conclude(self.todo, run, self.past, {})
        except (AuthError, RemoteError) as stop:
            helpless = () if stop.message and stop.hint else (f"no help in {stop!r}",)
            return Cell(call, way, helpless, f"{stop.exit_code} {stop.message}")
        except Exception as error:  # noqa: BLE001 (a traceback is what is looked for)
            return Cell(call, way, (f"{type(error).__name__}: {error}",), "1")
        finally:
            self.demo.faults.clear()
            shutil.rmtree(run.folder)
        seconds = time.monotonic() - begun
        told = tuple(lies(self.healthy, found))
        told += (f"took {seconds:.0f} s",) if seconds > DEADLINE else ()
        gaps, code = new_gaps(self.healthy, found), exit_code(found, None, strict=True)
        if (gaps or differs(self.healthy, found)) and code != 11:
            told += (f"exit code {code}",)
        return Cell(call, way, told, str(code), gaps, seconds)


def _small() -> Scenario:
    """Return the invented company with few of the projects that are like others."""

    def of(organization: CiOrganization) -> CiOrganization:
        projects = organization.projects
        kept = [p for p in projects if p in projects[:3] or p.stores or p.stopped or p.denied]
        return replace(organization, projects=tuple(kept))

    scenario = load_scenario()
    return replace(scenario, organizations=tuple(map(of, scenario.organizations)))


def _restore(environment: dict[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)


def _plan(folder: Path, config: str) -> Plan:
    path = folder / "config.toml"
    path.write_text(config, "utf-8")
    return plan(load(path, flags={"out": str(folder / "out"), "incident": "circleci-2023-01"}))


def _impatient(config: str) -> str:
    """Return the configuration with the patience of every client taken away."""
    for name, told in _IMPATIENT.items():
        lines = "".join(f"{key} = {value}\n" for key, value in told.items())
        config = re.sub(rf"(?m)^\[(inventory|providers)\.{name}\]\n", rf"\g<0>{lines}", config)
    return config


# --- which calls there are -------------------------------------------------------------------

_VERSION = re.compile(r"v\d+(\.\d+)?|beta|oauth2|s3|iam|\d{4}-\d{2}-\d{2}")
_ID = re.compile(r".*\d.*|.*[%@=].*|-")
_NAMES = ("name", "login", "reponame", "username", "repo")
_SLUGS = ("slug", "project_slug", "full_name")


def _calls(exchanges: Iterable[Mapping[str, Any]]) -> Iterator[Call]:
    """Yield every route once. What differs from company to company in a path is its names and ids:
    a segment with a digit, and a segment that some reply has as the name of something."""
    exchanges = list(exchanges)
    names = {name for one in exchanges for name in _names(one["body"])}
    found = Counter(
        (_PARTS.get(one["provider"], one["provider"]), _route(one, names)) for one in exchanges
    )
    for (part, route), count in sorted(found.items()):
        yield Call(part, route, count)


def _route(exchange: Mapping[str, Any], names: set[str]) -> str:
    path = str(exchange["path"])
    if exchange["method"] == "CALL":  # "/service/Method/subject" of gRPC, "/service/Action" of AWS
        kept = path.split("/")[1:3]
        if kept[0] == "s3" and kept[1]:  # a bucket
            return "/s3/{}?" + kept[1].partition("?")[2]
        return "/" + "/".join(kept) + ("/*" if path.count("/") > 2 else "")
    segments = path.partition("?")[0].split("/")
    return "/".join("{}" if _varies(segment, names) else segment for segment in segments)


def _varies(segment: str, names: set[str]) -> bool:
    if _VERSION.fullmatch(segment):
        return False
    return segment in names or bool(_ID.fullmatch(segment))


def _names(body: Any) -> Iterator[str]:
    if isinstance(body, list):
        for one in body:
            yield from _names(one)
    elif isinstance(body, dict):
        for key, value in body.items():
            if isinstance(value, str) and key in _SLUGS:
                yield from value.split("/")
            elif isinstance(value, str) and key in _NAMES:
                yield value  # one that is a path is no segment
            else:
                yield from _names(value)
