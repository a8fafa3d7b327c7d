"""Decides what to do now about one entry, and says it in words that name what and where."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from auditor.models import Kind, Rotate, Severity
from auditor.risk.ability import State
from auditor.risk.reasons import MEMORY

UNLISTED = "unlisted"
"""Impact of the kinds that stand for credentials which no API of the CI system lists."""


@dataclass(frozen=True, slots=True)
class Case:
    """What the decision rests on."""

    severity: Severity
    state: State
    reachable: bool
    """True when the thief of the incident could reach it, or when that is not known."""
    kind: Kind | None
    whose: str = ""
    """The credential to revoke, as its provider lists it; "" where it is not known for sure."""
    published: bool = False
    with_secret: bool = False
    """True for an identifier that is replaced together with its secret."""


@lru_cache(maxsize=MEMORY)
def decide(case: Case) -> tuple[Rotate, str]:
    """Return what to do now, and the words that say what and where."""
    rotate = _decide(case)
    if rotate is Rotate.NOTHING:
        keyless = case.kind if case.kind and case.kind.keyless else None
        return rotate, f"No key to rotate. {keyless.note}" if keyless else "Nothing to do."
    sentence = _SENTENCES[rotate](case)
    if case.published:
        sentence = f"keep it out of what builds publish; {sentence}"
    if case.with_secret:
        sentence = f"it is replaced together with its secret: {sentence}"
    known = case.kind if case.state is not State.NOWHERE else None
    more = filter(None, (known.revoke, known.note)) if known else ()
    return rotate, " ".join((f"{sentence[:1].upper()}{sentence[1:]}.", *more))


def _decide(case: Case) -> Rotate:
    """Return the first of these that holds: what nobody uses goes, then urgency decides."""
    if case.severity is Severity.NONE:
        return Rotate.NOTHING
    if special := _BY_STATE.get(case.state):
        return special
    if _is_unlisted(case):
        return Rotate.CHECK
    if _is_urgent(case):
        return Rotate.NOW
    if case.state is State.TIED:
        return Rotate.CHECK
    return Rotate.OIDC if case.kind and case.kind.oidc else Rotate.ROTATE


_BY_STATE = {
    State.UNCLASSIFIED: Rotate.CHECK,
    State.NOWHERE: Rotate.REMOVE,
    State.CONTAINED: Rotate.REVOKE,
}


def _is_unlisted(case: Case) -> bool:
    """Return whether it stands for what no API lists, so that nobody knows what there is."""
    return case.kind is not None and case.kind.impact == UNLISTED


def _is_urgent(case: Case) -> bool:
    """Return whether it cannot wait: critical, perhaps critical, or high and perhaps stolen."""
    if case.severity in (Severity.CRITICAL, Severity.UNKNOWN):
        return True
    return case.reachable and case.severity is Severity.HIGH


# --- sentences -------------------------------------------------------------------------------

_TELL_APART = "find out which of the credentials that it fits it is, then "
_LASTING = "; for good, let the builds log in by OIDC, without a stored key"


def _now(case: Case) -> str:
    first = _TELL_APART if case.state is State.TIED else ""
    lasting = _LASTING if case.kind and case.kind.oidc else ""
    return f"{first}{_rotate(case)}{lasting}"


def _rotate(case: Case) -> str:
    return f"make a new one, store it here, then revoke the old one{_which(case)}"


def _oidc(case: Case) -> str:
    return (
        "let the builds log in by the CI system's OIDC token, remove the entry here, "
        f"then revoke the old credential{_which(case)}"
    )


def _remove(_: Case) -> str:
    return (
        "remove the entry here, unless it is of an account that is not configured: "
        "then add that account and audit again"
    )


def _revoke(case: Case) -> str:
    return f"it is switched off: delete it at its provider{_which(case)}; remove the entry here"


def _check(case: Case) -> str:
    if _is_unlisted(case):
        return "no API lists them, so look by hand"
    if case.state is State.TIED:
        return f"{_TELL_APART}{_rotate(case)}"
    return "find out what it opens; if it is a secret, rotate it, and if not, say so in its notes"


def _which(case: Case) -> str:
    return f", {case.whose}" if case.whose else ""


_SENTENCES = {
    Rotate.NOW: _now,
    Rotate.ROTATE: _rotate,
    Rotate.OIDC: _oidc,
    Rotate.REMOVE: _remove,
    Rotate.REVOKE: _revoke,
    Rotate.CHECK: _check,
}
