"""Reads the documents of organisations: who is in them, which repositories, which credentials."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote

from auditor.collecting import Snapshot
from auditor.models import Gap, Json
from auditor.providers.github import parts
from auditor.providers.github.documents import (
    ORGANIZATIONS,
    body,
    is_complete,
    items,
    number,
    text,
)
from auditor.providers.github.gaps import gap_of, gaps_of_many
from auditor.providers.github.guards import guards
from auditor.providers.github.levels import level_of
from auditor.providers.github.part import Part
from auditor.providers.github.protection import KEY, Protection


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, with what is known of its keys and its default branch."""

    name: str
    private: bool
    archived: bool
    branch: str
    keys: tuple[dict[str, Any], ...] = ()
    collaborators: Mapping[str, str] = field(default_factory=dict)
    """Levels by login, of those with access of their own."""
    protection: Protection = field(default_factory=Protection)
    """Of the default branch; read where a deploy key may push."""

    @property
    def protected(self) -> bool | None:
        """Return whether anything keeps a deploy key that writes from changing the default branch.

        None where that is not known.
        """
        return self.protection.binds(KEY)

    @property
    def built(self) -> bool:
        """Return whether CircleCI has a deploy key of it, as it does of what it builds."""
        return any("circleci" in text(key, "title").casefold() for key in self.keys)


@dataclass(frozen=True, slots=True)
class Organization:
    """Everything that was read of one organisation; what was not is among the gaps."""

    name: str
    settings: Mapping[str, Json]
    repositories: Mapping[str, Repository]
    owners: frozenset[str]
    members: Mapping[str, dict[str, Any]]
    """By login."""
    outside: Mapping[str, dict[str, Any]]
    teams: Mapping[str, Mapping[str, str]]
    """By slug of a team: the levels by repository that it gives."""
    teams_of: Mapping[str, tuple[str, ...]]
    """By login: the slugs of teams."""
    team_ids: Mapping[str, int]
    """By slug."""
    authorizations: tuple[dict[str, Any], ...]
    tokens: tuple[dict[str, Any], ...]
    token_repositories: Mapping[str, frozenset[str]]
    """By id of a fine-grained token: the repositories it is limited to."""
    installations: tuple[dict[str, Any], ...]
    user_keys: Mapping[str, tuple[dict[str, Any], ...]]
    audit_log: Json | None
    gaps: Mapping[str, tuple[Gap, ...]]
    """By path template of the part that was not read whole."""

    web: str = "https://github.com"
    """Address of the web pages."""

    def page(self, path: str) -> str:
        """Return the address of a web page, each segment of its path quoted."""
        return "/".join((self.web, *(quote(one, safe="") for one in path.split("/"))))

    @property
    def shares(self) -> bool:
        """Return whether direct access can matter: somebody but an owner holds a credential."""
        return shares(self.owners, self.outside.values(), self.authorizations, self.tokens)

    def missing(self, *wanted: Part) -> tuple[Gap, ...]:
        """Return what could not be read of these parts."""
        return tuple(gap for part in wanted for gap in self.gaps.get(part.path + part.suffix, ()))


def names(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the organisations that the snapshot has anything of."""
    found = (key.removeprefix(ORGANIZATIONS).split("/")[0] for key in snapshot.keys(ORGANIZATIONS))
    return tuple(dict.fromkeys(unquote(name) for name in found))


def read(name: str, snapshot: Snapshot, web: str) -> Organization:
    """Return what the snapshot holds of an organisation whose web pages are at an address."""
    return _Reader(name, snapshot, web).organization()


class _Reader:
    """Loads the documents of an organisation and keeps what was wrong with them."""

    def __init__(self, name: str, snapshot: Snapshot, web: str) -> None:
        self._name = name
        self._web = web
        self._snapshot = snapshot
        self._gaps: dict[str, tuple[Gap, ...]] = {}

    def organization(self) -> Organization:
        repositories = self._repositories()
        team_ids = {text(team, "slug"): number(team, "id") for team in self._list(parts.TEAMS)}
        teams = list(team_ids)
        members = {text(one, "login"): one for one in self._list(parts.MEMBERS)}
        owners = {text(one, "login"): one for one in self._list(parts.OWNERS)}
        outside = {text(one, "login"): one for one in self._list(parts.OUTSIDE)}
        tokens = tuple(self._list(parts.TOKENS))
        subset = [str(one.get("id")) for one in tokens if _selects(one) == "subset"]
        log = self._load(parts.AUDIT_LOG)
        self._note(parts.AUDIT_LOG, {"": log})
        return Organization(
            name=self._name,
            settings=self._settings(),
            repositories=repositories,
            owners=frozenset(owners),
            members=owners | members,
            outside=outside,
            teams=self._team_levels(teams),
            teams_of=self._teams_of(teams),
            team_ids=team_ids,
            authorizations=tuple(self._list(parts.AUTHORIZATIONS)),
            tokens=tokens,
            token_repositories={
                token: frozenset(text(one, "name") for one in listed)
                for token, listed in self._many(parts.TOKEN_REPOSITORIES, "token", subset).items()
            },
            installations=tuple(self._list(parts.INSTALLATIONS)),
            user_keys={
                login: tuple(listed)
                for login, listed in self._many(
                    parts.USER_KEYS, "user", [*owners, *members, *outside]
                ).items()
            },
            audit_log=log,
            gaps=self._gaps,
            web=self._web,
        )

    def _settings(self) -> Mapping[str, Json]:
        document = self._load(parts.ORGANIZATION)
        self._note(parts.ORGANIZATION, {"": document})
        return body(document)

    def _repositories(self) -> dict[str, Repository]:
        listed = [one for one in self._list(parts.REPOSITORIES) if text(one, "name")]
        everywhere = [text(one, "name") for one in listed]
        keys = self._many(parts.DEPLOY_KEYS, "repo", everywhere)
        shared = [name for name in everywhere if self._has(parts.COLLABORATORS, name)]
        collaborators = self._many(parts.COLLABORATORS, "repo", shared)
        if len(shared) < len(everywhere):
            self._note(parts.COLLABORATORS, dict.fromkeys({*everywhere} - {*shared}), more=True)
        guarded = guards(listed, keys, self._load, self._note)
        return {
            (name := text(one, "name")): Repository(
                name=name,
                private=one.get("private") is not False,
                archived=one.get("archived") is True,
                branch=text(one, "default_branch") or "main",
                keys=tuple(keys.get(name, ())),
                collaborators={
                    text(who, "login"): level_of(who) for who in collaborators.get(name, ())
                },
                protection=guarded.get(name, Protection()),
            )
            for one in listed
        }

    def _team_levels(self, teams: list[str]) -> dict[str, dict[str, str]]:
        found = self._many(parts.TEAM_REPOSITORIES, "team", teams)
        return {
            team: {text(one, "name"): level_of(one) for one in listed}
            for team, listed in found.items()
        }

    def _teams_of(self, teams: list[str]) -> dict[str, tuple[str, ...]]:
        of: dict[str, list[str]] = {}
        for team, listed in self._many(parts.TEAM_MEMBERS, "team", teams).items():
            for one in listed:
                of.setdefault(text(one, "login"), []).append(team)
        return {login: tuple(joined) for login, joined in of.items()}

    # --- documents -----------------------------------------------------------------------------

    def _list(self, part: Part) -> list[dict[str, Any]]:
        document = self._load(part)
        self._note(part, {"": document})
        return items(document)

    def _many(self, part: Part, word: str, each: list[str]) -> dict[str, list[dict[str, Any]]]:
        documents = {name: self._load(part, **{word: name}) for name in dict.fromkeys(each)}
        self._note(part, documents)
        return {name: items(document) for name, document in documents.items()}

    def _load(self, part: Part, **names_: str) -> Json | None:
        document = self._snapshot.load(part.key(org=self._name, **names_))
        if part.optional and isinstance(document, dict) and document.get("error") == "404":
            return {"Items": []}
        return document

    def _has(self, part: Part, repository: str) -> bool:
        return self._snapshot.load(part.key(org=self._name, repo=repository)) is not None

    def _note(
        self, part: Part, documents: Mapping[str, Json | None], *, more: bool = False
    ) -> None:
        wrong = {name: one for name, one in documents.items() if not is_complete(one)}
        if not wrong:
            return
        found = gaps_of_many(self._name, part, wrong) if "" not in wrong else None
        told = found or (gap_of(self._name, part, wrong.get("")),)
        key = part.path + part.suffix
        self._gaps[key] = (*self._gaps.get(key, ()), *told) if more else told


def shares(
    owners: Iterable[str],
    outside: Iterable[Mapping[str, Json]],
    authorizations: Iterable[Mapping[str, Json]],
    tokens: Iterable[Mapping[str, Json]],
) -> bool:
    """Return whether somebody who is no owner holds a credential, or is no member at all."""
    held = {text(one, "login") for one in authorizations}
    held |= {text(one.get("owner"), "login") for one in tokens}
    return any(True for _ in outside) or not held <= {*owners}


def _selects(token: Mapping[str, Json]) -> str:
    return text(token, "repository_selection")


def all_keys(organization: Organization) -> Iterator[tuple[Repository, dict[str, Any]]]:
    """Yield every deploy key with its repository."""
    for repository in organization.repositories.values():
        for key in repository.keys:
            yield repository, key
