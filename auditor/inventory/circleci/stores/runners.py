"""Self-hosted runners of organisations: resource classes, tokens, agents (runner API).

A runner token takes jobs of its resource class, and their secrets with them. CircleCI says nothing
of when a token was last used; the agents of its class do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, text, when
from auditor.inventory.circleci.listing import Keep
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.settings import RUNNER_API
from auditor.inventory.circleci.stores.store import Entry, Store, Target
from auditor.models import Json, ScopeKind


def _classes(reading: Reading, organization: Target) -> Reply:
    return listing.every(
        reading.calls,
        f"{RUNNER_API}/resource",
        lambda one: kept(one, "id", "resource_class"),
        query={"org-id": organization.id},
        must="resource_class",
    )


def _of_classes(route: str, must: str, *fields: str) -> Callable[[Reading, Target], Reply]:
    """Return what reads a listing of every resource class."""

    def read(reading: Reading, organization: Target) -> Reply:
        def of_class(one: Json) -> Reply:
            return listing.every(
                reading.calls, route, _keep(one, fields), query=_query(one), must=must
            )

        return listing.nested(_classes(reading, organization), of_class)

    return read


def _keep(one: Json, fields: tuple[str, ...]) -> Keep:
    def keep(entry: Mapping[str, Json]) -> Json:
        return kept(entry, *fields) | {"resource_class": one["resource_class"]}

    return keep


def _query(one: Json) -> Mapping[str, str]:
    return {"resource-class": one["resource_class"]}


def _resources(item: Json) -> Iterator[Entry]:
    yield Entry(text(item, "resource_class"), kind="circleci-runner", key=text(item, "id"))


def _tokens(item: Json) -> Iterator[Entry]:
    nickname = text(item, "nickname") or "token"
    yield Entry(
        f"{nickname} of {item['resource_class']}",
        when(item.get("created_at")),
        kind="circleci-runner-token",
        key=text(item, "id"),
    )


def _agents(item: Json) -> Iterator[Entry]:
    # Its time of change is when it last took a job, else when it last called.
    names = (text(item, "name"), text(item, "hostname"))
    where = " on ".join(dict.fromkeys(name for name in names if name)) or "agent"
    yield Entry(
        f"{where} of {item['resource_class']}",
        when(item.get("first_connected")),
        when(item.get("last_used")) or when(item.get("last_connected")),
        kind="circleci-runner",
    )


RESOURCES = Store(
    name="runner resource",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_classes,
    entries=_resources,
    switch="runner",
    in_builds=False,
)

TOKENS = Store(
    name="runner token",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_of_classes(f"{RUNNER_API}/token", "id", "id", "nickname", "created_at"),
    entries=_tokens,
    switch="runner",
    in_builds=False,
)

AGENTS = Store(
    name="runner agent",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_of_classes(
        RUNNER_API,
        "name",
        "name",
        "hostname",
        "version",
        "status",
        "first_connected",
        "last_connected",
        "last_used",
    ),
    entries=_agents,
    switch="runner",
    in_builds=False,
)
