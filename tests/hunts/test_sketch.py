"""What others used adds up, within its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.hunts import sketch
from auditor.hunts.sketch import ACTORS, Sketch, Users


def test_uses_add_up_to_as_many_actors_as_are_told_apart() -> None:
    mine = Sketch()
    uses = mine.uses("aws")
    for number in range(2 * ACTORS):
        uses.src.add("gateway", f"{number:02}")
        uses.src.add(None, "nowhere")
        if number < 2:
            uses.action.add("ListBuckets", f"{number:02}")
            uses.action.add("ListBuckets", f"{number:02}")
        mine.spans(f"2023-01-{number % 28 + 1:02}", f"2023-02-{number % 28 + 1:02}")
    lines = {(line.kind, line.value): line for line in mine.lines()}
    assert set(lines) == {("src", "gateway"), ("action", "ListBuckets")}
    assert len(lines["src", "gateway"].actors) == ACTORS
    assert lines["action", "ListBuckets"].actors == ["00", "01"]
    assert {(line.since, line.until) for line in lines.values()} == {("2023-01-01", "2023-02-28")}
    assert "gateway" in uses.src.many
    assert "ListBuckets" in uses.action.few


def test_of_more_values_than_are_kept_the_first_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sketch, "VALUES", 2)
    mine = Sketch()
    for value in ("a", "b", "c", "a"):
        mine.uses("aws").src.add(value, f"actor of {value}")
    assert [line.value for line in mine.lines()] == ["a", "b"]


uses = st.lists(
    st.tuples(st.sampled_from(["a", "b", "", None]), st.integers(0, 2 * ACTORS).map(str))
)


@given(st.lists(uses))
def test_many_uses_at_once_come_to_the_same(files: list[list[tuple[str | None, str]]]) -> None:
    single, together = Users(), Users()
    for file in files:
        for value, actor in file:
            single.add(value, actor)
        together.add_all([value for value, _ in file], [actor for _, actor in file])
    assert (together.few, together.many) == (single.few, single.many)
