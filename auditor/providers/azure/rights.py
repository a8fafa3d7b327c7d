"""What gives an identity a capability, and how such rights are told: step by step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.models import Capability, CapabilityName

_WAYS_SHOWN = 3
_REASONS_SHOWN = 3
_ACTIONS_SHOWN = 40
_LONGEST_STEP = 400


@dataclass(frozen=True, slots=True)
class Right:
    """One way to a capability.

    `steps` lead from the identity to what gives it, `reasons` say what that is worth; `tier` 0 is a
    path to full control.
    """

    capability: CapabilityName
    tier: int
    steps: tuple[str, ...]
    reasons: tuple[str, ...]
    actions: tuple[str, ...]
    resource: str
    limited: bool = False
    conditional: bool = False


def capabilities(identity_id: str, rights: Iterable[Right]) -> tuple[Capability, ...]:
    """Return the capabilities that rights give, each with its worst ways step by step."""
    found: dict[tuple[CapabilityName, bool, bool], list[Right]] = {}
    for right in rights:
        form = (right.capability, right.limited, right.conditional)
        found.setdefault(form, []).append(right)
    order = list(CapabilityName)
    forms = sorted(found, key=lambda form: (order.index(form[0]), form[1], form[2]))
    return tuple(_capability(identity_id, form, found[form]) for form in forms)


def _capability(
    identity_id: str, form: tuple[CapabilityName, bool, bool], rights: list[Right]
) -> Capability:
    ways = sorted(rights, key=lambda right: (right.tier, len(right.steps)))
    actions = dict.fromkeys(action for way in ways for action in way.actions)
    return Capability(
        identity_id=identity_id,
        name=form[0],
        path=_path(ways),
        actions=tuple(actions)[:_ACTIONS_SHOWN],
        resources=tuple(dict.fromkeys(way.resource for way in ways)),
        limited=form[1],
        conditional=form[2],
    )


def _path(ways: list[Right]) -> tuple[str, ...]:
    """Return the worst way a step a line, and further ones in a line each."""
    first, *others = ways
    lines = [*first.steps, *some(first.reasons)]
    lines += [f"or: {'; '.join((*way.steps, *way.reasons[:1]))}" for way in others[:_WAYS_SHOWN]]
    if len(others) > _WAYS_SHOWN:
        lines.append(f"and {len(others) - _WAYS_SHOWN} more ways")
    return tuple(short(line) for line in lines)


def some(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Return the first few lines, and how many there are besides."""
    more = len(lines) - _REASONS_SHOWN
    shown = lines[:_REASONS_SHOWN]
    return (*shown, f"and {more} things more") if more > 0 else shown


def short(line: str) -> str:
    """Return a line of a bounded length."""
    return line if len(line) <= _LONGEST_STEP else line[: _LONGEST_STEP - 1] + "…"
