"""What was used of what is granted: last authentications, and insights on permissions."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

from auditor.models import Usage
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
        self.projects = frozenset(
            name for name, document in estate.of("activity").items() if "error" not in document
        )
        for document in estate.of("activity").values():
            for activity in entries(document, "activities"):
                self._take(activity)
        for document in estate.of("insights").values():
            for insight in entries(document, "insights"):
                content = insight.get("content")
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
        """Return the last use of a key, None where nothing is told of it."""
        return self._keys.get(key_id)

    def of(self, email: str) -> tuple[Usage, ...]:
        """Return what is known of the use of an account and of its permissions."""
        told = [self._accounts[email]] if email in self._accounts else []
        for insight in self._insights.get(email, ()):
            content = insight.get("content") or {}
            since = _since(insight)
            when = parse_time(text(insight, "lastRefreshTime"))
            told += [
                Usage(text(one, "permission"), when, since)
                for one in entries(content, "exercisedPermissions")
            ]
        return tuple(told)

    def unused_by(self, email: str) -> tuple[str, ...]:
        """Return in words where most of a role's permissions were not used."""
        found = []
        for insight in self._insights.get(email, ()):
            content = insight.get("content") or {}
            used = len(entries(content, "exercisedPermissions"))
            total = content.get("currentTotalPermissionsCount")
            if not str(total).isdigit() or used > int(str(total)) * _UNUSED_SHARE:
                continue
            role = text(content, "role")
            found.append(f"{used} of the {total} permissions of {role} were used in 90 days")
        return tuple(found)


def _since(insight: dict[str, Any]) -> datetime | None:
    """Return when the time began that an insight is about: so many seconds before it was made."""
    seconds = text(insight, "observationPeriod").removesuffix("s")
    made = parse_time(text(insight, "lastRefreshTime"))
    return made - timedelta(seconds=int(seconds)) if made and seconds.isdecimal() else None
