"""What every collector of the package is handed."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.inventory.circleci.listing import Calls
from auditor.inventory.circleci.replies import Reply
from auditor.inventory.circleci.settings import Settings
from auditor.tails import Sealer


@dataclass(frozen=True, slots=True)
class Reading:
    """Whom to ask, how much, and what makes tails unreadable.

    `followed` holds the projects the token's user follows, in all organisations: v1.1 gives them in
    one large answer, so they are read once.
    """

    calls: Calls
    settings: Settings
    sealer: Sealer
    followed: Reply
    repositories: Reply
    """The code host's own list, from files."""
    unversioned_config: bool | None = None
    """Whether the organisation at hand permits it at all, None where that is not known."""
