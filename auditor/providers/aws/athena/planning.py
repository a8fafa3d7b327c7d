"""Before a query is run: may it be, and may it scan so much.

A workgroup is used only where it keeps results with Athena: any other has each query write its
result into a bucket of the customer's.
https://docs.aws.amazon.com/athena/latest/ug/managed-results.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.models import Json
from auditor.providers.aws.athena.table import Table
from auditor.providers.aws.documents import text

_GIGABYTE = 1 << 30


class Refused(Exception):
    """Something is not asked; a code as documents have it, and why in words."""

    def __init__(self, code: str, why: str) -> None:
        """Remember both."""
        super().__init__(why)
        self.code, self.why = code, why


@dataclass(frozen=True, slots=True)
class Plan:
    """What one query of a table would take."""

    table: Table
    document: Mapping[str, Any]
    """What was learned, as the snapshot keeps it."""

    @property
    def bytes(self) -> int | None:
        """Return how much a query scans at most, None where nothing tells."""
        listed, cutoff = self.document.get("Bytes"), self.document.get("Cutoff")
        known = [one for one in (listed, cutoff) if isinstance(one, int)]
        return min(known, default=None)


def check(workgroup: Json) -> None:
    """Refuse a workgroup whose queries would write anything that is the customer's."""
    told = workgroup.get("Configuration") if isinstance(workgroup, dict) else None
    name = text(workgroup, "Name")
    if not isinstance(told, dict):
        raise Refused("WorkGroup", f"nothing tells where workgroup {name} keeps results")
    if text(workgroup, "State") != "ENABLED":
        raise Refused("WorkGroup", f"workgroup {name} is disabled")
    if _told(told, "ManagedQueryResultsConfiguration").get("Enabled") is not True:
        place = (
            text(told.get("ResultConfiguration"), "OutputLocation")
            or "a bucket that each caller names"
        )
        raise Refused("WorkGroup", f"workgroup {name} writes results into {place}")
    if "spark" in text(told.get("EngineVersion"), "EffectiveEngineVersion").lower():
        raise Refused("WorkGroup", f"workgroup {name} runs Spark, not SQL")
    logging = _told(told, "MonitoringConfiguration")
    for part in ("S3LoggingConfiguration", "CloudWatchLoggingConfiguration"):
        if _told(logging, part).get("Enabled") is True:
            raise Refused("WorkGroup", f"workgroup {name} writes a log of its own ({part})")


def _told(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def lines(plan: Plan, most: int) -> str:
    """Return in words what the queries of a table would scan, for before the first is run."""
    told = plan.document
    title = f"Athena table {plan.table.name} in {told['Region']}, workgroup {told['Workgroup']}"
    return (
        f"{title}: {_words_of_partitions(told)}; {_words_of_bytes(told)}; all queries together"
        f" scan at most {_size(most)}"
    )


def _words_of_partitions(told: Mapping[str, Any]) -> str:
    listed = told.get("Partitions")
    if told["Projected"]:
        bounds = told["Bounds"]
        return f"its partitions are projected, {f'those where {bounds}' if bounds else 'all'}"
    if told.get("Iceberg"):
        return "its partitions are Iceberg's own, bounded by the time of events"
    if not isinstance(listed, dict):
        return "no partitions: every query scans the whole table"
    if "error" in listed:
        return f"partitions not known ({text(listed, 'message') or listed['error']})"
    days = f" of {listed['First']} to {listed['Last']}" if listed.get("First") else ""
    return f"{listed['Count']:,} partitions{days}"


def _words_of_bytes(told: Mapping[str, Any]) -> str:
    cutoff = told.get("Cutoff")
    stop = f"the workgroup stops a query at {_size(cutoff)}" if cutoff else ""
    if isinstance(told.get("Bytes"), int):
        known = f"{told['Objects']:,} objects of {_size(told['Bytes'])} for each query"
    else:
        known = f"bytes not known ({told.get('Unmeasured') or 'not listed'})"
    return f"{known}, {stop}" if stop else known


def afford(plan: Plan, spent: int, most: int) -> None:
    """Refuse a query that could scan more than is left, or more than the workgroup lets pass."""
    listed, cutoff = plan.document.get("Bytes"), plan.document.get("Cutoff")
    if isinstance(listed, int) and isinstance(cutoff, int) and listed > cutoff:
        why = f"a query would scan {_size(listed)}; the workgroup stops it at {_size(cutoff)}"
        raise Refused("TooMuch", why)
    if plan.bytes is None:
        told = text(dict(plan.document), "Unmeasured") or "its objects are not listed"
        why = f"how much a query scans is not known ({told}), and the workgroup sets no limit"
        raise Refused("Unlimited", why)
    if spent + plan.bytes > most:
        before = f" after {_size(spent)}" if spent else ""
        why = f"a query may scan {_size(plan.bytes)}{before}; athena_gigabytes allows {_size(most)}"
        raise Refused("TooMuch", why)


def _size(number: int) -> str:
    """Return bytes in words."""
    for unit, size in (("GB", _GIGABYTE), ("MB", 1 << 20), ("kB", 1 << 10)):
        if number >= size:
            return f"{number / size:,.1f} {unit}"
    return f"{number} bytes"
