"""A hunt: what to select in Sigma's words, what is unusual about it, and what to ask next.

A hunt is one document of a YAML file: a Sigma rule on the names of normalised events, with one
more table, `hunt`, that Sigma tools pass over:

    title: Access key made
    id: 6f0c...
    level: high
    tags: [attack.persistence, attack.t1098.001]
    logsource: {product: aws}
    detection:
      selection: {action: CreateAccessKey}
      condition: selection
    falsepositives: [A job that rotates keys.]
    hunt:
      operator: match                     # the default
      question: Whose is the new key, and what did it do since?
      finds: [{action: CreateAccessKey}]  # events that must be found
      ignores: [{action: ListAccessKeys}] # and that must not
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from auditor.hunts.rules.operators import Match, Operator

Document = Mapping[str, Any]
"""One document of a YAML file of rules, as it was read."""


class Level(StrEnum):
    """How telling one hit is, by itself; Sigma's levels, weakest first."""

    INFORMATIONAL = "informational"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Cases:
    """Test events of a hunt, as `cases.events` reads them: found, and not found."""

    finds: tuple[Document, ...] = ()
    ignores: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Hunt:
    """One definition, compiled."""

    id: str
    title: str
    description: str
    level: Level
    tags: tuple[str, ...]
    false_positives: tuple[str, ...]
    platform: str | None
    """Platform of the events it looks at; None for those of all."""
    condition: str
    """SQL condition over the columns of `seen`, never NULL."""
    question: str
    """What a person asks next about a hit."""
    document: Document
    file: str
    operator: Operator = Match()  # noqa: RUF009 (frozen)
    cases: Cases = Cases()
    ours: bool = True
    """False for a rule from another hand (`--rules`)."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A rule that cannot be run here, and why: it is reported, never passed over."""

    title: str
    file: str
    why: str
