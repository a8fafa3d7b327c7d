"""What people know better: the first override of the configuration whose patterns fit an entry."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from auditor.config import Override
from auditor.models import Credential, Secret


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

    def _told(self, secret: Secret, field: str) -> str:
        fitting = (one for one in self._overrides if getattr(one, field) and _fits(one, secret))
        return next((str(getattr(one, field)) for one in fitting), "")


def _fits(override: Override, secret: Secret) -> bool:
    named = fnmatchcase(secret.name, override.name)
    return named and fnmatchcase(secret.scope.name, override.scope)
