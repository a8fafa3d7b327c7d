"""Rows that the last workbook had and this run did not find: kept, with a note, never dropped."""

from __future__ import annotations

from auditor.models import Closure, HumanEdit, Rotate, Severity
from auditor.report.rows import people, words
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
    verdict = joined.verdict(gone.id)
    return {
        **kept,
        "Severity": kept.get("Severity") or Severity.UNKNOWN.value,
        "Rotate": Rotate.CHECK.value,
        "Why": NOT_CHECKED if verdict is None or verdict.closure is Closure.CANNOT else GONE,
        "Days over": people.days_over(edit, joined.options.today, verdict),
        "Rotation verdict": words.verdict(verdict, contradicted=people.contradicted(edit, verdict)),
        "Proof of rotation": words.proof(verdict),
        "What to do": "Make sure that the credential is dead at its provider, then close the row.",
    }
