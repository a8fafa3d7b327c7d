"""Makes outside text safe to show.

What a format cannot hold is written out visibly; nothing is lost and nothing acts.
"""

from __future__ import annotations

import re

CELL_LIMIT = 32_767
"""UTF-16 units Excel keeps in one cell."""
LINE_LIMIT = 253
"""Line feeds Excel keeps in one cell."""
# Both: https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3

# XML 1.0 (https://www.w3.org/TR/xml/#charsets) cannot hold these, not even escaped.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A terminal acts on all control characters, and bidirectional overrides reorder what is read.
_NOT_TERMINAL = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def for_xml(text: str) -> str:
    r"""Return the text with what XML cannot hold written out: `\x07`, `\ud800`."""
    return _NOT_XML.sub(_written_out, text)


def for_terminal(text: str) -> str:
    r"""Return the text in one line with every character a terminal acts on written out."""
    return _NOT_TERMINAL.sub(_written_out, text)


def for_cell(text: str) -> str:
    """Return what a cell of a workbook may hold: XML-safe, and cut with a visible mark."""
    safe = for_xml(text)
    lines = safe.split("\n")
    if len(lines) > LINE_LIMIT + 1:
        safe = "\n".join(lines[:LINE_LIMIT]) + "\n" + "\\x0a".join(lines[LINE_LIMIT:])
    return _cut(safe)


def escape_cell(text: str) -> str:
    """Return the text as a workbook stores it.

    Applications read `_x0041_` as the character with that code, so a text that holds such a
    sequence is stored with its underscore escaped (ECMA-376 part 1, 22.9.2.19 ST_Xstring).
    """
    return _LOOKS_ESCAPED.sub("_x005F_", text)


def unescape_cell(text: str) -> str:
    """Return the text that a workbook's stored form stands for."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _written_out(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"  # noqa: PLR2004 (one byte)


def _cut(text: str) -> str:
    # Escaping adds six characters for each look-alike, and counts towards the limit.
    if len(text) * 2 <= CELL_LIMIT or _units(escape_cell(text)) <= CELL_LIMIT:
        return text
    mark = f"\n[cut here: {len(text):,} characters]"
    room = CELL_LIMIT - len(mark)
    text = text[:room]
    while _units(escape_cell(text)) > room:
        text = text[: len(text) - max(1, (_units(escape_cell(text)) - room) // 7)]
    return text + mark


def _units(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)
