"""Says why a credential holds more than a CI job needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from auditor.providers.github.levels import rank

if TYPE_CHECKING:
    from auditor.providers.github.holder import Holder
    from auditor.providers.github.organizations import Organization

_MANY = 10
"""Repositories from which on a credential for CI reaches too many, unless they are all."""
_STRONG = frozenset({"critical"})


def excess(holder: Holder, organization: Organization, levels: Mapping[str, str]) -> Iterator[str]:
    """Yield the reasons, in words; none where nothing says so."""
    if holder.kind == "person":
        return
    critical = [right.name for right in holder.rights or () if right.tier in _STRONG]
    if critical:
        yield f"it has {', '.join(critical)}"
    if holder.owner and holder.owner.role == "owner":
        yield "it is an owner's: its scopes reach everything of the organisation"
    if "token" in holder.kind and holder.expires is None:
        yield "it does not expire"
    yield from _wide(holder, organization, levels)
    yield from _key(holder, organization)


def _wide(holder: Holder, organization: Organization, levels: Mapping[str, str]) -> Iterator[str]:
    writable = sum(rank(level) >= rank("write") for level in levels.values())
    writes = any(
        right.tier in ("high", "critical") and right.of in ("", "repository")
        for right in holder.rights or ()
    )
    if writes and len(levels) > 1 and writable >= min(_MANY, len(organization.repositories)):
        yield f"it may write to {writable} repositories; a CI job needs its own"


def _key(holder: Holder, organization: Organization) -> Iterator[str]:
    if holder.kind != "deploy key" or holder.read_only:
        return
    if "circleci" in holder.title.casefold():
        yield "it may write, and CI needs to read to build"
    for name in holder.repositories or ():
        if organization.repositories[name].protected is False:
            yield "it may push to the default branch, which nothing protects from it"
