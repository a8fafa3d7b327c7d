"""A few cheap questions to CircleCI: whose token is it, and what does its user see."""

from __future__ import annotations

from collections.abc import Iterator

from auditor.errors import AuditorError
from auditor.inventory.circleci import organizations
from auditor.inventory.circleci.fields import shown, text
from auditor.inventory.circleci.listing import Calls
from auditor.inventory.circleci.settings import Settings
from auditor.models import Check, Health

ABOUT = "CircleCI"


CLOCKS = 60.0
"""Seconds that two clocks may differ before anybody is told."""


def clock(ahead: float | None) -> Iterator[Check]:
    """Yield whether this machine's clock agrees with CircleCI's; nothing where that told no time.

    AWS refuses requests that are signed with a time 5 minutes off.
    """
    if ahead is None:
        return
    if abs(ahead) <= CLOCKS:
        yield Check("clock", Health.OK, "agrees with CircleCI's")
        return
    which = "ahead of" if ahead > 0 else "behind"
    yield Check(
        "clock",
        Health.WARN,
        f"{abs(ahead):,.0f} seconds {which} CircleCI's: ages and proofs of rotation would be wrong,"
        " and AWS may refuse every request",
        "let a time server set it",
    )


def examine(calls: Calls, settings: Settings) -> Iterator[Check]:
    """Yield whose token it is and which organisations it shows."""
    try:
        user = organizations.read_user(calls, settings)
    except AuditorError as error:
        yield Check(ABOUT, Health.FAIL, error.message, error.hint)
        return
    login = shown(text(user.items[0], "login", "id"))
    yield Check(ABOUT, Health.OK, f"{settings.base} knows the token's user as {login}")
    listed = organizations.read_listed(calls)
    if not listed.complete:
        yield Check(
            ABOUT,
            Health.WARN,
            f"organisations cannot be listed: {listed.call}: {listed.error}",
            "name them under organizations in [inventory.circleci]",
        )
        return
    names = [shown(text(entry, "name", "slug")) for entry in listed.items]
    if not names:
        yield Check(
            ABOUT,
            Health.FAIL,
            "the token's user is in no organisation",
            "use the token of an organisation admin",
        )
        return
    yield Check(ABOUT, Health.OK, f"sees {len(names)}: {', '.join(names[:5])}")
