"""Waivers of the configuration: risks that somebody accepted, with a reason and a last day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from auditor.config import Waiver


def last_day(waiver: Waiver) -> date | None:
    """Return the last day of a waiver, that day included; None for a text that is no date."""
    until = waiver.until
    if isinstance(until, datetime):
        return until.date()
    if isinstance(until, date):
        return until
    try:
        return date.fromisoformat(until.strip())
    except ValueError:
        return None


def in_force(waiver: Waiver | None, today: date) -> bool:
    """Return whether a risk is accepted today. One without a readable last day is not."""
    day = last_day(waiver) if waiver else None
    return day is not None and day >= today


def said(waiver: Waiver | None, today: date) -> str:
    """Return a waiver in words, for the row that it is about."""
    if waiver is None:
        return ""
    day = last_day(waiver)
    by = f" by {waiver.owner}" if waiver.owner else ""
    if day is None:
        return f"lapsed: {str(waiver.until)!r} is no date such as 2026-12-31: {waiver.reason}"
    state = "accepted until" if in_force(waiver, today) else "lapsed on"
    return f"{state} {day:%Y-%m-%d}{by}: {waiver.reason}"


def by_id(waivers: Iterable[Waiver]) -> dict[str, Waiver]:
    """Return the waivers by Secret ID; of two for one entry the later one in the file counts."""
    return {waiver.id: waiver for waiver in waivers}


def complaints(waivers: Mapping[str, Waiver], known: Iterable[str], today: date) -> Iterator[str]:
    """Yield what people must hear of: a waiver that lapsed, and one that fits no entry."""
    ids = set(known)
    for id_, waiver in waivers.items():
        if id_ not in ids:
            yield f"waiver of {id_}: no entry has this id"
        elif not in_force(waiver, today):
            yield f"waiver of {id_} {said(waiver, today)}; the row is open again"
