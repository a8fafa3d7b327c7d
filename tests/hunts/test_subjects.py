"""Whoever is asked for by name is shown as logs and consoles write it, without the end of a key."""

from __future__ import annotations

import pytest
from cloudtrail_records import KEY, USER
from readings import SEALER

from auditor.hunts.events import credential_name
from auditor.hunts.subjects import named


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (KEY, credential_name(KEY, SEALER)),
        (credential_name(KEY, SEALER), credential_name(KEY, SEALER)),
        (f" {USER.upper()} ", USER.upper()),
        ("CI@Example.iam", "CI@Example.iam"),
    ],
)
def test_a_name_is_shown_as_it_was_written(name: str, shown: str) -> None:
    (one,) = named([name, " "], (), SEALER).people
    assert (one.id, one.names) == (shown, frozenset({shown.casefold()}))
