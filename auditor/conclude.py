"""What follows from a snapshot: inventory, classify, identify, resolve, score; all pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from auditor import __version__
from auditor.classify.catalogue import kinds
from auditor.classify.entries import judge
from auditor.classify.groups import group, with_mentions
from auditor.inventory import Inventory
from auditor.models import (
    Assessment,
    Classification,
    Credential,
    FirstSeen,
    Gap,
    HumanEdit,
    Identity,
    KeyUse,
    Logged,
    Match,
    NoMatch,
    Past,
    Resolution,
    Results,
    RunInfo,
    Secret,
    Weakness,
)
from auditor.plan import Plan
from auditor.providers import Directory, Remembers, UseTeller
from auditor.risk.absence import Reading
from auditor.risk.changes import Now, changes, point
from auditor.risk.closure import Memory, Registry, Sight, World, verify
from auditor.risk.severity import assess
from auditor.risk.standing import Standing
from auditor.runs import Run

Answers = Mapping[str, Match | NoMatch]
_NOBODY_ASKED = Standing()
_NOTHING_LOGGED = Logged()


def conclude(
    todo: Plan,
    run: Run,
    past: Past,
    edits: Mapping[str, HumanEdit],
    logged: Logged = _NOTHING_LOGGED,
) -> Results:
    """Return everything an audit concludes; the same snapshot gives the same results.

    `logged` is what the logs show of the entries and credentials that `past` watches.

    Ages are counted to the start of the run, so that a run repeated later says the same.
    """
    seen = _Seen(
        [system.read(told, run.snapshot) for system, told in todo.systems.values()],
        {
            name: provider.read(told, run.snapshot)
            for name, (provider, told) in todo.providers.items()
        },
    )
    classified = judge(seen.secrets, todo.people)
    credentials = with_mentions(group(seen.secrets.values(), classified), seen.secrets, seen.uses)
    answers = {
        credential.id: _identify(todo, credential, seen.secrets, seen.directories)
        for credential in credentials
        if credential.provider or _perhaps(credential) in seen.directories
    }
    standing = _resolve(answers.values(), seen.directories)
    holders = _holders(credentials)
    registry = Registry(seen.identities, seen.reading, run.started)
    standings = _Standings(answers, standing, Memory(past.baselines, registry, _seal(run)))
    assessments = tuple(_score(todo, run, seen.secrets, classified, holders, standings))
    sights = _sights(seen.secrets, classified, holders, answers, assessments)
    logged = replace(logged, uses=(*logged.uses, *_told_uses(seen, past)))
    verification = verify(_world(todo, run, seen, sights, logged), past.baselines)
    now = Now(
        _run_info(todo, run, seen.inventories, seen.directories),
        {assessed.secret_id: assessed for assessed in assessments},
        {verdict.secret_id: verdict for verdict in verification.verdicts},
        edits,
    )
    return Results(
        run=now.run,
        places=seen.places,
        secrets=tuple(seen.secrets.values()),
        classifications=tuple(classified.values()),
        credentials=credentials,
        identities=tuple(standing.identities.values()),
        matches=tuple(answer for answer in answers.values() if isinstance(answer, Match)),
        unmatched=tuple(answer for answer in answers.values() if isinstance(answer, NoMatch)),
        resolutions=tuple(standing.resolutions.values()),
        assessments=assessments,
        coverage=seen.coverage,
        gaps=_gaps(seen, answers.values(), standing.resolutions),
        uses=seen.uses,
        job_runs=tuple(chain.from_iterable(found.job_runs for found in seen.inventories)),
        weaknesses=tuple(_weaknesses(seen, answers.values())),
        logs=tuple(chain.from_iterable(one.logs for one in seen.directories.values())),
        history=_history(seen.secrets, run, past.seen),
        verdicts=verification.verdicts,
        baselines=verification.baselines,
        changes=changes(past, now),
        trend=(*past.trend, point(now)),
        edits=edits,
    )


def _weaknesses(seen: _Seen, answers: Iterable[Match | NoMatch]) -> Iterator[Weakness]:
    """Yield what is wrong at the providers, and what was left there by the CI systems."""
    matched = (answer for answer in answers if isinstance(answer, Match))
    held = {one.identity_id for match in matched for one in match.candidates}
    for directory in seen.directories.values():
        yield from directory.weaknesses
        if isinstance(directory, Remembers):
            yield from directory.left_behind(held, seen.reading.whole_project)


class _Seen:
    """What the CI systems hold and the providers list, brought together."""

    def __init__(self, inventories: list[Inventory], directories: dict[str, Directory]) -> None:
        self.inventories = inventories
        self.directories = directories
        self.secrets = {secret.id: secret for found in inventories for secret in found.secrets}
        self.places = tuple(place for found in inventories for place in found.places)
        self.uses = tuple(chain.from_iterable(found.uses for found in inventories))
        read: tuple[Inventory | Directory, ...] = (*inventories, *directories.values())
        self.coverage = tuple(chain.from_iterable(found.coverage for found in read))
        self.gaps = tuple(chain.from_iterable(found.gaps for found in read))
        self.reading = Reading(self.coverage, self.places, self.gaps)
        self.identities: Mapping[str, Identity] = {
            id_: identity
            for directory in directories.values()
            for id_, identity in directory.identities.items()
        }


def _identify(
    todo: Plan,
    credential: Credential,
    secrets: dict[str, Secret],
    directories: Mapping[str, Directory],
) -> Match | NoMatch:
    directory = directories.get(credential.provider or _perhaps(credential))
    if directory is None:
        return NoMatch(credential.id, searched=False, gap=_not_asked(todo, credential))
    owner = todo.people.identity(credential, secrets)
    return directory.identify(credential, secrets, owner)


def _perhaps(credential: Credential) -> str:
    """Return the provider that may list a credential which opens other places too."""
    kind = kinds().get(credential.kind)
    return (kind.perhaps if kind else None) or ""


def _not_asked(todo: Plan, credential: Credential) -> Gap:
    """Return why nobody was asked whose credential it is: one gap for all of a provider."""
    name, what = credential.provider or "", f"who stands behind {credential.vendor} credentials"
    if name not in todo.known_providers:
        why, fix = "this version does not read that provider", "find the owners by hand"
    elif name in todo.loaded.settings.providers:
        why, fix = "left out by --only", f"audit again with --only {name}, or without --only"
    else:
        why, fix = "it is not configured", f"add the table [providers.{name}] to the configuration"
    return Gap(what, why, fix, name)


def _resolve(answers: Iterable[Match | NoMatch], directories: Mapping[str, Directory]) -> Standing:
    """Return what every candidate may do; a candidate that no directory lists has no entry."""
    matched = (answer for answer in answers if isinstance(answer, Match))
    wanted = dict.fromkeys(c.identity_id for match in matched for c in match.candidates)
    listed = {
        id_: directory
        for id_ in wanted
        for directory in directories.values()
        if id_ in directory.identities
    }
    return Standing(
        match=None,
        resolutions={id_: directory.resolve(id_) for id_, directory in listed.items()},
        identities={id_: directory.identities[id_] for id_, directory in listed.items()},
    )


def _holders(credentials: Iterable[Credential]) -> dict[str, list[Credential]]:
    """Return the credentials that each entry is a part of, by Secret ID."""
    holders: dict[str, list[Credential]] = {}
    for credential in credentials:
        for part in credential.parts:
            holders.setdefault(part.secret_id, []).append(credential)
    return holders


@dataclass(frozen=True, slots=True)
class _Standings:
    """What the providers said of each credential, and what they said of it before."""

    answers: Answers
    every: Standing
    memory: Memory

    def of(self, secret: Secret, credential: Credential | None) -> Standing:
        """Return what is known of a credential that an entry is a part of."""
        answer = self.answers.get(credential.id) if credential else None
        if answer is None:
            return _NOBODY_ASKED
        lost = self.memory.lost(secret, answer)
        return Standing(answer, self.every.resolutions, self.every.identities, lost)


def _score(
    todo: Plan,
    run: Run,
    secrets: Mapping[str, Secret],
    classified: Mapping[str, Classification],
    holders: Mapping[str, list[Credential]],
    standings: _Standings,
) -> Iterator[Assessment]:
    for id_, secret in secrets.items():
        judged = classified[id_]
        # A secret may be half of several credentials; the worst of them counts.
        yield max(
            (
                assess(
                    secret,
                    judged,
                    one,
                    standings.of(secret, one),
                    kind=kinds().get(judged.kind),
                    incident=todo.incident,
                    now=run.started,
                )
                for one in holders.get(id_) or (None,)
            ),
            key=lambda assessed: (assessed.severity.rank, assessed.score),
        )


def _run_info(
    todo: Plan,
    run: Run,
    inventories: Iterable[Inventory],
    directories: Mapping[str, Directory],
) -> RunInfo:
    read = zip(todo.systems.values(), inventories, strict=True)
    parts = [f"{system.title}: {', '.join(found.organizations)}" for (system, _), found in read]
    for name, directory in directories.items():
        accounts = sorted({one.account for one in directory.identities.values()} - {""})
        parts.append(f"{todo.providers[name][0].title}: {', '.join(accounts) or 'nothing read'}")
    return RunInfo(run.id, run.started, __version__, "; ".join(parts), todo.incident)


def _sights(
    secrets: Mapping[str, Secret],
    classified: Mapping[str, Classification],
    holders: Mapping[str, list[Credential]],
    answers: Answers,
    assessments: Iterable[Assessment],
) -> dict[str, Sight]:
    """Return what the verification needs to know of each entry."""
    severities = {assessed.secret_id: assessed.severity for assessed in assessments}
    return {
        id_: Sight(
            secret,
            severities[id_],
            tuple(answers[one.id] for one in holders.get(id_, ()) if one.id in answers),
            _issued(secret, classified[id_]),
            any(map(_perhaps, holders.get(id_, ()))),
        )
        for id_, secret in secrets.items()
    }


def _issued(secret: Secret, judged: Classification) -> bool:
    """Return whether the CI system issued it: only the store tells, a variable never does."""
    kind = kinds().get(judged.kind) if secret.kind else None
    return kind is not None and kind.issued


def _told_uses(seen: _Seen, past: Past) -> Iterator[KeyUse]:
    """Yield what providers themselves tell of the use of credentials that are watched."""
    bases = past.baselines.values()
    keys = tuple(dict.fromkeys(key for base in bases for key in (*base.keys, *base.retired)))
    for directory in seen.directories.values():
        if isinstance(directory, UseTeller):
            yield from directory.uses(keys)


def _world(todo: Plan, run: Run, seen: _Seen, sights: Mapping[str, Sight], logged: Logged) -> World:
    return World(
        sights=sights,
        reading=seen.reading,
        identities=seen.identities,
        seal=_seal(run),
        now=run.started,
        incident=todo.incident,
        logged=logged,
    )


def _seal(run: Run) -> str:
    """Return the name of the key that sealed the tails of a run."""
    return str(run.settings.get("seal", ""))


def _gaps(
    seen: _Seen, answers: Iterable[Match | NoMatch], resolutions: Mapping[str, Resolution]
) -> tuple[Gap, ...]:
    """Return everything that could not be seen, each once. A searched credential is no gap."""
    unasked = (one.gap for one in answers if isinstance(one, NoMatch) and not one.searched)
    return tuple(
        dict.fromkeys(
            chain(
                seen.gaps,
                chain.from_iterable(one.gaps for one in resolutions.values()),
                unasked,
            )
        )
    )


def _history(
    secrets: Iterable[str], run: Run, history: Mapping[str, FirstSeen]
) -> tuple[FirstSeen, ...]:
    """Return when each entry was first and last seen; entries that vanished are kept."""
    now = {
        id_: FirstSeen(id_, history[id_].first if id_ in history else run.started, run.started)
        for id_ in secrets
    }
    return tuple((dict(history) | now).values())
