"""The second act of the demo: what people did after the first audit, from `rotation.toml`. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from importlib import resources
from typing import Any, TypeVar

from auditor.demo import invent, revocations
from auditor.demo.accounts import access_keys
from auditor.demo.estate import (
    AccessKey,
    Account,
    CiOrganization,
    Context,
    KeyPair,
    Principal,
    Project,
    Scenario,
    Variable,
)

Holder = TypeVar("Holder", Context, Project)


@dataclass(frozen=True, slots=True)
class Move:
    """One thing that people did; `rotation.toml` says what the fields mean."""

    place: str
    verdict: str
    key: str = ""
    names: tuple[str, ...] = ()
    ci: str = ""
    provider: str = ""
    claim: str = ""
    gcp: Mapping[str, Any] | None = None
    github: Mapping[str, Any] | None = None
    azure: Mapping[str, Any] | None = None


def moves() -> tuple[Move, ...]:
    """Return what people did, in the order of the file."""
    file = resources.files(__package__).joinpath("rotation.toml")
    tables = tomllib.loads(file.read_text("utf-8"))["moves"]
    return tuple(Move(**table | {"names": tuple(table.get("names", ()))}) for table in tables)


def entries(scenario: Scenario, move: Move) -> tuple[str, ...]:
    """Return the names of the entries that a move is about."""
    pair = _pair(scenario, move)
    held = (variable for place in _places(scenario, move) for variable in place.variables)
    return tuple(variable.name for variable in held if _meant(variable, move, pair))


def rotated(scenario: Scenario, now: datetime) -> Scenario:
    """Return the scenario after all moves, made shortly before `now`."""
    for move in moves():
        pair = _pair(scenario, move)
        fresh = _fresh(scenario, move)
        scenario = _elsewhere(scenario, move, now.date())
        scenario = replace(
            scenario,
            organizations=tuple(
                _stored(organization, move, pair, fresh, now)
                for organization in scenario.organizations
            ),
            accounts=tuple(_at_provider(one, move, fresh, now) for one in scenario.accounts),
        )
    return scenario


def _elsewhere(scenario: Scenario, move: Move, today: date) -> Scenario:
    """Return the scenario after what a move did at another provider, while CI is as it was."""
    if move.gcp:
        scenario = revocations.of_google(scenario, move.gcp, today)
    if move.github:
        place, _, name = move.github["variable"].partition("/")
        held = (v for one in _places(scenario, Move(place, "")) for v in one.variables)
        value = next(variable.value for variable in held if variable.name == name)
        scenario = revocations.of_github(scenario, move.github, today, value)
    if move.azure:
        scenario = revocations.of_azure(scenario, move.azure, today)
    return scenario


# --- in the CI system ------------------------------------------------------------------------


def _places(scenario: Scenario, move: Move) -> Iterator[Context | Project]:
    for organization in scenario.organizations:
        places: tuple[Context | Project, ...] = (*organization.contexts, *organization.projects)
        yield from (place for place in places if place.name.startswith(move.place))


def _stored(
    organization: CiOrganization,
    move: Move,
    pair: KeyPair | None,
    fresh: KeyPair | None,
    now: datetime,
) -> CiOrganization:
    return replace(
        organization,
        contexts=tuple(_held(one, move, pair, fresh, now) for one in organization.contexts),
        projects=tuple(_held(one, move, pair, fresh, now) for one in organization.projects),
    )


def _held(
    place: Holder, move: Move, pair: KeyPair | None, fresh: KeyPair | None, now: datetime
) -> Holder:
    if not move.ci or not place.name.startswith(move.place):
        return place
    kept = (
        _written(variable, move, pair, fresh, now) if _meant(variable, move, pair) else variable
        for variable in place.variables
    )
    return replace(place, variables=tuple(variable for variable in kept if variable))


def _meant(variable: Variable, move: Move, pair: KeyPair | None) -> bool:
    if pair:
        return variable.value in (pair.id, pair.secret)
    return variable.name in move.names


def _written(
    variable: Variable, move: Move, pair: KeyPair | None, fresh: KeyPair | None, now: datetime
) -> Variable | None:
    """Return a variable as people left it, None for one that they removed."""
    if move.ci == "removed":
        return None
    value = variable.value
    if move.ci == "new":
        value = invent.secret("rotated", move.place, variable.name)
        if pair and fresh:
            value = fresh.id if variable.value == pair.id else fresh.secret
    time = invent.wire(now)
    if variable.updated is None:  # a project's: CircleCI lets nobody change one, only add it anew
        return Variable(variable.name, value, time, None)
    return Variable(variable.name, value, variable.created, time)


# --- at the provider -------------------------------------------------------------------------


def _pair(scenario: Scenario, move: Move) -> KeyPair | None:
    return access_keys(scenario.accounts)[move.key].pair if move.key else None


def _fresh(scenario: Scenario, move: Move) -> KeyPair | None:
    """Return the key that replaces the old one, of the same account."""
    user, _, _ = move.key.partition("/")
    if not user or move.ci != "new":
        return None
    account = next(a for a in scenario.accounts for u in a.users if u.name == user)
    name = f"{move.key}/rotated"
    return KeyPair(invent.access_key_id(account.id, name), invent.secret("key", name))


def _at_provider(account: Account, move: Move, fresh: KeyPair | None, now: datetime) -> Account:
    return replace(account, users=tuple(_user(user, move, fresh, now) for user in account.users))


def _user(user: Principal, move: Move, fresh: KeyPair | None, now: datetime) -> Principal:
    name, _, position = move.key.partition("/")
    if user.name != name:
        return user
    keys = [
        replace(key, status=move.provider) if move.provider and number == int(position) else key
        for number, key in enumerate(user.keys, 1)
    ]
    if fresh:
        keys.append(AccessKey(fresh, "Active", now, None))
    return replace(user, keys=tuple(keys))
