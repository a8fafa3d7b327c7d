"""The table that makes one verdict of both sides. Every pair of states has its line."""

from __future__ import annotations

from auditor.models import Closure
from auditor.risk.closure.ci import CiState
from auditor.risk.closure.provider import Fate

_TABLE = {
    #                   ALIVE                  OFF                    DEAD                   UNKNOWN
    CiState.CHANGED: (
        Closure.OLD_ACTIVE,
        Closure.OLD_OFF,
        Closure.VERIFIED,
        Closure.CI_ONLY,
    ),
    # A blind rewrite after which the identity has a new key is judged as CHANGED: see `verify`.
    CiState.BLIND: (Closure.NOT_ROTATED, Closure.CANNOT, Closure.CANNOT, Closure.CANNOT),
    # Written again, perhaps with the same value: what the provider says of the old one decides.
    CiState.REWRITTEN: (
        Closure.NOT_ROTATED,
        Closure.CI_KEEPS_OLD,
        Closure.CI_KEEPS_OLD,
        Closure.CANNOT,
    ),
    CiState.UNCHANGED: (
        Closure.NOT_ROTATED,
        Closure.CI_KEEPS_OLD,
        Closure.CI_KEEPS_OLD,
        Closure.NOT_ROTATED,
    ),
    # The same end with no time of change: likely the same value, and nothing proves it.
    CiState.UNSURE: (Closure.NOT_ROTATED, Closure.CANNOT, Closure.CANNOT, Closure.CANNOT),
    CiState.REMOVED: (
        Closure.REMOVED_ALIVE,
        Closure.REMOVED_ALIVE,
        Closure.REMOVED_DEAD,
        Closure.REMOVED_UNKNOWN,
    ),
    CiState.UNREAD: (Closure.CANNOT,) * 4,
}

_COLUMN = {Fate.ALIVE: 0, Fate.OFF: 1, Fate.DEAD: 2, Fate.UNKNOWN: 3}


def judge(ci: CiState, fate: Fate) -> Closure:
    """Return the verdict of an entry from what became of it and of its old credential."""
    return _TABLE[ci][_COLUMN[fate]]


MEANING = {
    Closure.NOT_ROTATED: "The old credential is in use as before.",
    Closure.CI_ONLY: "The CI system holds another value; whether the old one is dead is not known.",
    Closure.OLD_ACTIVE: "The CI system holds another value, and the old credential still works.",
    Closure.OLD_OFF: "The old credential is switched off, not deleted: a click brings it back.",
    Closure.CI_KEEPS_OLD: "The old credential is revoked; builds that need the entry will fail.",
    Closure.VERIFIED: "The CI system holds another value and the old credential is dead.",
    Closure.REMOVED_ALIVE: "The entry is gone from the CI system, and its credential still exists.",
    Closure.REMOVED_DEAD: "The entry is gone from the CI system and its credential is dead.",
    Closure.REMOVED_UNKNOWN: "The entry is gone; nothing shows that its credential is dead.",
    Closure.USED_AFTER: "The logs show a use of the old credential after it was replaced.",
    Closure.CANNOT: "One of both sides could not be read, or cannot show it.",
}
"""What each verdict means, in a sentence a manager reads."""
