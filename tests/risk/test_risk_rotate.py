"""What to do now, and the sentence that says it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from auditor.models import Kind, Rotate, Severity
from auditor.risk.ability import State
from auditor.risk.rotate import Case, decide

KIND = Kind(
    id="npm-token",
    title="npm token",
    vendor="npm",
    provider=None,
    impact="supply-chain",
    oidc=False,
    rotates=(),
    note="Granular tokens expire.",
    console="",
    revoke="npm, Access Tokens: delete it.",
)
OIDC = replace(KIND, oidc=True)
UNLISTED = replace(KIND, impact="unlisted")
BASE = Case(Severity.HIGH, State.LIVE, reachable=False, kind=KIND)


@pytest.mark.parametrize(
    ("severity", "state", "reachable", "kind", "expected"),
    [
        (Severity.NONE, State.LIVE, True, OIDC, Rotate.NOTHING),
        (Severity.CRITICAL, State.LIVE, False, KIND, Rotate.NOW),
        (Severity.CRITICAL, State.LIVE, False, OIDC, Rotate.NOW),
        (Severity.CRITICAL, State.TIED, False, KIND, Rotate.NOW),
        (Severity.UNKNOWN, State.LIVE, False, KIND, Rotate.NOW),
        (Severity.HIGH, State.LIVE, True, KIND, Rotate.NOW),
        (Severity.HIGH, State.LIVE, False, KIND, Rotate.ROTATE),
        (Severity.HIGH, State.LIVE, False, OIDC, Rotate.OIDC),
        (Severity.HIGH, State.TIED, False, OIDC, Rotate.CHECK),
        (Severity.MEDIUM, State.LIVE, True, KIND, Rotate.ROTATE),
        (Severity.MEDIUM, State.LIVE, True, None, Rotate.ROTATE),
        (Severity.LOW, State.LIVE, True, OIDC, Rotate.OIDC),
        (Severity.UNKNOWN, State.UNCLASSIFIED, True, None, Rotate.CHECK),
        (Severity.MEDIUM, State.LIVE, True, UNLISTED, Rotate.CHECK),
        (Severity.NONE, State.LIVE, True, UNLISTED, Rotate.NOTHING),
        (Severity.UNKNOWN, State.NOWHERE, True, OIDC, Rotate.REMOVE),
        (Severity.UNKNOWN, State.CONTAINED, True, KIND, Rotate.REVOKE),
        (Severity.MEDIUM, State.CONTAINED, False, OIDC, Rotate.REVOKE),
    ],
)
def test_what_to_do(
    severity: Severity, state: State, reachable: bool, kind: Kind | None, expected: Rotate
) -> None:
    rotate, advice = decide(Case(severity, state, reachable, kind))
    assert rotate is expected
    assert advice


def test_what_no_api_lists_is_looked_for_by_hand() -> None:
    _, advice = decide(replace(BASE, kind=UNLISTED))
    assert advice == (
        "No API lists them, so look by hand. npm, Access Tokens: delete it. Granular tokens expire."
    )


def test_the_sentence_says_which_one_where_and_what_to_know() -> None:
    _, advice = decide(replace(BASE, whose="AKIA**** of ci-admin in account 1"))
    assert advice == (
        "Make a new one, store it here, then revoke the old one, AKIA**** of ci-admin in account 1"
        ". npm, Access Tokens: delete it. Granular tokens expire."
    )


def test_nobody_is_told_to_revoke_what_no_account_knows() -> None:
    assert "delete it" not in decide(replace(BASE, state=State.NOWHERE))[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"severity": Severity.CRITICAL, "kind": OIDC}, "for good, let the builds log in by OIDC"),
        ({"severity": Severity.CRITICAL, "state": State.TIED}, "Find out which of the credentials"),
        ({"severity": Severity.LOW, "state": State.TIED}, "Find out which of the credentials"),
        ({"kind": OIDC}, "OIDC token, remove the entry here"),
        ({"published": True}, "Keep it out of what builds publish; make a new one"),
        ({"with_secret": True}, "It is replaced together with its secret: make a new one"),
        ({"state": State.NOWHERE}, "unless it is of an account that is not configured"),
        ({"state": State.CONTAINED}, "It is switched off: delete it"),
    ],
)
def test_the_sentence_tells_what_is_special(change: dict[str, object], words: str) -> None:
    assert words in decide(replace(BASE, **change))[1]  # type: ignore[arg-type]


def test_a_kind_without_oidc_is_not_told_to_use_it() -> None:
    assert "OIDC" not in decide(replace(BASE, severity=Severity.CRITICAL))[1]
