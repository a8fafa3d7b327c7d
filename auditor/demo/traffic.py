"""What happened at Acme Rockets in two months: ordinary jobs and people, and four thieves. Pure.

From `logs.toml`; the same at every run.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from typing import Any

SIGN_IN = "sign-in"
_WEEKEND = 5
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that somebody did, in no vendor's shape yet."""

    time: datetime
    platform: str
    identity: str
    action: str
    target: str = ""
    outcome: str = "success"
    address: str = ""
    agent: str = ""
    country: str = "US"
    job: str = ""
    project: str = ""
    number: int = 0
    """Number of the act, by which its ids are told apart."""


def table() -> Mapping[str, Any]:
    """Return `logs.toml`."""
    return tomllib.loads(resources.files(__package__).joinpath("logs.toml").read_text("utf-8"))


def ordinary(seed: str = "acme rockets") -> Iterator[Act]:
    """Yield what jobs and people do on working days, and a little at weekends."""
    told, chance = table(), random.Random(seed)
    day: date = told["from"]
    while day <= told["to"]:
        weekend = day.weekday() >= _WEEKEND
        for job in told["jobs"]:
            times = job["day"] if not weekend else int(chance.random() < job["day"] / 6)
            for _ in range(times):
                yield from _job(job, told, day, chance)
        for person in told["people"]:
            yield from _person(person, day, chance) if not weekend else ()
        day += timedelta(days=1)


def thefts() -> Iterator[Act]:
    """Yield what the thieves did."""
    projects = [job["project"] for job in table()["jobs"]]
    projects += [f"{name}-{n}" for name in ("kepler", "orbit-sdk", "avionics") for n in range(4)]
    for theft in table()["thefts"]:
        for minute, action, target, outcome, times in theft["steps"]:
            for n in range(times):
                filled = target.replace("{n}", str(n)).replace("{project}", projects[n % 18])
                yield Act(
                    theft["at"] + _MINUTE * minute + timedelta(seconds=7 * n),
                    theft["platform"],
                    theft["identity"],
                    action,
                    filled,
                    outcome,
                    theft["address"],
                    theft["agent"],
                    theft.get("country", "US"),
                )


def _job(
    job: Mapping[str, Any], told: Mapping[str, Any], day: date, chance: random.Random
) -> Iterator[Act]:
    """Yield one run of a job: its start, its checkout, its context, its calls, its end."""
    begin = datetime(day.year, day.month, day.day, 6, tzinfo=UTC) + _MINUTE * chance.randrange(840)
    address, name = _address(told, chance), f"{job['project']}-{begin:%m%d%H%M}"
    moment = begin + timedelta(seconds=chance.randrange(5, 30))
    ci: dict[str, Any] = {"address": "", "job": name, "project": job["project"]}
    yield Act(begin, "circleci", "job", "workflow-job-start", **ci)
    repository = f"acme-rockets/{job['project']}"
    where: dict[str, Any] = {"address": address, "agent": "git/2.34.1"}
    yield Act(moment, "github", "circleci-app", "git.clone", repository, **where)
    if job["context"]:
        yield Act(moment, "circleci", "job", "context.secrets.accessed", job["context"], **ci)
    where = {"address": address, "agent": job["agent"]}
    if job["platform"] == "azure":
        yield Act(moment, "azure", job["identity"], SIGN_IN, "Azure Resource Manager", **where)
    for action, times in job["calls"].items():
        for _ in range(times):
            moment += timedelta(seconds=chance.randrange(1, 40))
            yield Act(moment, job["platform"], job["identity"], action, job["project"], **where)
    end = moment + timedelta(seconds=chance.randrange(10, 200))
    yield Act(end, "circleci", "job", "workflow-job-finish", **ci)


def _person(person: Mapping[str, Any], day: date, chance: random.Random) -> Iterator[Act]:
    begin = datetime(day.year, day.month, day.day, 7, tzinfo=UTC)
    for platform in ("circleci", "github"):
        for action in person[platform]:
            at = begin + _MINUTE * chance.randrange(540)
            yield Act(
                at,
                platform,
                person["name"],
                action,
                "acme-rockets/orbit-api",
                address=person["address"],
                agent="Mozilla/5.0",
                country="AT",
            )


def _address(told: Mapping[str, Any], chance: random.Random) -> str:
    """Return where a job runs: now and then at an address that CircleCI publishes."""
    if chance.random() < 0.1:  # noqa: PLR2004 (one job in ten)
        return str(chance.choice(told["circleci"]))
    return f"{chance.choice(told['networks'])}.{chance.randrange(256)}.{chance.randrange(1, 255)}"
