"""Identity providers: whose a credential is and what it may do.

One package each, found by listing this folder.

A package `auditor/providers/<name>/` is a provider when it offers `PROVIDER`, an object that
follows the `Provider` protocol. Its settings are the table `[providers.<name>]` of the
configuration, its optional packages the extra of the same name. Importing the package imports no
SDK: `collect` does.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from auditor.collecting import Collecting, Snapshot, Sought
from auditor.errors import ConfigError
from auditor.models import (
    Check,
    Coverage,
    Credential,
    Fact,
    Gap,
    Identity,
    Json,
    KeyUse,
    LogCoverage,
    Match,
    NoMatch,
    OldKey,
    PlannedCall,
    Resolution,
    Secret,
    Seen,
    Suggestion,
    Weakness,
)


class Directory(Protocol):
    """What one provider knows, offline: answers are pure functions of a snapshot."""

    identities: Mapping[str, Identity]
    """Every principal that was read, by id."""
    coverage: tuple[Coverage, ...]
    gaps: tuple[Gap, ...]
    weaknesses: tuple[Weakness, ...]
    """What is wrong there whatever secrets leaked."""

    @property
    def logs(self) -> tuple[LogCoverage, ...]:
        """Which logs of its identities there are, and how far they see."""

    def identify(
        self, credential: Credential, secrets: Mapping[str, Secret], owner: str | None = None
    ) -> Match | NoMatch:
        """Return whose credential it is.

        `owner` is the identity a person named in the configuration.
        """

    def resolve(self, identity_id: str) -> Resolution:
        """Return what an identity of `identities` may do."""


@runtime_checkable
class Suggester(Protocol):
    """What a directory may offer besides: the rights that an identity should have instead."""

    def suggest(self, identity_id: str, seen: Fact[Seen] | None = None) -> Suggestion:
        """Return right-sized rights, less what logs prove unused where somebody hunted.

        KeyError for an identity that was not read.
        """


@runtime_checkable
class UseTeller(Protocol):
    """What a directory may offer besides: the use of credentials that its provider itself tells."""

    def uses(self, keys: Iterable[OldKey]) -> Iterator[KeyUse]:
        """Yield the last use of each of the credentials that has one, those that are gone, too."""


@runtime_checkable
class Remembers(Protocol):
    """What a directory may offer besides: what a CI system had made there and does not hold."""

    def left_behind(
        self, held: Collection[str], whole: Callable[[str, str], bool]
    ) -> Iterator[Weakness]:
        """Yield them; `held` are the ids of all identities that an entry may be of.

        `whole` tells of organisation and repository whether all that the CI system holds for it was
        read: otherwise nothing is missing there.
        """


class Provider(Protocol):
    """An identity provider: one method that talks to it, one that reads what was written."""

    name: str
    title: str
    settings: type[Any]
    """Frozen dataclass of the provider's configuration table.

    Its key `export` names a folder or a file of the vendor's own CLI output, read in place of the
    live API.
    """

    def packages(self, settings: Any) -> tuple[str, ...]:
        """Return what `collect` will import of the extra; looked for before an audit begins."""

    def collect(self, settings: Any, collecting: Collecting) -> None:
        """Read the provider into the snapshot.

        A refused call is written down as refused, never raised.

        Raises MissingExtra when the SDK is not installed.
        """

    def planned_calls(self, settings: Any, usage_budget: int) -> Iterator[PlannedCall]:
        """Yield each kind of call that `collect` may make, making none; nothing for files alone.

        `usage_budget` is that of `Collecting`.
        """

    def read(self, settings: Any, snapshot: Snapshot) -> Directory:
        """Return the directory that the snapshot holds. Pure but for reading the snapshot."""


@runtime_checkable
class Simulator(Protocol):
    """What a provider may offer besides: answers to requests that somebody makes up."""

    def simulate(self, request: Mapping[str, Json], now: datetime) -> dict[str, Any]:
        """Return the verdict on one request. ValueError says what is wrong with the request."""


@runtime_checkable
class RoleRater(Protocol):
    """What a provider may offer besides: how dangerous each role of a file of roles is."""

    def rate_roles(self, path: Path) -> Iterator[dict[str, Any]]:
        """Yield one JSON object a role: name, tier, capabilities, reasons.

        ConfigError for a file that cannot be read.
        """


@runtime_checkable
class Permitted(Protocol):
    """What a provider may offer besides: the least permissions with which it is read whole."""

    def permissions(self) -> str:
        """Return them in the provider's own form: a policy, a role, a manifest; ends a line."""


@runtime_checkable
class Examined(Protocol):
    """What a source may offer besides: a few cheap questions that tell how a reading would go."""

    def examine(self, settings: Any) -> Iterator[Check]:
        """Yield who one is there and what would stay unknown. A refusal is a check, not raised."""


@runtime_checkable
class Located(Protocol):
    """What a source may offer besides: where this machine has credentials for it."""

    def locate(self, environ: Mapping[str, str], home: Path) -> Iterator[str]:
        """Yield each in words: names of variables, profiles and programs, never a value."""


@runtime_checkable
class LogCollector(Protocol):
    """What a provider may offer besides: what its own log shows of named identities."""

    log_source: str
    """The source of `hunts.sources` that decodes what is collected."""

    def collect_logs(self, settings: Any, sought: Sought, collecting: Collecting) -> str:
        """Read the log's records of these names into the snapshot, in the vendor's own shape.

        Return what the names of their documents begin with; they hold nothing else. Documents that
        are whole are not read again. Names that the log knows nothing of are left out. Access key
        ids are kept as `Sealer.key_name` names them, and no field that may hold a secret.
        """

    def log_gaps(self, snapshot: Snapshot) -> tuple[Gap, ...]:
        """Return what of the log could not be read."""

    def log_names(
        self, settings: Any, names: Collection[str], snapshot: Snapshot
    ) -> Collection[str]:
        """Return those of the names that the log could be asked about, as it is configured."""

    def log_days(self, snapshot: Snapshot) -> Mapping[str, int]:
        """Return how many days back what was asked goes, by the log's title."""


@runtime_checkable
class LogQueries(Protocol):
    """What a provider may offer besides: the query that a person runs where its logs are kept."""

    def log_query(self, sought: Sought, table: str) -> str:
        """Return it for these names, bounded to the window; to be run by a person.

        ConfigError for what is no table, and where no name is this provider's.
        """


def providers() -> dict[str, Provider]:
    """Return every provider by name: each sub-package that offers `PROVIDER`."""
    names = (module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    return {name: importlib.import_module(f"{__name__}.{name}").PROVIDER for name in names}


def provider_called(name: str) -> Provider:
    """Return the provider of that name. ConfigError where there is none."""
    found = providers()
    if name not in found:
        raise ConfigError(f"provider {name} is unknown", f"one of: {', '.join(sorted(found))}")
    return found[name]
