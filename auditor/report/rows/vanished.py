"""Rows that the last workbook had and this run did not find: kept, with a note, never dropped."""

from __future__ import annotations

from auditor.models import HumanEdit, Rotate, Severity, Unknown
from auditor.report.rows import people
from auditor.report.rows.join import Joined, Vanished
from auditor.report.tables import Value

CARRIED = (
    "Severity",
    "Secret name",
    "Where",
    "Identity",
    "What it can do",
    "Kind",
    "Role",
    "Store",
    "Provider",
    "Account",
    "First seen",
    "Last seen",
    "CI system",
    "Organization",
)
"""Headers of the tool's cells that stay as they were."""

GONE = (
    "Not found by this run. The credential itself may still be valid:"
    " taking it out of the CI system revokes nothing."
)
NOT_CHECKED = "Not checked again: this run did not read everything, so its absence proves nothing."


def cells(gone: Vanished, edit: HumanEdit, joined: Joined) -> dict[str, Value]:
    """Return the tool's cells of such a row. Its severity stays what it was."""
    kept = {header: gone.cells[header] for header in CARRIED if header in gone.cells}
    checked = complete(joined, str(kept.get("CI system") or ""))
    return {
        **kept,
        "Severity": kept.get("Severity") or Severity.UNKNOWN.value,
        "Rotate": Rotate.CHECK.value,
        "Why": GONE if checked else NOT_CHECKED,
        "Days over": people.days_over(edit, joined.options.today),
        "What to do": "Make sure that the credential is dead at its provider, then close the row.",
    }


def complete(joined: Joined, source: str) -> bool:
    """Return whether this run read everything of a CI system, so that absence proves something."""
    results = joined.results
    listings = [listing for listing in results.coverage if listing.source == source]
    read = all(listing.known is not None and listing.read >= listing.known for listing in listings)
    refused = any(isinstance(place.readable, Unknown) for place in results.places)
    return bool(listings) and read and not refused
