"""CI systems: where each keeps credentials. One package per system, found by listing this folder.

A package `auditor/inventory/<name>/` is a CI system when it offers `SYSTEM`, an object that follows
the `System` protocol. Its settings are the table `[inventory.<name>]` of the configuration.
Importing the package imports no SDK.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from auditor.collecting import Collecting, Snapshot
from auditor.models import Coverage, Gap, JobRun, Place, PlannedCall, Secret, Use


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one CI system holds, as far as it could be read."""

    organizations: tuple[str, ...]
    places: tuple[Place, ...]
    secrets: tuple[Secret, ...]
    coverage: tuple[Coverage, ...]
    gaps: tuple[Gap, ...]
    uses: tuple[Use, ...] = ()
    job_runs: tuple[JobRun, ...] = ()


class System(Protocol):
    """A CI system: one method that talks to it, one that reads what was written."""

    name: str
    title: str
    settings: type[Any]
    """Frozen dataclass of the system's configuration table."""

    def collect(self, settings: Any, collecting: Collecting) -> None:
        """Read the system into the snapshot.

        Raises AuthError or RemoteError only when nothing can be read.
        """

    def planned_calls(self, settings: Any, usage_budget: int) -> Iterator[PlannedCall]:
        """Yield each kind of call that `collect` may make, making none.

        `usage_budget` is that of `Collecting`.
        """

    def hosts(self, settings: Any) -> tuple[str, ...]:
        """Return the hosts ("circleci.example.com") that links of the inventory may lead to."""

    def read(self, settings: Any, snapshot: Snapshot) -> Inventory:
        """Return the inventory that the snapshot holds. Pure but for reading the snapshot."""


def systems() -> dict[str, System]:
    """Return every CI system by name: each sub-package that offers `SYSTEM`."""
    names = (module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)
    return {name: importlib.import_module(f"{__name__}.{name}").SYSTEM for name in names}
