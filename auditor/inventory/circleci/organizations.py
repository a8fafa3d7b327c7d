"""Who the token's user is, and which organisations to audit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from auditor.errors import AuditorError, AuthError, RemoteError
from auditor.inventory.circleci import listing
from auditor.inventory.circleci.fields import kept, same_slug, text
from auditor.inventory.circleci.listing import Calls
from auditor.inventory.circleci.replies import Reply, refused
from auditor.inventory.circleci.settings import Settings
from auditor.inventory.circleci.stores import Target
from auditor.models import Json, ScopeKind


@dataclass(frozen=True, slots=True)
class Organization:
    """An organisation of CircleCI."""

    id: str
    slug: str
    name: str


def read_user(calls: Calls, settings: Settings) -> Reply:
    """Return whose token it is: the first call, which decides whether anything can be read.

    AuthError when the token is refused, RemoteError when nobody answers as CircleCI does.
    """
    reply = listing.one(calls, "/api/v2/me", lambda user: kept(user, "id", "login", "name"))
    names = " or ".join(settings.token_names)
    if reply.status == HTTPStatus.UNAUTHORIZED:
        raise AuthError(
            f"CircleCI refused the token in {names}: it is wrong, expired or revoked",
            f"make a personal API token at {settings.tokens_page} and export it as {names}",
        )
    if reply.status == HTTPStatus.FORBIDDEN:
        raise AuthError(
            f"CircleCI knows no user behind the token in {names}: it looks like a project token",
            f"a personal API token is needed; make one at {settings.tokens_page}",
        )
    if not reply.complete:
        raise RemoteError(
            f"{settings.base} does not answer as CircleCI: {reply.call}: {reply.error}",
            "check url, the network and, for CircleCI Server, ca_bundle",
        )
    return reply


def read_listed(calls: Calls) -> Reply:
    """Return the organisations of the token's user, those included that CircleCI does not know."""
    return listing.every(calls, "/api/v2/me/collaborations", _kept)


def read_asked(calls: Calls, name: str) -> Reply:
    """Return one organisation by slug or id, which is a single encoded segment (gh%2Facme)."""
    route = "/api/v2/organization/{organization}"
    return listing.one(
        calls,
        route,
        lambda entry: kept(entry, "id", "slug", "name"),
        segments={"organization": name},
    )


def to_ask(listed: Reply, settings: Settings) -> list[str]:
    """Return the slugs and ids to ask for: named in the settings but not listed, or without an id.

    A listed organisation without an id is one that only the code host knows, or the list lags.
    """
    wanted = {same_slug(name) for name in settings.organizations}
    chosen = _chosen(listed, settings)
    missing = wanted - {name for entry in chosen for name in _names(entry)}
    without_id = {text(entry, "slug") for entry in chosen if not text(entry, "id")} - {""}
    return sorted(missing | without_id)


def organizations(listed: Reply, asked: Iterable[Reply], settings: Settings) -> list[Organization]:
    """Return the organisations to audit, each once, sorted by name."""
    entries = (*_chosen(listed, settings), *(entry for reply in asked for entry in reply.items))
    found = {
        text(entry, "id"): Organization(
            text(entry, "id"), text(entry, "slug"), text(entry, "name", "slug", "id")
        )
        for entry in entries
        if text(entry, "id")
    }
    return sorted(found.values(), key=lambda organization: (organization.name, organization.id))


def target(organization: Organization) -> Target:
    """Return an organisation as a scope to read."""
    name, slug = organization.name, organization.slug
    return Target(ScopeKind.ORGANIZATION, organization.id, slug, name, organization.id)


def is_listed(name: str, listed: Reply) -> bool:
    """Return whether the listing names the organisation, if only by its slug."""
    return any(name in _names(entry) for entry in listed.items)


def nothing(listed: Reply, settings: Settings) -> AuditorError:
    """Return the error that says why there is no organisation to audit."""
    if not listed.complete and not refused(listed.status):
        return RemoteError(
            f"CircleCI did not list the organisations: {listed.error}", "try again later"
        )
    asked = ", ".join(settings.organizations) or "any organisation"
    return AuthError(
        f"the token's user cannot see {asked} in CircleCI",
        "use the token of an organization admin, and name organisations by slug (gh/acme) or id",
    )


def _chosen(listed: Reply, settings: Settings) -> list[Mapping[str, Json]]:
    wanted = {same_slug(name) for name in settings.organizations}
    return [entry for entry in listed.items if not wanted or _names(entry) & wanted]


def _names(entry: Mapping[str, Json]) -> set[str]:
    return {same_slug(text(entry, "slug")), text(entry, "id")} - {""}


def _kept(entry: Mapping[str, Json]) -> Json:
    """Return what to keep; clients have seen both `vcs-type` and `vcs_type`."""
    return kept(entry, "id", "slug", "name") | {"vcs_type": text(entry, "vcs-type", "vcs_type")}
