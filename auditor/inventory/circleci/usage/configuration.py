"""Which jobs of a compiled configuration attach which contexts and name which variables. Pure.

A configuration may hold secrets in clear, so nothing of it is kept but the names of workflows, jobs
and contexts, of variables that the inventory knows already, and of identities by their exact form.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

import yaml

from auditor.inventory.circleci.usage.mentions import mentioned
from auditor.models import Json

LARGEST_TEXT = 8 * 1024 * 1024
_MOST_JOBS = 1000
_MOST_MENTIONS = 50
_MOST_CONTEXTS = 100
"""CircleCI allows no more in one configuration."""
_LONGEST_NAME = 200
_MOST_MERGED = 100_000
"""Pairs that merge keys may bring in all: each merge can double what the last one brought."""
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class _Loader(yaml.CSafeLoader):
    """Plain data only, and only so much of it."""

    merged = 0

    def flatten_mapping(self, node: Any) -> None:
        """Resolve the merge keys of a mapping, up to a number of pairs in all."""
        super().flatten_mapping(node)
        self.merged += len(node.value)
        if self.merged > _MOST_MERGED:
            raise yaml.YAMLError("too many merge keys")


def jobs_of(text: str, known: Collection[str]) -> list[Json] | None:
    """Return the jobs of a compiled configuration, None where it is none.

    Each has "workflow", "job", "contexts", "names": those of the known variables that a step, an
    image's log-in or anything else of the job names, and "mentions": identities of providers.
    """
    data = _parsed(text)
    if not isinstance(data, Mapping):
        return None
    definitions = _mapping(data.get("jobs"))
    found = islice(_scheduled(_mapping(data.get("workflows"))), _MOST_JOBS)
    jobs = [
        {
            "workflow": workflow[:_LONGEST_NAME],
            "job": str(told.get("name") or job)[:_LONGEST_NAME],
            "contexts": _contexts(told.get("context")),
            **_named(definitions.get(job), known),
        }
        for workflow, job, told in found
        if told.get("type") != "approval"
    ]
    if not jobs and isinstance(definitions.get("build"), Mapping):  # it runs without a workflow
        named = _named(definitions["build"], known)
        jobs = [{"workflow": "", "job": "build", "contexts": [], **named}]
    return jobs


def _parsed(text: str) -> Any:
    if len(text) > LARGEST_TEXT:
        return None
    try:
        loader = _Loader(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError):
        return None


def _scheduled(workflows: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield workflow, job and what the workflow tells of it, of every job of every workflow."""
    for workflow, told in workflows.items():
        jobs = _mapping(told).get("jobs")
        for one in jobs if isinstance(jobs, list) else ():
            for job, of_job in {one: {}}.items() if isinstance(one, str) else _mapping(one).items():
                yield str(workflow), str(job), _mapping(of_job)


def _contexts(told: Any) -> list[str]:
    names = [told] if isinstance(told, str) else told if isinstance(told, list) else []
    return [name for name in names if isinstance(name, str)][:_MOST_CONTEXTS]


def _named(definition: Any, known: Collection[str]) -> dict[str, list[str]]:
    """Return the known variables that stand as words in any text of a definition, and mentions."""
    names: set[str] = set()
    mentions: set[str] = set()
    for text in _texts(definition):
        names.update(word for word in _WORD.findall(text) if word in known)
        if len(mentions) < _MOST_MENTIONS:
            mentions.update(mentioned(text))
    return {"names": sorted(names), "mentions": sorted(mentions)[:_MOST_MENTIONS]}


def _texts(definition: Any) -> Iterator[str]:
    seen: set[int] = set()
    rest = [definition]
    while rest:
        one = rest.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list | dict) and id(one) not in seen:  # an alias is one object
            seen.add(id(one))
            rest.extend(one if isinstance(one, list) else (*one.keys(), *one.values()))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
