"""What a role gives of the table of dangerous actions, under which conditions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from auditor.providers.azure.engine.documents import Definition
from auditor.providers.azure.engine.evaluate import undecided
from auditor.providers.azure.sensitive import Action, dangerous


@dataclass(frozen=True, slots=True)
class Held:
    """An action of the table that a role gives.

    `block` counts from 1; `needed` are the role's own conditions for the action.
    """

    action: Action
    pattern: str
    block: int
    needed: tuple[str, ...]


@lru_cache(maxsize=20_000)
def held(definition: Definition) -> tuple[Held, ...]:
    """Return every action of the table that a role gives, the worst first."""
    found = [
        Held(one.action, one.pattern, number, needed)
        for number, block in enumerate(definition.blocks, 1)
        for one in dangerous(block)
        if (needed := undecided(block.condition, one.action.name)) is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.action.tier, len(one.needed))))
