"""Reads one statement of a policy, and decides whether it applies to a request.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from auditor.models import Json
from auditor.providers.aws.engine.callers import Caller
from auditor.providers.aws.engine.conditions import Condition, conditions
from auditor.providers.aws.engine.context import Context
from auditor.providers.aws.engine.errors import MalformedPolicy
from auditor.providers.aws.engine.principals import Principals, Reach, principals
from auditor.providers.aws.engine.truth import MAYBE, NO, YES, Truth, opposite
from auditor.providers.aws.engine.variables import Filled, Template, template
from auditor.providers.aws.patterns import (
    covers,
    has_wildcard,
    keeps_in_segments,
    matches,
    matches_resource,
    overlaps,
)

_LAST = 5
"""Where in an ARN the last segment stands: what comes after the account."""
_ELEMENTS = frozenset(
    (
        "Sid",
        "Effect",
        "Principal",
        "NotPrincipal",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
    )
)


class Attached(StrEnum):
    """What a policy is attached to, which decides the elements its statements have."""

    TO_IDENTITY = "identity"
    """No Principal: it is whoever the policy is attached to."""
    TO_RESOURCE = "resource"
    """A Principal; without a Resource it is the one the policy is attached to."""
    TO_EITHER = "either"
    """With or without a Principal: of an endpoint, and resource control policies."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request as statements see it. `action` is in lower case."""

    action: str
    resource: str
    every: bool
    """Whether `resource` is a pattern and the question is about all that it matches."""
    caller: Caller
    context: Context
    bounded: bool
    """Whether the caller has a permissions boundary."""


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One statement. `not_actions` and `not_resources`: the list names what is left out."""

    number: int
    sid: str
    allow: bool
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[Template, ...] | None
    not_resources: bool
    principals: Principals | None
    conditions: tuple[Condition, ...]

    @property
    def effect(self) -> str:
        """Return "Allow" or "Deny"."""
        return "Allow" if self.allow else "Deny"

    def is_about(self, action: str) -> bool:
        """Return whether it is about an action, given in lower case."""
        return any(matches(pattern, action) for pattern in self.actions) is not self.not_actions

    def applies(self, question: Question) -> tuple[Truth, Reach]:
        """Return whether it applies, its action taken for granted, and how it names the caller."""
        truth, reach = self.concerns(question)
        if truth:
            truth = min(truth, self.covers(question))
        for condition in self.conditions:
            if not truth:
                break
            truth = min(truth, condition.holds(question.context))
        return truth, reach

    def concerns(self, question: Question) -> tuple[Truth, Reach]:
        """Return whether it is about the caller."""
        if self.principals is None:
            return YES, Reach.DIRECT
        return self.principals.concerns(
            question.caller, question.context, allow=self.allow, bounded=question.bounded
        )

    def covers(self, question: Question) -> Truth:
        """Return whether it is about the resource, or about all of those that are asked for."""
        if self.resources is None:
            return YES
        best = NO
        for resource in self.resources:
            best = max(best, _covers(resource, question))
            if best == YES:
                break
        return opposite(best) if self.not_resources else best


def _covers(resource: Template, question: Question) -> Truth:
    filled = resource.fill(question.context)
    return NO if filled is None else names(filled, question.resource, every=question.every)


def names(filled: Filled, resource: str, *, every: bool) -> Truth:
    """Return whether a Resource entry names a resource, or (`every`) all that a pattern matches."""
    pattern = filled.pattern
    if pattern == "*":
        return MAYBE if filled.is_open else YES
    if not every:
        found = matches_resource(pattern, resource)
        return (MAYBE if filled.is_open else YES) if found else NO
    if covers(pattern, resource):
        return MAYBE if filled.is_open or keeps_in_segments(pattern) else YES
    return MAYBE if _meet(pattern, resource) else NO


def _meet(pattern: str, resource: str) -> bool:
    """Return whether a Resource pattern matches something of another pattern.

    A wildcard of what is asked for stands within its segment. So does none of the pattern where
    it has none before the last segment, and then segments are compared one by one.
    """
    parts = pattern.split(":", _LAST)
    asked = resource.split(":", _LAST)
    if len(parts) <= _LAST or len(asked) <= _LAST or has_wildcard("".join(parts[:_LAST])):
        return overlaps(pattern, resource)
    return all(map(overlaps, parts, asked))


def statement(value: Json, number: int, attached: Attached, *, variables: bool) -> Statement:
    """Return a statement, read. MalformedPolicy names the element at fault."""
    if not isinstance(value, dict):
        raise MalformedPolicy("Statement", "it is not an object")
    if unknown := [name for name in value if name not in _ELEMENTS]:
        raise MalformedPolicy(str(unknown[0])[:100], "there is no such element")
    if value.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy("Effect", "it is neither Allow nor Deny")
    sid = value.get("Sid", "")
    if not isinstance(sid, str):
        raise MalformedPolicy("Sid", "it is not a text")
    actions = _either(value, "Action")
    resources = _either(value, "Resource")
    if actions is None or (resources is None and attached is Attached.TO_IDENTITY):
        missing = "Action" if actions is None else "Resource"
        raise MalformedPolicy(missing, f"it needs either {missing} or Not{missing}")
    return Statement(
        number=number,
        sid=sid,
        allow=value["Effect"] == "Allow",
        actions=tuple(_actions(actions)),
        not_actions="NotAction" in value,
        resources=None
        if resources is None
        else tuple(template(resource, variables=variables) for resource in resources),
        not_resources="NotResource" in value,
        principals=_principals(value, attached),
        conditions=conditions(value.get("Condition"), variables=variables),
    )


def _either(value: Mapping[str, Json], element: str) -> list[str] | None:
    """Return the entries of an element or of its Not form, None where there is neither."""
    named = [name for name in (element, f"Not{element}") if name in value]
    if len(named) > 1:
        raise MalformedPolicy(element, f"it has both {element} and Not{element}")
    if not named:
        return None
    found = value[named[0]]
    entries = found if isinstance(found, list) else [found]
    if not all(isinstance(entry, str) for entry in entries):
        raise MalformedPolicy(named[0], "it is neither a text nor a list of texts")
    return entries


def _actions(entries: list[str]) -> Iterator[str]:
    """Yield the patterns in lower case: names of actions are not case-sensitive.

    Left out is what AWS takes for no action: a space around it, or a comma inside. So a NotAction
    of such a pattern is about every action.
    """
    for entry in entries:
        if entry == entry.strip() and "," not in entry:
            yield entry.lower()


def _principals(value: Mapping[str, Json], attached: Attached) -> Principals | None:
    named = [name for name in ("Principal", "NotPrincipal") if name in value]
    if len(named) > 1:
        raise MalformedPolicy("Principal", "it has both Principal and NotPrincipal")
    if named and attached is Attached.TO_IDENTITY:
        raise MalformedPolicy(named[0], "a policy of this kind names no principal")
    if not named and attached is Attached.TO_RESOURCE:
        raise MalformedPolicy("Principal", "it needs either Principal or NotPrincipal")
    return principals(named[0], value[named[0]]) if named else None
