"""Custom claims of the OIDC tokens of builds (API v2): no secret, but what can replace stored keys.

Without them the audience is the id of the organisation and a token lives for an hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, text, when
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.addressing import of_project_id
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target
from auditor.models import Json, ScopeKind

_OF_ORGANIZATION = "/api/v2/org/{organization}/oidc-custom-claims"
_OF_PROJECT = "/api/v2/org/{organization}/project/{project}/oidc-custom-claims"


def _of_organization(reading: Reading, organization: Target) -> Reply:
    segments = {"organization": organization.id}
    return listing.one(reading.calls, _OF_ORGANIZATION, _kept, segments=segments, must="org_id")


def _of_project(reading: Reading, project: Target) -> Reply:
    def ask(id_: str) -> Reply:
        segments = {"organization": project.organization_id, "project": id_}
        return listing.one(reading.calls, _OF_PROJECT, _kept, segments=segments, must="org_id")

    return of_project_id(project, _OF_PROJECT, ask)


def _kept(body: Mapping[str, Json]) -> Json:
    told = body.get("audience")
    audience = [one for one in told if isinstance(one, str)] if isinstance(told, list) else []
    fields = ("ttl", "ttl_updated_at", "audience_updated_at")
    return kept(body, *fields) | {"audience": audience}


def _entries(item: Json) -> Iterator[Entry]:
    audience, ttl = ", ".join(item["audience"]), text(item, "ttl")
    if audience:
        written = when(item.get("audience_updated_at"))
        yield Entry(f"audience {audience}", None, written, kind="circleci-oidc", key="audience")
    if ttl:
        written = when(item.get("ttl_updated_at"))
        yield Entry(f"lifetime {ttl}", None, written, kind="circleci-oidc", key="ttl")


OF_PROJECT = Store(
    name="project OIDC claim",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or an admin of the project",
    read=_of_project,
    entries=_entries,
    on_server=OnServer.ABSENT,
)

STORE = Store(
    name="OIDC claim",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_of_organization,
    entries=_entries,
    on_server=OnServer.ABSENT,
)
