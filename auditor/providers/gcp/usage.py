"""What was used of what is granted: last authentications, and insights on permissions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from auditor.models import Json, Usage
from auditor.providers.gcp.documents import entries, parse_time, text
from auditor.providers.gcp.estate import Estate

_ACCOUNT = "serviceAccountLastAuthentication"
_KEY = "serviceAccountKeyLastAuthentication"
_UNUSED_SHARE = 0.5


class Uses:
    """Last uses by e-mail and by key, as far as they were read.

    Google tells them by the day and some days late: no proof that a key was not used today.
    https://cloud.google.com/policy-intelligence/docs/activity-analyzer-service-account-authentication
    """

    def __init__(self, estate: Estate) -> None:
        self._accounts: dict[str, Usage] = {}
        self._keys: dict[str, Usage] = {}
        self._insights: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._seen = dict(_seen(estate))
        for document in estate.of("activity").values():
            for activity in entries(document, "activities"):
                self._take(activity)
        for document in estate.of("insights").values():
            for insight in entries(document, "insights"):
                content = insight.get("content")
                if isinstance(content, dict):
                    member = text(content, "member").lower().removeprefix("serviceaccount:")
                    self._insights[member].append(insight)

    def _take(self, activity: dict[str, Any]) -> None:
        resource = text(activity, "fullResourceName")
        period, told = activity.get("observationPeriod"), activity.get("activity")
        since = parse_time(text(period, "startTime"))
        last = parse_time(text(told, "lastAuthenticatedTime"))
        kind = text(activity, "activityType")
        name = resource.rpartition("/")[2]
        if kind == _KEY:
            self._keys[name] = Usage(f"key {name}", last, since)
        elif kind == _ACCOUNT:
            account = told.get("serviceAccount") if isinstance(told, dict) else None
            email = text(account, "fullResourceName").rpartition("/")[2] or name
            self._accounts[email.lower()] = Usage("any authentication", last, since)

    def of_key(self, key_id: str) -> Usage | None:
        """Return the last use of a key, None where nothing is told of it.

        A log entry tells of it on the same day, an activity only later: the newer one counts.
        """
        told, seen = self._keys.get(key_id), self._seen.get(key_id)
        if seen is None or (told and told.last and told.last >= seen):
            return told
        return Usage(f"key {key_id}", seen, told.since if told else None)

    def of(self, email: str) -> tuple[Usage, ...]:
        """Return what is known of the use of an account and of its permissions."""
        told = [self._accounts[email]] if email in self._accounts else []
        for insight in self._insights.get(email, ()):
            content = insight["content"]
            since = _since(insight)
            when = parse_time(text(insight, "lastRefreshTime"))
            told += [
                Usage(text(one, "permission"), when, since)
                for one in entries(content, "exercisedPermissions")
            ]
        return tuple(told)

    def exercised(self, email: str, role: str) -> frozenset[str] | None:
        """Return what of a role was used, or is alike to that, by insights; None without any."""
        found = [
            entries(insight["content"], kind)
            for insight in self._insights.get(email, ())
            if text(insight["content"], "role") == role
            for kind in ("exercisedPermissions", "inferredPermissions")
        ]
        if not found:
            return None
        return frozenset(text(one, "permission") for some in found for one in some)

    def unused_by(self, email: str) -> tuple[str, ...]:
        """Return in words where most of a role's permissions were not used."""
        found = []
        for insight in self._insights.get(email, ()):
            content = insight["content"]
            used = len(entries(content, "exercisedPermissions"))
            total = _number(content.get("currentTotalPermissionsCount"))
            if total is None or used > total * _UNUSED_SHARE:
                continue
            role = text(content, "role")
            found.append(f"{used} of the {total} permissions of {role} were used in 90 days")
        return tuple(found)


def _seen(estate: Estate) -> Iterator[tuple[str, datetime]]:
    """Yield the last time that log entries name each key, by its masked id."""
    last: dict[str, datetime] = {}
    for document in estate.of("uses").values():
        for entry in entries(document, "entries"):
            key, when = key_used(entry), parse_time(text(entry, "timestamp"))
            if key and when:
                last[key] = max(when, last.get(key, when))
    yield from last.items()


def key_used(entry: Json) -> str:
    """Return the masked id of the key that a log entry names, "" where it names none."""
    payload = entry.get("protoPayload")
    about = payload.get("authenticationInfo") if isinstance(payload, dict) else None
    return text(about, "serviceAccountKeyName").rpartition("/")[2]


def _since(insight: dict[str, Any]) -> datetime | None:
    """Return when the time began that an insight is about: so many seconds before it was made."""
    seconds = _number(text(insight, "observationPeriod").removesuffix("s"))
    made = parse_time(text(insight, "lastRefreshTime"))
    return made - timedelta(seconds=seconds) if made and seconds is not None else None


def _number(written: Json) -> int | None:
    """Return a number as Google writes it, in digits; None for what cannot be one."""
    return int(str(written)) if re.fullmatch(r"[0-9]{1,9}", str(written)) else None
