"""What is known of GitHub, offline: whose a credential is and what it may do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from auditor.collecting import Snapshot
from auditor.models import (
    Coverage,
    Credential,
    Fact,
    Gap,
    Identity,
    Json,
    LogCoverage,
    Match,
    NoMatch,
    Resolution,
    Secret,
    Seen,
    Suggestion,
    Weakness,
)
from auditor.providers.github import parts
from auditor.providers.github.documents import CREDENTIAL, EXPORT_FILES, text
from auditor.providers.github.gaps import gap_of_login, source_of
from auditor.providers.github.holders import holders
from auditor.providers.github.identify import Matcher
from auditor.providers.github.logs import logs
from auditor.providers.github.organizations import Organization, names, read
from auditor.providers.github.part import APP, AUTHORIZED, FINE_GRAINED, Part, account_of
from auditor.providers.github.resolve import resolve
from auditor.providers.github.settings import Settings
from auditor.providers.github.suggest import suggestion
from auditor.providers.github.weaknesses import left_behind, weaknesses

_TOKEN_PARTS = (parts.AUTHORIZATIONS, parts.TOKENS, parts.INSTALLATIONS)
_KEY_PARTS = (parts.REPOSITORIES, parts.DEPLOY_KEYS, parts.USER_KEYS, parts.MEMBERS)


class GitHubDirectory:
    """All organisations of one snapshot. What a credential may do is decided when asked for."""

    def __init__(self, settings: Settings, snapshot: Snapshot) -> None:
        """Read and index everything."""
        wanted = dict.fromkeys((*settings.organizations, *names(snapshot)))
        self._organizations = {name: read(name, snapshot, settings.web) for name in wanted}
        self._holders = {
            holder.identity.id: holder
            for organization in self._organizations.values()
            for holder in holders(organization)
        }
        every = self._organizations.values()
        self.identities: Mapping[str, Identity] = {
            id_: holder.identity for id_, holder in self._holders.items()
        }
        self.gaps: tuple[Gap, ...] = (
            *_nothing(wanted, settings),
            *_own_gaps(snapshot.load(CREDENTIAL), settings),
            *_export_gaps(snapshot.load(EXPORT_FILES)),
            *(gap for one in every for gap in _unread(one)),
        )
        self.coverage: tuple[Coverage, ...] = tuple(c for one in every for c in _coverage(one))
        self.weaknesses: tuple[Weakness, ...] = tuple(w for one in every for w in weaknesses(one))
        self.logs: tuple[LogCoverage, ...] = tuple(log for one in every for log in logs(one))
        self._matcher = Matcher(
            self._holders.values(),
            gaps={
                "": self._missing(*_TOKEN_PARTS),
                "keys": self._missing(*_KEY_PARTS),
            },
            known=frozenset(
                one.name.casefold()
                for one in every
                if not one.missing(parts.REPOSITORIES, parts.DEPLOY_KEYS)
            ),
        )

    def identify(
        self, credential: Credential, secrets: Mapping[str, Secret], owner: str | None = None
    ) -> Match | NoMatch:
        """Return whose a credential is."""
        return self._matcher.identify(credential, secrets, owner)

    def resolve(self, identity_id: str) -> Resolution:
        """Return what a credential or person may do. KeyError for one that was not read."""
        holder = self._holders[identity_id]
        return resolve(holder, self._organizations[holder.organization])

    def suggest(self, identity_id: str, seen: Fact[Seen] | None = None) -> Suggestion:
        """Return what would be enough for a credential. KeyError for one that was not read."""
        holder = self._holders[identity_id]
        return suggestion(holder, self._organizations[holder.organization], seen)

    def left_behind(
        self, held: Collection[str], whole: Callable[[str, str], bool]
    ) -> Iterator[Weakness]:
        """Yield the deploy keys of CircleCI's that live on here and that it does not hold."""
        for one in self._organizations.values():
            yield from left_behind(one, held, whole)

    def _missing(self, *wanted: Part) -> tuple[Gap, ...]:
        every = self._organizations.values()
        return tuple(gap for one in every for gap in one.missing(*wanted))


def _nothing(wanted: Mapping[str, None], settings: Settings) -> Iterator[Gap]:
    if not wanted:
        yield Gap(
            "everything of GitHub",
            "no organisation is configured, and the export holds none"
            if settings.export
            else "no organisation is configured",
            'name it: organizations = ["acme"] in [providers.github]',
            "github",
        )


def _own_gaps(credential: Json | None, settings: Settings) -> Iterator[Gap]:
    """Yield the gap of a credential of the audit's own that was missing or not accepted."""
    if text(credential, "error"):
        yield gap_of_login(credential, settings)


def _unread(organization: Organization) -> Iterator[Gap]:
    """Yield what was not read; who shares repositories only where that can matter."""
    for part, found in organization.gaps.items():
        if part != parts.COLLABORATORS.path or organization.shares:
            yield from found


def _export_gaps(document: Json | None) -> Iterator[Gap]:
    problems = document.get("Problems") if isinstance(document, dict) else None
    for problem in problems if isinstance(problems, list) else ():
        yield Gap(
            f"exported file {text(problem, 'File')}",
            text(problem, "message"),
            "put it at the path of its call (orgs/ORG/repos.json), or take it out of the export",
            "github",
        )


def _coverage(organization: Organization) -> Iterator[Coverage]:
    """Yield what was read of each listing, under the account of what it lists.

    Keys hang on repositories and people: where those were not all listed, nor were their keys.
    """
    everybody = (parts.OWNERS, parts.MEMBERS, parts.OUTSIDE)
    keys = sum(len(one.keys) for one in organization.repositories.values())
    counts: tuple[tuple[Part, int, str, tuple[Part, ...]], ...] = (
        (parts.REPOSITORIES, len(organization.repositories), "", ()),
        (parts.MEMBERS, len(organization.members), "", ()),
        (parts.DEPLOY_KEYS, keys, "", (parts.REPOSITORIES,)),
        (parts.USER_KEYS, sum(map(len, organization.user_keys.values())), "", everybody),
        (parts.AUTHORIZATIONS, len(organization.authorizations), AUTHORIZED, ()),
        (parts.TOKENS, len(organization.tokens), FINE_GRAINED, ()),
        (parts.INSTALLATIONS, len(organization.installations), APP, ()),
    )
    for part, count, kind, above in counts:
        account = account_of(organization.name, kind) if kind else organization.name
        missing = organization.missing(part, *above)
        why = next((gap.why for gap in missing), "")
        yield Coverage(source_of(account), part.what, count, None if missing else count, why)
