"""Alerts to create: hunts that find single events, in each cloud's own words of filters.

Only what such a filter can say exactly is given; a hunt that needs more is left to the SIEM.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.hunts.rules.definition import Hunt, Level
from auditor.hunts.rules.operators import Match

WORTH = (Level.HIGH, Level.CRITICAL)
_WHERE = {
    "aws": "EventBridge rule on CloudTrail events",
    "gcp": "Cloud Logging alert or sink filter",
    "azure": "Azure Monitor alert on AzureActivity and AuditLogs (KQL)",
    "github": "search phrases of the audit log, one each",
    "circleci": "filter on the streamed audit log (jq)",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert: which hunt, where to create it, and the filter as it is typed there."""

    hunt: Hunt
    where: str
    filter: str


def alerts(hunts: tuple[Hunt, ...]) -> Iterator[Alert]:
    """Yield an alert for each hunt that is telling by itself and simple enough for a filter."""
    for hunt in hunts:
        found = _selection(hunt)
        if hunt.level in WORTH and isinstance(hunt.operator, Match) and found and hunt.platform:
            told = _FILTERS[hunt.platform](found)
            if told:
                yield Alert(hunt, _WHERE[hunt.platform], told)


def _selection(hunt: Hunt) -> dict[str, list[Any]] | None:
    """Return fields and values of a hunt that has one selection of them, else None."""
    parts = {name: part for name, part in hunt.document["detection"].items() if name != "condition"}
    if len(parts) != 1 or hunt.document["detection"]["condition"] not in parts:
        return None
    (part,) = parts.values()
    if not isinstance(part, dict):
        return None
    return {key: value if isinstance(value, list) else [value] for key, value in part.items()}


def _eventbridge(found: Mapping[str, list[Any]]) -> str:
    if not set(found) <= {"action", "service", "outcome"} or "action" not in found:
        return ""
    names = [{"wildcard": name} if "*" in name else name for name in found["action"]]
    detail: dict[str, Any] = {"eventName": names}
    if "service" in found:
        detail["eventSource"] = found["service"]
    if found.get("outcome") == ["success"]:
        detail["errorCode"] = [{"exists": False}]
    elif "outcome" in found:
        detail["errorCode"] = [{"wildcard": "*AccessDenied*"}, {"wildcard": "*Unauthorized*"}]
    kinds = ["AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail"]
    return json.dumps({"detail-type": kinds, "detail": detail})


def _logging(found: Mapping[str, list[Any]]) -> str:
    operators = {"action": "=", "action|endswith": "=~", "action|contains": ":"}
    key = next((name for name in operators if name in found), None)
    if key is None or not set(found) <= {key, "outcome"}:
        return ""
    values = [str(value) for value in found[key]]
    if key.endswith("endswith"):
        values = [value.replace(".", "[.]") + "$" for value in values]
    name = f"protoPayload.methodName{operators[key]}"
    tests = " OR ".join(f"{name}{json.dumps(value)}" for value in values)
    return f"({tests}){_STATUS[found.get('outcome', [''])[0]]}"


_STATUS = {
    "": "",
    "denied": " AND protoPayload.status.code=7",
    "success": " AND NOT protoPayload.status.code>0",
}


def _kusto(found: Mapping[str, list[Any]]) -> str:
    operators = {"action": "in~", "action|endswith": "endswith", "action|contains": "contains"}
    key = next((name for name in operators if name in found), None)
    if key is None or not set(found) <= {key, "outcome"}:
        return ""
    name = "coalesce(OperationNameValue, OperationName)"
    quoted = [json.dumps(str(value)) for value in found[key]]
    if key == "action":
        test = f"{name} in~ ({', '.join(quoted)})"
    else:
        test = " or ".join(f"{name} {operators[key]} {value}" for value in quoted)
    return f"union isfuzzy=true AzureActivity, AuditLogs | where {test}"


def _phrase(found: Mapping[str, list[Any]]) -> str:
    key = next((name for name in ("action", "action|startswith") if name in found), None)
    if key is None or len(found) != 1:
        return ""
    return "\n".join(f"action:{value}" for value in found[key])


def _jq(found: Mapping[str, list[Any]]) -> str:
    if set(found) != {"action"}:
        return ""
    spelled = '(.action | ascii_downcase | gsub("[-_]"; "."))'
    return f"select({spelled} | IN({', '.join(json.dumps(value) for value in found['action'])}))"


_FILTERS = {
    "aws": _eventbridge,
    "gcp": _logging,
    "azure": _kusto,
    "github": _phrase,
    "circleci": _jq,
}
