"""Mangles files as hands, mail and broken tools do it."""

from __future__ import annotations

import io
import random
import re
import zipfile

TEXTS = (
    b"", b"-1", b"9" * 20, b"1e999", b"nan", b"x", b"0", b"A1:XFD1048576", b"#REF!", b"true", b"s",
    b"e", b"d", b"inlineStr", b"..", b"&#0;", b"&#xD800;", b"rId1", b"AAAA1", b"XFD1048577",
    b"_xFFFF_", b"'!A1", b"9" * 5000,
)  # fmt: skip
_VALUE = re.compile(rb'="([^"]*)"|>([^<]+)<')
_TAG = re.compile(rb"<[^>]+>")


def torn(data: bytes, chance: random.Random) -> bytes:
    """Return a file with bytes changed, a stretch missing, or its end cut off."""
    changed = bytearray(data or b"\0")
    at = chance.randrange(len(changed))
    how = chance.randrange(3)
    if how == 0:
        for _ in range(chance.randint(1, 6)):
            changed[chance.randrange(len(changed))] = chance.randrange(256)
    elif how == 1:
        del changed[at : at + chance.randint(1, 400)]
    else:
        del changed[at:]
    return bytes(changed)


def odd_part(data: bytes, chance: random.Random) -> bytes:
    """Return a part with a value replaced, a tag left out, or torn."""
    pattern = chance.choice((_VALUE, _VALUE, _TAG, None))
    found = list(pattern.finditer(data)) if pattern else []
    if not found:
        return torn(data, chance)
    at = chance.choice(found)
    first, last = at.span(at.lastindex or 0)
    return data[:first] + (chance.choice(TEXTS) if pattern is _VALUE else b"") + data[last:]


def packed(parts: dict[str, bytes]) -> bytes:
    """Return a zip file of the parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


def mangled(parts: dict[str, bytes], chance: random.Random) -> bytes:
    """Return a workbook in which a part is odd, missing or another, or which is torn as a whole."""
    changed = dict(parts)
    name, other = chance.choice(sorted(changed)), chance.choice(sorted(changed))
    how = chance.randrange(8)
    if how == 0:
        return torn(packed(parts), chance)
    if how == 1:
        del changed[name]
    else:
        changed[name] = parts[other] if how == 2 else odd_part(parts[name], chance)
    return packed(changed)
