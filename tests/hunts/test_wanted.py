"""A look at a name may take it for one that is asked for, never the other way round."""

from __future__ import annotations

import pytest
from cloudtrail_records import KEY, USER
from hypothesis import given
from hypothesis import strategies as st
from readings import SEALER

from auditor.hunts.values import Names
from auditor.hunts.wanted import wanted

SERVICE_KEY = "0123456789abcdef" * 2 + "01234567"
NAMES = (
    KEY, KEY.lower(), KEY[:-1] + "F", "AKIA" + "B" * 12, USER, USER.upper(), "ci@example.iam",
    SERVICE_KEY, f"projects/p/keys/{SERVICE_KEY}", f"{USER}/{SERVICE_KEY}", "\u017ftrasse",
    "STRASSE", Names(SEALER).of(KEY), Names(SEALER).of(SERVICE_KEY), "", "x",
)  # fmt: skip
names = st.sampled_from(NAMES) | st.text(max_size=30)


@given(st.lists(names, max_size=4), names)
def test_whoever_is_asked_for_may_be(asked: list[str], name: str) -> None:
    mine = wanted(asked, SEALER)
    if name and Names(SEALER).of(name) in mine:
        assert mine.may_hold([name, None]) == [name]


@pytest.mark.parametrize("name", NAMES[2:-2])
def test_most_names_are_told_by_a_look(name: str) -> None:
    assert wanted([KEY + "0000", "somebody"], SEALER).may_hold([name]) == []
