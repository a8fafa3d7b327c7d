"""The APIs of Google that have no client package: last authentications, insights, groups."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from auditor import nesting
from auditor.providers.gcp.jobs import EndlessPages, Refused
from auditor.providers.gcp.settings import Settings

ACTIVITY = "https://policyanalyzer.googleapis.com"
RECOMMENDER = "https://recommender.googleapis.com"
IDENTITY = "https://cloudidentity.googleapis.com"
_KINDS = ("serviceAccountLastAuthentication", "serviceAccountKeyLastAuthentication")
_ERRORS = {
    401: "Unauthenticated",
    403: "PermissionDenied",
    404: "NotFound",
    429: "ResourceExhausted",
}
_MOST_PAGES = 1_000
_LARGEST = 64 * 2**20


class Rest:
    """GET requests with the audit's credentials; a page at a time, an error as Refused."""

    def __init__(self, session: Any, settings: Settings, *, first_only: bool = False) -> None:
        """Ask through a session; `first_only`: of every listing the first page alone."""
        self._session = session
        self._first_only = first_only
        self._other = settings.rest_endpoint
        self._timeout = settings.timeout

    def activity(self, project: str, document: dict[str, Any]) -> None:
        """Read when the service accounts and keys of a project were last used."""
        document |= {"project": project, "activities": []}
        for kind in _KINDS:
            path = f"/v1/projects/{quote(project)}/locations/global/activityTypes/{kind}"
            url = f"{self._other or ACTIVITY}{path}/activities:query"
            for page in self._pages(url, {"pageSize": "1000"}):
                document["activities"] += page.get("activities", ())

    def insights(self, project: str, document: dict[str, Any]) -> None:
        """Read which permissions of granted roles were used."""
        document |= {"project": project, "insights": []}
        kind = "google.iam.policy.Insight"
        path = f"/v1/projects/{quote(project)}/locations/global/insightTypes/{kind}/insights"
        for page in self._pages(f"{self._other or RECOMMENDER}{path}", {"pageSize": "1000"}):
            document["insights"] += page.get("insights", ())

    def groups(self, email: str, document: dict[str, Any]) -> None:
        """Read the groups that hold a service account, directly or nested."""
        document |= {"email": email, "memberships": []}
        label = "'cloudidentity.googleapis.com/groups.discussion_forum' in labels"
        asked = {"query": f"member_key_id == '{email}' && {label}", "pageSize": "1000"}
        path = "/v1/groups/-/memberships:searchTransitiveGroups"
        for page in self._pages(f"{self._other or IDENTITY}{path}", asked):
            document["memberships"] += page.get("memberships", ())

    def _pages(self, url: str, asked: dict[str, str]) -> Iterator[dict[str, Any]]:
        seen: set[str] = set()
        while len(seen) < _MOST_PAGES:
            page = self._get(url, asked)
            yield page
            token = page.get("nextPageToken")
            if not token or self._first_only:
                return
            if not isinstance(token, str) or token in seen:
                break
            seen.add(token)
            asked = {**asked, "pageToken": token}
        raise EndlessPages

    def _get(self, url: str, asked: dict[str, str]) -> dict[str, Any]:
        reply = self._session.get(
            url, params=asked, timeout=self._timeout, allow_redirects=False, stream=True
        )
        with reply:
            if reply.status_code != 200:  # noqa: PLR2004 (the one status with an answer)
                code = _ERRORS.get(reply.status_code, f"HTTP {reply.status_code}")
                raise Refused(code, f"status {reply.status_code}")
            body = reply.raw.read(_LARGEST + 1, decode_content=True)
        if len(body) > _LARGEST:
            raise Refused("TooLarge", f"a reply of more than {_LARGEST // 2**20} MiB")
        found = nesting.loads(body)
        if not isinstance(found, dict):
            raise Refused("Unreadable", "the reply is no JSON object")
        return found
