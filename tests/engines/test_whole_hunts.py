"""Whole hunts on another engine: the same stories, runs and gaps, and what it costs is told."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hunt_command
import log_corpus
import pytest

from auditor import hunting, incidents
from auditor.console import Lines
from auditor.demo import logs, scenario, traffic
from auditor.hunting import Logs, Order
from auditor.hunts import engines
from auditor.hunts.subjects import Subjects
from auditor.models import Hunted
from auditor.tails import Sealer

NOW = datetime(2023, 2, 1, tzinfo=UTC)
SEALER = Sealer(b"engines!" * 4)


def hunted(folder: Path, read: list[Logs], asked: engines.Asked) -> tuple[Hunted, str]:
    incident = incidents.load("circleci-2023-01")
    order = Order(read, incident=incident, engine=asked.name, master=asked.master)
    told = io.StringIO()
    found = hunting.hunt(order, Subjects(), folder / asked.name, SEALER, NOW, Lines(told))
    return found, told.getvalue()


def unsealed(told: dict[str, Any]) -> str:
    """Return the JSON without the seals of key ids, which are of one call each."""
    return re.sub(r"#[0-9a-f]{8}", "#", json.dumps(told))


def test_the_demos_logs_tell_the_same_stories(tmp_path: Path, asked: engines.Asked) -> None:
    acts = [*traffic.ordinary("demo"), *traffic.thefts()]
    kept = logs.write(scenario.load(), tmp_path / "logs", data_access=True, acts=acts)
    read = [Logs(path, source) for source, path in kept.items()]
    here, quiet = hunted(tmp_path, read, engines.Asked())
    there, told = hunted(tmp_path, read, asked)
    assert len(here.findings) >= 4
    assert there == here
    assert f"{asked.name}" in told
    assert "partitions" in told
    assert "will scan" not in quiet
    assert not list((tmp_path / asked.name / "events").glob("engine")), "the tables are gone"


def test_a_generated_trail_tells_the_same(tmp_path: Path, asked: engines.Asked) -> None:
    log_corpus.write(tmp_path / "trail", 20_000, 1000)
    read = [Logs(tmp_path / "trail", "cloudtrail")]
    here, _ = hunted(tmp_path, read, engines.Asked())
    there, _ = hunted(tmp_path, read, asked)
    assert sum(run.hits for run in here.hunting.hunts) > 1000
    assert there == here


def test_the_command_takes_an_engine(tmp_path: Path, asked: engines.Asked) -> None:
    hunt_command.write(tmp_path / "logs", [*hunt_command.ordinary(), *hunt_command.attack()])
    words = ["--since", "2022-12-16", "--identity", hunt_command.USER]
    here = hunt_command.found(tmp_path / "logs", *words)
    place = ["--master", asked.master] if asked.master else []
    there = hunt_command.found(tmp_path / "logs", *words, "--engine", asked.name, *place)
    assert here["findings"]
    assert unsealed(there) == unsealed(here)


def test_no_spark_at_an_address_is_one_line(tmp_path: Path, asked: engines.Asked) -> None:
    if not asked.master:
        pytest.skip("only Spark has a master")
    hunt_command.write(tmp_path / "logs", hunt_command.ordinary(1))
    told = hunt_command.hunt(
        "--logs", str(tmp_path / "logs"), "--engine", "spark", "--master", "nowhere", code=2
    )
    assert "no Spark at nowhere" in told
