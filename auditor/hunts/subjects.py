"""Whom to look for: identities behind secrets, each with every name that a log may have for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.hunts.seen import Alias, Granted
from auditor.hunts.stories import Known
from auditor.hunts.values import Names
from auditor.models import Identity, JobRun, Results, Scope, Severity
from auditor.tails import Sealer


@dataclass(frozen=True, slots=True)
class Subject:
    """One identity. `names` are in lower case, its id among them; `platform` "" is any."""

    id: str
    names: frozenset[str]
    platform: str = ""
    severity: Severity = Severity.UNKNOWN
    secret_ids: tuple[str, ...] = ()
    owner: str = ""
    """Login, in lower case, under which a log may show it, as it shows others of that person."""
    scopes: frozenset[Scope] = frozenset()
    """The contexts and projects that hold those secrets."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """Whom to look for. Nobody named means everybody in the logs."""

    people: tuple[Subject, ...] = ()
    granted: Sequence[Granted] = ()
    """Dangerous actions by identity."""
    open_platforms: Collection[str] = ()
    """Platforms of which everybody is looked for: the CI system's own log is about people."""
    runs: Sequence[JobRun] = ()
    """Jobs that the inventory saw to run with secrets: a sample."""

    @property
    def names(self) -> frozenset[str]:
        """Return every name of everybody."""
        owners = {one.owner for one in self.people if one.owner}
        return frozenset(name for one in self.people for name in one.names) | owners

    @property
    def platforms(self) -> frozenset[str]:
        """Return the platforms on which somebody is looked for."""
        return frozenset(one.platform for one in self.people if one.platform)

    def aliases(self) -> Iterator[Alias]:
        """Yield each name with the identity it stands for, on its platform alone.

        A name that several have stands for nobody: users of two accounts may share it. One that
        an audit knows goes before the same name that somebody asked for.
        """
        holders: dict[tuple[str, str], set[str]] = {}
        for one in self.people:
            for name in one.names:
                holders.setdefault((name, one.platform), set()).add(one.id)
        known = {name for name, platform in holders if platform}
        for (name, platform), ids in sorted(holders.items()):
            if len(ids) == 1 and (platform or name not in known):
                yield Alias(name, min(ids), platform)

    def scopes(self) -> dict[str, frozenset[Scope]]:
        """Return where the secrets of everybody are held, of whom that is known."""
        return {one.id: one.scopes for one in self.people if one.scopes}

    def known(self, identity: str) -> Known:
        """Return what an audit knows of an identity of the logs.

        Of a person it is what is known of all their credentials: any of them may have been used.
        """
        found = [one for one in self.people if identity == one.id and one.platform]
        owned = [one for one in self.people if one.owner and one.owner == identity.casefold()]
        held = sorted(found or owned, key=lambda one: -one.severity.rank)
        if not held:
            return Known()
        secrets = dict.fromkeys(id_ for one in held for id_ in one.secret_ids)
        return Known(held[0].id if found else None, held[0].severity, tuple(secrets))

    def unseen(self, shown: Collection[str]) -> tuple[str, ...]:
        """Return who has none of the names (lower case) that the logs show."""
        return tuple(
            sorted(one.id for one in self.people if not (one.names | {one.owner}) & set(shown))
        )


def named(names: Iterable[str], open_platforms: Collection[str], sealer: Sealer) -> Subjects:
    """Return subjects of which only names are known."""
    return Subjects(tuple(_by_name(names, sealer)), open_platforms=open_platforms)


def _by_name(names: Iterable[str], sealer: Sealer) -> Iterator[Subject]:
    """Yield names as logs have them; an access key id loses its tail at once."""
    known = Names(sealer)
    for shown in filter(None, (known.of(name.strip()) for name in names)):
        yield Subject(shown, frozenset({shown.casefold()}))


def behind(
    results: Results, names: Iterable[str], open_platforms: Collection[str], sealer: Sealer
) -> Subjects:
    """Return the identities behind the secrets of an audit, each with the worst of its secrets.

    `names` are further ones, of which nothing is known.
    """
    severities = {one.secret_id: one.severity for one in results.assessments}
    holders = {one.id: tuple(part.secret_id for part in one.parts) for one in results.credentials}
    secrets: dict[str, dict[str, Severity]] = {}
    for match in results.matches:
        for candidate in match.candidates:
            held = secrets.setdefault(candidate.identity_id, {})
            held |= {
                id_: severities[id_]
                for id_ in holders[match.credential_id]
                if severities[id_] is not Severity.NONE  # a region is no secret
            }
    shown = _shown(results.identities)
    granted = [
        Granted(who, action.casefold())
        for one in results.resolutions
        for action in (*(a for each in one.capabilities for a in each.actions), *one.shown_as)
        if not action.startswith("*")  # all of a kind: no single one of them is dangerous
        for who in shown.get(one.identity_id, (one.identity_id,))
    ]
    scopes = {one.id: one.scope for one in results.secrets}
    known = (_subject(one, secrets.get(one.id, {}), scopes) for one in results.identities)
    people = (*known, *_by_name(names, sealer))
    return Subjects(people, granted, open_platforms, results.job_runs)


def _shown(identities: Iterable[Identity]) -> Mapping[str, tuple[str, ...]]:
    """Return under which identities logs show each of them: tokens as their owners, too."""
    every = tuple(identities)
    names = {(one.provider, one.name.casefold()): one.id for one in every}
    return {
        one.id: tuple(
            dict.fromkeys(
                (one.id, one.owner, names.get((one.provider, one.owner.casefold()), one.id))
            )
        )
        for one in every
        if one.owner
    }


def _subject(
    identity: Identity, held: Mapping[str, Severity], scopes: Mapping[str, Scope]
) -> Subject:
    worst = sorted(held.items(), key=lambda item: -item[1].rank)
    labels = (key.label for key in identity.keys)
    names = (identity.id, identity.name, *labels, *identity.logged_as)
    return Subject(
        id=identity.id,
        names=frozenset(name.casefold() for name in names if name),
        platform=identity.provider,
        severity=worst[0][1] if worst else Severity.UNKNOWN,
        secret_ids=tuple(id_ for id_, _ in worst),
        scopes=frozenset(scopes[id_] for id_ in held if id_ in scopes),
        owner=identity.owner.casefold(),
    )
