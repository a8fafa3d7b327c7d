"""What a hunt is asked with is looked at before logs are read, which may take hours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from readings import NOW, SEALER

from auditor import hunting
from auditor.collecting import Silent
from auditor.errors import ConfigError
from auditor.hunting import Logs, Order
from auditor.hunts.subjects import Subjects


@pytest.mark.parametrize(
    ("brought", "why"),
    [
        ({"rules": Path("nowhere")}, "holds no rule"),
        ({"lists": [Path("nowhere")]}, "is no list"),
        ({"databases": [Path("nowhere")]}, "nowhere"),
    ],
)
def test_a_mistake_is_told_before_anything_is_read(
    brought: dict[str, Any], why: str, logs: Path, tmp_path: Path
) -> None:
    (logs / "log.json").write_text('{"Records": []}')
    folder = tmp_path / "run"
    order = Order([Logs(logs, "cloudtrail")], **brought)
    with pytest.raises(ConfigError, match=why):
        hunting.hunt(order, Subjects(), folder, SEALER, NOW, Silent())
    assert not (folder / "events").exists()
