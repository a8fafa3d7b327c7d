"""What `auditor doctor` found out before an audit begins."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How one check ended."""

    OK = "OK"
    WARN = "WARN"
    """The audit runs, and something stays unknown."""
    FAIL = "FAIL"
    """The audit, or all of one source, cannot be read."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: what about, how it ended, and what to do about it."""

    about: str
    health: Health
    says: str
    fix: str = ""
    """The exact grant to add, the setting to change."""
