"""What others used adds up the same however often it is folded, within its bounds."""

from __future__ import annotations

import pytest

from auditor.hunts.sketch import ACTORS, Sketch


@pytest.mark.parametrize("at_a_time", [1, 1_000_000], ids=["held", "folded after each"])
def test_uses_add_up_however_often_they_are_folded(at_a_time: int) -> None:
    sketch = Sketch()
    for number in range(2 * ACTORS):
        uses = sketch.uses("aws")
        uses.src["gateway"].add(f"{number:02}")
        uses.src[None].add("nowhere")
        if number < 2:
            uses.action["ListBuckets"].add(f"{number:02}")
        sketch.counted(at_a_time, f"2023-01-{number % 28 + 1:02}", f"2023-02-{number % 28 + 1:02}")
    lines = {(line.kind, line.value): line for line in sketch.lines()}
    assert set(lines) == {("src", "gateway"), ("action", "ListBuckets")}
    assert len(lines["src", "gateway"].actors) == ACTORS
    assert lines["action", "ListBuckets"].actors == ["00", "01"]
    assert {(line.since, line.until) for line in lines.values()} == {("2023-01-01", "2023-02-28")}
