"""Names of permissions: the short form of roles, and the long one of deny policies."""

from __future__ import annotations

import re
from functools import lru_cache

_SERVICES = {"resourcemanager": "cloudresourcemanager"}
"""Services whose API has another name than their permissions begin with.

https://cloud.google.com/iam/docs/deny-permissions-support
"""


@lru_cache(maxsize=100_000)
def long_form(permission: str) -> str:
    """Return the form of deny policies.

    "iam.roles.get" gives "iam.googleapis.com/roles.get"; one with a slash is of that form already.
    """
    if "/" in permission:
        return permission
    service, _, rest = permission.partition(".")
    return f"{_SERVICES.get(service, service)}.googleapis.com/{rest}"


@lru_cache(maxsize=100_000)
def names(pattern: str, permission: str) -> bool:
    """Return whether a pattern of a deny rule or a boundary names a permission.

    A star stands for anything: "iam.googleapis.com/roles.*", ".../*.create".
    """
    if pattern == "*":
        return True
    wanted = "".join(".*" if part == "*" else re.escape(part) for part in _parts(pattern))
    return re.fullmatch(wanted, long_form(permission)) is not None


def _parts(pattern: str) -> list[str]:
    """Return the pattern cut at its stars, several in a row as one: each costs when matching."""
    return re.findall(r"\*|[^*]+", re.sub(r"\*+", "*", long_form(pattern)))
