"""Ranges of addresses, each with the one thing that is told of it: named ones, and a file of many.

The file is a line of JSON (`Head`, values, how many ranges) and columns of little-endian numbers,
in xz: for IPv4 (4 bytes) and then IPv6 (8 bytes) how far every range's start is from the one
before, then (4 bytes) which of the values it has. A range ends where the next begins; the first
value, "", is unknown. Of IPv6 the first 64 bits are kept: what is narrower is unknown.
"""

from __future__ import annotations

import json
import lzma
import sys
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.resources.abc import Traversable
from ipaddress import IPv4Address, IPv6Address, ip_network
from itertools import accumulate, pairwise
from typing import TypeAlias

IP: TypeAlias = IPv4Address | IPv6Address
Range: TypeAlias = tuple[int, int, str]
"""First and last address as numbers, and the value."""

_STARTS = {4: "I", 6: "Q"}
_DROPPED = {4: 0, 6: 64}
"""Bits that are not kept."""
_VALUES = "I"


@dataclass(frozen=True, slots=True)
class Head:
    """What the file is, for the report and for whoever asks by what right it is here."""

    title: str
    package: str
    """Name and version of what it was made from."""
    sha256: str
    """Of the package."""
    licence: str
    attribution: str
    day: str
    """What day its facts are of."""


class Ranges:
    """Named ranges of addresses; the narrowest that holds an address names it."""

    def __init__(self, named: Iterable[tuple[str, str]]) -> None:
        """Index pairs of a name and a range such as "192.0.2.0/24" or "2001:db8::/32"."""
        self._by_length: dict[tuple[int, int], dict[int, str]] = {}
        for name, text in named:
            network = ip_network(text, strict=False)
            shift = network.max_prefixlen - network.prefixlen
            table = self._by_length.setdefault((network.version, shift), {})
            table.setdefault(int(network.network_address) >> shift, name)
        self._shifts = sorted(self._by_length)

    def name_of(self, address: IP) -> str | None:
        """Return the name of the narrowest range that holds the address."""
        number = int(address)
        for version, shift in self._shifts:
            if version == address.version:
                name = self._by_length[version, shift].get(number >> shift)
                if name is not None:
                    return name
        return None


class RangeFile:
    """Looks addresses up; 12 bytes a range of IPv6 and 8 of IPv4 are held, and the values."""

    def __init__(self, file: Traversable) -> None:
        """Read it whole: some tenths of a second and tens of megabytes at most."""
        head, _, columns = lzma.decompress(file.read_bytes()).partition(b"\n")
        told = json.loads(head)
        self.head = Head(**told["head"])
        self._values: list[str] = told["values"]
        self._columns: dict[int, tuple[Sequence[int], Sequence[int]]] = {}
        at = 0
        for version, kind in _STARTS.items():
            count = told["ranges"][str(version)]
            steps, at = _column(columns, at, kind, count)
            numbers, at = _column(columns, at, _VALUES, count)
            self._columns[version] = array(kind, accumulate(steps)), numbers

    def value_of(self, address: IP) -> str | None:
        """Return what is told of the range that holds an address, None where nothing is."""
        starts, numbers = self._columns[address.version]
        at = bisect_right(starts, int(address) >> _DROPPED[address.version]) - 1
        return (self._values[numbers[at]] or None) if at >= 0 else None


def pack(head: Head, ranges: Mapping[int, Iterable[Range]]) -> bytes:
    """Return the file of the ranges of IPv4 (4) and IPv6 (6), which are sorted and disjoint."""
    rows = {
        version: list(_merged(ranges.get(version, ()), _DROPPED[version])) for version in _STARTS
    }
    # Frequent values have small numbers, which pack better.
    counts = Counter(value for some in rows.values() for _, value in some if value)
    values = ["", *sorted(counts, key=lambda value: (-counts[value], value))]
    number = {value: at for at, value in enumerate(values)}
    told = {
        "head": asdict(head),
        "ranges": {str(version): len(some) for version, some in rows.items()},
        "values": values,
    }
    parts = [json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode(), b"\n"]
    for version, kind in _STARTS.items():
        starts = [start for start, _ in rows[version]]
        parts.append(_little(kind, (b - a for a, b in pairwise([0, *starts]))))
        parts.append(_little(_VALUES, (number[value] for _, value in rows[version])))
    return lzma.compress(b"".join(parts), preset=7 | lzma.PRESET_EXTREME)


def _merged(ranges: Iterable[Range], dropped: int) -> Iterator[tuple[int, str]]:
    """Yield where each value begins; what no range covers, or only in part, is unknown."""
    before, end = "", 0
    for first, last, value in _joined(ranges):
        start, after = -(-first >> dropped), (last + 1) >> dropped
        if start >= after:
            continue
        if start > end and before:
            yield end, ""
            before = ""
        if value != before:
            yield start, value
        before, end = value, after
    if before and end < 1 << (32 if not dropped else 64):
        yield end, ""


def _joined(ranges: Iterable[Range]) -> Iterator[Range]:
    """Yield ranges, those that touch and have the same value as one."""
    held: Range | None = None
    for first, last, value in ranges:
        if held and held[1] + 1 == first and held[2] == value:
            held = held[0], last, value
            continue
        if held:
            yield held
        held = first, last, value
    if held:
        yield held


def _column(columns: bytes, at: int, kind: str, count: int) -> tuple[array[int], int]:
    numbers = array(kind)
    end = at + count * numbers.itemsize
    numbers.frombytes(columns[at:end])
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers, end


def _little(kind: str, numbers: Iterable[int]) -> bytes:
    column = array(kind, numbers)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()
