"""The order of the questions to CircleCI; `documents` describes what they leave in the snapshot.

A second call with the same snapshot asks only what the first one did not settle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from auditor.collecting import Collecting
from auditor.console import REDACTOR
from auditor.errors import AuthError, ConfigError
from auditor.inventory.circleci import (
    contexts,
    discovery,
    documents,
    organizations,
    projects,
    repositories,
)
from auditor.inventory.circleci.fields import shown, text
from auditor.inventory.circleci.listing import Calls
from auditor.inventory.circleci.organizations import Organization
from auditor.inventory.circleci.parallel import in_parallel
from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.settings import Settings
from auditor.inventory.circleci.stores import STORES, Target
from auditor.inventory.circleci.stores.organization_settings import switch as organization_switch
from auditor.inventory.circleci.stores.unversioned_config import SWITCH as UNVERSIONED_SWITCH
from auditor.inventory.circleci.usage.collect import Looker, known_variables

T = TypeVar("T")
R = TypeVar("R")


def token_from(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return the token that the environment holds under a name of the settings.

    AuthError, naming the variable and never its value, when there is none or it cannot be one.
    """
    name = next((name for name in settings.token_names if environ.get(name, "").strip()), "")
    token = environ.get(name, "").strip()
    if not token:
        names = " or ".join(settings.token_names)
        raise AuthError(
            f"there is no CircleCI token: the environment variable {names} is not set",
            f"make a personal API token at {settings.tokens_page} and export it under that name",
        )
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise AuthError(
            f"the environment variable {name} does not hold a token",
            "a token is one word of ASCII characters",
        )
    REDACTOR.hide(token)
    return token


def check(settings: Settings) -> None:
    """Raise ConfigError where the settings name a file that is not there."""
    for path in settings.repositories:
        if not Path(path).is_file():
            raise ConfigError(
                f"inventory.circleci.repositories: there is no file {path}",
                "name files with the output of gh api --paginate orgs/ORG/repos",
            )
    if settings.ca_bundle and not Path(settings.ca_bundle).is_file():
        raise ConfigError(
            f"inventory.circleci.ca_bundle: there is no file {settings.ca_bundle}",
            "name a file of certificates in PEM format",
        )


def collect(calls: Calls, settings: Settings, collecting: Collecting) -> None:
    """Read everything that the snapshot does not hold yet."""
    user = organizations.read_user(calls, settings)
    # Asked every time: it proves the token before anything else is tried.
    documents.put(collecting.snapshot, {"user": user}, "user")
    login = shown(text(user.items[0], "login", "id"))
    collecting.progress.note(f"CircleCI: reading {settings.base} as {login}")
    collector = _Collector(calls, settings, collecting)
    audited = collector.organizations()
    budget = collecting.usage_budget // len(audited)
    for organization in audited:
        collector.organization(organization)
        collector.contexts(organization)
        collector.projects(organization)
        collector.usage(organization, budget)


class _Collector:
    """One pass over CircleCI: what the snapshot holds stays, the rest is asked for."""

    def __init__(self, calls: Calls, settings: Settings, collecting: Collecting) -> None:
        self._calls = calls
        self._settings = settings
        self._progress = collecting.progress
        self._snapshot = collecting.snapshot
        self._projects: list[Target] = []
        self._once = partial(documents.once, collecting.snapshot)
        self._reading = Reading(
            calls, settings, collecting.sealer, self._followed(), self._repositories()
        )

    def organizations(self) -> list[Organization]:
        """Return the organisations to audit."""
        ask = {"listed": lambda: organizations.read_listed(self._calls)}
        listed = self._once(ask, "organizations")["listed"]
        asked = {
            name: partial(organizations.read_asked, self._calls, name)
            for name in organizations.to_ask(listed, self._settings)
        }
        found = self._once(asked, "organizations-asked")
        chosen = organizations.organizations(listed, found.values(), self._settings)
        if not chosen:
            raise organizations.nothing(listed, self._settings)
        return chosen

    def organization(self, organization: Organization) -> None:
        """Read what belongs to an organisation as a whole: it decides what else is asked."""
        target = organizations.target(organization)
        self._stores(organization, [target])
        document = documents.load(self._snapshot, organization.id, target.kind.value, target.id)
        permitted = organization_switch(document, UNVERSIONED_SWITCH)
        self._reading = replace(self._reading, unversioned_config=permitted)

    def contexts(self, organization: Organization) -> None:
        """Read the contexts of an organisation."""
        self._progress.start(f"listing the contexts of {shown(organization.name)}")
        ask = {"contexts": lambda: contexts.read_contexts(self._reading, organization)}
        listed = self._once(ask, organization.id, "contexts")["contexts"]
        self._stores(organization, list(contexts.targets(listed, organization)))

    def projects(self, organization: Organization) -> None:
        """Read the projects of an organisation, once it is sure which there are."""
        self._progress.start(f"listing the projects of {shown(organization.name)}")
        wanted = [one for one in discovery.LISTINGS if one.wanted(self._settings)]
        answered = dict(self._work(partial(self._list, organization), wanted))
        # In the order of the table, not of the answers: of two slugs of a project the first counts.
        listings = {one.name: answered[one.name] for one in wanted}
        found = projects.settled(listings, partial(self._resolve, organization))
        self._projects = [projects.target(one, organization) for one in found]
        self._stores(organization, self._projects)

    def usage(self, organization: Organization, budget: int) -> None:
        """Look at who uses the secrets of an organisation: first at projects built lately."""
        if not budget:
            return
        listed = documents.load(self._snapshot, organization.id, "listing", "pipelines")
        slugs = [text(entry, "slug") for reply in listed.values() for entry in reply.items]
        lately = {slug: place for place, slug in enumerate(slugs)}
        ordered = sorted(
            self._projects, key=lambda one: (lately.get(one.slug, len(lately)), one.name, one.id)
        )
        known = known_variables(self._snapshot, organization)
        looker = Looker(self._calls, self._snapshot, organization, known)
        looker.look(ordered, budget, self._progress, self._work)

    def _followed(self) -> Reply:
        if not self._settings.v1:
            return Reply("GET /api/v1.1/projects", error="not asked: v1 is off")
        ask = {"followed": lambda: discovery.read_followed(self._calls)}
        return self._once(ask, "followed")["followed"]

    def _repositories(self) -> Reply:
        paths = self._settings.repositories
        if not paths:
            return Reply("", error="not asked: no file is named")
        ask = {"repositories": lambda: repositories.read_files(paths)}
        return self._once(ask, "repositories")["repositories"]

    def _list(self, organization: Organization, one: discovery.Listing) -> tuple[str, Reply]:
        ask = {one.name: lambda: one.read(self._reading, organization)}
        return one.name, self._once(ask, organization.id, "listing", one.name)[one.name]

    def _resolve(self, organization: Organization, keys: list[str]) -> list[tuple[str, Reply]]:
        def read(key: str) -> tuple[str, Reply]:
            ask = {"project": lambda: discovery.read_project(self._calls, key)}
            return key, self._once(ask, organization.id, "resolved", key)["project"]

        self._progress.start(f"naming the projects of {shown(organization.name)}", len(keys))
        return self._work(read, keys)

    def _stores(self, organization: Organization, targets: list[Target]) -> None:
        if not targets:
            return
        kind = targets[0].kind
        stores = [one for one in STORES if one.scope is kind and one.wanted(self._settings)]
        if not stores:
            return

        def read(target: Target) -> None:
            ask = {store.reply: partial(store.read, self._reading, target) for store in stores}
            self._once(ask, organization.id, kind.value, target.id)

        self._progress.start(
            f"reading the {kind.value}s of {shown(organization.name)}", len(targets)
        )
        self._work(read, targets)

    def _work(self, work: Callable[[T], R], things: Iterable[T]) -> list[R]:
        results = []
        for result in in_parallel(work, things, self._settings.parallel):
            self._progress.advance()
            results.append(result)
        return results
