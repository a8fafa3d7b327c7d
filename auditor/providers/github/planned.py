"""The requests that a reading of GitHub organisations would make, by the table of parts."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from auditor.models import PlannedCall
from auditor.providers.github.parts import PARTS
from auditor.providers.github.settings import Settings

_BY_TOKEN = ("GET /user", "GET /installation/repositories")
_AS_APP = (
    "GET /app",
    "GET /orgs/{org}/installation",
    "POST /app/installations/{installation}/access_tokens",
)
_EACH = {"org": "organisation", "repo": "repository", "branch": "default branch"}


def planned_calls(settings: Settings) -> Iterator[PlannedCall]:
    """Yield each kind of request once; nothing where only an export is read."""
    if settings.organizations:
        login = _AS_APP if settings.app_id else _BY_TOKEN
        for call in dict.fromkeys((*login, *(f"GET {part.path}" for part in PARTS))):
            yield PlannedCall(
                host=urlsplit(settings.base_url).netloc,
                call=call,
                each=_each(call),
                most=settings.requests,
                per_minute=settings.per_minute,
                quota="5,000 an hour for a user's token",
            )


def _each(path: str) -> str:
    """Return what a path is asked for one by one: the last name in it."""
    _, brace, last = path.rpartition("{")
    name = last.partition("}")[0]
    return _EACH.get(name, name) if brace else ""
