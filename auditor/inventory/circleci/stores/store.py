"""What a store is: one thing CircleCI keeps for a scope, how to read it, what it tells.

Reading is I/O and leaves a `Reply` in the snapshot; telling is pure and takes that reply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

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
    """One row of a store, as the vendor tells of it."""

    name: str
    created: datetime | None = None
    updated: datetime | None = None
    tail: Tail | None = None
    kind: str = ""
    """Kind of the catalogue, "" where the name has to tell it."""
    key: str = ""
    """What tells it from others of the same name, such as the vendor's id for it."""


class OnServer(Enum):
    """How CircleCI Server has a store."""

    LISTED = auto()
    """As Cloud does."""
    HIDDEN = auto()
    """It is there, and no API shows it."""
    ABSENT = auto()
    """Server has no such thing."""


@dataclass(frozen=True, slots=True)
class Store:
    """One thing that CircleCI keeps for every scope of a kind."""

    name: str
    """What it is called in `Secret.store`, in gaps and in the snapshot; its plural takes an s."""
    scope: ScopeKind
    right: str
    """What the token's user must be to read it, for the fix of a gap."""
    read: Callable[[Reading, Target], Reply]
    entries: Callable[[Json], Iterator[Entry]] | None = None
    """The rows in one item of a reply; None for a store that only tells of others."""
    switch: str = ""
    """The setting that turns it off: "v1", "v3", "runner"."""
    on_server: OnServer = OnServer.LISTED
    in_builds: bool = True
    """Whether builds receive what it holds."""
    setting: bool = False
    """Whether it holds switches alone: the secrets of a place are known without them."""
    page: str = ""
    """Its page among the scope's settings in the web application, "" for the usual one."""
    shared: str = ""
    """Name of the reply in the snapshot where several stores are told by one call."""
    most: int | None = None
    """A number of items at which CircleCI is known to stop without saying so."""

    @property
    def reply(self) -> str:
        """Return the name of its reply in the snapshot."""
        return self.shared or self.name

    def wanted(self, settings: Settings) -> bool:
        """Return whether to ask for it."""
        if settings.server and self.on_server is not OnServer.LISTED:
            return False
        return not self.switch or bool(getattr(settings, self.switch))

    def credentials(self, reply: Reply) -> Iterator[Entry]:
        """Yield every row of a reply, none for a store that has none."""
        if self.entries:
            for item in reply.items:
                yield from self.entries(item)
