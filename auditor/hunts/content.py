"""Bytes of a log file, unpacked in blocks and never without bound.

A gzip file of a few kilobytes can unpack to gigabytes, and a line can be as long as the file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from isal import igzip_lib, isal_zlib

BLOCK = 4 << 20
"""Bytes unpacked at a time."""
WHOLE = 128 << 20
"""The longest file that is read as one JSON document; longer ones must be lines."""
LONGEST_LINE = 16 << 20
"""No vendor writes longer records: CloudTrail's end at 256 KB, GCP's log entries at 256 KB."""
BOMB_RATIO = 300
"""Logs shrink 5- to 40-fold. What grows more than this, and beyond `WHOLE`, is no log."""
GZIP = b"\x1f\x8b"
PARQUET = b"PAR1"
_READ = 1 << 20
_LEAST = 1 << 14
_IsalError: type[Exception] = igzip_lib.IsalError  # type: ignore[assignment] # its stub errs
_GZIP_WINDOW = 31


class DamagedError(Exception):
    """The rest of the file cannot be read; what came before it is good."""


def blocks(path: Path | str) -> Iterator[bytes]:
    """Yield the content, unpacked where it is gzip (by its first bytes, whatever its name).

    DamagedError says why there is no more.
    """
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (a Path takes as long again)
            # Most objects of a trail are small: room for a whole block costs more than opening.
            data = file.read(min(max(os.fstat(file.fileno()).st_size, _LEAST) + 1, _READ))
            packed = iter(lambda: file.read(_READ), b"")
            if data.startswith(GZIP):
                yield from _unpacked(data, packed)
            elif data:
                yield data
                yield from packed
    except OSError as error:
        raise DamagedError(f"cannot be read: {error.strerror or type(error).__name__}") from error
    except _IsalError as error:
        raise DamagedError("gzip is damaged") from error


def _unpacked(data: bytes, more: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what gzip members, one after the other, unpack to."""
    read, unpacked = len(data), 0
    member = isal_zlib.decompressobj(_GZIP_WINDOW)
    room = _room(data)
    while data:
        if member.eof:
            if not data.startswith(GZIP[: len(data)]):
                raise DamagedError("rubbish after gzip")
            member = isal_zlib.decompressobj(_GZIP_WINDOW)
        block = member.decompress(data, room)
        room = BLOCK
        unpacked += len(block)
        if unpacked > WHOLE and unpacked > BOMB_RATIO * read:
            raise DamagedError(f"unpacks to more than {BOMB_RATIO} times its size")
        if block:
            yield block
        data = member.unused_data.lstrip(b"\0") if member.eof else member.unconsumed_tail
        if not data:
            data = next(more, b"")
            read += len(data)
    if rest := member.flush():
        yield rest
    if not member.eof:
        raise DamagedError("gzip is cut off")


def _room(data: bytes) -> int:
    """Return how many bytes to make room for at first: those that the end of a file promises.

    Room that has to grow is copied again and again, which takes longer than unpacking. A promise
    that is false costs that time, and nothing else. https://www.rfc-editor.org/rfc/rfc1952 (ISIZE)
    """
    promised = int.from_bytes(data[-4:], "little") if len(data) < _READ else BLOCK
    return min(promised + 1, BLOCK)


def held(start: bytes, more: Iterator[bytes]) -> tuple[bytes, DamagedError | None]:
    """Return a whole content, or its beginning and why it is not held further."""
    content = bytearray(start)
    for block in more:
        content += block
        if len(content) > WHOLE:
            return bytes(content), DamagedError(f"one JSON document of more than {WHOLE >> 20} MB")
    return bytes(content), None


def lines(blocks: Iterator[bytes]) -> Iterator[bytes | None]:
    """Yield the lines of a content without their ends; None for one beyond `LONGEST_LINE`."""
    rest: list[bytes] = []
    length = 0
    for block in blocks:
        *whole, last = block.split(b"\n")
        for piece in whole:
            length += len(piece)
            yield b"".join([*rest, piece]) if length <= LONGEST_LINE else None
            rest, length = [], 0
        length += len(last)
        if length <= LONGEST_LINE:
            rest.append(last)
        else:
            rest = []
    if length:
        yield b"".join(rest) if length <= LONGEST_LINE else None
