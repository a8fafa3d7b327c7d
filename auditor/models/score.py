"""How bad a leak is, why, and what to do now."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum

from auditor.models.known import Confidence


class Severity(Enum):
    """How bad a leak is, worst first.

    Unknown may be as bad as critical, so only critical stands above it.
    """

    CRITICAL = "Critical"
    UNKNOWN = "Unknown"
    HIGH = "High"
    MEDIUM = "Medium"
    LOW = "Low"
    NONE = "None"
    """Not a secret, by its name: configuration, a public value, a plain identifier."""

    @property
    def rank(self) -> int:
        """Return 5 for critical down to 0 for none."""
        return len(Severity) - 1 - list(Severity).index(self)

    def reaches(self, threshold: Severity) -> bool:
        """Return whether it is, or cannot be excluded to be, at least as bad as the threshold."""
        return self is Severity.UNKNOWN or self.rank >= threshold.rank


@dataclass(frozen=True, slots=True)
class Reason:
    """One line of a score: how many points, and why, in words a manager reads."""

    points: int
    text: str


class Rotate(StrEnum):
    """What to do now about one entry, in words."""

    NOW = "rotate now"
    ROTATE = "rotate"
    OIDC = "replace by OIDC"
    REMOVE = "remove"
    REVOKE = "revoke at provider"
    CHECK = "check by hand"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Assessment:
    """How bad the leak of one entry is, why, how sure that is, and what to do now.

    `score` is 0 to 100.
    """

    secret_id: str
    severity: Severity
    score: int
    reasons: tuple[Reason, ...]
    confidence: Confidence
    rotate: Rotate
    advice: str
    """What to do and where, in one sentence."""
