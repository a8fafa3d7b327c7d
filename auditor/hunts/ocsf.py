"""What a hunt kept and found as OCSF events, for a SIEM: API Activity and Detection Finding.

The classes are those of https://schema.ocsf.io/1.4.0/ (`api_activity`, `detection_finding`). What
OCSF has no attribute for stands under `unmapped`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor import __version__
from auditor.hunts.events import COLUMNS, Outcome
from auditor.hunts.opening import opened
from auditor.models import Finding, Hit, Json, Severity, Strength

VERSION = "1.4.0"
_API_ACTIVITY, _DETECTION_FINDING = 6003, 2004
_CREATE, _READ, _UPDATE, _DELETE, _OTHER = 1, 2, 3, 4, 99
_VERBS: Mapping[str, int] = {
    **dict.fromkeys(("create", "add", "put", "insert", "run", "generate", "invite"), _CREATE),
    **dict.fromkeys(("get", "list", "describe", "read", "fetch", "clone", "download"), _READ),
    **dict.fromkeys(("update", "set", "modify", "attach", "write", "change"), _UPDATE),
    **dict.fromkeys(("delete", "remove", "destroy", "detach", "revoke"), _DELETE),
}
_WORD = re.compile(r"[A-Z]?[a-z]+")
_STATUS = {Outcome.SUCCESS: 1, Outcome.DENIED: 2, Outcome.FAILURE: 2}
_SEVERITIES = {
    Severity.UNKNOWN: 0, Severity.NONE: 1, Severity.LOW: 2, Severity.MEDIUM: 3, Severity.HIGH: 4,
    Severity.CRITICAL: 5,
}  # fmt: skip
_INFORMATIONAL, _RULE, _CREATED = 1, 1, 1
_TECHNIQUE = re.compile(r"attack\.(t\d{4})(\.\d{3})?")
_FETCHED = 1000


def lines(folder: Path, findings: Iterable[Finding], now: datetime) -> Iterator[bytes]:
    """Yield the findings and then the events kept in a run's folder, a line of JSON each.

    An event whose time could not be read has none to tell: its time is 0, which no other has.
    """
    for found in findings:
        yield _line(finding(found, now))
    for row in _rows(folder):
        yield _line(activity(row))


def activity(row: Mapping[str, Any]) -> Json:
    """Return one event of the store, as a row by column, in the class API Activity."""
    kind = _activity_of(row)
    told: dict[str, Any] = {
        **_head(_API_ACTIVITY, kind, row["time"], _INFORMATIONAL),
        "activity_name": row["action"] if kind == _OTHER else None,
        "metadata": _metadata(row["platform"], row["log"], row["event_uid"]),
        "cloud": {
            "provider": row["platform"],
            "region": row["region"],
            "account": {"uid": row["account_uid"]} if row["account_uid"] else None,
        },
        "actor": {"user": _user(row["actor_uid"], row["actor_name"], row["credential_uid"])},
        "api": {
            "operation": row["action"],
            "service": {"name": row["service"]} if row["service"] else None,
            "response": {"error": row["error_code"], "error_message": row["error_message"]},
        },
        "src_endpoint": _endpoint(row["src_ip"], row["src_name"], row["country"]),
        "http_request": {"user_agent": row["user_agent"]},
        "resources": [{"uid": one} for one in (row["resource"] or "").split()],
        "status_id": _STATUS.get(row["outcome"], 0),
        "status_code": row["error_code"],
        "status_detail": row["error_message"],
        "unmapped": {
            "permission": row["operation"],
            "session_of": row["session_of"],
            "issued_credential": row["issued_credential_uid"],
            "record": f"{row['file']}:{row['position']}",
            "outcome": row["outcome"],
        },
    }
    return _filled(told)


def finding(found: Finding, now: datetime) -> Json:
    """Return a story in the class Detection Finding, made now."""
    place = found.src_ip or "an unknown address"
    told: dict[str, Any] = {
        **_head(_DETECTION_FINDING, _CREATED, now, _SEVERITIES[found.severity]),
        "is_alert": True,
        "metadata": _metadata("", "", found.id),
        "message": f"{found.identity} from {place}: {', '.join(hit.title for hit in found.hits)}",
        "start_time": _milliseconds(found.first),
        "end_time": _milliseconds(found.last),
        "count": found.events,
        "confidence_id": 3 if found.strength is Strength.STRONG else 2,
        "status_id": 1,  # new: nobody has looked at it
        "finding_info": {
            "uid": found.id,
            "title": found.hits[0].title if found.hits else "Unusual use of an identity",
            "desc": found.question,
            "first_seen_time": _milliseconds(found.first),
            "last_seen_time": _milliseconds(found.last),
            "related_events_count": found.events,
            "data_sources": [found.platform],
            "attacks": list(_attacks(found.hits)),
            "analytic": _analytic(found.hits[0]) if found.hits else None,
            "related_analytics": [_analytic(hit) for hit in found.hits[1:]],
        },
        "evidences": [
            {
                "actor": {"user": _user(found.identity_id or found.identity, None, key)},
                "src_endpoint": _of_place(found),
            }
            for key in found.credentials or (None,)
        ],
        "resources": [{"uid": one, "type": "CI secret"} for one in found.secret_ids],
        "unmapped": {
            "records": [f"{one.file}:{one.position}" for one in found.samples],
            "denied": found.denied,
            "origin": found.origin,
            "score": found.score,
        },
    }
    return _filled(told)


def _head(class_uid: int, activity_id: int, when: datetime | None, severity_id: int) -> Json:
    return {
        "activity_id": activity_id,
        "category_uid": class_uid // 1000,
        "class_uid": class_uid,
        "type_uid": class_uid * 100 + activity_id,
        "time": _milliseconds(when),
        "severity_id": severity_id,
    }


def _metadata(platform: str, log: str, uid: str) -> Json:
    ours = {"name": "ci-secrets-auditor", "vendor_name": "ci-secrets-auditor"}
    return {
        "version": VERSION,
        "uid": uid,
        "product": ours | {"version": __version__},
        "log_name": log,
        "log_provider": platform,
        "profiles": ["cloud"] if platform else None,
    }


def _user(uid: str | None, name: str | None, credential: str | None) -> Json:
    known = uid or name or credential
    return {
        "uid": uid,
        "name": name if known else "Unknown",
        "credential_uid": credential,
    } | ({} if uid or name else {"uid": credential})


def _endpoint(src_ip: str | None, name: str | None, country: str | None) -> Json:
    where = {"location": {"country": country} if country else None}
    return where | ({"ip": src_ip} if src_ip else {"name": name or "Unknown"})


def _of_place(found: Finding) -> Json:
    """Return where a story was told from: an address, or what the log has in its place."""
    is_address = re.fullmatch(r"[0-9a-fA-F:.]*[.:][0-9a-fA-F:.]*", found.src_ip) is not None
    address, name = (found.src_ip, None) if is_address else (None, found.src_ip)
    return _endpoint(address, name, found.country)


def _attacks(hits: Iterable[Hit]) -> Iterator[Json]:
    tags = dict.fromkeys(tag for hit in hits for tag in hit.tags)
    for match in filter(None, map(_TECHNIQUE.fullmatch, tags)):
        technique = match[1].upper()
        yield {
            "technique": {"uid": technique},
            "sub_technique": {"uid": f"{technique}{match[2]}"} if match[2] else None,
        }


def _analytic(hit: Hit) -> Json:
    return {"uid": hit.hunt_id, "name": hit.title, "type_id": _RULE, "desc": hit.note}


def _activity_of(row: Mapping[str, Any]) -> int:
    """Return which of OCSF's four a call is, by what the log says or its verb; else Other."""
    if row["read_only"]:
        return _READ
    words = _WORD.findall(row["action"])
    return next((_VERBS[word.lower()] for word in words if word.lower() in _VERBS), _OTHER)


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    with opened(folder) as connection:
        names = tuple(COLUMNS)
        connection.execute(f"SELECT {', '.join(names)} FROM events")
        while batch := connection.fetchmany(_FETCHED):
            yield from (dict(zip(names, row, strict=True)) for row in batch)


def _milliseconds(when: datetime | None) -> int:
    if when is None:
        return 0
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)


def _filled(told: Any) -> Any:
    """Return it without what is empty: an attribute that is unknown is absent in OCSF."""
    if isinstance(told, dict):
        kept = {name: _filled(value) for name, value in told.items()}
        return {name: value for name, value in kept.items() if value not in (None, "", {}, [])}
    return [_filled(one) for one in told] if isinstance(told, list) else told


def _line(told: Json) -> bytes:
    return json.dumps(told).encode("ascii") + b"\n"
