"""What people know better: the first override of the configuration whose patterns fit an entry."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from auditor.config import Override, regular_expression
from auditor.models import Credential, Secret

LONGEST_NAME = 1_000
"""Characters of a name that a regular expression is tried on; no longer name fits one."""


class Overrides:
    """The overrides of the configuration, in their order: the first that fits and says it wins."""

    def __init__(self, overrides: Iterable[Override]) -> None:
        """Keep the overrides."""
        self._overrides = tuple(overrides)

    def identity(self, credential: Credential, secrets: dict[str, Secret]) -> str | None:
        """Return the identity a person named for any part of a credential."""
        entries = (secrets[part.secret_id] for part in credential.parts)
        return next((name for entry in entries if (name := self._told(entry, "identity"))), None)

    def owner(self, secret: Secret) -> str:
        """Return who is responsible for an entry, "" where nobody said."""
        return self._told(secret, "owner")

    def meaning(self, secret: Secret) -> Override | None:
        """Return the override that says what an entry is, None where the name has to tell."""
        told = (one for one in self._overrides if one.role or one.vendor or one.kind)
        return next((one for one in told if _fits(one, secret)), None)

    def _told(self, secret: Secret, field: str) -> str:
        fitting = (one for one in self._overrides if getattr(one, field) and _fits(one, secret))
        return next((str(getattr(one, field)) for one in fitting), "")


def _fits(override: Override, secret: Secret) -> bool:
    return _named(override.name, secret.name) and fnmatchcase(secret.scope.name, override.scope)


def _named(pattern: str, name: str) -> bool:
    expression = regular_expression(pattern)
    if expression is None:
        return fnmatchcase(name, pattern)
    return len(name) <= LONGEST_NAME and re.search(expression, name) is not None
