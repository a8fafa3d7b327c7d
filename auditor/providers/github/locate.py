"""Where this machine has credentials for GitHub: names, never a value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_VARIABLES = ("GITHUB_TOKEN", "GH_TOKEN")
_HOST = re.compile(r"([\w.-]+):\s*")
_LARGEST = 100_000


def located(environ: Mapping[str, str], home: Path) -> Iterator[str]:
    """Yield each, in words. Of gh's file only the names of hosts are looked at."""
    yield from (f"variable {name}" for name in _VARIABLES if environ.get(name))
    folder = Path(environ.get("GH_CONFIG_DIR") or home / ".config" / "gh")
    try:
        with (folder / "hosts.yml").open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_LARGEST).splitlines()
    except OSError:
        return
    for host in filter(None, map(_HOST.fullmatch, lines)):
        yield f"gh, for {host[1]}: export GITHUB_TOKEN=$(gh auth token --hostname {host[1]})"
