"""Reads the configured organisations through the API into the snapshot.

The organisation's own listings come first, then what hangs on each team, token and person, then
the calls that each repository costs, those only where they can change an answer. What is refused
is written down as refused; a document that is complete is not read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import chain
from typing import Any

from auditor.collecting import Collecting
from auditor.models import Json
from auditor.providers.github import parts
from auditor.providers.github.client import Calls
from auditor.providers.github.credential import (
    Foreseen,
    credential_of,
    cut,
    cut_unseen,
    foreseen,
)
from auditor.providers.github.documents import (
    CREDENTIAL,
    body,
    is_complete,
    items,
    listing,
    refusal,
    single,
    text,
)
from auditor.providers.github.guards import is_writing
from auditor.providers.github.login import log_in
from auditor.providers.github.organizations import shares
from auditor.providers.github.part import Part
from auditor.providers.github.protection import binding_rulesets
from auditor.providers.github.refusals import Refused
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
    try:
        login = log_in(settings)
    except Refused as refused:
        collecting.snapshot.save(CREDENTIAL, refused.document)
        return
    calls = Calls(settings, login)
    credential = credential_of(calls, login, settings.organizations)
    collecting.snapshot.save(CREDENTIAL, credential)
    expected = tuple(foreseen(credential))
    for one in expected:
        where = f" ({one.organization})" if one.organization else ""
        collecting.progress.note(f"GitHub{where}: {one.what}: {one.why}")
    reader = _Reader(settings, collecting, calls, expected)
    reader.run(list(chain.from_iterable(_first(org) for org in settings.organizations)))
    for org in settings.organizations:
        reader.doubt(credential, org)
    for stage in (_second, _repositories, _branches, _guards):
        reader.run(list(chain.from_iterable(stage(reader, o) for o in settings.organizations)))


class _Reader:
    """Runs jobs side by side and keeps what they read."""

    def __init__(
        self,
        settings: Settings,
        collecting: Collecting,
        calls: Calls,
        expected: tuple[Foreseen, ...],
    ) -> None:
        self._settings = settings
        self._collecting = collecting
        self._calls = calls
        self._expected = expected

    def load(self, part: Part, **names: str) -> Json | None:
        """Return a document that was read."""
        return self._collecting.snapshot.load(part.key(**names))

    def doubt(self, credential: Json, org: str) -> None:
        """Say of the repositories of an organisation where they may not be all."""
        listed = self.load(parts.REPOSITORIES, org=org)
        if isinstance(listed, dict):
            told = self.load(parts.ORGANIZATION, org=org), self.load(parts.OWNERS, org=org)
            seen = cut_unseen(credential, *told, listed)
            self._collecting.snapshot.save(parts.REPOSITORIES.key(org=org), seen)

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
        document = _document(self._calls, job, self._collecting.sealer)
        for one in self._expected if is_complete(document) else ():
            if job.part in one.parts and one.organization in ("", job.names["org"]):
                return cut(document, one.why, one.fix)
        return document


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


# --- what is read, stage by stage ------------------------------------------------------------


def _first(org: str) -> Iterator[_Job]:
    """Yield what the organisation itself is asked."""
    yield from (_Job(part, {"org": org}) for part in parts.OF_ORGANIZATION)


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


def _guards(reader: _Reader, org: str) -> Iterator[_Job]:
    """Yield what tells who may pass the protection of those branches, each ruleset once."""
    asked: set[str] = set()
    for job in _branches(reader, org):
        if job.part is parts.BRANCH:
            if body(reader.load(job.part, **job.names)).get("protected") is True:
                yield _Job(parts.PROTECTION, job.names)
            continue
        for id_ in binding_rulesets(reader.load(job.part, **job.names)):
            if id_ not in asked:
                asked.add(id_)
                names = {"org": org, "repo": job.names["repo"], "ruleset": id_}
                yield _Job(parts.RULESET, names)


def _repository_names(reader: _Reader, org: str) -> list[str]:
    listed = items(reader.load(parts.REPOSITORIES, org=org))
    return [name for one in listed if (name := text(one, "name"))]


def _logins(reader: _Reader, org: str, *wanted: Part) -> Iterable[str]:
    found = chain.from_iterable(items(reader.load(part, org=org)) for part in wanted)
    return dict.fromkeys(text(one, "login") for one in found)
