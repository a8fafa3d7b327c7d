"""How to spend a number of calls: first on configurations, what is left on jobs that ran. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CONFIGURATION = 2
"""Calls for the newest pipeline of a project and its configuration."""
JOBS = 2
"""Calls for the newest workflows of a pipeline and the jobs of the first of them."""
_SHARE = 0.6
"""The part of the budget for configurations, where there are more projects than it pays for."""
MOST_DETAILS = 5
"""Jobs of one project that are asked one by one which contexts they had."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many projects to look at, of how many, and the calls that this can take."""

    projects: int
    of: int
    calls: int
    left: int


def for_configurations(budget: int, projects: int) -> Plan:
    """Return the plan for configurations: all projects, or a share of the budget."""
    fits = projects if projects * CONFIGURATION <= budget else int(budget * _SHARE) // CONFIGURATION
    calls = fits * CONFIGURATION
    return Plan(fits, projects, calls, budget - calls)


def for_jobs(left: int, wanted: Sequence[int]) -> list[int]:
    """Return how many jobs of each project to ask one by one; -1 for a project to pass over.

    `wanted` holds how many jobs of each are worth it.
    """
    granted = []
    for jobs in wanted:
        details = min(jobs, MOST_DETAILS, left - JOBS) if jobs and left > JOBS else -1
        left -= JOBS + details if details >= 0 else 0
        granted.append(details)
    return granted
