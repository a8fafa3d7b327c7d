"""Reads the configured organisations through the API into the snapshot.

The organisation's own listings come first, then what hangs on each team, token and person, then
the calls that each repository costs, those only where they can change an answer. What is refused
is written down as refused; a document that is complete is not read again.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import chain
from typing import Any

from auditor.collecting import Collecting
from auditor.models import Json
from auditor.providers.github import parts
from auditor.providers.github.beforehand import foreseen
from auditor.providers.github.client import Calls, Refused
from auditor.providers.github.documents import (
    CREDENTIAL,
    is_complete,
    items,
    listing,
    refusal,
    single,
    text,
)
from auditor.providers.github.organizations import is_writing, shares
from auditor.providers.github.parts import Part
from auditor.providers.github.settings import Settings
from auditor.tails import Sealer


@dataclass(frozen=True, slots=True)
class _Job:
    part: Part
    names: Mapping[str, str]

    @property
    def key(self) -> str:
        return self.part.key(**self.names)


def collect(settings: Settings, collecting: Collecting) -> None:
    """Read every configured organisation. MissingExtra without PyGithub; nothing else is raised."""
    token = os.environ.get(settings.token_env, "")
    if not token:
        why = f"the environment variable {settings.token_env} is not set"
        collecting.snapshot.save(CREDENTIAL, refusal("NoToken", why))
        return
    reader = _Reader(settings, collecting, Calls(settings, token))
    collecting.snapshot.save(CREDENTIAL, reader.credential())
    for stage in (_first, _second, _repositories, _branches):
        reader.run(list(chain.from_iterable(stage(reader, o) for o in settings.organizations)))


class _Reader:
    """Runs jobs side by side and keeps what they read."""

    def __init__(self, settings: Settings, collecting: Collecting, calls: Calls) -> None:
        self._settings = settings
        self._collecting = collecting
        self._calls = calls

    def credential(self) -> dict[str, Any]:
        """Return whose credential is used, and say what it cannot see, before anything is read."""
        document = _credential(self._calls)
        for line in foreseen(document):
            self._collecting.progress.note(f"GitHub: {line}")
        return document

    def load(self, part: Part, **names: str) -> Json | None:
        """Return a document that was read."""
        return self._collecting.snapshot.load(part.key(**names))

    def run(self, jobs: list[_Job]) -> None:
        """Read what is not complete yet, and save each document as it comes."""
        snapshot, progress = self._collecting.snapshot, self._collecting.progress
        todo = [job for job in jobs if not is_complete(snapshot.load(job.key))]
        left = self._calls.budget.left
        if todo:
            progress.note(f"GitHub: {len(todo)} listings to read, {left} requests left of this run")
        progress.start("reading GitHub", len(todo))
        pool = ThreadPoolExecutor(self._settings.parallel, "github")
        try:
            running = {pool.submit(self._read, job): job for job in todo}
            for done in as_completed(running):
                snapshot.save(running.pop(done).key, done.result())
                progress.advance()
        finally:
            pool.shutdown(cancel_futures=True)

    def _read(self, job: _Job) -> dict[str, Any]:
        return _document(self._calls, job, self._collecting.sealer)


def _document(calls: Calls, job: _Job, sealer: Sealer) -> dict[str, Any]:
    """Return the document of a call, with its refusal beside what was read before it."""
    pages: list[Json] = []
    refused: dict[str, str] = {}
    try:
        pages.extend(calls.pages(job.part, job.names))
    except Refused as error:
        refused = error.document
    if job.part.inside is None:
        return refused or single(job.part, pages[0], sealer)
    try:
        found = list(chain.from_iterable(_entries(job.part, page) for page in pages))
    except Refused as error:
        return error.document
    return listing(job.part, found, sealer) | refused


def _entries(part: Part, page: Json) -> list[Json]:
    held = page.get(part.inside) if part.inside and isinstance(page, dict) else page
    if not isinstance(held, list):
        raise Refused(refusal("Strange", "the reply is no list"))
    return held


def _credential(calls: Calls) -> dict[str, Any]:
    """Return whose the audit's own credential is, by the headers that GitHub answers with.

    No header of scopes: fine-grained or an app's. An empty one: classic, without any scope.
    """
    try:
        headers, body = calls.get("/user")
    except Refused as refused:
        # An installation is nobody: https://docs.github.com/en/rest/users/users
        if refused.document.get("error") == "403":
            return {"Kind": "app", "Scopes": None}
        return refused.document
    told = headers.get("x-oauth-scopes")
    scopes = None if told is None else [one.strip() for one in told.split(",") if one.strip()]
    kind = "fine-grained" if scopes is None else "classic"
    return {"Kind": kind, "Login": text(body, "login"), "Scopes": scopes}


# --- what is read, stage by stage ------------------------------------------------------------


def _first(_: _Reader, org: str) -> Iterator[_Job]:
    """Yield what the organisation itself is asked."""
    for part in parts.PARTS:
        if part.path.count("{") == 1 and part.path.startswith("/orgs/"):
            yield _Job(part, {"org": org})


def _second(reader: _Reader, org: str) -> Iterator[_Job]:
    """Yield what hangs on each team, token and person."""
    for team in items(reader.load(parts.TEAMS, org=org)):
        names = {"org": org, "team": text(team, "slug")}
        yield _Job(parts.TEAM_MEMBERS, names)
        yield _Job(parts.TEAM_REPOSITORIES, names)
    for token in items(reader.load(parts.TOKENS, org=org)):
        if text(token, "repository_selection") == "subset":
            yield _Job(parts.TOKEN_REPOSITORIES, {"org": org, "token": str(token.get("id"))})
    for login in _logins(reader, org, parts.OWNERS, parts.MEMBERS, parts.OUTSIDE):
        yield _Job(parts.USER_KEYS, {"org": org, "user": login})


def _repositories(reader: _Reader, org: str) -> Iterator[_Job]:
    """Yield what each repository is asked: its keys, and who shares it where that can matter."""
    listed = _repository_names(reader, org)
    for name in listed:
        yield _Job(parts.DEPLOY_KEYS, {"org": org, "repo": name})
    owners = _logins(reader, org, parts.OWNERS)
    if shares(
        owners,
        items(reader.load(parts.OUTSIDE, org=org)),
        items(reader.load(parts.AUTHORIZATIONS, org=org)),
        items(reader.load(parts.TOKENS, org=org)),
    ):
        for name in listed:
            yield _Job(parts.COLLABORATORS, {"org": org, "repo": name})


def _branches(reader: _Reader, org: str) -> Iterator[_Job]:
    """Yield the default branch of each repository that a deploy key may push to."""
    for repository in items(reader.load(parts.REPOSITORIES, org=org)):
        name = text(repository, "name")
        keys = items(reader.load(parts.DEPLOY_KEYS, org=org, repo=name))
        if repository.get("archived") is not True and any(map(is_writing, keys)):
            branch = text(repository, "default_branch") or "main"
            names = {"org": org, "repo": name, "branch": branch}
            yield _Job(parts.BRANCH, names)
            yield _Job(parts.RULES, names)


def _repository_names(reader: _Reader, org: str) -> list[str]:
    listed = items(reader.load(parts.REPOSITORIES, org=org))
    return [name for one in listed if (name := text(one, "name"))]


def _logins(reader: _Reader, org: str, *wanted: Part) -> Iterable[str]:
    found = chain.from_iterable(items(reader.load(part, org=org)) for part in wanted)
    return dict.fromkeys(text(one, "login") for one in found)
