"""How far a rotation has come, in four words: what managers and charts count."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from auditor.models import Closure


class Stage(StrEnum):
    """How far a rotation has come, in one of four words."""

    PROVEN = "Proven closed"
    MOVING = "On its way"
    OPEN = "Not rotated"
    UNSEEN = "Cannot verify"


_MOVING = (Closure.CI_ONLY, Closure.OLD_ACTIVE, Closure.OLD_OFF, Closure.CI_KEEPS_OLD)
_UNSEEN = (Closure.CANNOT, Closure.REMOVED_UNKNOWN)


def stages(closures: Mapping[Closure, int]) -> dict[Stage, int]:
    """Return the secrets by stage, each of `Stage` present."""
    found = dict.fromkeys(Stage, 0)
    for closure, number in closures.items():
        found[stage_of(closure)] += number
    return found


def stage_of(closure: Closure) -> Stage:
    """Return the stage of a verdict."""
    if closure.done:
        return Stage.PROVEN
    if closure in _MOVING:
        return Stage.MOVING
    return Stage.UNSEEN if closure in _UNSEEN else Stage.OPEN
