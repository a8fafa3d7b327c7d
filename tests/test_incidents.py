"""Incident profiles load, and a day makes one."""

from __future__ import annotations

import ipaddress
import tomllib
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import pytest

from auditor import incidents
from auditor.errors import ConfigError
from auditor.models import Json


@pytest.fixture
def profile() -> Json:
    file = files("auditor").joinpath("data", "incidents", "circleci-2023-01.toml")
    return tomllib.loads(file.read_text("utf-8"))


def test_the_packaged_profile_gives_the_incident() -> None:
    incident = incidents.load("circleci-2023-01")
    assert incident.name == "circleci-2023-01"
    assert incident.title.startswith("CircleCI")
    assert incident.window_start == datetime(2022, 12, 16, tzinfo=UTC)
    assert incident.exposed_before == datetime(2023, 1, 5, tzinfo=UTC)
    assert "revoke" in incident.advice


@pytest.mark.parametrize("name", ["circleci", "", "../severity", "circleci-2023-01.toml"])
def test_an_unknown_name_lists_the_known_ones(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        incidents.load(name)
    assert caught.value.exit_code == 2
    assert repr(name) in caught.value.message
    assert "circleci-2023-01" in caught.value.hint


OWN = """
title = "Ours"
window_start = 2024-02-01
exposed_before = 2024-03-01T12:00:00
[indicators]
addresses = ["203.0.113.7", "198.51.100.0/24"]
networks = ["Bad Hosting"]
"""


def test_a_file_is_an_incident_too(tmp_path: Path) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(OWN)
    incident = incidents.load(str(path))
    assert (incident.title, incident.advice) == ("Ours", "")
    assert incident.window_start == datetime(2024, 2, 1, tzinfo=UTC)
    assert incident.exposed_before == datetime(2024, 3, 1, 12, tzinfo=UTC)
    found = incidents.indicators(incident.name)
    assert found.addresses == ("203.0.113.7", "198.51.100.0/24")
    assert found.networks == ("Bad Hosting",)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("title =", "titel =", "title must be text"),
        ("2024-02-01", '"in February"', "window_start must be"),
        ("exposed_before = 2024-03-01T12:00:00", "", "exposed_before must be"),
        ("203.0.113.7", "evil.example", "addresses must be"),
        ('["Bad Hosting"]', '"Bad Hosting"', "networks must be"),
        ("[indicators]", "[indicators", "cannot be read"),
    ],
)
def test_a_file_that_says_too_little_is_a_mistake_that_names_the_key(
    tmp_path: Path, old: str, new: str, why: str
) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(OWN.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        incidents.load(str(path))
    assert why in caught.value.message


def test_a_day_is_an_incident_from_its_first_moment_utc() -> None:
    incident = incidents.since(date(2023, 1, 5))
    start = datetime(2023, 1, 5, tzinfo=UTC)
    assert (incident.name, incident.window_start, incident.exposed_before) == (
        "since-2023-01-05",
        start,
        start,
    )
    assert "2023-01-05" in incident.title


def test_addresses_of_the_profile_are_addresses(profile: Json) -> None:
    addresses = profile["indicators"]["addresses"]
    assert all(ipaddress.ip_address(one).is_global for one in addresses)
    assert len(addresses) == len(set(addresses)) == 8


def test_every_store_of_the_profile_says_until_when_and_what_to_do(profile: Json) -> None:
    stores = {row["store"] for row in profile["stores"]}
    assert {"context variable", "project variable", "legacy AWS key"} <= stores
    assert len(stores) == len(profile["stores"])
    for row in profile["stores"]:
        assert row["exposed_before"] >= profile["exposed_before"]
        assert row["todo"]


def test_the_timeline_is_in_order(profile: Json) -> None:
    days = [str(row["from"])[:10] for row in profile["timeline"]]
    assert days == sorted(days)
    assert days[0] == str(profile["window_start"].date())
