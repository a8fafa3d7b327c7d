"""Answers one question: may this principal do this on that resource, and what decides it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from auditor.models import Json
from auditor.providers.gcp.engine.conditions import Circumstances
from auditor.providers.gcp.engine.layers import Bindings, Question, denials, outside
from auditor.providers.gcp.engine.members import asker
from auditor.providers.gcp.engine.truth import Truth
from auditor.providers.gcp.engine.verdict import (
    BINDINGS,
    BOUNDARIES,
    DENY,
    Allowed,
    AllowedIf,
    Decider,
    Denied,
    Verdict,
)


def evaluate(
    principal: str,
    permission: str,
    resource: str,
    ancestors: Sequence[str],
    bindings: Iterable[Json],
    roles: Mapping[str, Iterable[str] | None],
    deny: Iterable[Json] | None = (),
    boundaries: Iterable[Json] | None = (),
    *,
    groups: Iterable[str] | None = None,
    attributes: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    now: datetime | None = None,
) -> Verdict:
    """Return whether the principal has the permission on the resource, and what decides.

    principal    member as bindings write it: "serviceAccount:ci@p.iam.gserviceaccount.com"
    permission   as roles write it: "storage.objects.get"
    resource     full name: "//cloudresourcemanager.googleapis.com/projects/p"
    ancestors    full names of what is above it, nearest first
    bindings     {"resource", "role", "members", "condition"}, or search results of the asset API
    roles        permissions by role name; None or no entry: not known
    deny         deny policies, each with the `resource` it is attached to; None: nobody read them
    boundaries   access boundaries bound to the principal; None: nobody read them
    groups       groups and sets that hold the principal; None: not known
    attributes   what conditions ask about by dotted name; `tags` the tags of the resource

    What is not known makes an answer AllowedIf and never Denied. BadRequest for a field of another
    shape.
    """
    asked = Question(
        asker(principal, groups),
        permission,
        (resource, *ancestors),
        Circumstances(resource, now, attributes or {}, tags),
    )
    allowing = Bindings(bindings, roles, asked)
    best = min(allowing.ways(), key=lambda way: way.order, default=None)
    refusing: list[tuple[str, Truth, tuple[Decider, ...]]] = [
        (DENY, told, (rule,)) for told, rule in denials(deny or (), asked, allowing.has_basic)
    ]
    told, rules = outside(boundaries or (), asked)
    if rules:
        refusing.append((BOUNDARIES, told, rules))
    refused = {layer for layer, told, _ in refusing if told}
    if best is None or refused:
        layers = [BINDINGS] if best is None else []
        layers += [layer for layer in (DENY, BOUNDARIES) if layer in refused]
        return Denied(tuple(layers), _sorted(refusing, sure=True), best.decider if best else None)
    opens = [*best.conditions, *(f"not refused by {_worded(r)}" for r in _sorted(refusing))]
    opens += [
        f"no {what} refuses it: they were not read"
        for what, read in (("deny policy", deny), ("access boundary", boundaries))
        if read is None
    ]
    return AllowedIf(best.decider, tuple(opens)) if opens else Allowed(best.decider)


def _sorted(
    refusing: list[tuple[str, Truth, tuple[Decider, ...]]], *, sure: bool = False
) -> tuple[Decider, ...]:
    return tuple(
        sorted({rule for _, told, rules in refusing if told or not sure for rule in rules})
    )


def _worded(rule: Decider) -> str:
    return " ".join(
        filter(
            None,
            (
                rule.name,
                rule.resource and f"of {rule.resource}",
                rule.condition and f"if {rule.condition}",
            ),
        )
    )
