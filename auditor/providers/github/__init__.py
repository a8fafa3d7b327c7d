"""GitHub: whose tokens, apps and keys CI holds, and what they reach.

`collect` and `export` write the snapshot, `organizations` reads it, `holders` makes an identity of
each credential, `identify` decides whose an entry is, `resolve` what it may do by the table that
`table` loads; `directory` answers for all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from auditor.collecting import Collecting, Snapshot, Sought
from auditor.models import Check, Gap, PlannedCall
from auditor.providers.github import collect, events, examine, export
from auditor.providers.github.directory import GitHubDirectory
from auditor.providers.github.locate import located
from auditor.providers.github.permissions import least_permissions
from auditor.providers.github.planned import planned_calls
from auditor.providers.github.settings import Settings


class GitHubProvider:
    """The provider `github`."""

    name = "github"
    title = "GitHub"
    settings = Settings
    log_source = "github"

    locate = staticmethod(located)

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

    def planned_calls(self, settings: Settings, usage_budget: int) -> Iterator[PlannedCall]:  # noqa: ARG002
        """Yield the requests of an audit; they share one limit."""
        return planned_calls(settings)

    def read(self, settings: Settings, snapshot: Snapshot) -> GitHubDirectory:
        """Return what the snapshot holds of GitHub."""
        return GitHubDirectory(settings, snapshot)

    def collect_logs(self, settings: Settings, sought: Sought, collecting: Collecting) -> str:
        """Read the audit log of the organisations: of logins alone where all names are such."""
        return events.collect(settings, sought, collecting)

    def log_gaps(self, snapshot: Snapshot) -> tuple[Gap, ...]:
        """Return what could not be read of audit logs."""
        return events.gaps_of(snapshot)

    def examine(self, settings: Settings) -> Iterator[Check]:
        """Yield who the audit is there, and what of each organisation would stay unknown."""
        return examine.examine(settings)

    def log_names(
        self,
        settings: Settings,
        names: Collection[str],
        snapshot: Snapshot,  # noqa: ARG002 (names tell by themselves)
    ) -> Collection[str]:
        """Return logins, and what GitHub calls by an owner and a path."""
        return events.askable(names) if settings.organizations else set()

    def log_days(self, snapshot: Snapshot) -> Mapping[str, int]:  # noqa: ARG002 (always the same)
        """Return the days of the audit log, and of the Git events in it."""
        return {"GitHub audit log": events.KEPT_DAYS, "Git events of GitHub": events.GIT_DAYS}

    def permissions(self) -> str:
        """Return the least rights of the audit's own credential, for a token and for an app."""
        return least_permissions()


PROVIDER = GitHubProvider()
