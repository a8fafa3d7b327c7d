"""Additional SSH keys of projects, with which builds log in to other machines (API v1.1 only)."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.inventory.circleci.fields import text
from auditor.inventory.circleci.stores import v1_settings
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store
from auditor.models import Json, ScopeKind


def _entries(item: Json) -> Iterator[Entry]:
    for key in item["ssh_keys"]:
        host = text(key, "hostname") or "any host"  # a key without a host is offered to all
        name = f"{host} ({text(key, 'fingerprint')})"
        at_github = "github" in host.casefold()
        yield Entry(name, kind="circleci-ssh-key-github" if at_github else "circleci-ssh-key")


STORE = Store(
    name="additional SSH key",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or an admin of the project",
    read=v1_settings.read,
    entries=_entries,
    switch="v1",
    on_server=OnServer.HIDDEN,
    page="ssh",
    shared=v1_settings.REPLY,
)
