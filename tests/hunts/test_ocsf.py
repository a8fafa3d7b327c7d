"""What a hunt writes for a SIEM has what OCSF 1.4 requires of both classes, and no key whole.

The schemas are what https://schema.ocsf.io/1.4.0/ marks as required, and its "at least one of".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hunt_command import KEY, START, USER, attack, hunt, ordinary, record, write
from jsonschema import Draft202012Validator

from auditor.hunts.events import COLUMNS
from auditor.hunts.ocsf import activity

Shape = dict[str, Any]


def shape(*required: str, **properties: Shape) -> Shape:
    return {"type": "object", "required": list(required), "properties": properties}


def one_of(*names: str, **properties: Shape) -> Shape:
    """Return the shape of an object of whose attributes at least one must be there."""
    return shape(**properties) | {"anyOf": [{"required": [name]} for name in names]}


INTEGER: Shape = {"type": "integer"}
TEXT: Shape = {"type": "string", "minLength": 1}
METADATA = shape("product", "version", product=shape("name"), version={"const": "1.4.0"})
ACTOR = shape("user", user=one_of("uid", "name", uid=TEXT, name=TEXT))
ENDPOINT = one_of("ip", "name", ip={"format": "ipv4"}, name=TEXT)
BASE = ("activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid")
NUMBERS = {name: INTEGER for name in BASE if name != "metadata"}
EVENT = shape(
    *BASE, "actor", "api", "src_endpoint", "cloud", metadata=METADATA, actor=ACTOR,
    api=shape("operation", operation=TEXT), src_endpoint=ENDPOINT, cloud=shape("provider"),
    **{**NUMBERS, "class_uid": {"const": 6003}, "category_uid": {"const": 6},
       "activity_id": {"enum": [0, 1, 2, 3, 4, 99]}},
)  # fmt: skip
ANALYTIC = shape("type_id", "uid", "name", type_id=INTEGER)
ATTACK = one_of("tactic", "technique", "sub_technique")
FINDING = shape(
    *BASE, "finding_info", metadata=METADATA,
    finding_info=shape("uid", "title", "analytic", "attacks", uid=TEXT, title=TEXT,
                       analytic=ANALYTIC, related_analytics={"items": ANALYTIC},
                       attacks={"items": ATTACK}),
    evidences={"items": shape("actor", "src_endpoint", actor=ACTOR, src_endpoint=ENDPOINT)},
    **{**NUMBERS, "class_uid": {"const": 2004}, "category_uid": {"const": 2},
       "activity_id": {"const": 1}, "severity_id": {"enum": [0, 1, 2, 3, 4, 5]}},
)  # fmt: skip


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
    for kind, found in ((FINDING, findings), (EVENT, events)):
        for one in found:
            Draft202012Validator(kind).validate(one)
            assert one["type_uid"] == one["class_uid"] * 100 + one["activity_id"]


def test_a_finding_says_who_from_where_and_by_which_rules(tmp_path: Path) -> None:
    story = written(tmp_path, ordinary() + attack())[0]
    (evidence,) = story["evidences"]
    assert evidence["actor"]["user"]["uid"] == USER
    assert evidence["src_endpoint"] == {"ip": "89.36.78.75"}
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
    Draft202012Validator(EVENT).validate(told)
    assert (told["activity_id"], told["status_id"]) == (kind, 2)
    assert told["actor"] == {"user": {"name": "Unknown"}}
    assert told["src_endpoint"] == {"name": "Unknown"}


def test_a_file_that_cannot_be_written_is_told_before_the_hunt(tmp_path: Path) -> None:
    write(tmp_path / "logs", ordinary(1))
    target = str(tmp_path / "nowhere" / "out")
    assert "cannot be written" in hunt("--logs", str(tmp_path), "--ocsf", target, code=2)
