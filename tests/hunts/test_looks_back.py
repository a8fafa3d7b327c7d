"""To ask of a window is to ask of all time and to look at the window: before it is only past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import pytest

from auditor.hunts import seen
from auditor.hunts.compile import query
from auditor.hunts.rules.definition import Hunt
from auditor.hunts.rules.loading import packaged

SINCE = datetime(2022, 12, 20, tzinfo=UTC)
UNTIL = datetime(2023, 1, 10, tzinfo=UTC)
# Working hours, bursts at night, pauses of weeks, values that come back: all by arithmetic.
_EVENTS = """
CREATE TABLE events AS
WITH numbers AS (SELECT range AS i, range % 15000 < 700 AND range > 0 AS burst FROM range(20000))
SELECT
  TIMESTAMP '2022-11-01'
    + to_days((CASE WHEN burst THEN i // 15000 * 15000 ELSE i END // 286)::INTEGER) + to_seconds(
    CASE WHEN burst THEN 3 * 3600 + i % 15000 ELSE 8 * 3600 + i % 286 * 125 END) AS time,
  'e' || i AS event_uid, 'aws' AS platform, 'cloudtrail' AS log,
  'u' || CASE WHEN burst THEN 1 ELSE i % 5 END AS actor_uid,
  'u' AS actor_name, 'IAMUser' AS actor_type, 'KEY' AS credential_uid,
  NULL::VARCHAR AS issued_credential_uid, NULL::VARCHAR AS session_of,
  ['GetObject', 'ListBuckets', 'GetCallerIdentity', 'GetSecretValue', 'ListUsers', 'GetRole',
   'AssumeRole', 'CreateUser'][(1 + hash(i * 17) % CASE WHEN burst THEN 8 ELSE 2 END)::BIGINT]
    AS action,
  's3:x' AS operation,
  ['s3', 'ec2', 'iam', 'sts', 'kms', 'ssm', 'ecs', 'ecr', 'rds'][
    (1 + CASE WHEN burst THEN i % 9 ELSE i // 3000 % 2 END)::BIGINT] || '.amazonaws.com' AS service,
  'bucket/' || hash(i * 7) % 50 AS resource,
  CASE WHEN hash(i * 5) % CASE WHEN burst THEN 2 ELSE 500 END = 0
    THEN 'denied' ELSE 'success' END AS outcome,
  NULL::VARCHAR AS error_code, NULL::VARCHAR AS error_message,
  '3.80.1.' || i // 5000 * 20 + CASE WHEN burst THEN 19 ELSE hash(i * 13) % 19 END AS src_ip,
  NULL::VARCHAR AS src_name,
  ['aws-cli/2.9.1', 'Boto3/1.2', 'curl/8'][(1 + i // 4000 % 3)::BIGINT] AS user_agent,
  NULL::VARCHAR AS country, '1' AS account_uid,
  ['us-east-1', 'eu-west-1'][(1 + i // 6500 % 2)::BIGINT] AS region, true AS read_only,
  NULL::VARCHAR AS details, 'f' AS file, i AS position
FROM numbers WHERE burst OR NOT (i % 5 = 4 AND i BETWEEN 2000 AND 16000)
"""
ADDRESSES = tuple(
    seen.Address(
        f"3.80.1.{number}",
        network=None if number % 2 else "cloud",
        origin=("plausible", "elsewhere", "unlikely")[number % 3],
        latitude=float(number % 7 * 10),
        longitude=float(number % 11 * 15),
    )
    for number in range(200)
)
FACTS = seen.Facts(
    addresses=ADDRESSES,
    jobs=tuple(
        seen.Job("", day.replace(hour=9), day.replace(hour=16))
        for day in (datetime(2022, 11, 1, tzinfo=UTC) + timedelta(days=n) for n in range(60))
    ),
    watched=(seen.Watched("", datetime(2022, 1, 1, tzinfo=UTC), datetime(2024, 1, 1, tzinfo=UTC)),),
    granted=(seen.Granted("u1", "createuser"),),
)
HUNTS = [hunt for hunt in packaged() if hunt.platform in {None, "aws"}]


@pytest.fixture(scope="module")
def connection() -> Iterator[Any]:
    with duckdb.connect() as connection:
        connection.execute(_EVENTS)
        seen.make(connection, FACTS)
        yield connection


def found(connection: Any, hunt: Hunt, *window: datetime) -> set[tuple[int, str]]:
    rows = connection.execute(
        f"SELECT f.n, f.note FROM ({query(hunt, *window)}) f JOIN seen s ON s.n = f.n"
        " WHERE s.time >= ? AND s.time < ?",
        [SINCE.replace(tzinfo=None), UNTIL.replace(tzinfo=None)],
    )
    return set(rows.fetchall())


@pytest.mark.parametrize("hunt", HUNTS, ids=lambda hunt: hunt.title)
def test_a_window_shows_what_all_time_shows_of_it(connection: Any, hunt: Hunt) -> None:
    assert found(connection, hunt, SINCE, UNTIL) == found(connection, hunt)


def test_most_operators_find_something_there(connection: Any) -> None:
    hit = {hunt.operator.operator for hunt in HUNTS if found(connection, hunt, SINCE, UNTIL)}
    assert hit >= {"match", "count", "distinct", "first_seen", "rare", "off_hours"}
    assert hit >= {"expected_network", "outside_job_window", "used_vs_granted"}
