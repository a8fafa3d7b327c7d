"""GitHub: whose tokens, apps and keys CI holds, and what they reach.

`collect` and `export` write the snapshot, `organizations` reads it, `holders` makes an identity of
each credential, `identify` decides whose an entry is, `resolve` what it may do by the table that
`table` loads; `directory` answers for all.
"""

from __future__ import annotations

from auditor.collecting import Collecting, Snapshot
from auditor.providers.github import export
from auditor.providers.github.directory import GitHubDirectory
from auditor.providers.github.settings import Settings


class GitHubProvider:
    """The provider `github`."""

    name = "github"
    title = "GitHub"
    settings = Settings

    def packages(self, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002
        """Return what computes fingerprints of keys."""
        return ("cryptography",)

    def collect(self, settings: Settings, collecting: Collecting) -> None:
        """Read the exported files."""
        if settings.export:
            export.collect(settings, collecting)

    def read(self, settings: Settings, snapshot: Snapshot) -> GitHubDirectory:
        """Return what the snapshot holds of GitHub."""
        return GitHubDirectory(settings, snapshot)


PROVIDER = GitHubProvider()
