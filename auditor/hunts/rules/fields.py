"""The names a rule may use, and what each is in SQL.

A rule speaks of the columns of a normalised event, of what is known of its address and its user
agent, and of the vendor's own record below `details.`. A name that is none of them is an error: a
rule that asks for a field nobody has would otherwise never match, and look like a clean log.
"""

from __future__ import annotations

from typing import Final

from auditor.hunts import events

TEXT: Final = tuple(name for name, kind in events.COLUMNS.items() if kind == "VARCHAR")
"""Columns of a normalised event that hold text."""
ADDED: Final = ("who", "network", "origin", "as_name", "ip_list", "agent", "retired")
"""What `hunts.seen` adds: the identity at the root of a chain of sessions; of the address its
network ("aws us-east-1"), its origin (circleci, runner, plausible, other), the name of its
autonomous system and the lists it is on; the product of the agent; and "yes" where the credential
was replaced before the event."""
OTHER: Final = ("read_only", "time", "position")
PACKED: Final = "ip_packed"
"""The source address as 32 hexadecimal digits (IPv4 mapped into IPv6): ranges compare as text."""
DETAILS: Final = "details."

COLUMNS: Final = frozenset((*TEXT, *ADDED, *OTHER))


def sql_of(name: str) -> str:
    """Return the SQL that reads a field as text; ValueError for a name that no event has."""
    if name.startswith(DETAILS):
        return json_text("details", name.removeprefix(DETAILS))
    if name not in COLUMNS:
        raise ValueError(name)
    return f'CAST("{name}" AS VARCHAR)' if name in OTHER else f'"{name}"'


def json_text(column: str, path: str) -> str:
    """Return the SQL that reads one value of a JSON column as text; NULL where there is none.

    The keys of `details` are the log's own dotted names, so the whole path is one key.
    """
    path = '$."' + path.replace('"', "") + '"'
    return f'json_extract_string("{column}", {literal(path)})'


def literal(text: str) -> str:
    """Return the text as an SQL string; the only way outside text enters a query."""
    return "'" + text.replace("\x00", "").replace("'", "''") + "'"
