"""What a hunt writes for a SIEM passes OCSF's own schema, and holds no key whole."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hunt_command import KEY, START, USER, attack, hunt, ordinary, record, write
from jsonschema import Draft202012Validator, ValidationError
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema

from auditor.hunts.events import COLUMNS
from auditor.hunts.ocsf import activity


@cache
def valid(class_uid: int, *profiles: str) -> Draft202012Validator:
    """Return what judges events of a class by OCSF's own schema."""
    schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version="1.4.0"))
    name = schema.lookup_class_name_from_uid(class_uid)
    told = schema.get_class_schema(class_name=name, profiles=list(profiles))
    return Draft202012Validator(told, format_checker=Draft202012Validator.FORMAT_CHECKER)


def judged(told: Mapping[str, Any]) -> None:
    profiles = told["metadata"].get("profiles", ())
    valid(told["class_uid"], *profiles).validate(told)
    assert told["type_uid"] == told["class_uid"] * 100 + told["activity_id"]


def written(folder: Path, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    write(folder / "logs", records)
    out = folder / "events.ocsf"
    hunt("--logs", str(folder / "logs"), "--incident", "circleci-2023-01", "--ocsf", str(out))
    text = out.read_text("ascii")
    assert KEY not in text
    assert out.stat().st_mode & 0o077 == 0
    return [json.loads(line) for line in text.splitlines()]


def test_findings_and_events_have_what_their_class_requires(tmp_path: Path) -> None:
    nobody = record(
        9999,
        START,
        "ListBuckets",
        userIdentity={"type": "AWSService"},
        sourceIPAddress="config.amazonaws.com",
    )
    told = written(tmp_path, [*ordinary(), *attack(), nobody])  # fmt: skip
    findings = [one for one in told if one["class_uid"] == 2004]
    events = [one for one in told if one["class_uid"] == 6003]
    assert (len(findings), len(events)) == (1, 165)
    for one in (*findings, *events[:: len(events) // 20], events[-1]):
        judged(one)


def test_the_schema_refuses_what_is_wrong(tmp_path: Path) -> None:
    told = written(tmp_path, ordinary(1))[-1]
    wrongs: list[dict[str, Any]] = [{"severity_id": 7}, {"api": {}}, {"new": 1}, {"time": "today"}]
    for wrong in wrongs:
        with pytest.raises(ValidationError):
            judged(told | wrong)


def test_a_finding_says_who_from_where_and_by_which_rules(tmp_path: Path) -> None:
    story = written(tmp_path, ordinary() + attack())[0]
    (evidence,) = story["evidences"]
    assert evidence["actor"]["user"]["uid"] == USER
    assert evidence["src_endpoint"] == {"ip": "89.36.78.75", "location": {"country": "CA"}}
    assert story["count"] == 4
    assert story["end_time"] - story["start_time"] == 3 * 60_000
    assert story["unmapped"]["records"][0].startswith("trail.json.gz:")
    assert {"uid": "T1078"}.items() <= story["finding_info"]["attacks"][0]["technique"].items()


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"action": "ListBuckets", "read_only": True}, 2),
        ({"action": "CreateAccessKey"}, 1),
        ({"action": "storage.buckets.update"}, 3),
        ({"action": "microsoft.compute/virtualmachines/delete"}, 4),
        ({"action": "ConsoleLogin"}, 99),
    ],
)
def test_an_event_of_which_little_is_known_is_whole(fields: dict[str, Any], kind: int) -> None:
    bare = {"platform": "aws", "log": "l", "event_uid": "e", "file": "f", "position": 1}
    told = activity(dict.fromkeys(COLUMNS) | bare | {"outcome": "denied"} | fields)
    judged(told)
    assert (told["activity_id"], told["status_id"]) == (kind, 2)
    assert told["actor"] == {"user": {"name": "Unknown"}}
    assert told["src_endpoint"] == {"name": "Unknown"}


def test_a_file_that_cannot_be_written_is_told_before_the_hunt(tmp_path: Path) -> None:
    write(tmp_path / "logs", ordinary(1))
    target = str(tmp_path / "nowhere" / "out")
    assert "cannot be written" in hunt("--logs", str(tmp_path), "--ocsf", target, code=2)
