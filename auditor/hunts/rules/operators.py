"""The closed set of operators: what about the selected events makes them worth a look.

`match` finds each event. The others compare an identity with itself: how many in a while, not seen
before, at an odd hour, from elsewhere. Each that needs a past says how much (`min_history`); an
identity with less is not judged by it, and the hunt says so instead of guessing.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from auditor.hunts.rules.fields import COLUMNS

_STRICT = ConfigDict(extra="forbid", frozen=True)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def _duration(told: object) -> object:
    """Return "10m", "2h" or "30d" as a duration; anything else as it is, to be refused."""
    found = re.fullmatch(r"(\d+)([smhd])", told) if isinstance(told, str) else None
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else told


def _columns(told: object) -> object:
    names = [told] if isinstance(told, str) else told
    for name in names if isinstance(names, list) else ():
        if name not in COLUMNS:
            raise ValueError(f"no event has a field {name}")
    return names


# Each operator `looks_back`: how long before the hunted window it asks of events, but for when an
# identity began; None is without bound.
Duration: TypeAlias = Annotated[timedelta, BeforeValidator(_duration)]
Names: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_columns), Field(min_length=1)]
Share: TypeAlias = Annotated[float, Field(gt=0, lt=1)]
HabitDays: TypeAlias = Annotated[int, Field(ge=1)]
AtLeast: TypeAlias = Annotated[int, Field(ge=2)]

WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
HABIT = timedelta(days=31)
"""How far back days count for a habit: thirty, the first from its midnight."""


@dataclass(config=_STRICT)
class Match:
    """Every selected event."""

    operator: Literal["match"] = "match"
    needs_past: ClassVar[bool] = False
    looks_back: ClassVar[timedelta] = timedelta()


@dataclass(config=_STRICT)
class Count:
    """At least so many selected events of one identity and address within a while."""

    at_least: AtLeast
    within: Duration
    operator: Literal["count"] = "count"
    needs_past: ClassVar[bool] = False

    @property
    def looks_back(self) -> timedelta:
        """Return the while."""
        return self.within


@dataclass(config=_STRICT)
class Distinct:
    """At least so many different values among the selected events of one identity in a while."""

    of: Names
    at_least: AtLeast
    within: Duration
    per: Annotated[tuple[str, ...], BeforeValidator(_columns)] = ()
    """Counted apart for each value of these, and then from whatever address."""
    operator: Literal["distinct"] = "distinct"
    needs_past: ClassVar[bool] = False

    @property
    def looks_back(self) -> timedelta:
        """Return the while."""
        return self.within


@dataclass(config=_STRICT)
class FirstSeen:
    """A value that the identity did not show in the time before, as far back as `history`."""

    of: Names
    history: Duration = MONTH
    min_history: Duration = WEEK
    again: bool = False
    """Only a value that was seen before, longer ago than `history`."""
    at_least: Annotated[int, Field(ge=1)] = 1
    within: Duration = timedelta(hours=1)
    """Only where there are so many new ones of one identity in a while."""
    operator: Literal["first_seen"] = "first_seen"
    needs_past: ClassVar[bool] = True

    @property
    def looks_back(self) -> timedelta | None:
        """Return how old the past is of the first that is counted; "seen again" needs all of it."""
        return None if self.again else self.history + self.within


@dataclass(config=_STRICT)
class Rare:
    """A value in less than `share` of what the identity did before, seen or not."""

    of: Names
    share: Share = 0.01
    history: Duration = MONTH
    min_history: Duration = WEEK
    min_events: AtLeast = 100
    operator: Literal["rare"] = "rare"
    needs_past: ClassVar[bool] = True

    @property
    def looks_back(self) -> timedelta:
        """Return the past."""
        return self.history


@dataclass(config=_STRICT)
class OffHours:
    """An hour of the day (UTC) with less than `share` of what the identity did before."""

    share: Share = 0.01
    history: Duration = MONTH
    min_history: Duration = WEEK
    min_events: AtLeast = 100
    operator: Literal["off_hours"] = "off_hours"
    needs_past: ClassVar[bool] = True

    @property
    def looks_back(self) -> timedelta:
        """Return the past."""
        return self.history


@dataclass(config=_STRICT)
class ExpectedNetwork:
    """An address of none of these origins; one of which nothing is known is not judged.

    Nor is an identity whose habit that is: one that was used so on several days before, such as a
    person's.
    """

    origins: tuple[Literal["circleci", "runner", "plausible"], ...]
    habit_days: HabitDays = 3
    operator: Literal["expected_network"] = "expected_network"
    needs_past: ClassVar[bool] = False
    looks_back: ClassVar[timedelta] = HABIT


@dataclass(config=_STRICT)
class OutsideJobWindow:
    """Use of a credential while no job was running that could hold it; unless it is a habit."""

    slack: Duration = timedelta(minutes=15)
    habit_days: HabitDays = 3
    operator: Literal["outside_job_window"] = "outside_job_window"
    needs_past: ClassVar[bool] = False
    looks_back: ClassVar[timedelta] = HABIT


@dataclass(config=_STRICT)
class ImpossibleTravel:
    """Two places further apart than anybody travels in the time between, unless it is a habit.

    Clouds and the company's own runners do not count. Of two countries the distance is the least
    that is between them.
    """

    kmh: Annotated[int, Field(gt=0)] = 1000
    habit_days: HabitDays = 3
    operator: Literal["impossible_travel"] = "impossible_travel"
    needs_past: ClassVar[bool] = False
    looks_back: ClassVar[None] = None


@dataclass(config=_STRICT)
class UsedVsGranted:
    """The first use of a dangerous permission that the identity was granted and had left alone."""

    history: Duration = MONTH
    min_history: Duration = WEEK
    operator: Literal["used_vs_granted"] = "used_vs_granted"
    needs_past: ClassVar[bool] = True

    @property
    def looks_back(self) -> timedelta | None:
        """Return the past of a first use."""
        return FirstSeen(of=("action",), history=self.history).looks_back


Operator: TypeAlias = Annotated[
    Match
    | Count
    | Distinct
    | FirstSeen
    | Rare
    | OffHours
    | ExpectedNetwork
    | OutsideJobWindow
    | ImpossibleTravel
    | UsedVsGranted,
    Field(discriminator="operator"),
]
