"""Rates the roles of a file: tier, capabilities and why, one JSON object each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from auditor.errors import ConfigError
from auditor.models import CapabilityName, Json
from auditor.providers.azure.engine.documents import Definition, Malformed, read_definition
from auditor.providers.azure.held import held
from auditor.providers.azure.limits import limited
from auditor.providers.azure.sensitive import HARMLESS, Danger
from auditor.providers.exports import Found, Problem, read_folder

_MOST_REASONS = 12


def rate_roles(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rating of every role definition of a file of `az role definition list`.

    A role that is malformed is told with its error. ConfigError where the file cannot be read.
    """
    for number, document in enumerate(_documents(path), 1):
        try:
            yield rated(read_definition(document, f"definition {number}"))
        except Malformed as error:
            name = document.get("roleName") if isinstance(document, Mapping) else None
            yield {"name": name, "error": str(error)}


def rated(definition: Definition) -> dict[str, Any]:
    """Return the rating of one role: the worst of what it gives decides the tier."""
    found = [(one, limited(one.action, one.needed)) for one in held(definition)]
    found.sort(key=lambda pair: pair[1].danger.tier)
    return {
        "name": definition.name,
        "id": definition.id,
        "custom": definition.custom,
        "tier": min((one.danger.tier for _, one in found), default=HARMLESS),
        "capabilities": _names(one.danger for _, one in found),
        "conditional": bool(found)
        and all(one.conditional for _, one in found if one.danger.tier == found[0][1].danger.tier),
        "reasons": [
            {
                "tier": one.danger.tier,
                "action": held_.action.name,
                "data": held_.action.data,
                "by": held_.pattern,
                "reason": one.danger.reason,
                "source": held_.action.source,
                "conditions": list(held_.needed),
            }
            for held_, one in found[:_MOST_REASONS]
        ],
        "more_reasons": max(0, len(found) - _MOST_REASONS),
    }


def _names(dangers: Iterable[Danger]) -> list[str]:
    names = {danger.capability for danger in dangers}
    return [name.value for name in CapabilityName if name in names]


def _documents(path: Path) -> Iterator[Json]:
    """Yield the objects of a file of the CLI, or of the API, which has them under "value"."""
    found = False
    for item in read_folder(path):
        if isinstance(item, Problem) and not item.strange:
            raise ConfigError(f"{path}: {item.why}", "az role definition list > FILE")
        if isinstance(item, Found):
            found = True
            listed = item.document.get("value")
            yield from listed if isinstance(listed, list) else [item.document]
    if not found:
        raise ConfigError(f"{path}: it holds no role definitions", "az role definition list > FILE")
