"""The table Permissions: what the identities may do that is a risk, worst first, capped."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from auditor.models import Capability, CapabilityName, Identity
from auditor.report.rows import words
from auditor.report.rows.join import Joined
from auditor.report.tables import Column, Kind, Owner, Row, Table

NAME = "Permissions"
MOST_ROWS = 5_000
ITEMS_SHOWN = 20
HARMLESS = frozenset({CapabilityName.READ_CONFIG})
"""Capabilities that are no risk by themselves."""

COLUMNS = tuple(
    Column(header, Owner.TOOL, width, Kind.TEXT, note, wrap=True)
    for header, width, note in (
        ("Identity", 30, "Its name."),
        ("Capability", 15, "What it comes to, in one vocabulary for every provider."),
        ("Limits", 24, "What narrows it."),
        ("Granted via", 60, "The path that gives it, step by step."),
        ("Actions", 44, "The provider's own words."),
        ("Resources", 44, "On what."),
        ("Provider", 10, "Where the identity lives."),
        ("Account", 16, "The provider's account."),
    )
)


def table(joined: Joined) -> Table:
    """Return what the identities behind the entries may do, the worst `MOST_ROWS` of it."""
    total = sum(1 for _ in _risky(joined))
    note = ""
    if total > MOST_ROWS:
        note = f"The worst {MOST_ROWS:,} of {total:,} permissions; all of them are in results.json."
    return Table(NAME, COLUMNS, lambda: _rows(joined), note)


def _rows(joined: Joined) -> Iterator[Row]:
    rank = {name: position for position, name in enumerate(CapabilityName)}
    found = sorted(_risky(joined), key=lambda pair: (rank[pair[1].name], pair[0].name, pair[0].id))
    return (_row(identity, capability) for identity, capability in islice(found, MOST_ROWS))


def _risky(joined: Joined) -> Iterator[tuple[Identity, Capability]]:
    behind = dict.fromkeys(
        identity for match in joined.results.matches for identity in joined.candidates(match)
    )
    for identity in behind:
        for capability in words.ordered(joined.resolutions.get(identity.id)):
            if capability.name not in HARMLESS:
                yield identity, capability


def _row(identity: Identity, capability: Capability) -> Row:
    return (
        identity.name or identity.id,
        capability.name.value,
        words.limits(capability),
        words.ARROW.join(capability.path),
        words.some(capability.actions, ITEMS_SHOWN),
        words.some(capability.resources, ITEMS_SHOWN),
        identity.provider,
        identity.account,
    )
