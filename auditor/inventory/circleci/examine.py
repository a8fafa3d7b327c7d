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
