"""What a store is: one thing CircleCI keeps for a scope, how to read it, what it tells.

Reading is I/O and leaves a `Reply` in the snapshot; telling is pure and takes that reply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from auditor.inventory.circleci.reading import Reading
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.settings import Settings
from auditor.models import Json, ScopeKind, Tail


@dataclass(frozen=True, slots=True)
class Target:
    """A scope to read: its id, what stands for it in addresses, and where it belongs.

    `slug` is "" for a context, and for a project of which only the id or the name is known.
    """

    kind: ScopeKind
    id: str
    slug: str
    name: str
    organization_id: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One credential of a store, as the vendor tells of it."""

    name: str
    created: datetime | None
    updated: datetime | None
    tail: Tail | None


@dataclass(frozen=True, slots=True)
class Store:
    """One thing that CircleCI keeps for every scope of a kind."""

    name: str
    """What it is called in `Secret.store`, in gaps and in the snapshot."""
    scope: ScopeKind
    right: str
    """What the token's user must be to read it, for the fix of a gap."""
    read: Callable[[Reading, Target], Reply]
    entries: Callable[[Json], Iterator[Entry]] | None = None
    """The credentials in one item of a reply; None for a store that holds no credential."""
    wanted: Callable[[Settings], bool] = lambda _: True
    most: int | None = None
    """A number of items at which CircleCI is known to stop without saying so."""

    def credentials(self, reply: Reply) -> Iterator[Entry]:
        """Yield every credential of a reply, none for a store that holds none."""
        if self.entries:
            for item in reply.items:
                yield from self.entries(item)
