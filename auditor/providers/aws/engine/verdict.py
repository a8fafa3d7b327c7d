"""What the engine answers: the decision, what it rests on, and what it still depends on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Decision(StrEnum):
    """The four answers."""

    ALLOWED = "Allowed"
    ALLOWED_IF = "AllowedIf"
    """It depends on what is not known of the request: on `conditions`."""
    IMPLICITLY_DENIED = "ImplicitlyDenied"
    """Nothing allows it, or something that would have to does not, whatever the rest may be."""
    EXPLICITLY_DENIED = "ExplicitlyDenied"
    """A Deny that certainly applies."""


class Layer(StrEnum):
    """The kinds of policies that have a say, by the names of `evaluate`'s arguments."""

    IDENTITY = "identity"
    BOUNDARY = "boundary"
    SCPS = "scps"
    RCPS = "rcps"
    RESOURCE_POLICY = "resource_policy"
    SESSION = "session"
    ENDPOINT = "endpoint"
    AWS = "aws"
    """AWS itself, whatever any policy says."""


@dataclass(frozen=True, slots=True)
class Decider:
    """One statement that decided. Policies of a layer and statements are counted from 1.

    `level` is the level of the organisation that holds the policy, counted from 1, else 0.
    """

    layer: Layer
    policy: int
    statement: int
    sid: str
    effect: str
    level: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        told: dict[str, Any] = {
            "layer": self.layer.value,
            "policy": self.policy,
            "statement": self.statement,
            "sid": self.sid,
            "effect": self.effect,
        }
        return told | {"level": self.level} if self.level else told


@dataclass(frozen=True, slots=True)
class Pending:
    """One thing that is not known, and the statement whose fate it decides.

    An Allow applies only if it holds; a Deny does not apply if it does not. `operator` and `key`
    are those of the condition; "Resource", "NotResource" or "Principal" with an empty key mean
    that it depends on which of the resources, or on whose account it is.
    """

    decider: Decider
    operator: str
    key: str
    values: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        told = self.decider.to_json()
        return told | {"operator": self.operator, "key": self.key, "values": list(self.values)}


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one request.

    `blocked_by` names every layer that denies it by itself: by a Deny where it is explicitly
    denied, by not allowing it where it is implicitly denied.
    """

    decision: Decision
    blocked_by: tuple[Layer, ...] = ()
    statements: tuple[Decider, ...] = ()
    conditions: tuple[Pending, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it for JSON, as `auditor simulate` prints it."""
        return {
            "verdict": self.decision.value,
            "blocked_by": [layer.value for layer in self.blocked_by],
            "statements": [decider.to_json() for decider in self.statements],
            "conditions": [pending.to_json() for pending in self.conditions],
        }
