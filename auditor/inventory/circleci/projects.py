"""Which projects an organisation has: the union of what all listings say, as a pure function.

A project remembers which listings named it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from auditor.inventory.circleci.fields import same_slug, text
from auditor.inventory.circleci.organizations import Organization
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.stores import Target
from auditor.models import Json, ScopeKind


@dataclass(slots=True)
class Project:
    """A project as the listings name it; "" is what none of them says."""

    id: str = ""
    slug: str = ""
    name: str = ""
    sources: list[str] = field(default_factory=list)
    contested: bool = False
    """True when a second project, with another id, claims the same slug."""

    @property
    def key(self) -> str:
        """Return the id, or the best there is in its place."""
        return self.id or self.slug or f"name:{self.name}"


def union(listings: Mapping[str, Reply], resolved: Iterable[Reply] = ()) -> list[Project]:
    """Return every project that any listing names, once, in the order they are first named.

    Ids decide, then slugs, and a bare name only where nothing else is known of it. `resolved` are
    answers of `read_project`: they tell which id and which slug belong together.
    """
    entries = [
        *(("", entry) for reply in resolved for entry in reply.items),
        *((name, entry) for name, reply in listings.items() for entry in reply.items),
    ]
    found = _Union()
    for source, entry in entries:
        if text(entry, "id"):
            found.add_with_id(source, entry)
    for source, entry in entries:
        if text(entry, "slug") and not text(entry, "id"):
            found.add_with_slug(source, entry)
    for source, entry in entries:
        if text(entry, "name") and not text(entry, "id", "slug"):
            found.add_with_name(source, entry)
    return [project for project in found.projects if project.sources]


def settled(
    listings: Mapping[str, Reply], resolve: Callable[[list[str]], Iterable[tuple[str, Reply]]]
) -> list[Project]:
    """Return the union once it is sure which slug and which id belong together.

    `resolve` answers questions by id or slug, as `discovery.read_project` does; it is called until
    none is left.
    """
    resolved: dict[str, Reply] = {}
    found = union(listings)
    while keys := _questions(found, resolved):
        resolved |= resolve(keys)
        found = union(listings, resolved.values())
    return found


def target(project: Project, organization: Organization) -> Target:
    """Return a project as a scope to read."""
    name = project.name or project.slug.rpartition("/")[2] or project.id
    return Target(ScopeKind.PROJECT, project.key, project.slug, name, organization.id)


def _questions(projects: list[Project], asked: Mapping[str, Reply]) -> list[str]:
    """Return what to ask for before the union is sure: ids first, for they may tell every slug."""
    ids = (project.id for project in projects if project.id and not project.slug)
    slugs = (
        project.slug
        for project in projects
        if project.slug and (not project.id or project.contested)
    )
    return [key for key in ids if key not in asked] or [key for key in slugs if key not in asked]


class _Union:
    """Projects by id, by slug and by name while the union grows."""

    def __init__(self) -> None:
        self.projects: list[Project] = []
        self._ids: dict[str, Project] = {}
        self._slugs: dict[str, Project] = {}

    def add_with_id(self, source: str, entry: Mapping[str, Json]) -> None:
        project = self._ids.get(text(entry, "id")) or self._new(Project(id=text(entry, "id")))
        self._ids[project.id] = project
        self._name(project, source, entry)
        slug = same_slug(text(entry, "slug"))
        if not slug:
            return
        owner = self._slugs.setdefault(slug, project)
        if owner is project:
            project.slug = project.slug or slug
        else:
            owner.contested = True

    def add_with_slug(self, source: str, entry: Mapping[str, Json]) -> None:
        slug = same_slug(text(entry, "slug"))
        project = self._slugs.get(slug) or self._new(Project(slug=slug))
        self._slugs[slug] = project
        self._name(project, source, entry)

    def add_with_name(self, source: str, entry: Mapping[str, Json]) -> None:
        alike = [project for project in self.projects if project.name == text(entry, "name")]
        if len(alike) <= 1:  # one of several: all of them are known already
            self._name(alike[0] if alike else self._new(Project()), source, entry)

    def _new(self, project: Project) -> Project:
        self.projects.append(project)
        return project

    def _name(self, project: Project, source: str, entry: Mapping[str, Json]) -> None:
        project.name = project.name or text(entry, "name")
        if source and source not in project.sources:
            project.sources.append(source)
