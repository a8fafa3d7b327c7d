"""Decides one request: what any assignment gives, less what a deny assignment takes away.

An assignment gives what any block of its role gives, and a block gives its actions less its own
not-actions: those subtract from nothing else, neither from another block nor from another
assignment.
https://learn.microsoft.com/azure/role-based-access-control/overview#how-azure-rbac-determines-if-a-user-has-access-to-a-resource
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.models import Json
from auditor.providers.azure.engine import conditions
from auditor.providers.azure.engine.documents import (
    Assignment,
    Block,
    Definition,
    Denial,
    Malformed,
    read_assignment,
    read_definition,
    read_denial,
)
from auditor.providers.azure.engine.patterns import Share, share
from auditor.providers.azure.engine.scopes import contains
from auditor.providers.azure.engine.verdict import (
    Allowed,
    AllowedIf,
    Blocker,
    Denied,
    Verdict,
    Way,
)

UNKNOWN_ROLE = "its role definition is not known"


@dataclass(frozen=True, slots=True)
class Question:
    """Who asks to do what where. `action` may be a pattern: it asks about all that it matches.

    `principals` holds the object ids of the principal and of every group that it is in.
    """

    principals: frozenset[str]
    action: str
    data: bool
    scope: str
    parents: Mapping[str, str] | None = None


def evaluate(
    principal_ids: Collection[str],
    action: str | None,
    data_action: str | None,
    scope: str,
    assignments: Iterable[Json],
    definitions: Iterable[Json],
    deny: Iterable[Json] = (),
    parents: Mapping[str, str] | None = None,
) -> Verdict:
    """Return whether somebody may do an action, or in its place a data action, at a scope.

    Documents are those of Azure or of its CLI. `parents` gives scopes of subscriptions and
    management groups that of their management group. Malformed for what cannot be used.
    """
    question = Question(
        frozenset(id_.lower() for id_ in principal_ids),
        _asked(action, data_action),
        data_action is not None,
        scope,
        parents,
    )
    return decide(
        question,
        [read_assignment(item, f"assignments {n}") for n, item in enumerate(assignments, 1)],
        {
            found.id: found
            for n, item in enumerate(definitions, 1)
            for found in (read_definition(item, f"definitions {n}"),)
        },
        [read_denial(item, f"deny {n}") for n, item in enumerate(deny, 1)],
    )


def decide(
    question: Question,
    assignments: Iterable[Assignment],
    definitions: Mapping[str, Definition],
    denials: Iterable[Denial] = (),
) -> Verdict:
    """Return the verdict, from what was read before."""
    ways: list[Way] = []
    left_out: list[str] = []
    for assignment in assignments:
        if assignment.principal_id not in question.principals:
            continue
        found = list(_ways(question, assignment, definitions.get(assignment.definition_id)))
        ways += found
        if not found and _gives(question, definitions.get(assignment.definition_id)):
            left_out.append(assignment.id)
    blockers = list(_blockers(question, denials))
    return _verdict(ways, blockers, tuple(left_out))


def _asked(action: str | None, data_action: str | None) -> str:
    if (action is None) == (data_action is None):
        raise Malformed("give either action or data_action")
    asked = action if data_action is None else data_action
    if not asked or ("/" not in asked and asked != "*"):
        raise Malformed("action: it is no action such as Microsoft.Compute/virtualMachines/read")
    return asked


def _verdict(
    ways: Sequence[Way], blockers: Sequence[Blocker], left_out: tuple[str, ...]
) -> Verdict:
    if not ways:
        return Denied(left_out=left_out)
    for blocker in blockers:
        if not blocker.conditions:
            return Denied(by=blocker)
    sure = [way for way in ways if not way.conditions]
    if sure and not blockers:
        return Allowed(sure[0])
    ordered = sorted(sure or ways, key=lambda way: len(way.conditions))
    return AllowedIf(tuple(ordered), tuple(blockers))


# --- what allows -----------------------------------------------------------------------------


def _ways(
    question: Question, assignment: Assignment, definition: Definition | None
) -> Iterator[Way]:
    """Yield a way for each block that gives some of what is asked."""
    where = contains(assignment.scope, question.scope, question.parents)
    own = undecided(assignment.condition, question.action)
    if where is False or own is None:
        return
    upper = () if where else (f"{question.scope} lies below {assignment.scope}",)
    if definition is None:
        yield _way(assignment, None, 0, "", (*upper, UNKNOWN_ROLE, *own))
        return
    for number, block in enumerate(definition.blocks, 1):
        much, pattern, inner = granted(block, question.action, data=question.data)
        if much is Share.NONE:
            continue
        part = () if much is Share.ALL else (f"it is one that {pattern} gives in this block",)
        yield _way(assignment, definition, number, pattern, (*upper, *part, *own, *inner))


def granted(block: Block, action: str, *, data: bool) -> tuple[Share, str, tuple[str, ...]]:
    """Return how much of an action a block gives, by which pattern, and under what conditions."""
    much, pattern = share(action, block.given(data=data), block.taken(data=data))
    if much is Share.NONE:
        return much, "", ()
    inner = undecided(block.condition, action)
    return (Share.NONE, "", ()) if inner is None else (much, pattern, inner)


def undecided(condition: str, action: str) -> tuple[str, ...] | None:
    """Return what must hold for a condition to be true; None where it is false for the action."""
    if not condition:
        return ()
    parsed = conditions.parse(condition)
    found = None if parsed is None else conditions.holds(parsed, action)
    if found is None:
        return (condition,)
    return () if found else None


def _way(
    assignment: Assignment,
    definition: Definition | None,
    block: int,
    action: str,
    needed: tuple[str, ...],
) -> Way:
    role = definition.name if definition else assignment.role or assignment.definition_id
    return Way(
        assignment.id, assignment.principal_id, role, assignment.scope, block, action, needed
    )


def _gives(question: Question, definition: Definition | None) -> bool:
    """Return whether some block would give it, but for its own not-actions."""
    blocks = definition.blocks if definition else ()
    return any(
        share(question.action, block.given(data=question.data), ())[0] is not Share.NONE
        for block in blocks
    )


# --- what denies -----------------------------------------------------------------------------


def _blockers(question: Question, denials: Iterable[Denial]) -> Iterator[Blocker]:
    for denial in denials:
        where = _reaches(denial, question)
        if where is False or not denial.hits(question.principals):
            continue
        upper = () if where else (f"{question.scope} lies below {denial.scope}",)
        for block in denial.blocks:
            much, pattern, inner = granted(block, question.action, data=question.data)
            if much is Share.NONE:
                continue
            part = () if much is Share.ALL else (f"it is one that {pattern} denies",)
            yield Blocker(denial.id, denial.name, denial.scope, (*upper, *part, *inner))


def _reaches(denial: Denial, question: Question) -> bool | None:
    below = contains(denial.scope, question.scope, question.parents)
    if denial.here_only and contains(question.scope, denial.scope) is not True:
        return False
    return below
