"""The packaged tables of countries and networks: what they tell, what they leave unknown."""

from __future__ import annotations

import json
import lzma
import math
import re
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

import mmdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.hunts import networks, places
from auditor.hunts.networks import Brought, Intelligence
from auditor.hunts.places import OLD, Dated, ages
from auditor.hunts.ranges import Head, RangeFile, pack

FOLDER = Path(places.__file__).parents[1] / "data" / "networks"
HEAD = Head("countries", "made 1", "0", "CC0", "nobody", "2026-06-17")
DAY = datetime(2026, 6, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "country", "as_name"),
    [
        ("188.68.229.52", "PL", '"SPRINT" S.A.'),
        ("84.115.201.9", "AT", "T-Mobile Austria GmbH"),
        ("178.249.214.10", "CA", "Datacamp Limited"),
        ("2a02:8071::1", "DE", "Vodafone GmbH"),
        ("::ffff:84.115.201.9", "AT", "T-Mobile Austria GmbH"),
        # A cloud's region tells where it stands, and more than the cloud's name.
        ("3.80.0.1", "US", "aws us-east-1"),
        ("18.194.0.1", "DE", "aws eu-central-1"),
        ("13.112.0.1", "JP", "aws ap-northeast-1"),
        # Of a cloud without a region nobody knows, nor of an address that stands in many places.
        ("20.38.99.1", None, "azure"),
        ("104.16.0.1", None, "cloudflare"),
        ("8.8.8.8", None, "Google LLC"),
        ("1.1.1.1", None, "Cloudflare, Inc."),
        # Private, reserved, documentation, multicast, nobody's.
        ("10.1.2.3", None, None),
        ("100.64.0.1", None, None),
        ("203.0.113.5", None, None),
        ("198.51.100.7", None, None),
        ("2001:db8::1", None, None),
        ("fe80::1", None, None),
        ("224.0.0.1", None, None),
        ("240.0.0.1", None, None),
        ("255.255.255.255", None, None),
        ("3fff::1", None, None),
        ("4000::1", None, None),
        ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", None, None),
    ],
)
def test_what_the_packaged_tables_tell(
    address: str, country: str | None, as_name: str | None
) -> None:
    (found,) = Intelligence().look_up([address])
    assert (found.ip_country, found.as_name) == (country, as_name)
    assert found.latitude is None


def test_networks_of_an_incident_are_known_by_the_packaged_names() -> None:
    known = Intelligence(Brought(incident="x", bad_networks=["Datacamp"]))
    one, other = known.look_up(["178.249.214.99", "84.115.201.9"])
    assert (one.ip_list, other.ip_list) == ("incident x network", None)


def test_files_are_small_and_say_where_they_come_from() -> None:
    files = sorted(FOLDER.glob("*.xz"))
    assert [file.stem for file in files] == ["as-names", "countries"]
    for file in files:
        assert file.stat().st_size < 2 * 2**20
        head = RangeFile(file).head
        assert head.licence == "CC BY 4.0"
        assert all((head.title, head.package, head.attribution, head.sha256))
        assert re.fullmatch(r"20\d\d-\d\d-\d\d", head.day)


def test_countries_are_two_letters_and_names_are_one_line() -> None:
    countries, names = (
        json.loads(lzma.decompress((FOLDER / f"{name}.xz").read_bytes()).partition(b"\n")[0])[
            "values"
        ]
        for name in ("countries", "as-names")
    )
    assert all(code.isascii() and code.isupper() and len(code) == 2 for code in countries[1:])
    assert all(name.isprintable() and name == name.strip() for name in names)


def test_every_region_with_a_country_is_one_that_addresses_have() -> None:
    known = {name for table in networks._clouds()[0]._by_length.values() for name in table.values()}
    assert set(places._regions()) <= known


def test_the_tables_are_named_with_their_day_and_warned_of_when_old() -> None:
    known = Intelligence()
    told = [(one.name, one.day) for one in known.tables]
    assert any(name.startswith("countries: @ip-location-db") for name, _ in told)
    assert any("DB-IP (db-ip.com)" in name for name, _ in told)
    late = DAY + OLD + timedelta(days=1)
    assert not list(known.gaps(None, late)), "nothing was looked up in them"
    known.look_up(["84.115.201.9"])
    assert not list(known.gaps(None, DAY + OLD))
    (gap,) = known.gaps(None, late)
    assert gap.what.endswith("until 2027-06-18")
    assert gap.why.startswith(
        "countries and networks' names are of 2026-06-17, up to 12 months away"
    )


def test_only_tables_that_were_used_are_warned_of(tmp_path: Path) -> None:
    late = DAY + OLD + timedelta(days=1)
    record = {"84.115.201.0/24": {"country_code": "NO"}}
    own = mmdb.write(tmp_path / "own.mmdb", record, built=int(late.timestamp()))
    known = Intelligence(Brought(databases=[own]))
    known.look_up(["84.115.201.9"])
    (gap,) = known.gaps(None, late)
    assert gap.why.startswith("networks' names are of 2026-06-17")


def test_a_table_of_another_time_than_the_events_is_warned_of() -> None:
    now, begin = datetime(2026, 11, 25, tzinfo=UTC), datetime(2022, 12, 16, tzinfo=UTC)
    tables = [Dated("new: x", "2026-01-01"), Dated("old: y", "2023-01-01")]
    assert [gap.why.split()[0] for gap in ages(tables, None, now)] == ["old"]
    assert [gap.why.split()[0] for gap in ages(tables, begin, now)] == ["new", "old"]
    (gap,) = ages(tables, begin, begin + OLD)
    assert gap.what.endswith("2022-12-16 to 2023-12-16")
    assert gap.why.startswith("new are of 2026-01-01, up to 37 months away")


@pytest.mark.parametrize(
    ("code", "latitude", "longitude"),
    [
        ("AT", 48.21, 16.37),  # Vienna
        ("AT", 47.41, 9.74),  # Dornbirn
        ("US", 40.71, -74.01),  # New York
        ("US", 21.31, -157.86),  # Honolulu
        ("US", 71.29, -156.79),  # Utqiagvik
        ("RU", 54.71, 20.51),  # Kaliningrad
        ("RU", 64.73, 177.52),  # Anadyr
        ("ES", 28.12, -15.43),  # Las Palmas
        ("FJ", -16.83, -179.97),  # Taveuni, across the date line
        ("NZ", -43.95, -176.56),  # Chatham Islands
        ("SG", 1.35, 103.82),
    ],
)
def test_a_place_of_a_country_is_in_its_circle(
    code: str, latitude: float, longitude: float
) -> None:
    mine = next(one for one in places.territories() if one.code == code)
    assert apart(mine.latitude, mine.longitude, latitude, longitude) <= mine.reach


def test_circles_are_no_wider_than_they_must_be() -> None:
    reach = {one.code: one.reach for one in places.territories()}
    assert len(reach) > 230
    assert {code for code, km in reach.items() if km > 3000} == {"US", "RU"}
    assert reach["FR"] < 800
    assert all(km > 0 for km in reach.values())


def apart(*degrees: float) -> float:
    """Return kilometres between two places."""
    one, east, other, west = map(math.radians, degrees)
    cosine = math.sin(one) * math.sin(other) + math.cos(one) * math.cos(other) * math.cos(
        east - west
    )
    return 6371 * math.acos(min(1.0, cosine))


# --- the file ---------------------------------------------------------------------------------

BITS = {4: 32, 6: 128}


@st.composite
def disjoint(draw: st.DrawFn, version: int) -> list[tuple[int, int, str]]:
    """Draw sorted ranges; edges of the address space and of IPv6's subnets are likely."""
    end = 2 ** BITS[version]
    edges = st.sampled_from([0, 1, end - 1, end - 2, 2**64, 2**64 - 1, 3 * 2**64])
    numbers = st.integers(0, end - 1) | edges.filter(lambda n: n < end)
    points = sorted(draw(st.sets(numbers, max_size=12)))
    pairs = zip(points[::2], points[1::2], strict=False)
    return [(first, last, draw(st.sampled_from("ABC"))) for first, last in pairs]


@settings(max_examples=60, deadline=None)
@given(four=disjoint(4), six=disjoint(6), data=st.data())
def test_a_packed_file_tells_what_was_packed(
    tmp_path_factory: pytest.TempPathFactory,
    four: list[tuple[int, int, str]],
    six: list[tuple[int, int, str]],
    data: st.DataObject,
) -> None:
    path = tmp_path_factory.mktemp("packed") / "packed.xz"
    path.write_bytes(pack(HEAD, {4: four, 6: six}))
    file = RangeFile(path)
    assert file.head == HEAD
    for kind, ranges in ((IPv4Address, four), (IPv6Address, six)):
        last = 2 ** (32 if kind is IPv4Address else 128) - 1
        near = {n + d for a, b, _ in ranges for n in (a, b) for d in (-1, 0, 1)} | {0, last}
        near.add(data.draw(st.integers(0, last)))
        for number in (n for n in near if 0 <= n <= last):
            told = file.value_of(kind(number))
            value = next((v for a, b, v in ranges if a <= number <= b), None)
            # Of IPv6 a subnet that is covered in part, or by several, is unknown.
            assert told == value or (told is None and kind is IPv6Address), (number, ranges)


def test_ranges_of_one_value_that_touch_are_one_also_within_a_subnet() -> None:
    half = 2**63
    ranges = [(0, half - 1, "A"), (half, 2**64 - 1, "A"), (2**64, 2**65 - 1, "A")]
    assert len(pack(HEAD, {6: ranges})) == len(pack(HEAD, {6: [(0, 2**65 - 1, "A")]}))


def test_a_file_is_the_same_each_time() -> None:
    network = ip_network("192.0.2.0/24")
    first = int(network.network_address)
    ranges = {4: [(first, first + 255, "NO")]}
    assert pack(HEAD, ranges) == pack(HEAD, ranges)
    assert ip_address(first) in network
