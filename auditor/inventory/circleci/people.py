"""Who stands behind groups and roles of an organisation, in numbers: no person is named. Pure."""

from __future__ import annotations

from collections import Counter

from auditor.inventory.circleci.fields import text
from auditor.inventory.circleci.scopes import Told
from auditor.inventory.circleci.stores import GROUPS, MEMBERS, ROLES


def groups(organization: Told) -> dict[str, str]:
    """Return what to call each group, by id: "Release crew (3 members)"."""
    members = Counter(one["group"] for one in organization.reply(MEMBERS).items)
    whole = organization.reply(MEMBERS).complete
    return {
        one["id"]: f"{text(one, 'name', 'id')}{_members(members[one['id']]) if whole else ''}"
        for one in organization.reply(GROUPS).items
    }


def roles(organization: Told, user: str) -> str:
    """Return how many people have which role, and the user of that id; "" where it is not told."""
    counted = Counter(one["role"] for one in organization.reply(ROLES).items)
    told = [f"{role}: {count}" for role, count in sorted(counted.items())]
    own = role_of(organization, user)
    return ", ".join([*told, *([f"read as {own}"] if own else [])])


def role_of(organization: Told, user: str) -> str:
    """Return the role of a user by id, "" where it is not told."""
    grants = organization.reply(ROLES).items
    return next((one["role"] for one in grants if user and one["id"] == user), "")


def _members(count: int) -> str:
    return f" ({count} member{'' if count == 1 else 's'})"
