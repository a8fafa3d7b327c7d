"""What is known of Azure, offline."""

from __future__ import annotations

from collections.abc import Mapping

from auditor.models import (
    Coverage,
    Credential,
    Gap,
    Identity,
    LogCoverage,
    Match,
    NoMatch,
    Resolution,
    Secret,
    Weakness,
)

_UNREAD = Gap(
    what="everything of Azure",
    why="this version answers made-up requests only: it reads neither a tenant nor an export",
    fix="ask with auditor simulate azure, and find the owners by hand",
    source="azure",
)


class AzureDirectory:
    """A directory that says that nothing was read."""

    def __init__(self) -> None:
        """Know nobody."""
        self.identities: Mapping[str, Identity] = {}
        self.coverage: tuple[Coverage, ...] = ()
        self.gaps: tuple[Gap, ...] = (_UNREAD,)
        self.weaknesses: tuple[Weakness, ...] = ()
        self.logs: tuple[LogCoverage, ...] = ()

    def identify(
        self,
        credential: Credential,
        secrets: Mapping[str, Secret],  # noqa: ARG002
        owner: str | None = None,  # noqa: ARG002
    ) -> Match | NoMatch:
        """Return that nobody was looked for."""
        return NoMatch(credential.id, searched=False, gap=_UNREAD)

    def resolve(self, identity_id: str) -> Resolution:
        """Return that nothing is known of an identity."""
        return Resolution(identity_id, (), (), (_UNREAD,))
