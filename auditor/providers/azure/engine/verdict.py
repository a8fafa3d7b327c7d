"""What the engine answers: allowed, allowed under conditions, or denied, and by what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Way:
    """One assignment that allows it: `action` is the pattern of its role's `block` (from 1).

    `conditions` must all hold, in the vendor's words or in ours; none means that it does.
    """

    assignment: str
    principal: str
    role: str
    scope: str
    block: int
    action: str
    conditions: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "assignment": self.assignment,
            "principal": self.principal,
            "role": self.role,
            "scope": self.scope,
            "block": self.block,
            "action": self.action,
            "conditions": list(self.conditions),
        }


@dataclass(frozen=True, slots=True)
class Blocker:
    """A deny assignment that takes it away, if all of `conditions` hold."""

    assignment: str
    name: str
    scope: str
    conditions: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "assignment": self.assignment,
            "name": self.name,
            "scope": self.scope,
            "conditions": list(self.conditions),
        }


@dataclass(frozen=True, slots=True)
class Allowed:
    """It is allowed, whatever else is true."""

    way: Way

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON, as `auditor simulate` prints it."""
        return _told("Allowed", self.way.assignment, ways=(self.way,))


@dataclass(frozen=True, slots=True)
class AllowedIf:
    """It is allowed if the conditions of one of `ways` hold, and those of no `unless` do."""

    ways: tuple[Way, ...]
    unless: tuple[Blocker, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON, as `auditor simulate` prints it."""
        return _told("AllowedIf", self.ways[0].assignment, ways=self.ways, unless=self.unless)


@dataclass(frozen=True, slots=True)
class Denied:
    """Nothing allows it, or `by` takes it away.

    `left_out`: assignments whose role gives it and leaves it out again.
    """

    by: Blocker | None = None
    left_out: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON, as `auditor simulate` prints it."""
        if self.by:
            told = _told("Denied", self.by.assignment, blocked_by=[self.by.name])
        else:
            told = _told("Denied", None, blocked_by=["no assignment"])
        return told | {"left_out": list(self.left_out)}


Verdict: TypeAlias = Allowed | AllowedIf | Denied


def _told(
    verdict: str,
    assignment: str | None,
    ways: tuple[Way, ...] = (),
    unless: tuple[Blocker, ...] = (),
    blocked_by: list[str] | None = None,
) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "assignment": assignment,
        "blocked_by": blocked_by or [],
        "ways": [way.to_json() for way in ways],
        "unless": [block.to_json() for block in unless],
        "left_out": [],
    }
