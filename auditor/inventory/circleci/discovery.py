"""The ways to learn which projects an organisation has; `LISTINGS` says how much each can know.

Every one forgets some, and the stale projects that one of them forgets are where forgotten secrets
are: all are asked, and `projects.union` joins what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from auditor.inventory.circleci import listing, repositories
from auditor.inventory.circleci.fields import kept, part, same_slug, text
from auditor.inventory.circleci.listing import Calls
from auditor.inventory.circleci.organizations import Organization
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.settings import Settings
from auditor.models import Json

_PIPELINE_PAGES = 20
"""The feed is partial by nature: the newest pages name every project it will ever name."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One way to learn of projects. `whole` tells whether it claims to name all of them."""

    name: str
    whole: bool
    wanted: Callable[[Settings], bool]
    read: Callable[[Reading, Organization], Reply]


def _read_v3(reading: Reading, organization: Organization) -> Reply:
    def own(entry: Mapping[str, Json]) -> Json:
        owner = text(part(part(entry, "references"), "org"), "id")
        if owner and owner != organization.id:  # an early v3 ignored the filter
            return None
        return kept(entry, "id") | kept(part(entry, "attributes"), "name", "slug")

    # No page[limit]: one beyond the route's own is answered 400.
    query = {"filter[org_id]": organization.id}
    return listing.every(reading.calls, "/api/v3/projects", own, query=query)


def _read_private(reading: Reading, organization: Organization) -> Reply:
    # page-size=100 is answered 500.
    query = {"organization-id": organization.id, "page-size": "50", "include-deleted": "true"}
    return listing.every(reading.calls, "/api/private/project", _kept, query=query)


def _read_pipelines(reading: Reading, organization: Organization) -> Reply:
    route = "/api/v2/pipeline"
    if not organization.slug:  # without one, the feed would be that of all organisations
        return Reply(f"GET {route}", error="not asked: the organisation has no slug")
    seen: set[str] = set()

    def first_of_project(entry: Mapping[str, Json]) -> Json:
        slug = text(entry, "project_slug")
        if not slug or slug in seen:
            return None
        seen.add(slug)
        return {"slug": slug}

    query = {"org-slug": organization.slug}
    return listing.every(
        reading.calls, route, first_of_project, query=query, most_pages=_PIPELINE_PAGES
    )


def _read_insights(reading: Reading, organization: Organization) -> Reply:
    provider, _, name = organization.slug.partition("/")
    reply = listing.one(
        reading.calls,
        "/api/v2/insights/{provider}/{organization}/summary",
        lambda body: body.get("all_projects"),
        segments={"provider": provider, "organization": name},
    )
    names = reply.items[0] if reply.complete else None
    found = [entry for entry in names if isinstance(entry, str)] if isinstance(names, list) else []
    # Only where the repository is the project does the name give a slug.
    by_name = provider == "circleci"
    return replace(
        reply,
        items=tuple(
            {"name": name} | ({} if by_name else {"slug": f"{organization.slug}/{name}"})
            for name in found
        ),
    )


def read_followed(calls: Calls) -> Reply:
    """Return the projects the token's user follows, in all organisations."""
    return listing.every(calls, "/api/v1.1/projects", _of_v1)


def _of_v1(entry: Mapping[str, Json]) -> Json:
    name = text(entry, "reponame")
    address = text(entry, "vcs_url")
    # A standalone project's address is "//circleci.com/<organisation id>/<project id>".
    if address.startswith("//circleci.com/"):
        owner, _, project = address.removeprefix("//circleci.com/").partition("/")
        return {"name": name, "id": project, "owner": owner, "slug": f"circleci/{owner}/{project}"}
    slug = "/".join(text(entry, field) for field in ("vcs_type", "username", "reponame"))
    return {"name": name, "slug": same_slug(slug)}


def _followed(reading: Reading, organization: Organization) -> Reply:
    """Return those of the followed projects that belong to the organisation."""
    prefix = f"{same_slug(organization.slug)}/"
    own = (
        entry
        for entry in reading.followed.items
        if entry.get("owner") == organization.id or entry["slug"].startswith(prefix)
    )
    return replace(reading.followed, items=tuple(own))


def _read_keyed(reading: Reading, organization: Organization) -> Reply:
    return repositories.keyed(organization, reading.repositories)


def _kept(entry: Mapping[str, Json]) -> Json:
    return kept(entry, "id", "slug", "name")


LISTINGS = (
    Listing("v3", True, lambda settings: settings.uses_v3, _read_v3),
    Listing("private", True, lambda settings: settings.uses_private, _read_private),
    Listing("followed", False, lambda settings: settings.v1, _followed),
    Listing("pipelines", False, lambda _: True, _read_pipelines),
    Listing("insights", False, lambda _: True, _read_insights),
    Listing("deploy keys", False, lambda settings: bool(settings.repositories), _read_keyed),
)


def read_project(calls: Calls, key: str) -> Reply:
    """Return the id, slug and name of the project that an id or a slug stands for."""
    segments = key.split("/")
    names = ("provider", "organization", "project") if len(segments) == 3 else ("project",)  # noqa: PLR2004
    route = "/api/v2/project/" + "/".join(f"{{{name}}}" for name in names)
    if len(segments) != len(names):
        return Reply(f"GET {route}", error="not asked: the slug is not of three parts")
    return listing.one(
        calls,
        route,
        _kept,
        segments=dict(zip(names, segments, strict=True)),
    )
