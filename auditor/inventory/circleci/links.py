"""Links into CircleCI's web application: https only, of ids and quoted slugs and no other text."""

from __future__ import annotations

from urllib.parse import quote

from auditor.inventory.circleci.settings import Settings

_LONG = {"gh": "github", "bb": "bitbucket"}


def organization(settings: Settings, slug: str, *page: str) -> str | None:
    """Return the address of a settings page of an organisation, None where none can be made."""
    return _link(settings, "organization", slug, 2, page)


def project(settings: Settings, slug: str, *page: str) -> str | None:
    """Return the address of a settings page of a project, None where none can be made."""
    return _link(settings, "project", slug, 3, page)


def _link(
    settings: Settings, kind: str, slug: str, parts: int, page: tuple[str, ...]
) -> str | None:
    provider, *rest = slug.split("/")
    segments = (_LONG.get(provider, provider), *rest, *page)
    usable = len(rest) == parts - 1 and not {"", ".", ".."} & set(segments)
    if not usable or not settings.app.startswith("https://"):
        return None
    quoted = (quote(segment, "", "utf-8", "backslashreplace") for segment in segments)
    return "/".join((settings.app, "settings", kind, *quoted))
