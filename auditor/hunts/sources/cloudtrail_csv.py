"""Rows of a CloudTrail table, as Athena's CSV has them, back in the shape of a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor import logrows

MARKS = frozenset({"eventname", "eventsource"})


def record(row: Mapping[str, str]) -> dict[str, Any]:
    """Return the record of a row; columns that no record has are left out."""
    return logrows.shape("cloudtrail").record(row)
