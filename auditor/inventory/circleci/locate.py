"""Where this machine has a token for CircleCI: names, never a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

_VARIABLES = ("CIRCLE_TOKEN", "CIRCLE_CLI_TOKEN")


def located(environ: Mapping[str, str], home: Path) -> Iterator[str]:
    """Yield each, in words. The file of CircleCI's own CLI holds its token, so it is not read."""
    yield from (f"variable {name}" for name in _VARIABLES if environ.get(name))
    file = home / ".circleci" / "cli.yml"
    if file.is_file():
        yield f"circleci, whose {file.name} holds a token: put it into CIRCLE_TOKEN"
