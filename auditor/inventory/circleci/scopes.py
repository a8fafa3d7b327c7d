"""One scope and what its stores told: its place, its secrets, what is wrong with them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from auditor.inventory.circleci.exposure import NOT_IN_BUILDS
from auditor.inventory.circleci.fields import shown
from auditor.inventory.circleci.gaps import NOT_READ, SOURCE, Trouble, unread, unsure
from auditor.inventory.circleci.organizations import Organization
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.settings import Settings
from auditor.inventory.circleci.stores import STORES, Store, Target
from auditor.models import Exposure, Fact, Gap, Known, Place, Scope, Secret, Unknown, secret_id

Link: TypeAlias = Callable[[str], str | None]
"""Returns the address of a page of the scope's settings; of the usual one for ""."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the wanted stores of one scope told."""

    scope: Scope
    replies: tuple[tuple[Store, Reply], ...]

    def reply(self, store: Store) -> Reply:
        """Return the reply of a store; one that says so where it was not read."""
        return next((reply for one, reply in self.replies if one is store), NOT_READ)

    def gap(self, store: Store) -> Gap:
        """Return the gap that a store leaves, of this scope alone."""
        return unread(store, self.scope, self.reply(store)).gap

    def troubles(self) -> Iterator[Trouble]:
        """Yield everything that leaves rows of the scope open."""
        for store, reply in self.replies:
            if not reply.complete:
                yield unread(store, self.scope, reply)
            elif trouble := unsure(store, self.scope, reply):
                yield trouble

    def secrets(self, exposure: Exposure, link: Link) -> Iterator[Secret]:
        """Yield every row that was read, those of a listing that broke off included."""
        for store, reply in self.replies:
            exposed = exposure if store.in_builds else NOT_IN_BUILDS
            url = link(store.page)
            for entry in store.credentials(reply):
                yield Secret(
                    id=secret_id(SOURCE, store.name, self.scope.id, entry.key or entry.name),
                    source=SOURCE,
                    store=store.name,
                    scope=self.scope,
                    name=shown(entry.name),
                    created=entry.created,
                    updated=entry.updated,
                    tail=entry.tail,
                    exposure=exposed,
                    url=url,
                    kind=entry.kind,
                )

    def place(self, sources: tuple[str, ...], url: str | None, secrets: int) -> Place:
        """Return the place; it is readable only when every store of credentials was read."""
        unread_stores = (
            store
            for store, reply in self.replies
            if store.entries and not store.setting and not reply.complete
        )
        failed = next(unread_stores, None)
        readable: Fact[int] = Unknown(self.gap(failed)) if failed else Known(secrets)
        return Place(self.scope, sources, readable, url)


def told(
    target: Target, organization: Organization, replies: Mapping[str, Reply], settings: Settings
) -> Told:
    """Return what the wanted stores of a scope told; `replies` is its document in the snapshot."""
    scope = Scope(target.kind, target.id, shown(target.name), shown(organization.name))
    wanted = (one for one in STORES if one.scope is target.kind and one.wanted(settings))
    return Told(scope, tuple((one, replies.get(one.reply, NOT_READ)) for one in wanted))
