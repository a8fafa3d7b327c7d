"""`auditor audit --dry-run` against what an audit of the same company really asked."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from audits import Audits

from auditor import calls
from auditor.dryrun import is_of
from auditor.models import PlannedCall


def announced(audits: Audits) -> list[Any]:
    told = ("audit", "--dry-run", "--format", "json", "--config", str(audits.config))
    ended = audits.run(*told, "--out", str(audits.out))
    assert ended.code == 0, ended.stderr
    return list(json.loads(ended.stdout))


def made(audits: Audits) -> list[Any]:
    text = (audits.runs[0] / calls.NAME).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def planned(source: Any) -> list[PlannedCall]:
    return [
        PlannedCall(**{key: one[key] for key in PlannedCall.__dataclass_fields__})
        for one in source["calls"]
    ]


def test_every_call_of_the_audit_is_announced_and_counted(healthy: Audits) -> None:
    before = sorted((path, path.stat().st_mtime_ns) for path in healthy.out.rglob("*"))
    exchanges = len(healthy.organisation.recording.lines())
    sources = announced(healthy)
    assert len(healthy.organisation.recording.lines()) == exchanges, "nobody is asked"
    assert sorted((path, path.stat().st_mtime_ns) for path in healthy.out.rglob("*")) == before

    kinds = [kind for source in sources for kind in planned(source)]
    lines = made(healthy)
    strange = [line for line in lines if not any(is_of(line, kind) for kind in kinds)]
    assert not strange
    assert sum(one["last"] or 0 for source in sources for one in source["calls"]) == len(lines)
    assert all(source["last_run"] == healthy.runs[0].name for source in sources)
    assert all(source["last_seconds"] >= 0 for source in sources)


def test_google_is_counted_call_by_call(healthy: Audits) -> None:
    (google,) = (one for one in announced(healthy) if one["name"] == "gcp")
    counted = {one["call"].rpartition("/")[2]: one["last"] for one in google["calls"]}
    wire = Counter(
        line["path"].rpartition("/")[2] for line in made(healthy) if line["method"] == "gRPC"
    )
    assert wire["ListServiceAccountKeys"] == 7
    assert wire.items() <= counted.items()
    paced = [one for one in google["calls"] if one["per_minute"]]
    assert {one["most"] for one in paced} == {50}
