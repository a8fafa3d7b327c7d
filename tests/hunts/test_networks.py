"""What is known of an address comes from dated files, and unknown stays unknown."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.errors import ConfigError
from auditor.hunts.networks import Brought, Intelligence, Ranges
from auditor.hunts.seen import Address
from auditor.incidents import indicators

MULLVAD = "185.213.154.66"


def look_up(address: str, brought: Brought | None = None) -> Address:
    return Intelligence(brought or Brought()).look_up([address])[0]


@pytest.mark.parametrize(
    ("address", "origin", "network"),
    [
        ("3.228.39.90", "circleci", "aws us-east-1"),
        ("18.214.70.5", "circleci", "aws us-east-1"),
        ("3.80.0.1", "plausible", "aws us-east-1"),
        ("34.73.0.1", "plausible", "gcp us-east1"),
        ("18.194.0.1", "other", "aws eu-central-1"),
        ("178.249.214.10", "other", None),
        ("2600:1f18::1", "plausible", "aws us-east-1"),
        ("::ffff:3.228.39.90", "circleci", "aws us-east-1"),
        ("10.1.2.3", None, None),
        ("fe80::1", None, None),
    ],
)
def test_an_address_has_one_of_four_origins_or_none(
    address: str, origin: str | None, network: str | None
) -> None:
    found = look_up(address)
    assert (found.origin, found.network) == (origin, network)
    assert len(found.ip_packed or "") == 32


def test_own_runners_come_before_every_table() -> None:
    assert look_up("3.228.39.90", Brought(runners=["3.228.0.0/16"])).origin == "runner"


def test_addresses_of_an_incident_and_of_lists_are_told(tmp_path: Path) -> None:
    listed = tmp_path / "tor exits.txt"
    listed.write_text("# of 2023-01-05\n185.220.101.0/24  # relay\n\n2001:db8::1\n")
    bad = indicators("circleci-2023-01").addresses
    brought = Brought(incident="circleci-2023-01", bad_addresses=bad, lists=[listed])
    known = Intelligence(brought)
    one, two, three = known.look_up(["178.249.214.10", "185.220.101.4", "8.8.8.8"])
    assert (one.ip_list, two.ip_list, three.ip_list) == (
        "incident circleci-2023-01",
        "tor exits",
        None,
    )
    assert ("tor exits.txt", "2023-01-05") in [(table.name, table.day) for table in known.tables]
    assert all(table.day for table in known.tables)


@pytest.mark.parametrize("text", ["no address\n", "10.0.0.0/99\n"])
def test_a_list_that_is_none_is_a_mistake(tmp_path: Path, text: str) -> None:
    file = tmp_path / "list.txt"
    file.write_text(text)
    with pytest.raises(ConfigError, match="no list of addresses"):
        Intelligence(Brought(lists=[file]))


@pytest.mark.parametrize("name", ["none.mmdb", "damaged.mmdb"])
def test_a_database_that_is_none_is_a_mistake(tmp_path: Path, name: str) -> None:
    (tmp_path / "damaged.mmdb").write_bytes(b"not a database")
    with pytest.raises(ConfigError, match="no database of addresses"):
        Intelligence(Brought(databases=[tmp_path / name]))


class Database:
    """A database as maxminddb reads one, of a single record."""

    def __init__(self, record: object) -> None:
        self.record = record

    def get(self, address: str) -> object:
        assert address
        return self.record


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            {"country": {"iso_code": "RO"}, "location": {"latitude": 44.4, "longitude": 26.1}},
            ("RO", None, 44.4),
        ),
        ({"country_code": "SE", "autonomous_system_organization": "Mullvad VPN AB"},
         ("SE", "Mullvad VPN AB", None)),
        ({"country": "odd", "location": None}, (None, None, None)),
        (None, (None, None, None)),
        ("text", (None, None, None)),
    ],
)  # fmt: skip
def test_databases_of_several_makers_are_read(record: object, expected: tuple[object, ...]) -> None:
    known = Intelligence(Brought(incident="x", bad_networks=["Mullvad VPN"]))
    known._readers.append(Database(record))
    found = known.look_up([MULLVAD])[0]
    assert (found.ip_country, found.as_name, found.latitude) == expected
    assert (found.ip_list == "incident x network") == (found.as_name == "Mullvad VPN AB")


def test_a_cloud_by_its_databases_name_alone_is_not_judged() -> None:
    known = Intelligence(Brought())
    known._readers.append(Database({"as_name": "AMAZON-02"}))
    assert known.look_up([MULLVAD])[0].origin is None


@st.composite
def nested(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    address = draw(st.ip_addresses(v=4))
    long, short = sorted(draw(st.tuples(st.integers(0, 32), st.integers(0, 32))), reverse=True)
    narrow, wide = (ip_network((address, bits), strict=False) for bits in (long, short))
    return address, narrow, wide


@given(nested())
def test_the_narrowest_range_names_an_address(case: tuple[Any, Any, Any]) -> None:
    address, narrow, wide = case
    ranges = Ranges([("wide", str(wide)), ("narrow", str(narrow))])
    expected = "wide" if narrow == wide else "narrow"
    assert ranges.name_of(address) == expected
