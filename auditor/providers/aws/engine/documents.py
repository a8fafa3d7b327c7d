"""Reads policy documents, each only once: equal documents are the same policy."""

from __future__ import annotations

import marshal
from dataclasses import dataclass, field
from functools import lru_cache

from auditor.models import Json
from auditor.providers.aws.engine.errors import MalformedPolicy
from auditor.providers.aws.engine.statements import Attached, Statement, statement

_VERSIONS = ("2012-10-17", "2008-10-17")
_ELEMENTS = frozenset(("Version", "Id", "Statement"))
_UNSHARED = 2
"""Version of marshal in which equal values are always written alike."""


_REMEMBERED = 256
"""For how many actions a policy remembers its statements."""


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """A policy document, read."""

    statements: tuple[Statement, ...]
    _about: dict[str, tuple[Statement, ...]] = field(default_factory=dict)

    def about(self, action: str) -> tuple[Statement, ...]:
        """Return the statements that are about an action, given in lower case."""
        known = self._about.get(action)
        if known is None:
            if len(self._about) >= _REMEMBERED:
                self._about.clear()
            known = tuple(found for found in self.statements if found.is_about(action))
            self._about[action] = known
        return known


def policy(document: Json, attached: Attached) -> Policy:
    """Return a parsed JSON document as a policy. MalformedPolicy where it is none.

    The key of the cache is the document's content, so a document may be changed at any time.
    """
    try:
        content = marshal.dumps(document, _UNSHARED)
    except ValueError:  # nested too deeply, or not JSON at all
        raise MalformedPolicy("Statement", "it is not a JSON document") from None
    return _policy(content, attached)


@lru_cache(maxsize=4_000)
def _policy(content: bytes, attached: Attached) -> Policy:
    document = marshal.loads(content)  # noqa: S302 (`policy` wrote it)  # nosec B302
    if not isinstance(document, dict):
        raise MalformedPolicy("Statement", "the document is not an object")
    if unknown := [name for name in document if name not in _ELEMENTS]:
        raise MalformedPolicy(str(unknown[0])[:100], "there is no such element")
    version = document.get("Version", "2008-10-17")
    if version not in _VERSIONS:
        raise MalformedPolicy("Version", f"it is neither {_VERSIONS[0]} nor {_VERSIONS[1]}")
    if "Statement" not in document:
        raise MalformedPolicy("Statement", "there is none")
    found = document["Statement"]
    statements = found if isinstance(found, list) else [found]
    variables = version == _VERSIONS[0]
    return Policy(
        tuple(_statement(value, n, attached, variables) for n, value in enumerate(statements, 1))
    )


def _statement(value: Json, number: int, attached: Attached, variables: bool) -> Statement:
    try:
        return statement(value, number, attached, variables=variables)
    except MalformedPolicy as error:
        raise error.within(statement=number) from None
