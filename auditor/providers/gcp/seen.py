"""What audit logs tell of each key: from where it was used, and by which tools.

Most services say which key a caller used; the minting of a token with it is no event at all.
https://cloud.google.com/logging/docs/reference/audit/auditlog/rest/Shared.Types/AuditLog
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib import resources

from auditor.models import Json
from auditor.providers.gcp.documents import entries, parse_time, text
from auditor.providers.gcp.estate import Estate
from auditor.providers.gcp.identify import NEAR_PROOF, Fact
from auditor.providers.gcp.usage import key_used

MOST_ENTRIES = 1_000
"""Log entries of one project that are read, the newest; a sample where there are more."""
DAYS = 30
_SOURCE = "Cloud Audit Logs"
_TOOLS = ("gcloud", "terraform", "google-cloud-sdk")
_AGENTS_SHOWN = 3
_AGENT_LENGTH = 60


@cache
def ci_addresses() -> frozenset[str]:
    """Return the addresses that only the CI system's own jobs and services have."""
    file = resources.files("auditor.data").joinpath("networks/circleci.toml")
    table = tomllib.loads(file.read_text("utf-8"))
    return frozenset((*table["jobs"], *table["core"]))


def seen(estate: Estate) -> Mapping[str, Sequence[Fact]]:
    """Return what the logs tell of each key, by its masked id."""
    uses: dict[str, list[Json]] = defaultdict(list)
    for document in estate.of("uses").values():
        for entry in entries(document, "entries"):
            if key := key_used(entry):
                uses[key].append(entry)
    return {key: tuple(_facts(found)) for key, found in uses.items()}


def _of(document: Json, name: str) -> Json:
    return document.get(name) if isinstance(document, dict) else None


def _facts(found: list[Json]) -> Iterator[Fact]:
    about = [_of(_of(entry, "protoPayload"), "requestMetadata") for entry in found]
    addresses = {text(one, "callerIp") for one in about} - {""}
    if own := addresses & ci_addresses():
        words = f"used from {len(own)} of CircleCI's own addresses"
        yield Fact(NEAR_PROOF, words, _SOURCE)
    agents = sorted({text(one, "callerSuppliedUserAgent")[:_AGENT_LENGTH] for one in about} - {""})
    if agents:
        tools = any(tool in agent.lower() for agent in agents for tool in _TOOLS)
        words = f"used by {', '.join(agents[:_AGENTS_SHOWN])}"
        yield Fact(1 if tools else 0, words, _SOURCE)
    times = [time for entry in found if (time := parse_time(text(entry, "timestamp")))]
    if times:
        yield Fact(0, f"{len(found)} log entries name it, the last of {_day(max(times))}", _SOURCE)


def _day(when: datetime) -> str:
    return f"{when:%Y-%m-%d}"
