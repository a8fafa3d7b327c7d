"""What is known of an address comes from dated files, and unknown stays unknown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import mmdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.errors import ConfigError
from auditor.hunts.networks import Brought, Intelligence
from auditor.hunts.ranges import Ranges
from auditor.hunts.seen import Address
from auditor.incidents import indicators

MULLVAD, MULLVAD_AS = "185.213.154.66", "31173 Services AB"


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


def test_networks_of_an_incident_are_known_by_their_name_in_the_packaged_table() -> None:
    bad = indicators("circleci-2023-01").networks
    known = Intelligence(Brought(incident="circleci-2023-01", bad_networks=bad))
    (found,) = known.look_up([MULLVAD])
    assert (found.as_name, found.ip_list) == (MULLVAD_AS, "incident circleci-2023-01 network")


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


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            {"country": {"iso_code": "RO"}, "location": {"latitude": 44.4, "longitude": 26.1}},
            ("RO", MULLVAD_AS, 44.4),
        ),
        ({"country": {"iso_code": "RO"}, "location": {"latitude": 444}}, ("RO", MULLVAD_AS, None)),
        ({"country_code": "ro", "autonomous_system_organization": "Mullvad VPN AB"},
         ("RO", "Mullvad VPN AB", None)),
        ({"country": "odd", "location": []}, ("SE", MULLVAD_AS, None)),
        ({"country_code": "=1+2", "as_name": {"a": 1}}, ("SE", MULLVAD_AS, None)),
        ([], ("SE", MULLVAD_AS, None)),
        ("text", ("SE", MULLVAD_AS, None)),
    ],
)  # fmt: skip
def test_what_a_database_tells_stands_above_the_packaged_tables(
    tmp_path: Path, record: object, expected: tuple[object, ...]
) -> None:
    file = mmdb.write(tmp_path / "own.mmdb", {f"{MULLVAD}/32": record})
    known = Intelligence(Brought(incident="x", bad_networks=["Mullvad VPN"], databases=[file]))
    found, other = known.look_up([MULLVAD, "185.213.154.67"])
    assert (found.ip_country, found.as_name, found.latitude) == expected
    assert (found.ip_list == "incident x network") == (found.as_name == "Mullvad VPN AB")
    assert (other.ip_country, other.as_name) == ("SE", MULLVAD_AS)
    assert not list(known.gaps(None, datetime(2026, 6, 17, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("as_name", "origin"),
    [
        ("AMAZON-02", None),
        ("Amazon.com, Inc.", None),
        ("Google LLC", None),
        ("GOOGLE-CLOUD-PLATFORM", None),
        ("MICROSOFT-CORP-MSN-AS-BLOCK", None),
        ("Google Fiber Inc.", "other"),
        ("GOOGLE-FIBER", "other"),
        ("AMAZONIA TELECOMUNICACOES LTDA", "other"),
        ("AMAZON TELECOM LTDA", "other"),
        ("AMAZON+ SERVICOS DE INTERNET LTDA", "other"),
    ],
)
def test_a_cloud_by_its_databases_name_alone_is_not_judged(
    tmp_path: Path, as_name: str, origin: str | None
) -> None:
    file = mmdb.write(tmp_path / "own.mmdb", {f"{MULLVAD}/32": {"as_name": as_name}})
    assert look_up(MULLVAD, Brought(databases=[file])).origin == origin


def test_of_two_databases_the_later_one_stands(tmp_path: Path) -> None:
    files = [
        mmdb.write(tmp_path / f"{code}.mmdb", {f"{MULLVAD}/32": {"country_code": code}})
        for code in ("RO", "NO")
    ]
    assert look_up(MULLVAD, Brought(databases=files)).ip_country == "NO"


def test_a_database_of_ipv4_says_nothing_of_ipv6(tmp_path: Path) -> None:
    file = mmdb.write(tmp_path / "own.mmdb", {f"{MULLVAD}/32": {"country_code": "RO"}})
    known = Intelligence(Brought(databases=[file]))
    assert known.look_up(["2a02:8071::1"])[0].ip_country == "DE"
    assert not list(known.gaps(None, datetime(2026, 6, 17, tzinfo=UTC)))


def test_a_database_of_ipv6_is_asked_of_both(tmp_path: Path) -> None:
    file = mmdb.write(
        tmp_path / "own.mmdb",
        {"::185.213.154.0/120": {"country_code": "RO"}, "2a02:8071::/32": {"country_code": "NO"}},
        version=6,
    )
    found = Intelligence(Brought(databases=[file])).look_up([MULLVAD, "2a02:8071::1"])
    assert [one.ip_country for one in found] == ["RO", "NO"]


SOUND: Mapping[str, Any] = {
    "185.0.0.0/8": {
        "country": {"iso_code": "RO", "names": {"en": "Romania"}},
        "location": {"latitude": 44.4, "longitude": 26.1},
    },
    "8.8.8.0/24": {"autonomous_system_organization": "GOOGLE", "autonomous_system_number": 15169},
}


# The reader's C code makes text in a way that newer Pythons warn of.
@pytest.mark.filterwarnings("ignore:PyUnicode_FromStringAndSize:DeprecationWarning")
@settings(max_examples=300, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=4),
    cut=st.none() | st.integers(0, 10_000),
)
def test_a_database_with_flipped_bytes_answers_or_is_named(
    tmp_path: Path, flips: list[tuple[int, int]], cut: int | None
) -> None:
    file = mmdb.write(tmp_path / "own.mmdb", SOUND)
    data = bytearray(file.read_bytes())
    for at, byte in flips:
        data[at % len(data)] = byte
    file.write_bytes(data[: None if cut is None else cut % len(data)])
    try:
        known = Intelligence(Brought(databases=[file]))
    except ConfigError as error:
        refused = error.message
    else:
        refused = ""
        looked_up(known)
    assert refused in {"", f"{file} is no database of addresses"}


def looked_up(known: Intelligence) -> None:
    for found in known.look_up([MULLVAD, "8.8.8.8", "192.0.2.1"]):
        assert found.ip_country is None or len(found.ip_country) == 2
        assert found.latitude is None or -90 <= found.latitude <= 90
    for gap in known.gaps(None, datetime(2026, 6, 17, tzinfo=UTC)):
        assert "own.mmdb" in f"{gap.what}: {gap.why}"


def test_a_database_damaged_inside_is_a_named_gap(tmp_path: Path) -> None:
    file = mmdb.write(tmp_path / "own.mmdb", SOUND)
    data = file.read_bytes()
    file.write_bytes(data.replace(b"\x42RO", b"\x42\xff\xff"))
    known = Intelligence(Brought(databases=[file]))
    found = known.look_up([MULLVAD, "8.8.8.8", "185.1.2.3"])
    assert [one.ip_country for one in found] == ["SE", None, "FR"]
    assert found[1].as_name == "GOOGLE"
    (gap,) = known.gaps(None, datetime(2026, 6, 17, tzinfo=UTC))
    assert "2 addresses, as own.mmdb has them" in gap.what
    assert "damaged" in gap.why


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
