"""What an audit is to look at: the systems and providers that the settings ask for, checked."""

from __future__ import annotations

import importlib.util
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, TypeVar

from auditor import incidents
from auditor.classify.by_hand import refuse_unknown_kinds
from auditor.config import Loaded
from auditor.errors import ConfigError, MissingExtra
from auditor.inventory import System, systems
from auditor.models import Incident
from auditor.overrides import Overrides
from auditor.providers import Provider, providers

Kind = Literal["inventory", "providers"]


class Part(Protocol):
    """What a CI system and a provider have in common: a name, and settings of a shape."""

    name: str
    settings: type[Any]


PartT = TypeVar("PartT", bound=Part)


@dataclass(frozen=True, slots=True)
class Plan:
    """Systems and providers by name, each with its checked settings."""

    loaded: Loaded
    systems: Mapping[str, tuple[System, Any]]
    providers: Mapping[str, tuple[Provider, Any]]
    known_providers: frozenset[str]
    """Every provider this version can ask, configured or not."""
    incident: Incident | None
    people: Overrides
    """What people know better."""


def plan(loaded: Loaded, only: Collection[str] = ()) -> Plan:
    """Return what the settings ask for, narrowed to the names of `only` where it is not empty.

    Without a table of any CI system every system is read with its defaults; a provider is asked
    only when it has a table. ConfigError for a name, a key or an incident that is unknown.
    """
    refuse_unknown_kinds(loaded)
    all_systems, all_providers = systems(), providers()
    _refuse_unknown(loaded, "inventory", all_systems)
    _refuse_unknown(loaded, "providers", all_providers)
    _refuse_unknown_only(only, {*all_systems, *all_providers})
    told = set(loaded.settings.inventory) or set(all_systems)
    return Plan(
        loaded,
        _chosen(loaded, "inventory", all_systems, _narrowed(told, only, set(all_systems))),
        _chosen(loaded, "providers", all_providers, _asked(loaded, only)),
        frozenset(all_providers),
        _incident(loaded),
        Overrides(loaded.settings.overrides),
    )


def require_packages(todo: Plan) -> None:
    """Raise MissingExtra when a provider of the plan lacks its optional packages."""
    for provider, settings in todo.providers.values():
        if missing_packages(provider, settings):
            raise MissingExtra(provider.title, provider.name)


def missing_packages(part: object, settings: Any) -> tuple[str, ...]:
    """Return the optional packages that a provider will import and that are not installed."""
    wanted: tuple[str, ...] = part.packages(settings) if hasattr(part, "packages") else ()
    return tuple(filter(_is_missing, wanted))


def _is_missing(name: str) -> bool:
    """Return whether a module is not installed, nor perhaps the package that it is in."""
    try:
        return importlib.util.find_spec(name) is None
    except ModuleNotFoundError:
        return True


def effective(loaded: Loaded) -> Iterator[str]:
    """Yield every effective setting with where it comes from, one line each."""
    todo = plan(loaded)
    tables: dict[str, Any] = asdict(loaded.settings)
    for kind, parts in (("inventory", todo.systems), ("providers", todo.providers)):
        tables[kind] = {name: asdict(settings) for name, (_, settings) in parts.items()}
    for key, value in _leaves(tables):
        yield f"{key} = {value!r}    # {loaded.origin(key)}"


def _leaves(table: Mapping[str, Any], at: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{at}{key}.")
        else:
            yield f"{at}{key}", value


def _refuse_unknown(loaded: Loaded, kind: Kind, known: Collection[str]) -> None:
    for name in getattr(loaded.settings, kind):
        if name not in known:
            where = loaded.origin(f"{kind}.{name}")
            raise ConfigError(
                f"{where}: unknown table [{kind}.{name}]", f"known are {', '.join(sorted(known))}"
            )


def _refuse_unknown_only(only: Collection[str], known: Collection[str]) -> None:
    for name in only:
        if name not in known:
            raise ConfigError(f"--only {name}: unknown", f"known are {', '.join(sorted(known))}")


def _narrowed(told: set[str], only: Collection[str], known: set[str]) -> set[str]:
    """Return the systems to read: a list of providers alone does not leave every system out."""
    wanted = set(only) & known
    return told & wanted if wanted else told


def _asked(loaded: Loaded, only: Collection[str]) -> set[str]:
    told = set(loaded.settings.providers)
    return told & set(only) if only else told


def _chosen(
    loaded: Loaded, kind: Kind, known: Mapping[str, PartT], names: set[str]
) -> dict[str, tuple[PartT, Any]]:
    return {
        name: (known[name], loaded.section(kind, name, known[name].settings))
        for name in sorted(names)
    }


def _incident(loaded: Loaded) -> Incident | None:
    settings = loaded.settings
    if settings.incident and settings.since:
        raise ConfigError(
            f"{loaded.origin('since')}: both an incident and a date are given", "give one of them"
        )
    if settings.since:
        return incidents.since(settings.since)
    return incidents.load(settings.incident) if settings.incident else None
