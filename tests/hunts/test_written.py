"""The CI system's own log tells which entries were stored anew, in every dialect it comes in."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor import hunting
from auditor.collecting import Silent
from auditor.hunting import Logs, Order
from auditor.hunts.subjects import Subjects
from auditor.models import Baseline, Severity
from auditor.runs import OutputFolder
from auditor.tails import Sealer

PROJECT = "6f0a2d94-3c1b-4a55-9d35-0c2f6f1f0a11"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 20, tzinfo=UTC)


def event(number: int, action: str = "project.env_var.create", **fields: Any) -> dict[str, Any]:
    return {
        "id": f"e-{number}",
        "version": 1,
        "action": action,
        "actor": {"id": "u-1", "type": "user", "name": "ada"},
        "occurred_at": f"2026-01-{number:02}T08:00:00.123456789Z",
        "success": True,
        "request": {"id": "r-1", "ip_address": "192.0.2.7"},
        **fields,
    }


def watched(name: str, scope: str = PROJECT, place: str = "gh/acme/api") -> Baseline:
    return Baseline(
        f"S-{name}", "circleci", scope, place, name, Severity.HIGH, BEGIN, None, None, None, "", ()
    )


def logged(
    folder: Path, events: Sequence[dict[str, Any]], *baselines: Baseline, form: str = "json"
) -> dict[str, datetime]:
    """Hunt in a log of these events and return when each entry was last stored."""
    path = folder / f"audit.{form}"
    if form == "json":
        path.write_text("".join(json.dumps(one) + "\n" for one in events))
    else:
        with path.open("w", newline="") as file:
            columns = list(dict.fromkeys(name for one in events for name in one))
            rows = csv.DictWriter(file, columns)
            rows.writeheader()
            for one in events:
                rows.writerow(
                    {k: json.dumps(v) if isinstance(v, dict) else v for k, v in one.items()}
                )
    run = OutputFolder(folder / "out").begin(NOW, {})
    hunting.of_run(
        run, Order([Logs(path, "circleci")]), Subjects(()), Sealer(b"k" * 32), NOW, Silent()
    )
    found = hunting.logged(run, baselines)
    assert set(found.spans) <= {"circleci"}
    return {one.secret_id: one.last for one in found.storings}


BY_TARGET: dict[str, Any] = {
    "scope": {"id": PROJECT, "type": "project"},
    "target": {"name": "AWS_KEY"},
}
BY_PAYLOAD = {
    "target": {"id": PROJECT, "type": "project", "name": "gh/acme/api"},
    "payload": {"env_var_names": ["AWS_KEY", "OTHER"]},
}
BY_TITLES = {
    "target": {"id": "x", "name": "gh/acme/api"},
    "payload": {"environment_variable_titles": "OTHER, AWS_KEY"},
}


@pytest.mark.parametrize("form", ["json", "csv"])
@pytest.mark.parametrize("fields", [BY_TARGET, BY_PAYLOAD, BY_TITLES])
def test_a_storing_is_found_wherever_the_log_names_entry_and_place(
    tmp_path: Path, fields: dict[str, Any], form: str
) -> None:
    events = [event(2, **fields), event(4, **fields), event(3, **fields)]
    found = logged(tmp_path, events, watched("AWS_KEY"), watched("AWS_KEYS"), form=form)
    assert {id_: time.day for id_, time in found.items()} == {"S-AWS_KEY": 4}


@pytest.mark.parametrize(
    "other",
    [
        event(2, **BY_TARGET | {"success": False}),
        event(2, "project.env_var.delete", **BY_TARGET),
        event(2, **BY_TARGET | {"scope": {"id": "another", "type": "project"}}),
        event(2, **BY_TARGET | {"target": {"name": "AWS_KEY_2"}}),
    ],
)
def test_what_stored_nothing_or_elsewhere_is_no_storing(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    assert logged(tmp_path, [other], watched("AWS_KEY")) == {}


def test_an_action_is_one_however_it_is_spelled(tmp_path: Path) -> None:
    events = [event(5, "project.env-var-create", **BY_TARGET)]
    assert set(logged(tmp_path, events, watched("AWS_KEY"))) == {"S-AWS_KEY"}


def test_an_entry_of_another_system_is_not_looked_for(tmp_path: Path) -> None:
    other = replace(watched("AWS_KEY"), source="another-ci")
    assert logged(tmp_path, [event(5, **BY_TARGET)], other) == {}
