"""Which logs there are of what identities do, and how far they can see."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.models.known import Fact


@dataclass(frozen=True, slots=True)
class LogCoverage:
    """One log of one account: whether it is on, what it shows, and what it can never show."""

    source: str
    """The collector, as in gaps ("aws 123456789012")."""
    log: str
    """Name of the log, as the vendor calls it."""
    enabled: Fact[bool]
    level: str
    """What kind of events it records where it is on: "management", "data", "sign-ins"."""
    retention_days: Fact[int | None]
    """Days that events are kept; None: without end."""
    records_ips: Fact[bool]
    central: Fact[bool]
    """Whether it is shipped to a place of its own, out of reach of the account's administrators."""
    never: str
    """What it can never show, in words."""
    readers: Fact[tuple[str, ...]] | None = None
    """Who can read it; None where nobody asked."""
    misses: tuple[str, ...] = ()
    """Where it shows nothing although it is on: "regions" other than its own, "global" services."""
