"""Measures the packaged tables of countries and networks: cost, and how right they are.

    python tests/bench/bench_places.py [--geoip FOLDER]

FOLDER holds `geoip` and `geoip6` of Debian's package tor-geoipdb (CC BY-SA: to compare with, not to
ship), such as /usr/share/tor. Countries are compared over the whole of IPv4 and, by the number of
/48, of IPv6; only what both tables know counts.
"""

from __future__ import annotations

import argparse
import random
import time
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Address, ip_address
from itertools import pairwise
from pathlib import Path

from auditor.hunts import places
from auditor.hunts.networks import Intelligence
from auditor.hunts.ranges import RangeFile

LOOKED_UP = 100_000
SITE = 80
"""Bits below a /48 of IPv6."""


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--geoip", type=Path)
    asked = parser.parse_args()
    cost()
    if asked.geoip:
        for version, name, shift in ((4, "geoip", 0), (6, "geoip6", SITE)):
            compare(version, asked.geoip / name, shift)


def cost() -> None:
    """Print what loading and looking up costs."""
    before, begin = resident(), time.process_time()
    Intelligence().look_up(["192.0.2.1"])
    loading, held = time.process_time() - begin, resident() - before
    chance = random.Random(1)  # noqa: S311 (a figure)
    some = [str(IPv4Address(chance.getrandbits(32))) for _ in range(LOOKED_UP)]
    begin = time.process_time()
    known = Intelligence().look_up(some)
    seconds = time.process_time() - begin
    for file in sorted(places._FOLDER.iterdir(), key=str):
        if file.name.endswith(".xz"):
            print(f"{file.name}: {len(file.read_bytes()):,} bytes, {RangeFile(file).head.day}")
    print(
        f"all tables loaded: CPU {loading:.2f} s, {held:.0f} MB;"
        f" {LOOKED_UP / seconds:,.0f} addresses a second with everything that is known of them"
    )
    told = sum(one.ip_country is not None for one in known)
    print(f"random addresses of IPv4 with a country: {told / LOOKED_UP:.0%}")


def compare(version: int, path: Path, shift: int) -> None:
    """Print in how much of the address space both tables name the same country."""
    other = list(theirs(path, shift))
    mine, width = places._countries(), 4 if version == 4 else 16
    # Ours are held by the first 64 bits of IPv6, and compared by the first 48.
    edges = {start >> (16 if version == 6 else 0) for start in mine._columns[version][0]}
    edges |= {edge for first, last, _ in other for edge in (first, last + 1)}
    begins = [first for first, _, _ in other]
    same = both = 0
    wrong: Counter[tuple[str, str]] = Counter()
    for start, end in pairwise(sorted(edges)):
        index = bisect_right(begins, start) - 1
        country = other[index][2] if index >= 0 and start <= other[index][1] else ""
        told = mine.value_of(ip_address((start << shift).to_bytes(width, "big")))
        if told and country:
            both += end - start
            same += (end - start) * (told == country)
            wrong[told, country] += (end - start) * (told != country)
    most = ", ".join(f"{a} for {b} {n / both:.2%}" for (a, b), n in wrong.most_common(3))
    print(f"IPv{version}: the same country as {path.name}: {same / both:.2%} of {both:,} ({most})")


def theirs(path: Path, shift: int) -> Iterator[tuple[int, int, str]]:
    """Yield the ranges of a file of Tor's: first and last address, country."""
    for line in path.read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        first, last, country = line.split(",")
        if country not in {"??", "EU"}:  # a registry's region is no country
            yield number(first) >> shift, number(last) >> shift, country


def number(text: str) -> int:
    """Return an address as a number: IPv4 is written as one, IPv6 as an address."""
    return int(ip_address(text)) if ":" in text else int(text)


def resident() -> float:
    """Return the megabytes of memory that this process holds."""
    pages = int(Path("/proc/self/statm").read_text("utf-8").split()[1])
    return pages * 4096 / 1e6


if __name__ == "__main__":
    main()
