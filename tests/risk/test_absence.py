"""When nothing being there proves that it is gone."""

from __future__ import annotations

import pytest

from auditor.models import Gap, Known, Place, Scope, ScopeKind, Unknown
from auditor.risk.absence import Reading

GAP = Gap("SSH keys of project shop", "403", "ask", "ci", ("p-1",))


def place(id_: str, name: str, organization: str = "acme", *, read: bool = True) -> Place:
    scope = Scope(ScopeKind.PROJECT, id_, name, organization)
    return Place(scope, ("v3",), Known(3) if read else Unknown(GAP))


@pytest.mark.parametrize(
    ("places", "gaps", "whole"),
    [
        ((place("p-1", "shop"),), (), True),
        ((place("p-1", "acme/Shop", "Acme"),), (), True),
        ((place("p-1", "shop", read=False),), (), False),
        ((place("p-1", "shop"),), (GAP,), False),
        ((place("p-2", "site"),), (GAP,), True),  # its project is not there, and others are
        ((place("p-2", "site", "other"),), (), False),  # nobody looked for it
        ((), (), False),
        ((place("p-1", "shop"), place("p-3", "shop", read=False)), (), False),
    ],
)
def test_a_repository_whose_project_was_read_or_is_gone_is_seen_whole(
    places: tuple[Place, ...], gaps: tuple[Gap, ...], whole: bool
) -> None:
    assert Reading((), places, gaps).whole_project("acme", "shop") is whole
