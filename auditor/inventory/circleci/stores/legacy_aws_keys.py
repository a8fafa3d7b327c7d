"""AWS keys of the project settings page of long ago, which builds still receive (API v1.1 only).

They were the ones behind the mails of January 2023 about keys that nobody could find: no later API
and no list of variables shows them.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.inventory.circleci.stores import v1_settings
from auditor.inventory.circleci.stores.store import Entry, Store
from auditor.models import Json, ScopeKind
from auditor.tails import tail_from_json

VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
"""The variables in which builds receive the halves."""


def _entries(item: Json) -> Iterator[Entry]:
    for half, variable in zip(v1_settings.HALVES, VARIABLES, strict=True):
        if item["keypair"][half]["set"]:
            yield Entry(variable, tail=tail_from_json(item["keypair"][half]["tail"]))


STORE = Store(
    name="legacy AWS key",
    scope=ScopeKind.PROJECT,
    right="an organization admin, or an admin of the project",
    read=v1_settings.read,
    entries=_entries,
    switch="v1",
    shared=v1_settings.REPLY,
)
