"""Knows exported files by what they hold, where they do not lie at the path of their call.

What a reply does not tell (which organisation, whose members) is taken from the file's name, or
from there being only one organisation in the export.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import TypeAlias
from urllib.parse import unquote

from auditor.models import Json
from auditor.providers.github import parts
from auditor.providers.github.documents import text
from auditor.providers.github.part import Part

Entry: TypeAlias = Mapping[str, Json]
_KEY_URL = re.compile(r"/repos/([^/]+)/([^/]+)/keys/")
_OF_SOMEBODY = re.compile(r"team|user|token|install")
"""In the name of a file of repositories: they are not all that the organisation has."""
_PROTECTION_URL = re.compile(r"/repos/([^/]+)/([^/]+)/branches/(.+)/protection$")
_BRANCH_URL = re.compile(r"/repos/([^/]+)/([^/]+)/")


def recognise(pages: Iterable[Json], file: str) -> Iterator[tuple[Part, dict[str, str], Json]]:
    """Yield what a reply is, with the names that it tells and its entries; none where nothing fits.

    Entries of several organisations or repositories in one file are told apart by what they hold.
    """
    entries = list(_entries(pages))
    part, tells = _recognised(entries, PurePosixPath(file).stem.casefold())
    if part is None:
        return
    if part.inside is None:
        yield part, tells(entries[0]), entries[0]
        return
    by_place: dict[tuple[tuple[str, str], ...], list[Entry]] = {}
    for entry in entries:
        by_place.setdefault(tuple(tells(entry).items()), []).append(entry)
    for place, listed in (by_place or {(): []}).items():
        yield part, dict(place), listed


def _recognised(
    entries: list[Entry], stem: str
) -> tuple[Part | None, Callable[[Entry], dict[str, str]]]:
    """Return the part that entries are of, and what tells the names in its path."""
    if not entries:
        return _by_name(stem), _untold
    for part, fits, tells in _BY_CONTENT:
        if fits(entries[0]) and not (part is parts.REPOSITORIES and _OF_SOMEBODY.search(stem)):
            return part, tells
    return (_by_name(stem) if "login" in entries[0] else None), _untold


def completed(part: Part, names: dict[str, str], organizations: Iterable[str]) -> dict[str, str]:
    """Return the names that a path needs, with the organisation where there is but one."""
    known = dict.fromkeys(organizations)
    needed = set(re.findall(r"\{(\w+)\}", part.path))
    if "org" in needed and "org" not in names and len(known) == 1:
        names = {**names, "org": next(iter(known))}
    return names if needed <= names.keys() else {}


def _entries(pages: Iterable[Json]) -> Iterator[Entry]:
    for page in pages:
        if isinstance(page, list):
            yield from _entries(page)
        elif isinstance(page, dict) and isinstance(page.get("installations"), list):
            yield from _entries(page["installations"])
        elif isinstance(page, dict):
            yield page


def _by_name(stem: str) -> Part | None:
    """Return the listing of people, or the empty one, that a file is called after."""
    return next((part for name, part in _NAMED if re.fullmatch(name, stem)), None)


_NAMED = (
    (r".*outside[-_. ]?collaborators", parts.OUTSIDE),
    (r"(.*[-_. ])?(admins?|owners|admin[-_. ]members)", parts.OWNERS),
    (r".*credential[-_. ]?authori[sz]ations", parts.AUTHORIZATIONS),
    (r".*personal[-_. ]access[-_. ]tokens|pats", parts.TOKENS),
    (r".*installations|apps", parts.INSTALLATIONS),
    (r".*audit[-_. ]?log", parts.AUDIT_LOG),
    (r"((org|all)[-_. ])?teams", parts.TEAMS),
    (r"((org|all)[-_. ])?members", parts.MEMBERS),
    (r"((org|all)[-_. ])?repos(itories)?", parts.REPOSITORIES),
)
"""Whole names of files: those of a team's members are not those of the organisation."""


def _org_of_owner(entry: Entry) -> dict[str, str]:
    login = text(entry.get("owner"), "login") or text(entry, "full_name").partition("/")[0]
    return {"org": login} if login else {}


def _org_of_account(entry: Entry) -> dict[str, str]:
    login = text(entry.get("account"), "login")
    return {"org": login} if login else {}


def _of_key(entry: Entry) -> dict[str, str]:
    found = _KEY_URL.search(text(entry, "url"))
    return {"org": found[1], "repo": found[2]} if found else {}


def _of_branch(entry: Entry) -> dict[str, str]:
    links = entry.get("_links")
    found = _BRANCH_URL.search(text(links, "self"))
    names = {"org": found[1], "repo": found[2]} if found else {}
    return names | {"branch": text(entry, "name")}


def _of_protection(entry: Entry) -> dict[str, str]:
    found = _PROTECTION_URL.search(text(entry, "url"))
    return {"org": found[1], "repo": found[2], "branch": unquote(found[3])} if found else {}


def _of_ruleset(entry: Entry) -> dict[str, str]:
    """Return of which repository a ruleset is; one of an organisation is nobody's alone."""
    org, _, repo = text(entry, "source").partition("/")
    return {"org": org, "repo": repo, "ruleset": str(entry.get("id"))} if repo else {}


def _untold(_: Entry) -> dict[str, str]:
    return {}


def _has(*fields: str) -> Callable[[Entry], bool]:
    return lambda entry: all(field in entry for field in fields)


_BY_CONTENT: tuple[tuple[Part, Callable[[Entry], bool], Callable[[Entry], dict[str, str]]], ...] = (
    (parts.AUTHORIZATIONS, _has("credential_id", "credential_type"), _untold),
    (parts.TOKENS, _has("token_id", "permissions"), _untold),
    (parts.INSTALLATIONS, _has("app_id", "app_slug"), _org_of_account),
    (parts.DEPLOY_KEYS, _has("key", "read_only"), _of_key),
    (parts.BRANCH, _has("protected", "commit"), _of_branch),
    (parts.PROTECTION, _has("enforce_admins", "url"), _of_protection),
    (parts.RULESET, _has("enforcement", "source_type"), _of_ruleset),
    (parts.AUDIT_LOG, _has("@timestamp", "action"), _untold),
    (parts.REPOSITORIES, _has("full_name", "private"), _org_of_owner),
    (parts.TEAMS, _has("slug", "repositories_url"), _untold),
    (
        parts.ORGANIZATION,
        _has("login", "default_repository_permission"),
        lambda entry: {"org": text(entry, "login")},
    ),
)
"""What only one listing's entries have, and what they tell of where they are from."""
