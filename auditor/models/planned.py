"""What `auditor audit --dry-run` tells before anything is asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """One kind of remote call that an audit would make."""

    host: str
    call: str
    """As `calls.jsonl` has it: "GET /orgs/{org}/teams", "iam:ListUsers", "gRPC /a.b.C/Method"."""
    each: str = ""
    """What it is made for, one by one ("user"); "" where it is made once. Pages come on top."""
    most: int | None = None
    """How many of them the configuration allows in all, together with others of that limit."""
    per_minute: int = 0
    """How many of them the audit makes in a minute at most; 0: as fast as they are answered."""
    quota: str = ""
    """The vendor's own limit, in words."""
