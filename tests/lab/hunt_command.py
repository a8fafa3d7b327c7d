"""`auditor hunt` as people run it, over 40 days of a CI user's CloudTrail and a thief's visit."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from auditor.cli import app

START = datetime(2022, 12, 1, tzinfo=UTC)
USER = "arn:aws:iam::123456789012:user/ci-deploy"
KEY = "AKIAIOSFODNN7EXAMPLE"


def record(number: int, when: datetime, name: str, **more: Any) -> dict[str, Any]:
    return {
        "eventVersion": "1.08", "eventID": f"e-{number}", "eventTime": f"{when:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "s3.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
        "sourceIPAddress": "3.80.0.1", "userAgent": "aws-cli/2.9.1", "recipientAccountId": "1",
        "userIdentity": {"type": "IAMUser", "arn": USER, "accessKeyId": KEY, "userName": "ci"},
    } | more  # fmt: skip


def ordinary(days: int = 40) -> list[dict[str, Any]]:
    times = (START + timedelta(hours=6 * number) for number in range(days * 4))
    return [record(number, when, "PutObject") for number, when in enumerate(times)]


def attack() -> list[dict[str, Any]]:
    begin = START + timedelta(days=21, hours=3)
    away = {"sourceIPAddress": "89.36.78.75", "userAgent": "Boto3/1.26 kali"}
    names = ["GetCallerIdentity", "ListBuckets", "ListUsers", "CreateAccessKey"]
    return [
        record(9000 + number, begin + timedelta(minutes=number), name, **away,
               eventSource="iam.amazonaws.com")
        for number, name in enumerate(names)
    ]  # fmt: skip


def write(folder: Path, records: list[dict[str, Any]]) -> None:
    folder.mkdir(exist_ok=True)
    content = json.dumps({"Records": records}).encode()
    (folder / "trail.json.gz").write_bytes(gzip.compress(content))


def hunt(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["hunt", *words], env={"HOME": "/nonexistent"})
    assert result.exit_code == code, result.output
    return result.stdout if code == 0 else result.stderr


def found(folder: Path, *words: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(hunt("--logs", str(folder), "--format", "json", *words))
    return told
