"""What earlier runs saw that an entry may be, and this run could not look at.

Of two keys that fit, the one whose account refuses today would leave the other alone, and a
severity that falls for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from auditor.models import Baseline, Match, NoMatch, OldKey, Secret
from auditor.risk.closure.provider import Fate, Registry


class Memory:
    """The credentials that watched entries may have held, and what the providers list now."""

    def __init__(self, baselines: Mapping[str, Baseline], registry: Registry, seal: str) -> None:
        """Keep the baselines by Secret ID; `seal` names the key of this run's tails."""
        self._baselines = baselines
        self._registry = registry
        self._seal = seal

    def lost(self, secret: Secret, answer: Match | NoMatch | None) -> str:
        """Return which candidate for an unchanged value could not be looked at now, "" for none."""
        base = self._baselines.get(secret.id)
        if base is None or not isinstance(answer, Match) or not self._is_same(base, secret):
            return ""
        missing = (key for key in base.keys if not _is_among(key, answer))
        sides = (self._registry.look_up((key,)) for key in missing)
        return next((side.facts[0] for side in sides if side.fate is Fate.UNKNOWN), "")

    def _is_same(self, base: Baseline, secret: Secret) -> bool:
        if base.written != secret.last_written:
            return False
        return base.written is not None or (base.seal, base.tail) == (self._seal, secret.tail)


def _is_among(key: OldKey, match: Match) -> bool:
    """Return whether a credential is still one of the candidates, by its label where it has one."""
    of = {
        candidate.key for candidate in match.candidates if candidate.identity_id == key.identity_id
    }
    return bool(of) and (not key.label or bool(of & {key.label, ""}))
