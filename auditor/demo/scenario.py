"""The invented organisation, from its files (`load`) or made to measure (`generate`). Pure.

`scenario.toml`, `aws.toml`, `gcp.toml`, `azure.toml` and `stores.toml` are its files; their
comments say what short forms mean.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from typing import Any

from auditor.demo import azure_tenant, invent
from auditor.demo.accounts import access_keys, read_accounts
from auditor.demo.estate import (
    AccessKey,
    CiOrganization,
    Context,
    Group,
    Person,
    Project,
    Restriction,
    Scenario,
    Stores,
    Variable,
)

ALL_MEMBERS = "All members"


_FILES = ("scenario", "aws", "gcp", "github", "stores")


def load(text: str | None = None) -> Scenario:
    """Return the scenario of a TOML text, of the packaged file when none is given."""
    table = tomllib.loads(text or _packaged())
    accounts = read_accounts(table.get("accounts", ()))
    book = _Book(
        table.get("bundles", {}),
        table.get("values", {}),
        frozenset(table.get("shared", ())),
        access_keys(accounts),
        table.get("stores", {}).get("project", {}),
    )
    organizations = tuple(_organization(entry, table, book) for entry in table["organizations"])
    return Scenario(
        person=_person(table["person"]),
        organizations=organizations,
        accounts=accounts,
        github=table.get("github"),
        google=table.get("gcp"),
        tenant=azure_tenant.load() if text is None else None,
    )


def _packaged() -> str:
    files = (resources.files(__package__).joinpath(f"{n}.toml") for n in _FILES)
    return "\n".join(file.read_text("utf-8") for file in files)


@dataclass(frozen=True, slots=True)
class _Book:
    """What entries refer to by name."""

    bundles: Mapping[str, list[str]]
    values: Mapping[str, str]
    shared: frozenset[str]
    keys: Mapping[str, AccessKey]
    stores: Mapping[str, Stores]
    """What projects keep beside variables, by organisation/project."""


def _person(entry: Mapping[str, str]) -> Person:
    return Person(invent.identifier("person", entry["login"]), entry["login"], entry["name"])


# --- organisations, contexts, projects -------------------------------------------------------


def _organization(
    entry: Mapping[str, Any], table: Mapping[str, Any], book: _Book
) -> CiOrganization:
    name = entry["name"]
    id_ = invent.identifier("organization", name)
    contexts = (c for c in table.get("contexts", ()) if c["organization"] == name)
    projects = (p for p in table.get("projects", ()) if p["organization"] == name)
    return CiOrganization(
        None if entry.get("unknown") else id_,
        name,
        entry.get("slug") or f"circleci/{invent.short(id_)}",
        entry["vcs"],
        tuple(_context(context, name, book) for context in contexts),
        tuple(p for family in projects for p in _projects(family, entry["vcs"], book)),
        tuple(Group(_group_id(name, group), group) for group in entry.get("groups", ())),
        table.get("stores", {}).get("organization", {}).get(name, {}),
    )


def _group_id(organization: str, name: str) -> str:
    """Return the group's id; that of "All members" is the organisation's own, as on the wire."""
    if name == ALL_MEMBERS:
        return invent.identifier("organization", organization)
    return invent.identifier("group", organization, name)


def _context(entry: Mapping[str, Any], organization: str, book: _Book) -> Context:
    name = entry["name"]
    if length := entry.get("pad_to"):
        name = (name * length)[:length]
    id_ = invent.identifier("context", organization, name)
    return Context(
        id_,
        name,
        invent.wire(invent.moment(entry["created"], invent.PLACES, id_)),
        tuple(_variables(entry, id_, entry["created"], book, stamped=True)),
        tuple(_restriction(text, organization, id_) for text in entry.get("restrictions", ())),
        denied=entry.get("denied", False),
    )


def _restriction(text: str, organization: str, context: str) -> Restriction:
    kind, _, value = (part.strip() for part in text.partition(":"))
    id_ = invent.identifier("restriction", context, text)
    if kind == "project":
        return Restriction(id_, kind, invent.identifier("project", organization, value), value)
    if kind == "group":
        return Restriction(id_, kind, _group_id(organization, value), value)
    return Restriction(id_, kind, value, None)


_PROJECT_FLAGS = (
    "followed",
    "building",
    "stopped",
    "denied",
    "fork_builds",
    "fork_secrets",
    "open_source",
)


def _projects(entry: Mapping[str, Any], vcs: str, book: _Book) -> Iterator[Project]:
    for name in entry["names"]:
        id_ = invent.identifier("project", entry["organization"], name)
        spread = 400 if len(entry["names"]) > 1 else 1
        created = entry["created"] + timedelta(days=invent.number(spread, id_))
        flags = {flag: entry[flag] for flag in _PROJECT_FLAGS if flag in entry}
        if kept := book.stores.get(f"{entry['organization']}/{name}"):
            flags["stores"] = kept
        legacy = book.keys[entry["legacy_keys"]].pair if "legacy_keys" in entry else None
        variables = tuple(_variables(entry, id_, created, book, stamped=False))
        yield _project(entry["organization"], vcs, name, variables, legacy_keys=legacy, **flags)


def _project(
    organization: str, vcs: str, name: str, variables: tuple[Variable, ...], **rest: Any
) -> Project:
    id_ = invent.identifier("project", organization, name)
    if vcs == "github":
        slugs = tuple(f"{provider}/{organization}/{name}" for provider in ("gh", "github"))
        url = f"https://github.com/{organization}/{name}"
    else:
        owner = invent.identifier("organization", organization)
        slugs = (f"circleci/{invent.short(owner)}/{invent.short(id_)}", f"circleci/{owner}/{id_}")
        url = f"//circleci.com/{owner}/{id_}"
    return Project(id_, name, slugs[0], slugs, url, variables, **rest)


# --- variables -------------------------------------------------------------------------------


def _variables(
    entry: Mapping[str, Any], place: str, created: date, book: _Book, *, stamped: bool
) -> Iterator[Variable]:
    """Yield the variables of a place; `stamped` places keep the time of the last write, too."""
    for pair in entry.get("keys", ()):
        yield from _key_variables(pair, created, book.keys[pair["key"]], stamped=stamped)
    for given in entry.get("azure", ()):
        yield from _azure_variables(given, created, stamped=stamped)
    bundled = (name for bundle in entry.get("bundles", ()) for name in book.bundles[bundle])
    for item in (*bundled, *entry.get("variables", ())):
        given = {"name": item} if isinstance(item, str) else item
        yield _variable(given, place, created, book, stamped=stamped)


def _key_variables(
    given: Mapping[str, Any], created: date, key: AccessKey, *, stamped: bool
) -> Iterator[Variable]:
    day = given.get("created", max(created, key.created.date()))
    halves = (("AWS_ACCESS_KEY_ID", key.pair.id), ("AWS_SECRET_ACCESS_KEY", key.pair.secret))
    for half, value in halves:
        name = f"{given.get('prefix', '')}{half}{given.get('suffix', '')}"
        made = _time(day, key.pair.id)
        last = _time(given.get("updated", day), key.pair.id)
        yield Variable(name, value, made, last if stamped else None)


def _azure_variables(
    given: Mapping[str, Any], created: date, *, stamped: bool
) -> Iterator[Variable]:
    """Yield what an application of the tenant logs in with, under the names that are usual."""
    found = azure_tenant.login(given["app"])
    prefix = given.get("prefix", "AZURE_")
    day = given.get("created", created)
    for name, value in (
        ("CLIENT_ID", found.client),
        ("CLIENT_SECRET", found.secret),
        ("TENANT_ID", found.tenant),
        ("SUBSCRIPTION_ID", found.subscription),
    ):
        made = _time(day, found.client)
        last = _time(given.get("updated", day), found.client)
        yield Variable(f"{prefix}{name}", value, made, last if stamped else None)


def _variable(
    given: Mapping[str, Any], place: str, created: date, book: _Book, *, stamped: bool
) -> Variable:
    name = given["name"]
    owner = "shared" if name in book.shared else place
    value = given.get("value") or book.values.get(name) or invent.secret(owner, name)
    later = 0 if "updated" in given else invent.number(90, place, name)
    made = _time(given.get("created", created + timedelta(days=later)), place, name)
    last = _time(given["updated"], place, name) if "updated" in given else made
    return Variable(name, value, made, last if stamped else None)


def _time(given: date | str, *names: str) -> str | None:
    """Return a time on the day given, or the text given as it stands; "" is null."""
    if isinstance(given, str):
        return given or None
    return invent.wire(invent.moment(given, invent.VARIABLES, *names))


# --- made to measure -------------------------------------------------------------------------

_NAMES = (
    "AWS_SECRET_ACCESS_KEY_{}",
    "DATABASE_URL_{}",
    "NPM_TOKEN_{}",
    "SLACK_WEBHOOK_URL_{}",
    "STRIPE_SECRET_KEY_{}",
    "AWS_REGION_{}",
    "NEXT_PUBLIC_API_URL_{}",
    "SETTING_{}",
)


def generate(
    contexts: int = 500,
    context_variables: int = 100,
    projects: int = 2000,
    project_variables: int = 20,
) -> Scenario:
    """Return one organisation of that size and no AWS account: for benchmarks.

    The defaults are CircleCI's own limits for contexts, and a large organisation's projects.
    """
    name = "acme-rockets"
    made = CiOrganization(
        invent.identifier("organization", name),
        name,
        f"gh/{name}",
        "github",
        tuple(_generated_context(name, n, context_variables) for n in range(contexts)),
        tuple(
            _project(name, "github", f"project-{n:04}", _generated(n, project_variables, None))
            for n in range(projects)
        ),
        (Group(_group_id(name, ALL_MEMBERS), ALL_MEMBERS),),
    )
    return Scenario(_person({"login": "otto-lift", "name": "Otto Lift"}), (made,))


def _generated_context(organization: str, n: int, variables: int) -> Context:
    name = f"context-{n:04}"
    id_ = invent.identifier("context", organization, name)
    time = invent.wire(invent.START)
    return Context(id_, name, time, _generated(n, variables, time), ())


def _generated(place: int, count: int, updated: str | None) -> tuple[Variable, ...]:
    names = (_NAMES[n % len(_NAMES)].format(n) for n in range(count))
    time = invent.wire(invent.START)
    return tuple(Variable(name, invent.secret(str(place), name), time, updated) for name in names)
