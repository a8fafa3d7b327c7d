"""Measures how quiet hunts are about ordinary traffic, whether they find thieves, and their cost.

    python tests/bench/bench_findings.py [--organisations N]

Ordinary traffic is the demo's, two months of five logs, made anew from another seed for each of N
organisations. Each is hunted without thieves, and once more with the four of the demo. Cost is CPU
of this process for 20,000 and for 200,000 events of CloudTrail by 20 identities.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from auditor import hunting, incidents
from auditor.collecting import Silent
from auditor.demo import logs, scenario, traffic
from auditor.hunting import Logs, Order
from auditor.hunts import seen, store
from auditor.hunts.networks import Intelligence
from auditor.hunts.rules.loading import packaged
from auditor.hunts.searching import search
from auditor.hunts.stories import Known, tell
from auditor.hunts.subjects import Subjects
from auditor.hunts.wanted import Window
from auditor.models import Hunted
from auditor.tails import Sealer

SINCE = datetime(2022, 12, 16, tzinfo=UTC)
NOW = datetime(2023, 2, 1, tzinfo=UTC)
SIZES = (20_000, 200_000)
_EVENTS = """
CREATE OR REPLACE TABLE events AS SELECT
  TIMESTAMP '2022-11-14' + to_seconds(i * 60 * 86400 // {size}) AS time, 'e' || i AS event_uid,
  'aws' AS platform, 'cloudtrail' AS log, 'arn:aws:iam::1:user/u' || (i % 20) AS actor_uid,
  'u' AS actor_name, 'IAMUser' AS actor_type, 'KEY' || (i % 20) AS credential_uid,
  NULL::VARCHAR AS issued_credential_uid, NULL::VARCHAR AS session_of,
  ['GetObject', 'PutObject', 'DescribeInstances', 'ListBuckets', 'GetCallerIdentity', 'GetRole']
    [(1 + hash(i) % 6)::BIGINT] AS action, 's3:x' AS operation,
  ['s3', 'ec2', 'iam', 'sts'][(1 + hash(i * 3) % 4)::BIGINT] || '.amazonaws.com' AS service,
  'bucket/' || (hash(i * 7) % 500) AS resource,
  CASE WHEN hash(i * 5) % 1000 = 0 THEN 'denied' ELSE 'success' END AS outcome,
  NULL::VARCHAR AS error_code, NULL::VARCHAR AS error_message,
  '3.80.' || (hash(i * 11) % 40) || '.' || (hash(i * 13) % 256) AS src_ip,
  NULL::VARCHAR AS src_name, 'aws-cli/2.9.1 Python' AS user_agent, NULL::VARCHAR AS country,
  '1' AS account_uid, 'us-east-1' AS region, true AS read_only, NULL::VARCHAR AS details,
  'f' || (i // 1000) AS file, (i % 1000)::BIGINT AS position
FROM range({size}) numbers(i)
"""


def main() -> None:
    """Print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--organisations", type=int, default=8)
    asked = parser.parse_args()
    quiet()
    ordinary = [traffic_of(f"seed {n}", thieves=False) for n in range(asked.organisations)]
    events = sum(one.hunting.files.events for one in ordinary)
    found = sum(len(one.findings) for one in ordinary)
    weak = sum(one.hunting.quiet for one in ordinary)
    print(
        f"ordinary traffic: {events:,} events of {len(ordinary)} organisations, {found} stories: "
        f"{found / events * 100_000:.1f} per 100,000 events ({weak} sessions with weak signals)"
    )
    for one in ordinary:
        for story in one.findings:
            hits = ", ".join(hit.title for hit in story.hits if hit.level not in "informational")
            print(f"  {story.platform} {story.identity} {story.first:%m-%d %H:%M}: {hits}")
    thieves = [traffic_of(f"seed {n}", thieves=True) for n in range(asked.organisations)]
    places = {theft["address"] for theft in traffic.table()["thefts"]}
    told = [sum(story.src_ip in places for story in one.findings) for one in thieves]
    print(f"thieves: {sum(told)} of {len(places) * len(thieves)} found")


def traffic_of(seed: str, *, thieves: bool) -> Hunted:
    """Return what hunts make of an organisation's two months."""
    order = Order([], incident=incidents.load("circleci-2023-01"))
    with tempfile.TemporaryDirectory() as folder:
        acts = [*traffic.ordinary(seed), *(traffic.thefts() if thieves else ())]
        kept = logs.write(scenario.load(), Path(folder, "logs"), data_access=True, acts=acts)
        told = Order([Logs(path, source) for source, path in kept.items()], incident=order.incident)
        sealer = Sealer(b"benchmark" * 4)
        return hunting.hunt(told, Subjects(), Path(folder, "run"), sealer, NOW, Silent())


def quiet() -> None:
    """Print what the hunts alone cost, by number of events."""
    costs = []
    for size in SIZES:
        with duckdb.connect(config={"memory_limit": store.MEMORY}) as connection:
            connection.execute(_EVENTS.format(size=size))
            begin = time.process_time()
            known = Intelligence().look_up(seen.addresses(connection))
            seen.make(connection, seen.Facts(addresses=known))
            searched = search(connection, packaged(), Window(since=SINCE))
            tell(connection, searched.hunts, lambda _: Known())
            costs.append(time.process_time() - begin)
        print(f"{len(packaged())} hunts over {size:,} events: CPU {costs[-1]:.1f} s")
    growth = SIZES[1] / SIZES[0]
    print(f"{growth:.0f}x the events take {costs[1] / costs[0]:.1f}x the CPU")


if __name__ == "__main__":
    main()
