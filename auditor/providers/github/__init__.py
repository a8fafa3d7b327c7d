"""GitHub: whose tokens, apps and keys CI holds, and what they reach.

`collect` and `export` write the snapshot, `organizations` reads it, `holders` makes an identity of
each credential, `identify` decides whose an entry is, `resolve` what it may do by the table that
`table` loads; `directory` answers for all.
"""

from __future__ import annotations

from auditor.collecting import Collecting, Snapshot
from auditor.providers.github import collect, export
from auditor.providers.github.beforehand import least_permissions
from auditor.providers.github.directory import GitHubDirectory
from auditor.providers.github.settings import Settings


class GitHubProvider:
    """The provider `github`."""

    name = "github"
    title = "GitHub"
    settings = Settings

    def packages(self, settings: Settings) -> tuple[str, ...]:
        """Return PyGithub where an organisation is read live, and what computes fingerprints."""
        return ("github", "cryptography") if settings.organizations else ("cryptography",)

    def collect(self, settings: Settings, collecting: Collecting) -> None:
        """Read the organisations live, and from the export what that did not answer.

        MissingExtra where they are to be read live and PyGithub is not installed.
        """
        if settings.organizations:
            collect.collect(settings, collecting)
        if settings.export:
            export.collect(settings, collecting)

    def read(self, settings: Settings, snapshot: Snapshot) -> GitHubDirectory:
        """Return what the snapshot holds of GitHub."""
        return GitHubDirectory(settings, snapshot)

    def permissions(self) -> str:
        """Return the least rights of the audit's own credential, for a token and for an app."""
        return least_permissions()


PROVIDER = GitHubProvider()
