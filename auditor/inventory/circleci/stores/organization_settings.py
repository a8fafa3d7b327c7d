"""The settings of organisations that decide what can reach their secrets (API v3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import part
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target
from auditor.models import Json, ScopeKind

_SWITCHES = {
    "enable_unversioned_config": "pipelines may be started with a configuration sent along",
    "enable_uncertified_public_orbs": "orbs of anybody may be used",
    "enable_private_orbs": "private orbs may be used",
    "enable_ai_agents": "AI agents may run",
    "is_user_checkout_keys_disabled": "checkout keys of users are forbidden",
    "is_context_group_restriction_required": "every context needs a group restriction",
    "is_bitbucket_workspace_member_org_member": "members of the Bitbucket workspace are members",
}
"""The switches that change exposure, and what they mean when they are on."""


def _read(reading: Reading, organization: Target) -> Reply:
    route = "/api/v3/orgs/{organization}/settings"
    segments = {"organization": organization.id}
    return listing.one(reading.calls, route, _kept, segments=segments, must="data")


def _kept(body: Mapping[str, Json]) -> Json:
    told = part(part(body, "data"), "attributes")
    return {name: told[name] for name in _SWITCHES if isinstance(told.get(name), bool)}


def switch(replies: Mapping[str, Reply], name: str) -> bool | None:
    """Return how a switch stands in the replies of an organisation's stores, None if not told."""
    items = replies[STORE.reply].items if STORE.reply in replies else ()
    told = items[0].get(name) if items else None
    return told if isinstance(told, bool) else None


def _entries(item: Json) -> Iterator[Entry]:
    for name, on in item.items():
        state = "on" if on else "off"
        yield Entry(f"{state}: {_SWITCHES[name]}", kind="circleci-setting", key=name)


STORE = Store(
    name="organization setting",
    scope=ScopeKind.ORGANIZATION,
    right="an organization admin",
    read=_read,
    entries=_entries,
    switch="v3",
    on_server=OnServer.HIDDEN,
    in_builds=False,
    page="security",
)
