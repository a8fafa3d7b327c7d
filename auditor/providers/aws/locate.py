"""Where this machine has credentials for AWS: names of profiles and variables, never a value."""

from __future__ import annotations

import configparser
from collections.abc import Iterator, Mapping
from pathlib import Path

_VARIABLES = ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE")
_SHOWN = 20


def located(environ: Mapping[str, str], home: Path) -> Iterator[str]:
    """Yield each, in words."""
    yield from (f"variable {name}" for name in _VARIABLES if environ.get(name))
    files = (
        environ.get("AWS_CONFIG_FILE") or home / ".aws" / "config",
        environ.get("AWS_SHARED_CREDENTIALS_FILE") or home / ".aws" / "credentials",
    )
    names = dict.fromkeys(name for file in files for name in _profiles(Path(file)))
    yield from (f"profile {name}" for name in list(names)[:_SHOWN])


def _profiles(file: Path) -> Iterator[str]:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(file, "utf-8")
    except (configparser.Error, ValueError):
        return
    for section in parser.sections():
        kind, _, name = section.rpartition(" ")
        if kind in ("", "profile"):
            yield name
