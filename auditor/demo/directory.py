"""Finds organisations, contexts and projects by every name that CircleCI's API takes for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from auditor.demo.estate import CiOrganization, Context, Person, Project, Scenario
from auditor.demo.wire import Reply, Request


@dataclass(frozen=True, slots=True)
class Found:
    """A project and whose it is."""

    organization: CiOrganization
    project: Project


class Directory:
    """Looks up organisations, contexts and projects by every name the API takes for them."""

    def __init__(self, scenario: Scenario) -> None:
        """Index the scenario."""
        self.person: Person = scenario.person
        self.organizations: tuple[CiOrganization, ...] = scenario.organizations
        self.by_owner: dict[str, CiOrganization] = {}
        self.contexts: dict[str, Context] = {}
        self.projects: dict[str, Found] = {}
        for organization in scenario.organizations:
            names = {organization.id or "", organization.slug, *_other_slugs(organization)} - {""}
            self.by_owner.update(dict.fromkeys(names, organization))
            self.contexts.update({context.id: context for context in organization.contexts})
            for project in organization.projects:
                found = Found(organization, project)
                self.projects.update(dict.fromkeys((project.id, *project.slugs), found))

    def context(self, id_: str) -> Context | None:
        """Return a context that the token may see into."""
        context = self.contexts.get(id_)
        return None if context is None or context.denied else context

    def project(self, *names: str) -> Found | None:
        """Return a project that the token may see into, by UUID or by the segments of its slug."""
        found = self.projects.get("/".join(names))
        return None if found is None or found.project.denied else found


def _other_slugs(organization: CiOrganization) -> tuple[str, ...]:
    if organization.vcs_type == "github":
        return (f"github/{organization.name}",)
    return (f"circleci/{organization.id}",)


Answer: TypeAlias = Callable[[Directory, Request, tuple[str, ...]], Reply]
"""Answers one route; the texts are what stands at the route's "{}"."""
Routes: TypeAlias = Mapping[str, Answer]


def page(
    items: tuple[object, ...], request: Request, size: int, token: str
) -> tuple[tuple[object, ...], str | None]:
    """Return the page that the token of the last one asks for, and the token of the next.

    Told to be endless it is always the first page, each time with another token.
    """
    if request.endless:
        return items[:size], f"{token}x"
    start = int(token.removeprefix("page-")) if token.removeprefix("page-").isdigit() else 0
    rest = start + size
    return items[start:rest], f"page-{rest}" if rest < len(items) else None
