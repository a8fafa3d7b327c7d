"""The three answers of the evaluator, with what decided."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

BINDINGS, DENY, BOUNDARIES = "bindings", "deny", "boundaries"
"""The layers, by the names of the fields that hold them; each can refuse alone."""


@dataclass(frozen=True, slots=True, order=True)
class Decider:
    """The binding that allows, or the rule that refuses: where it is attached and whom it names."""

    resource: str
    name: str
    """Role of a binding, name of a deny policy or of a boundary."""
    member: str = ""
    condition: str = ""

    def to_json(self) -> dict[str, str]:
        """Return its fields, without those that are empty."""
        return {key: value for key, value in asdict(self).items() if value}


@dataclass(frozen=True, slots=True)
class Allowed:
    """The principal has the permission, by this binding."""

    binding: Decider

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as one JSON object."""
        return _json("Allowed", (), self.binding, (), ())


@dataclass(frozen=True, slots=True)
class AllowedIf:
    """It has the permission if all of `conditions` hold, which the question leaves open."""

    binding: Decider
    conditions: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as one JSON object."""
        return _json("AllowedIf", (), self.binding, (), self.conditions)


@dataclass(frozen=True, slots=True)
class Denied:
    """It has not: the layers that refuse, and the rules among them that do so by name."""

    blocked_by: tuple[str, ...]
    rules: tuple[Decider, ...] = ()
    binding: Decider | None = None
    """What would allow it, were it not for `rules`."""

    def to_json(self) -> dict[str, Any]:
        """Return the verdict as one JSON object."""
        return _json("Denied", self.blocked_by, self.binding, self.rules, ())


Verdict: TypeAlias = Allowed | AllowedIf | Denied


def _json(
    verdict: str,
    blocked_by: tuple[str, ...],
    binding: Decider | None,
    rules: tuple[Decider, ...],
    conditions: tuple[str, ...],
) -> dict[str, Any]:
    return {
        "verdict": verdict,
        "blocked_by": list(blocked_by),
        "binding": binding.to_json() if binding else None,
        "rules": [rule.to_json() for rule in rules],
        "conditions": list(conditions),
    }
