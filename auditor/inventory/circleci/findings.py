"""What reading the snapshot has found so far: places, secrets, coverage, gaps."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from auditor.collecting import Snapshot
from auditor.inventory.circleci import documents
from auditor.inventory.circleci.fields import shown, text
from auditor.inventory.circleci.gaps import NOT_READ, SOURCE, Trouble
from auditor.inventory.circleci.organizations import Organization
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.scopes import Link, Told, told
from auditor.inventory.circleci.settings import Settings
from auditor.inventory.circleci.stores import STORES, Target
from auditor.models import Coverage, Exposure, Gap, JobRun, Place, ScopeKind, Secret, Use


@dataclass(slots=True)
class Findings:
    """What was found so far."""

    settings: Settings
    snapshot: Snapshot
    places: list[Place] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)
    job_runs: list[JobRun] = field(default_factory=list)
    owners: dict[str, str] = field(default_factory=dict)
    """The organisation of every scope added, by id: two may list the same project."""
    read: Counter[str] = field(default_factory=Counter)
    """How many scopes of the organisation at hand gave a store wholly, by the store's name."""
    absent: Counter[str] = field(default_factory=Counter)
    """How many of those do not have the store at all."""

    @property
    def user(self) -> str:
        """Return the id of the token's user."""
        users = self.load("user", "user").items
        return text(users[0], "id") if users else ""

    def load(self, name: str, *parts: str) -> Reply:
        """Return a reply of the snapshot; one that says so where there is none."""
        return documents.load(self.snapshot, *parts).get(name, NOT_READ)

    def told(self, target: Target, organization: Organization) -> Told:
        """Return what the stores of a scope told."""
        document = documents.load(self.snapshot, organization.id, target.kind.value, target.id)
        return told(target, organization, document, self.settings)

    def add(
        self,
        scope: Told,
        of: Organization,
        exposed: Exposure,
        sources: tuple[str, ...],
        link: Link,
    ) -> None:
        """Add a scope with its secrets and with what is wrong with them."""
        self.owners[scope.scope.id] = of.id
        before = len(self.secrets)
        self.secrets.extend(scope.secrets(exposed, link))
        self.places.append(scope.place(sources, link(""), len(self.secrets) - before))
        self.troubles.extend(scope.troubles())
        self.read.update(store.name for store, reply in scope.replies if reply.complete)
        self.absent.update(store.name for store, reply in scope.replies if reply.nothing_to_ask)

    def cover(self, kind: ScopeKind, of: Organization, known: int | None, note: str) -> None:
        """Add lines of coverage for the stores of credentials of the scopes just added.

        One line for the scopes; a further one for stores that more or fewer of them answered.
        """
        stores = [one for one in STORES if one.scope is kind and one.entries]
        alike: dict[int, list[str]] = {}
        for store in (one for one in stores if one.wanted(self.settings)):
            if self.absent[store.name] and self.absent[store.name] == self.read[store.name]:
                continue
            alike.setdefault(self.read[store.name], []).append(f"{store.name}s")
        one = kind is ScopeKind.ORGANIZATION
        places = f"organization {shown(of.name)}" if one else f"{kind.value}s of {shown(of.name)}"
        for number, (read, names) in enumerate(alike.items()):
            what = f"{places} for their {', '.join(names)}" if number else places
            self.coverage.append(Coverage(SOURCE, what, read, known, note))
        self.read.clear()
        self.absent.clear()
