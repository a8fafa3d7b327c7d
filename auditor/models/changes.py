"""What changed from run to run, and how far the work had come at each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Who(StrEnum):
    """Who made a change: people in the workbook, or the world that the tool reads."""

    PEOPLE = "people"
    TOOL = "tool"


BY_HAND = ", changed by hand and put back"
"""Follows the header of a column of the tool in `Change.what`."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing about one entry that a run found other than the run before."""

    run_id: str
    when: datetime
    secret_id: str
    what: str
    """"Severity", "Rotation verdict", the header of a column of people, "Entry"."""
    before: str
    after: str
    who: Who

    @property
    def by_hand(self) -> bool:
        """Return whether a person wrote into a cell of the tool, which wrote its own again."""
        return self.what.endswith(BY_HAND)


@dataclass(frozen=True, slots=True)
class Point:
    """How far the work had come at one run."""

    run_id: str
    when: datetime
    secrets: int
    """Entries that are or were secrets."""
    critical: int
    """Of those not closed, the critical ones."""
    done: int
    """Proven closed from both sides."""
