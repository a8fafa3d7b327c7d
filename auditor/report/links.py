"""Decides which addresses become links: https, to a known console or a configured host.

Known are the hosts of `data/link_hosts.toml` and those of the consoles in the catalogue of names.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from functools import cache
from importlib import resources
from urllib.parse import urlsplit

from auditor.classify.catalogue import kinds

LENGTH_LIMIT = 2_079
"""Characters Excel follows in a link; a file with a longer one is repaired on opening."""


def allowed(url: str, hosts: Collection[str] = ()) -> bool:
    """Return whether a report may link there. `hosts` are the configured ones, with any port."""
    if len(url) > LENGTH_LIMIT or not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return False
    if parts.scheme != "https" or "@" in parts.netloc or "\\" in url:
        return False
    return parts.netloc.lower() in hosts or (port in (None, 443) and _known(host, hosts))


def _known(host: str, hosts: Collection[str]) -> bool:
    exact, domains = _table()
    return host in exact or host in hosts or host.endswith(domains)


@cache
def _table() -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the hosts linked by name and the domains (with leading dot) linked below."""
    text = resources.files("auditor").joinpath("data/link_hosts.toml").read_text("utf-8")
    names: list[str] = tomllib.loads(text)["hosts"]
    names += (urlsplit(kind.console).hostname or "" for kind in kinds().values() if kind.console)
    domains = tuple(name for name in names if name.startswith("."))
    return frozenset(names) - frozenset(domains), domains
