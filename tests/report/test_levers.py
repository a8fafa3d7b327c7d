"""What would change a conclusion: every verdict has its answer, and every doubt is told."""

from __future__ import annotations

from dataclasses import replace

from auditor.models import Closure, Gap, NoMatch, Results, Unknown
from auditor.report import levers


def test_every_verdict_says_what_would_change_it() -> None:
    assert levers.NEXT.keys() == set(Closure)


def test_what_is_known_for_certain_has_no_lever(results: Results) -> None:
    certain = replace(results, classifications=(), matches=(), unmatched=())
    (line,) = levers.severity(certain, certain.secrets[0])
    assert line == "Nothing that was not read could change the severity"


def test_what_was_not_read_is_told_with_its_cure(results: Results) -> None:
    secret = results.secrets[0]
    gap = Gap("uses of the context", "403", "ask an admin", "circleci")
    doubtful = replace(secret, exposure=replace(secret.exposure, project_count=Unknown(gap)))
    assert "  uses of the context: 403; ask an admin" in levers.severity(results, doubtful)
    held = next(
        one.id for one in results.credentials if any(p.secret_id == secret.id for p in one.parts)
    )
    refused = NoMatch(held, searched=False, gap=replace(gap, what="users of the account", fix=""))
    blind = replace(results, matches=(), unmatched=(refused,))
    assert "  users of the account: 403" in levers.severity(blind, secret)
