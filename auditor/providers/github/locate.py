"""Where this machine has credentials for GitHub: names, never a value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_VARIABLES = ("GITHUB_TOKEN", "GH_TOKEN")
_APP_KEY, _APP_ID = "GITHUB_APP_PRIVATE_KEY", "GITHUB_APP_ID"
_HOST = re.compile(r"([\w.-]+):\s*")
_LARGEST = 100_000


def located(environ: Mapping[str, str], home: Path) -> Iterator[str]:
    """Yield each, in words. Of gh's file only the names of hosts are looked at."""
    yield from (f"variable {name}" for name in _VARIABLES if environ.get(name))
    if environ.get(_APP_KEY):
        value = f"what {_APP_ID} holds" if environ.get(_APP_ID) else "its id, from the app's page"
        yield f"variable {_APP_KEY}: to log in as that GitHub App, set app_id to {value}"
    folder = Path(environ.get("GH_CONFIG_DIR") or home / ".config" / "gh")
    try:
        with (folder / "hosts.yml").open(encoding="utf-8", errors="replace") as file:
            lines = file.read(_LARGEST).splitlines()
    except OSError:
        return
    for host in filter(None, map(_HOST.fullmatch, lines)):
        yield f"gh, for {host[1]}: export GITHUB_TOKEN=$(gh auth token --hostname {host[1]})"
