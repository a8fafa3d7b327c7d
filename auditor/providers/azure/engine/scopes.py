"""What lies below what: management groups, subscriptions, resource groups, resources."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

ROOT = "/"
"""The scope above every management group, where Azure grants `elevateAccess`."""
_GROUPS = "/providers/microsoft.management/managementgroups/"
_SUBSCRIPTIONS = "/subscriptions/"
_MOST_LEVELS = 50
"""Azure has six levels of management groups; whatever else is written ends here."""


@lru_cache(maxsize=100_000)
def normal(scope: str) -> str:
    """Return a scope as it can be compared: letters have no case, a slash at the end no meaning."""
    return scope.strip().rstrip("/").lower() or ROOT


def is_group(scope: str) -> bool:
    """Return whether a scope is a management group."""
    return normal(scope).startswith(_GROUPS)


def subscription_of(scope: str) -> str:
    """Return the scope of the subscription that a scope lies in, "" where it lies above one."""
    parts = normal(scope).split("/")
    return "/".join(parts[:3]) if normal(scope).startswith(_SUBSCRIPTIONS) else ""


def contains(upper: str, scope: str, parents: Mapping[str, str] | None = None) -> bool | None:
    """Return whether `scope` is `upper` or lies below it; None where nobody told.

    A subscription's path does not name its management groups: `parents` gives each normal scope
    its parent, as far as they are known.
    """
    upper, scope = normal(upper), normal(scope)
    if upper in (ROOT, scope) or scope.startswith(f"{upper}/"):
        return True
    if not is_group(upper) or not (is_group(scope) or subscription_of(scope)):
        return False
    known, top = parents or {}, scope
    for above in _above(subscription_of(scope) or scope, known):
        if above == upper:
            return True
        top = above
    return None if top != ROOT else False


def _above(scope: str, parents: Mapping[str, str]) -> Iterator[str]:
    """Yield the known ancestors of a subscription or management group, nearest first."""
    for _ in range(_MOST_LEVELS):
        if scope not in parents:
            return
        scope = normal(parents[scope])
        yield scope
        if scope == ROOT:
            return
