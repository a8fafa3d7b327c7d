"""What is known, what is not, and how sure a conclusion is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")

# What `json` reads. Outside text: whoever takes a value out of it checks what it is.
Json: TypeAlias = Any


@dataclass(frozen=True, slots=True)
class Gap:
    """Something the audit could not see: what, why, and what to do so that the next run can.

    `source` names the collector ("circleci", "aws 123456789012"). `affects` holds the ids of the
    scopes or accounts whose rows stay open because of it; empty means everything of that source.
    """

    what: str
    why: str
    fix: str
    source: str
    affects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Known(Generic[T]):
    """A fact that was read."""

    value: T


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be read, with the reason. Never treated as false, empty or low."""

    gap: Gap


Fact: TypeAlias = Known[T] | Unknown


class Confidence(StrEnum):
    """How sure a conclusion is; kept apart from how bad it would be."""

    CERTAIN = "certain"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"

    @property
    def rank(self) -> int:
        """Return 4 for certain down to 0 for none."""
        return len(Confidence) - 1 - list(Confidence).index(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One fact behind a conclusion and the call or file it comes from."""

    fact: str
    source: str
