"""The table Identities: one row for each identity behind a credential, and the entries it is in.

One credential kept in five places shows here as one row with five entries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date

from auditor.models import Identity, Resolution, Severity
from auditor.report.rows import words
from auditor.report.rows.join import Joined
from auditor.report.tables import Column, Kind, Owner, Row, Table, Value

NAME = "Identities"
IDS_SHOWN = 50


@dataclass(slots=True)
class _Entry:
    """An identity, what it may do and the entries that may hold a credential of it."""

    identity: Identity
    resolution: Resolution | None
    severity: Severity
    secret_ids: list[str] = field(default_factory=list)


def table(joined: Joined) -> Table:
    """Return the identities behind the entries, the one with the worst entry first."""
    return Table(NAME, tuple(column for column, _ in FIELDS), lambda: _rows(joined))


def _rows(joined: Joined) -> Iterator[Row]:
    entries = sorted(_entries(joined).values(), key=lambda entry: -entry.severity.rank)
    for entry in entries:
        yield [read(entry) for _, read in FIELDS]


def _entries(joined: Joined) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    for secret in joined.ordered:
        for identity in joined.candidates(joined.outcome(secret.id)):
            if identity.id not in entries:
                resolved = joined.resolutions.get(identity.id)
                entries[identity.id] = _Entry(identity, resolved, joined.severity(secret.id))
            entries[identity.id].secret_ids.append(secret.id)
    return entries


def _column(
    header: str, width: int, read: Callable[[_Entry], Value], note: str, kind: Kind = Kind.TEXT
) -> tuple[Column, Callable[[_Entry], Value]]:
    return Column(header, Owner.TOOL, width, kind, note, kind is Kind.TEXT), read


def _keys(entry: _Entry) -> str:
    return words.some([words.key(key) for key in entry.identity.keys], IDS_SHOWN)


def _last_used(entry: _Entry) -> Value:
    """Return the last day any key was used; unknown where that of one key is."""
    used = [words.last_used(key.last_used) for key in entry.identity.keys]
    if words.UNKNOWN in used:
        return words.UNKNOWN
    return max((day for day in used if isinstance(day, date)), default="never" if used else None)


def _unread(entry: _Entry) -> str:
    if entry.resolution is None:
        return "Its permissions were not read."
    return words.lines(dict.fromkeys(f"{gap.what}: {gap.why}" for gap in entry.resolution.gaps))


FIELDS = (
    _column("Identity", 30, lambda e: e.identity.name or e.identity.id, "Its name."),
    _column("Severity", 10, lambda e: e.severity.value, "The worst of its entries.", Kind.SEVERITY),
    _column("Provider", 10, lambda e: e.identity.provider, "Where it lives."),
    _column("Account", 16, lambda e: e.identity.account, "The provider's account."),
    _column("Kind", 16, lambda e: e.identity.kind, "A user, a role, an app."),
    _column("Status", 12, lambda e: e.identity.status, "As the provider lists it."),
    _column(
        "Entries", 9, lambda e: len(e.secret_ids), "How many may hold a credential.", Kind.NUMBER
    ),
    _column("What it can do", 40, lambda e: words.abilities(e.resolution), "Worst first."),
    _column("Escalation path", 50, lambda e: words.path(e.resolution), "The way to the worst."),
    _column("Keys", 36, _keys, "Its long-term credentials; the last characters are never shown."),
    _column("Created", 12, lambda e: words.day(e.identity.created), "At the provider.", Kind.DATE),
    _column("Last used", 12, _last_used, "Of any of its keys.", Kind.DATE),
    _column(
        "Secret IDs",
        30,
        lambda e: words.some(e.secret_ids, IDS_SHOWN, ", "),
        "The entries on sheet Secrets; closing one does not close the others.",
    ),
    _column("Not fully known because", 40, _unread, "Also on sheet Gaps."),
    _column("Provider's id", 44, lambda e: e.identity.id, "What the provider calls it."),
    _column("Open in console", 30, lambda e: e.identity.console_url, "Its page.", Kind.LINK),
)
"""Every column with how to read it."""
