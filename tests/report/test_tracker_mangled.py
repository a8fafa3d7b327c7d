"""A mangled workbook is read or refused, nothing else happens, and the file stays as it is."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mangling import mangled

from auditor.models import Results
from auditor.report import tracker


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(chance=st.randoms(use_true_random=False))
def test_a_mangled_workbook_is_read_or_refused(
    lab: Any, with_names: Callable[..., Results], now: Any, chance: random.Random
) -> None:
    sound = lab.path.with_name("sound.xlsx")
    if not sound.exists():
        lab.run(with_names("ONE"))
        lab.change(lambda book: book.create_sheet("Board"))
        lab.path.rename(sound)
    with zipfile.ZipFile(sound) as archive:
        data = mangled({name: archive.read(name) for name in archive.namelist()}, chance)
    lab.path.write_bytes(data)
    previous = tracker.read(lab.path)
    assert previous.readable or previous.problems
    assert all(tracker.obstacles(lab.path, now))
    assert lab.path.read_bytes() == data
    assert sorted(lab.path.parent.iterdir()) == [sound, lab.path]
