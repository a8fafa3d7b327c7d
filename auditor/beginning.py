"""The first configuration: every key explained, and switched on what this machine can log in to."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from auditor.config import example, load
from auditor.errors import ConfigError
from auditor.inventory import systems
from auditor.plan import plan
from auditor.providers import Located, providers

_HEADER = re.compile(r"(?:# )?\[((?:inventory|providers)\.\w+)\]")


def located(environ: Mapping[str, str], home: Path) -> dict[str, tuple[str, ...]]:
    """Return by table ("providers.aws") where this machine has credentials; tables without too."""
    parts: dict[str, Any] = {f"inventory.{name}": part for name, part in systems().items()}
    parts |= {f"providers.{name}": part for name, part in providers().items()}
    return {
        table: tuple(part.locate(environ, home)) if isinstance(part, Located) else ()
        for table, part in parts.items()
    }


def configuration(
    wanted: Collection[str], found: Mapping[str, Sequence[str]], told: Sequence[str] = ()
) -> str:
    """Return the configuration with the tables of `wanted` switched on, those of others off.

    `told` are settings such as `providers.aws.region=eu-west-1`. ConfigError for a table or a
    setting that there is not.
    """
    known = {table for table in found if table.startswith("providers.")}
    for name in wanted:
        if f"providers.{name}" not in known:
            names = ", ".join(sorted(table.partition(".")[2] for table in known))
            raise ConfigError(f"--provider {name}: unknown", f"known are {names}")
    blocks = re.split(r"\n\n+", example().rstrip())
    made = [_block(block, wanted, found) for block in blocks]
    for setting in told:
        made = _set(made, setting)
    return "\n\n".join(made) + "\n"


def check(text: str) -> None:
    """Raise ConfigError unless a configuration can be used."""
    with tempfile.TemporaryDirectory(prefix="auditor-") as folder:
        file = Path(folder) / "config.toml"
        file.write_text(text, "utf-8")
        plan(load(file, environ={}, home=Path(folder)))


def _block(block: str, wanted: Collection[str], found: Mapping[str, Sequence[str]]) -> str:
    """Return a block of the example, switched on or off, with where credentials were found."""
    lines = block.splitlines()
    at = next((n for n, line in enumerate(lines) if _HEADER.fullmatch(line)), None)
    if at is None:
        return block
    table = lines[at].removeprefix("# ")[1:-1]
    kind, _, name = table.partition(".")
    on = kind == "inventory" or name in wanted
    seen = [f"# Found on this machine: {words}" for words in found.get(table, ())]
    if not on:
        rest = [line if line.startswith("#") or not line else f"# {line}" for line in lines]
        return "\n".join([*rest[:at], *seen, *rest[at:]])
    return "\n".join([*lines[:at], *seen, f"[{table}]", *lines[at + 1 :]])


def _set(blocks: list[str], setting: str) -> list[str]:
    """Return the blocks with one key set to a value, a text where it is no number or true."""
    path, equals, value = setting.partition("=")
    table, _, key = path.rpartition(".")
    line = re.compile(rf"(?m)^(?:# )?{re.escape(key)} = .*$")
    home = [n for n, block in enumerate(blocks) if f"[{table}]" in block.splitlines()]
    if not (equals and home and line.search(blocks[home[0]])):
        raise ConfigError(f"--set {setting}: no such setting", "auditor config show lists them all")
    text = value if re.fullmatch(r"\d+|true|false|[\[{].*", value) else _quoted(value)
    changed = line.sub(lambda _: f"{key} = {text}", blocks[home[0]], count=1)
    return [*blocks[: home[0]], changed, *blocks[home[0] + 1 :]]


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def words(found: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield what was found, a line each."""
    for table, places in found.items():
        yield from (f"{table.partition('.')[2]}: {place}" for place in places)
