"""What exported files alone tell of a provider: one JSON line for each of its identities.

Nothing is asked of the provider: the files are read as its collector reads them, into a snapshot
in memory, and answered by the same directory as in an audit.
"""

from __future__ import annotations

import gc
import json
import resource
import secrets
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from auditor.collecting import Collecting, Memory, Silent
from auditor.errors import ConfigError
from auditor.models import Capability, Gap, Identity, Resolution
from auditor.providers import Directory, Provider, RoleRater, provider_called
from auditor.tails import KEY_LENGTH, Sealer

_TOLD = tuple(part.name for part in fields(Capability) if part.name != "identity_id")
"""The fields of a capability; whose it is, its line tells once."""
_BYTES_OF_MAXRSS = 1 if sys.platform == "darwin" else 1024
"""What one unit of getrusage's peak memory is."""


def answer(
    name: str, now: datetime, export: Path | None, roles: Path | None
) -> Iterator[dict[str, Any]]:
    """Yield one JSON object for each identity of an export, or for each role of a file of roles.

    ConfigError for an unknown provider, a path that is not there, or neither or both of the two.
    """
    path = roles or export
    if path is None or (roles and export):
        raise ConfigError("give either --export or --role-definitions", "auditor resolve --help")
    provider = provider_called(name)
    if not path.exists():
        raise ConfigError(f"{path} is not there", "name what the provider's own CLI printed")
    if roles:
        yield from _rated(provider, roles)
    else:
        yield from _lines(read(provider, path, now))


def read(provider: Provider, export: Path, now: datetime) -> Directory:
    """Return what an export holds, read as an audit reads it."""
    settings = provider.settings(export=str(export))
    snapshot = Memory()
    # A key for this call alone: nothing outside of it is compared with these seals.
    sealer = Sealer(secrets.token_bytes(KEY_LENGTH))
    provider.collect(settings, Collecting(snapshot, sealer, Silent(), now))
    return provider.read(settings, snapshot)


def show(lines: Iterable[dict[str, Any]], out: TextIO, err: TextIO) -> None:
    """Write the lines, and then how long it took and how much memory."""
    begun = time.monotonic()
    count = 0
    with _nothing_collected():
        for count, line in enumerate(lines, 1):  # noqa: B007 (the last number is the count)
            out.write(json.dumps(line) + "\n")
    seconds = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _BYTES_OF_MAXRSS
    err.write(f"{count} lines in {seconds:.2f} s, peak memory {peak / 2**20:.0f} MB\n")


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Look for no garbage meanwhile: it costs a quarter of the time.

    What is read stays to the end, and nothing of it is left in a circle.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _rated(provider: Provider, roles: Path) -> Iterator[dict[str, Any]]:
    if not isinstance(provider, RoleRater):
        raise ConfigError(f"{provider.title} has no roles to rate", "give --export instead")
    return provider.rate_roles(roles)


def _lines(directory: Directory) -> Iterator[dict[str, Any]]:
    """Yield a line for each identity, and one more for what could not be read at all."""
    for identity in directory.identities.values():
        yield _line(identity, directory.resolve(identity.id))
    if directory.gaps:
        yield {"gaps": [_told(gap) for gap in directory.gaps]}


def _line(identity: Identity, found: Resolution) -> dict[str, Any]:
    return {
        "principal": identity.id,
        "account": identity.account,
        "name": identity.name,
        "kind": identity.kind,
        "status": identity.status,
        "capabilities": [
            {name: getattr(one, name) for name in _TOLD} for one in found.capabilities
        ],
        "over_privileged": bool(found.over_privileged),
        "why": list(found.over_privileged),
        "complete": not found.gaps,
        "gaps": [_told(gap) for gap in found.gaps],
    }


def _told(gap: Gap) -> dict[str, str]:
    return {"what": gap.what, "why": gap.why, "fix": gap.fix}
