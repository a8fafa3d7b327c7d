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
_REQUEST = "details.requestParameters."
_WHERE = {
    "aws": "EventBridge rule on CloudTrail events, in every region (IAM's come in us-east-1; reads"
    " need the rule's state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS)",
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
        if _is_worth(hunt) and (told := _filter(hunt)):
            yield Alert(hunt, _WHERE[hunt.platform or ""], told)


def left_out(hunts: tuple[Hunt, ...]) -> Iterator[tuple[Hunt, str]]:
    """Yield each hunt that is telling by itself and no such filter can say, with why."""
    for hunt in hunts:
        if not _is_worth(hunt):
            continue
        if not isinstance(hunt.operator, Match):
            yield hunt, "it counts, or compares with the past"
        elif not _filter(hunt):
            yield hunt, "such a filter cannot say exactly what it looks for"


def _is_worth(hunt: Hunt) -> bool:
    return hunt.level in WORTH and hunt.platform in _WHERE


def _filter(hunt: Hunt) -> str:
    """Return a hunt as its platform's filter, "" where that cannot say it."""
    found = _selections(hunt)
    told = [_FILTERS[hunt.platform or ""](one) for one in found]
    if not isinstance(hunt.operator, Match) or not told or not all(told):
        return ""
    return told[0] if len(told) == 1 else _EITHER.get(hunt.platform or "", _none)(told)


def _selections(hunt: Hunt) -> list[dict[str, list[Any]]]:
    """Return fields and values of each selection, any of which is enough; none for other rules."""
    detection = hunt.document["detection"]
    names = str(detection["condition"]).split(" or ")
    parts = [detection.get(name) for name in names]
    if set(names) != set(detection) - {"condition"} or not all(isinstance(p, dict) for p in parts):
        return []
    return [
        {key: value if isinstance(value, list) else [value] for key, value in part.items()}
        for part in parts
    ]


def _eventbridge(found: Mapping[str, list[Any]]) -> str:
    asked = {name: name[len(_REQUEST) :] for name in found if name.startswith(_REQUEST)}
    if not set(found) <= {"action", "service", "outcome", *asked} or "action" not in found:
        return ""
    if any(name.partition("|")[2] != "endswith" for name in asked.values()):
        return ""
    names = [{"wildcard": name} if "*" in name else name for name in found["action"]]
    detail: dict[str, Any] = {"eventName": names}
    if "service" in found:
        detail["eventSource"] = found["service"]
    if found.get("outcome") == ["success"]:
        detail["errorCode"] = [{"exists": False}]
    elif "outcome" in found:
        detail["errorCode"] = [{"wildcard": "*AccessDenied*"}, {"wildcard": "*Unauthorized*"}]
    if asked:
        detail["requestParameters"] = {
            told.partition("|")[0]: [{"suffix": value} for value in found[name]]
            for name, told in asked.items()
        }
    kinds = ["AWS API Call via CloudTrail", "AWS Console Sign In via CloudTrail"]
    return json.dumps({"detail-type": kinds, "detail": detail})


def _logging(found: Mapping[str, list[Any]]) -> str:
    operators = {"action": "=", "action|endswith": "=~", "action|contains": ":", "action|re": "=~"}
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


_KUSTO_TABLES = "union isfuzzy=true AzureActivity, AuditLogs | where "


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
    return f"{_KUSTO_TABLES}{test}"


def _either_in_kusto(told: list[str]) -> str:
    return _KUSTO_TABLES + " or ".join(one.removeprefix(_KUSTO_TABLES) for one in told)


def _none(told: list[str]) -> str:
    del told
    return ""


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


_EITHER = {"azure": _either_in_kusto, "github": "\n".join}
"""How several filters become one that any of them is enough for."""
_FILTERS = {
    "aws": _eventbridge,
    "gcp": _logging,
    "azure": _kusto,
    "github": _phrase,
    "circleci": _jq,
}
