"""From the snapshot to the inventory: pure, but for loading the documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus

from auditor.collecting import Snapshot
from auditor.inventory import Inventory
from auditor.inventory.circleci import (
    contexts,
    discovery,
    documents,
    exposure,
    gaps,
    links,
    organizations,
    people,
    projects,
    repositories,
    unlisted,
)
from auditor.inventory.circleci.doors import doors_of
from auditor.inventory.circleci.exposure import Doors, Estate
from auditor.inventory.circleci.fields import shown, text
from auditor.inventory.circleci.findings import Findings
from auditor.inventory.circleci.gaps import NOT_READ, SOURCE, Question, Trouble
from auditor.inventory.circleci.organizations import Organization
from auditor.inventory.circleci.projects import Project
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.scopes import Told
from auditor.inventory.circleci.settings import Settings
from auditor.inventory.circleci.stores import RESTRICTIONS, STORES, Target
from auditor.inventory.circleci.stores.role_grants import ADMIN
from auditor.inventory.circleci.usage import read as usage
from auditor.models import Coverage, Gap, Scope, ScopeKind, Unknown

_MOST_GONE = 5
_AGENTS, _AGENTS_READ = "circleci-agents", "read by the AI agents of CircleCI"
_NAMING = Question("slug and id")
_PRIVATE = "set private = true in [inventory.circleci], then audit again"
_UNJUDGED = (
    "an expression, a group or a project that is not listed limits its use, "
    "and what that lets through cannot be judged from outside"
)


def read(settings: Settings, snapshot: Snapshot) -> Inventory:
    """Return what the snapshot holds of CircleCI, and what it should hold and does not."""
    found = Findings(settings, snapshot)
    audited = _organizations(found)
    for organization in audited:
        _switched_off(found, organization)
        whole = found.told(organizations.target(organization), organization)
        estate = _projects(found, organization, whole)
        _contexts(found, organization, estate)
        _organization(found, organization, whole, estate)
        usage.read(found, organization)
    return Inventory(
        tuple(shown(organization.name) for organization in audited),
        tuple(found.places),
        tuple(found.secrets),
        tuple(found.coverage),
        (*found.gaps, *gaps.joined(found.troubles)),
        tuple(found.uses),
        tuple(found.job_runs),
    )


def _organizations(found: Findings) -> list[Organization]:
    """Return the organisations to read, with gaps for those that could not be."""
    listed = found.load("listed", "organizations")
    asked = documents.load(found.snapshot, "organizations-asked")
    audited = organizations.organizations(listed, asked.values(), found.settings)
    names = organizations.to_ask(listed, found.settings)
    open_ = {name: asked.get(name, NOT_READ) for name in names}
    # The code host knows it, CircleCI does not: it holds nothing there.
    unknown = {
        name
        for name, reply in open_.items()
        if reply.status == HTTPStatus.NOT_FOUND and organizations.is_listed(name, listed)
    }
    failed = {
        f"organisation {shown(name)}": reply
        for name, reply in open_.items()
        if not reply.complete and name not in unknown
    }
    whole = listed.complete and not listed.repeated
    troubles = failed if whole else {"the list of organisations": listed, **failed}
    found.gaps.extend(
        Gap(what, gaps.why(reply), gaps.fix(reply), SOURCE) for what, reply in troubles.items()
    )
    known = len(audited) + len(failed) if whole else None
    note = _read_as(found) + (f"; {len(unknown)} more unknown to CircleCI" if unknown else "")
    found.coverage.append(Coverage(SOURCE, "organisations", len(audited), known, note))
    return audited


def _read_as(found: Findings) -> str:
    users = found.load("user", "user").items
    login = shown(text(users[0], "login", "id")) if users else "nobody"
    return f"read as {login}; a user who is not organization admin may be shown less"


def _switched_off(found: Findings, organization: Organization) -> None:
    """Add a gap for every store that is not asked for."""
    found.gaps.extend(
        gap for store in STORES if (gap := gaps.unasked(store, organization, found.settings))
    )


# --- projects --------------------------------------------------------------------------------


def _projects(found: Findings, organization: Organization, whole: Told) -> Estate:
    """Add the projects of an organisation and return what its contexts need to know of them."""
    listings = {
        one.name: found.load(one.name, organization.id, "listing", one.name)
        for one in discovery.LISTINGS
        if one.wanted(found.settings)
    }
    named = projects.settled(
        listings,
        lambda keys: [
            (key, found.load("project", organization.id, "resolved", key)) for key in keys
        ],
    )
    missing = _missing(organization, listings, named)
    found.gaps.extend(_deleted(organization, listings.get("private"), found.settings))
    found.troubles.extend(_unnamed(found, organization, named))
    doors = {
        project.key: _project(found, organization, whole, project)
        for project in named
        if project.key not in found.owners
    }
    found.gaps.extend([missing] if missing else [])
    note = ", ".join(_listing_note(name, reply) for name, reply in listings.items())
    found.cover(ScopeKind.PROJECT, organization, None if missing else len(doors), note)
    _compared(found, organization, named)
    names = {project.key: projects.target(project, organization).name for project in named}
    return Estate(organization.id, names | people.groups(whole), doors, missing)


def _project(found: Findings, organization: Organization, whole: Told, project: Project) -> Doors:
    """Add a project and return its doors."""
    scope = found.told(projects.target(project, organization), organization)
    doors = doors_of(scope, whole, organization, found)

    def link(page: str) -> str | None:
        return links.project(found.settings, project.slug, page or "environment-variables")

    found.add(scope, organization, exposure.of_project(doors), tuple(project.sources), link)
    return doors


def _compared(found: Findings, organization: Organization, named: list[Project]) -> None:
    """Add how the projects compare with the code host's own list, where one was given."""
    if not found.settings.repositories:
        return
    listed = found.load("repositories", "repositories")
    if not listed.complete:
        what = "the comparison with the code host"
        fix = "give files of gh api --paginate, or of lines of owner/name"
        found.gaps.append(gaps.of_organization(organization, what, gaps.why(listed), fix))
        return
    own = {one["slug"].lower() for one in repositories.of(organization, listed)}
    slugs = {project.slug.lower() for project in named if project.slug}
    gone = sorted(slugs - own) if own else []
    note = f"{len(own - slugs)} are no project; {len(gone)} projects have no repository any more"
    note += f": {', '.join(map(shown, gone[:_MOST_GONE]))}" if gone else ""
    what = f"repositories of {shown(organization.name)} that CircleCI has as projects"
    found.coverage.append(Coverage(SOURCE, what, len(own & slugs), len(own), note))


def _unnamed(
    found: Findings, organization: Organization, named: list[Project]
) -> Iterator[Trouble]:
    """Yield why the slug or the id of a project is not known, where it was asked for."""
    for project in named:
        if not project.id or not project.slug:
            reply = found.load("project", organization.id, "resolved", project.key)
            if reply.call and not reply.complete:
                target = projects.target(project, organization)
                scope = Scope(target.kind, target.id, shown(target.name), shown(organization.name))
                yield gaps.unread(_NAMING, scope, reply)


def _missing(
    organization: Organization, listings: Mapping[str, Reply], named: list[Project]
) -> Gap | None:
    """Return why there may be more projects, None if a listing that knows all of them was read.

    API v3 answers with an empty list what it does not know: that proves nothing where another
    listing names projects.
    """
    whole = {one.name: listings.get(one.name) for one in discovery.LISTINGS if one.whole}
    if any(
        reply and reply.complete and not reply.repeated and (reply.items or not named)
        for reply in whole.values()
    ):
        return None
    reasons = [f"{name}: {_failure(reply)}" for name, reply in whole.items()]
    passing = any(reply and not reply.settled for reply in whole.values())
    return gaps.of_organization(
        organization,
        "projects that no partial listing names",
        f"no listing of all projects was read ({'; '.join(reasons)})",
        gaps.RESUME if passing else "allow v3 and private, with the token of an organization admin",
    )


def _deleted(
    organization: Organization, private: Reply | None, settings: Settings
) -> Iterator[Gap]:
    """Yield why deleted and stopped projects are not known: one listing alone names them."""
    if private and private.complete and not private.repeated:
        return
    what = "deleted and stopped projects, whose secrets CircleCI keeps,"
    if private:
        yield gaps.of_organization(organization, what, gaps.why(private), gaps.fix(private))
        return
    where = "no API of CircleCI Server lists them" if settings.server else _failure(None)
    fix = "look in the web application" if settings.server else _PRIVATE
    yield gaps.of_organization(organization, what, f"{where}: the private listing names them", fix)


def _failure(reply: Reply | None) -> str:
    if reply is None:
        return "switched off, or not offered by CircleCI Server"
    return gaps.why(reply) if reply.error or reply.repeated else "empty, though projects are known"


def _listing_note(name: str, reply: Reply) -> str:
    return f"{name}: {len(reply.items)}" + ("" if reply.complete else f" ({reply.error})")


# --- contexts --------------------------------------------------------------------------------


def _contexts(found: Findings, organization: Organization, estate: Estate) -> None:
    """Add the contexts of an organisation."""
    listed = found.load("contexts", organization.id, "contexts")
    for target in contexts.targets(listed, organization):
        if target.id not in found.owners:
            _context(found, organization, target, estate)
    whole = listed.complete and not listed.repeated
    if not whole:
        what, reason = "the list of contexts", gaps.why(listed)
        found.gaps.append(gaps.of_organization(organization, what, reason, gaps.fix(listed)))
    found.cover(ScopeKind.CONTEXT, organization, len(listed.items) if whole else None, "")


def _context(found: Findings, organization: Organization, target: Target, estate: Estate) -> None:
    scope = found.told(target, organization)
    reply = scope.reply(RESTRICTIONS)
    if reply.complete:
        doubt = Trouble(RESTRICTIONS, scope.scope, _UNJUDGED, "read the restrictions by hand")
        exposed = exposure.of_context(reply.items, estate, doubt.gap)
        if any(isinstance(fact, Unknown) and fact.gap == doubt.gap for fact in exposed.facts):
            found.troubles.append(doubt)
    else:
        exposed = exposure.of_unknown_context(estate, scope.gap(RESTRICTIONS))
    if target.name == _AGENTS:
        exposed = replace(exposed, restrictions=(*exposed.restrictions, _AGENTS_READ))
    url = links.organization(found.settings, organization.slug, "contexts", target.id)
    found.add(scope, organization, exposed, ("contexts",), lambda _: url)


# --- the organisation itself -----------------------------------------------------------------


def _organization(found: Findings, organization: Organization, scope: Told, estate: Estate) -> None:
    """Add what belongs to an organisation as a whole."""

    def link(page: str) -> str | None:
        return links.organization(found.settings, organization.slug, page or "overview")

    found.add(scope, organization, exposure.of_organization(estate), ("organizations",), link)
    found.secrets.extend(unlisted.secrets(scope.scope, link("")))
    user = found.user
    found.cover(ScopeKind.ORGANIZATION, organization, 1, people.roles(scope, user))
    if (role := people.role_of(scope, user)) and role != ADMIN:
        why = f"the token's user is {role} of it, and CircleCI may show such a user less"
        what = "contexts, projects and settings that only admins see"
        found.gaps.append(gaps.of_organization(organization, what, why, gaps.ADMIN))
