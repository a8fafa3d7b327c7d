"""Writes small databases of addresses in MaxMind's format.

https://maxmind.github.io/MaxMind-DB: a search tree of 24-bit records, a separator, the data, and
metadata behind a marker.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

_MARKER = b"\xab\xcd\xefMaxMind.com"
_BITS = {4: 32, 6: 128}
_SHORT = 29


class Number(int):
    """A number of another type than 32 bits: readers insist on those of the metadata."""

    kind, size = 5, 2


class Long(Number):
    """A number of 64 bits."""

    kind, size = 9, 8


def write(
    path: Path, records: Mapping[str, Any], *, version: int = 4, built: int = 1_781_654_400
) -> Path:
    """Write a database of ranges of one version, which do not overlap, and what is told of each."""
    nodes: list[list[int | None]] = [[None, None]]
    data, places = b"", {}
    for text, record in records.items():
        network = ip_network(text)
        places[text] = len(data)
        data += encoded(record)
        at = 0
        for depth in range(network.prefixlen):
            bit = int(network.network_address) >> (_BITS[version] - 1 - depth) & 1
            if depth == network.prefixlen - 1:
                nodes[at][bit] = -1 - places[text]
                break
            if nodes[at][bit] is None:
                nodes.append([None, None])
                nodes[at][bit] = len(nodes) - 1
            at = nodes[at][bit] or 0
    tree = b"".join(_record(one, len(nodes)) for node in nodes for one in node)
    meta = {
        "node_count": len(nodes), "record_size": Number(24), "ip_version": Number(version),
        "database_type": "Test", "languages": ["en"], "binary_format_major_version": Number(2),
        "binary_format_minor_version": Number(0), "build_epoch": Long(built),
        "description": {"en": "made"},
    }  # fmt: skip
    path.write_bytes(tree + bytes(16) + data + _MARKER + encoded(meta))
    return path


def encoded(value: Any) -> bytes:
    """Return a value as the data section has it."""
    if isinstance(value, dict):
        return _head(7, len(value)) + b"".join(encoded(k) + encoded(v) for k, v in value.items())
    if isinstance(value, list):
        return _head(11, len(value)) + b"".join(map(encoded, value))
    if isinstance(value, float):
        return _head(3, 8) + struct.pack(">d", value)
    if isinstance(value, Number):
        return _head(value.kind, value.size) + value.to_bytes(value.size, "big")
    if isinstance(value, int):
        return _head(6, 4) + value.to_bytes(4, "big")
    text = str(value).encode()
    return _head(2, len(text)) + text


def _head(kind: int, size: int) -> bytes:
    extended = bytes([kind - 7]) if kind > 7 else b""
    top = 0 if extended else kind << 5
    if size < _SHORT:
        return bytes([top | size]) + extended
    return bytes([top | _SHORT]) + extended + bytes([size - _SHORT])


def _record(one: int | None, nodes: int) -> bytes:
    number = nodes if one is None else one if one >= 0 else nodes + 16 - 1 - one
    return number.to_bytes(3, "big")
