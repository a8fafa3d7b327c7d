"""The columns people own: what they may hold, what is proposed once, when a row is closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from enum import StrEnum

from auditor.config import Sla
from auditor.models import HumanEdit, Severity, Verdict

STATUS, OWNER, DUE, TICKET, NOTES, EXCEPTION = (
    "Status",
    "Owner",
    "Due date",
    "Ticket",
    "Notes",
    "Exception until",
)


TEXTS = (STATUS, OWNER, TICKET, NOTES)
DATES = (DUE, EXCEPTION)


class Status(StrEnum):
    """What a person may say of a row. Any other text is kept, and counts as open."""

    OPEN = "Open"
    IN_PROGRESS = "In progress"
    ROTATED = "Rotated"
    ACCEPTED = "Accepted risk"
    NOT_APPLICABLE = "Not applicable"


def status_of(edit: HumanEdit) -> Status | None:
    """Return the status a person chose, None for a text of their own."""
    text = edit.status.strip().casefold()
    return next((status for status in Status if status.casefold() == text), None)


def contradicted(edit: HumanEdit, verdict: Verdict | None) -> bool:
    """Return whether a person says rotated, and what both sides show says it is not."""
    claimed = status_of(edit) is Status.ROTATED
    return claimed and verdict is not None and verdict.closure.contradicts


def closed(edit: HumanEdit, today: date, verdict: Verdict | None = None) -> bool:
    """Return whether a person says that nothing is left to do.

    A lapsed exception reopens, and so does a rotation that both sides show not to have happened.
    """
    status = status_of(edit)
    if contradicted(edit, verdict):
        return False
    if status is Status.ACCEPTED:
        return edit.exception_until is None or edit.exception_until >= today
    return status in (Status.ROTATED, Status.NOT_APPLICABLE)


def days_over(edit: HumanEdit, today: date, verdict: Verdict | None = None) -> int | None:
    """Return how many days an open row is past its due date, None when it is not."""
    if edit.due is None or edit.due >= today or closed(edit, today, verdict):
        return None
    if edit.exception_until is not None and edit.exception_until >= today:
        return None
    return (today - edit.due).days


def sla_days(sla: Sla, severity: Severity) -> int | None:
    """Return the days allowed for a severity, None for what is no secret."""
    days: int | None = getattr(sla, severity.name.lower(), None)
    return days


def proposed(
    edit: HumanEdit, *, severity: Severity, first_seen: datetime, sla: Sla, owner: str
) -> HumanEdit:
    """Return the edit with what the tool proposes: once, while nobody has set a status.

    Every proposal sets a status, so whatever a person clears or changes afterwards stays theirs.
    What is no secret gets none: should it become one, its row is open and gets a due date then.
    """
    days = sla_days(sla, severity)
    if edit.status.strip() or days is None:
        return edit
    due = edit.due
    if due is None and DUE not in edit.other:
        due = first_seen.date() + timedelta(days=days)
    return replace(edit, status=Status.OPEN.value, owner=edit.owner or owner, due=due)
