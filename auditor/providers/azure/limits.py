"""What a condition leaves of the right to give roles.

Microsoft's own roles that give roles are limited to lists of roles (GuidEquals). A list of roles
that may not be given (GuidNotEquals) limits little: a custom copy of the forbidden role is not on
it. https://learn.microsoft.com/azure/role-based-access-control/delegate-role-assignments-overview
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from auditor.models import CapabilityName
from auditor.providers.azure.engine import conditions
from auditor.providers.azure.engine.conditions import Comparison, Expression, Joined, Negation
from auditor.providers.azure.sensitive import Danger

GIVES_ROLES = frozenset(
    f"microsoft.authorization/{name}/write"
    for name in (
        "roleassignments",
        "roleassignmentschedulerequests",
        "roleeligibilityschedulerequests",
    )
)
_ROLE = "roledefinitionid]"
_IDS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Limited:
    """A danger as conditions leave it. `roles` are the only ones that it can give, if known."""

    danger: Danger
    conditional: bool
    roles: frozenset[str] | None = None


def limited(danger: Danger, needed: Iterable[str]) -> Limited:
    """Return what a danger is worth under conditions, which are all that have to hold."""
    texts = tuple(needed)
    if not texts or danger.name.lower() not in GIVES_ROLES:
        return Limited(danger, conditional=bool(texts))
    parsed = [conditions.parse(text) for text in texts]
    known = [one for one in parsed if one is not None]
    listed = _common(_roles(one, danger.name) for one in known)
    if listed is not None:
        return Limited(_of_list(danger, listed), conditional=True, roles=listed)
    return Limited(_of_rest(danger, len(known) == len(texts), known), conditional=True)


def _of_list(danger: Danger, roles: frozenset[str]) -> Danger:
    shown = ", ".join(sorted(roles)[:_IDS_SHOWN]) or "none"
    more = f" and {len(roles) - _IDS_SHOWN} more" if len(roles) > _IDS_SHOWN else ""
    return replace(
        danger,
        tier=1,
        capability=CapabilityName.IMPERSONATE,
        reason=f"can give only these roles: {shown}{more}",
    )


def _of_rest(danger: Danger, readable: bool, known: Iterable[Expression]) -> Danger:
    but = sorted({id_ for one in known for id_ in _excepted(one, danger.name)})
    if not readable:
        reason = "can give roles under a condition that could not be read: review it"
    elif but:
        reason = (
            f"can give every role but {', '.join(but[:_IDS_SHOWN])}; a custom copy of a forbidden "
            "role is not forbidden"
        )
    else:
        reason = "can give every role, under a condition that names no roles: review it"
    return replace(danger, capability=CapabilityName.ESCALATE, reason=reason)


def _roles(expression: Expression, action: str, *, negated: bool = False) -> frozenset[str] | None:
    """Return the only roles that can be given where the expression holds; None: any."""
    decided = conditions.holds(expression, action)
    if decided is not None:
        return None if decided is not negated else frozenset()
    match expression:
        case Negation(part):
            return _roles(part, action, negated=not negated)
        case Joined(every, parts):
            found = [_roles(part, action, negated=negated) for part in parts]
            return _common(found) if every is not negated else _all(found)
        case Comparison() if _is_list(expression, negated=negated):
            return frozenset(value.lower() for value in expression.values)
    return None


def _common(found: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    """Return what is in every list; what has no list has no say."""
    lists = [one for one in found if one is not None]
    return frozenset.intersection(*lists) if lists else None


def _all(found: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    lists = list(found)
    known = [one for one in lists if one is not None]
    return frozenset().union(*known) if len(known) == len(lists) else None


def _is_list(comparison: Comparison, *, negated: bool) -> bool:
    wanted = "guidnotequals" if negated else "guidequals"
    return _is_of_roles(comparison) and comparison.operator.lower().endswith(f":{wanted}")


def _is_of_roles(comparison: Comparison) -> bool:
    return comparison.attribute.lower().replace(" ", "").endswith(_ROLE)


def _excepted(expression: Expression, action: str) -> Iterable[str]:
    for comparison, negated in conditions.open_parts(expression, action):
        if _is_of_roles(comparison) and not _is_list(comparison, negated=negated):
            yield from (value.lower() for value in comparison.values)
