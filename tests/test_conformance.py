"""What every CI system and every provider must keep to, whatever is registered."""

from __future__ import annotations

import dataclasses
import importlib.util
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.hunts.sources import sources
from auditor.inventory import systems
from auditor.models import Gap, Json
from auditor.providers import LogCollector, providers

ROOT = Path(__file__).parents[1]
PARTS: list[Any] = [*systems().values(), *providers().values()]


class Empty:
    """A snapshot of a run in which nothing at all could be read."""

    def load(self, key: str) -> Json | None:
        return None

    def save(self, key: str, document: Json) -> None:
        raise AssertionError("reading must not write")

    def keys(self, prefix: str) -> Iterator[str]:
        return iter(())


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_the_name_is_the_folder_and_the_title_is_for_people(part: Any) -> None:
    assert type(part).__module__.split(".")[-1] == part.name
    assert part.title
    assert part.title != part.name


def test_names_are_unique() -> None:
    names = [part.name for part in PARTS]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_settings_are_frozen_complete_and_strict(part: Any) -> None:
    shape: Any = part.settings
    assert dataclasses.is_dataclass(shape)
    assert shape.__dataclass_params__.frozen  # type: ignore[union-attr]
    assert shape.__pydantic_config__ == {"extra": "forbid"}  # type: ignore[union-attr]
    part.settings()


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_nothing_read_is_a_gap_and_never_clean(part: Any) -> None:
    told = part.read(part.settings(), Empty())
    assert told.gaps
    assert all(isinstance(gap, Gap) and gap.what and gap.why and gap.fix for gap in told.gaps)


@pytest.mark.parametrize("provider", providers().values(), ids=lambda provider: provider.name)
def test_the_extra_of_a_provider_has_its_name(provider: Any) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert provider.name in project["optional-dependencies"]
    assert all(importlib.util.find_spec(name) for name in provider.packages(provider.settings()))


@pytest.mark.parametrize(
    "provider",
    [one for one in providers().values() if hasattr(one, "collect_logs")],
    ids=lambda provider: provider.name,
)
def test_whoever_reads_logs_says_how_far_and_of_whom(provider: Any) -> None:
    settings = provider.settings()
    assert provider.log_source in {
        name for s in sources().values() for name in (s.name, s.platform)
    }
    assert provider.log_gaps(Empty()) == ()
    assert all(days > 0 for days in provider.log_days(Empty()).values())
    assert set(provider.log_names(settings, ["what nobody is called"], Empty())) == set()
    assert isinstance(provider, LogCollector)  # what lacks a part of it would be passed over
