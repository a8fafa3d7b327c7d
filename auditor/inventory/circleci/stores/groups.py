"""Groups of standalone organisations: whom a group restriction lets through (API v2, private).

The groups of an organisation of GitHub or Bitbucket are that code host's own teams: CircleCI lists
none of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.settings import APP_API
from auditor.inventory.circleci.stores.addressing import if_standalone
from auditor.inventory.circleci.stores.store import OnServer, Store, Target
from auditor.models import Json, ScopeKind

_GROUPS = "/api/v2/organizations/{organization}/groups"
_MEMBERS = f"{APP_API}ciam/orgs/{{organization}}/groups/{{group}}/users"


def _groups(reading: Reading, organization: Target) -> Reply:
    segments = {"organization": organization.id}
    return if_standalone(
        organization,
        _GROUPS,
        lambda: listing.every(
            reading.calls,
            _GROUPS,
            lambda one: kept(one, "id", "name"),
            segments=segments,
            must="id",
        ),
    )


def _members(reading: Reading, organization: Target) -> Reply:
    def of_group(group: Json) -> Reply:
        def keep(member: Mapping[str, Json]) -> Json:  # who it is, is nobody's business here
            return kept(member, "id") | {"group": group["id"]}

        segments = {"organization": organization.id, "group": group["id"]}
        return listing.every(reading.calls, _MEMBERS, keep, segments=segments)

    return listing.nested(_groups(reading, organization), of_group)


GROUPS = Store(
    name="group",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_groups,
    on_server=OnServer.ABSENT,
)

MEMBERS = Store(
    name="group member",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_members,
    switch="private",
    on_server=OnServer.ABSENT,
)
