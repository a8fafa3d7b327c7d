"""Which kinds of events each log holds, of which account and when: proof that it records them.

A trail may record reads only, one region only, or no management events. Then what it does not show
was not "not done". So nothing is concluded from the silence of a log about a kind of events of
which it shows none of anybody.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

from auditor.logfields import recording
from auditor.models import Kept

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SILENCE_DAYS = 7
"""A log without an event of a kind for longer may not have been read there, or not recorded it."""
# Days, not events: there are few, however large the log is. Data events of AWS may be recorded by
# a trail that records no management events, and so prove nothing of these.
_KINDS = """
WITH kept AS (
  SELECT platform, log, lower(account_uid) AS account, COALESCE(region, '') AS region, time,
    CASE {own}
      WHEN read_only IS NULL THEN NULL
      ELSE CASE WHEN lower(json_extract_string(details, '$."eventCategory"')) <> 'management'
          THEN lower(json_extract_string(details, '$."eventCategory"')) || ' ' ELSE '' END
        || CASE WHEN read_only THEN 'reads' ELSE 'writes' END END AS kind
  FROM seen WHERE time IS NOT NULL AND account_uid IS NOT NULL
), days AS (
  SELECT platform, log, account, kind, '' AS region, CAST(time AS DATE) AS day,
    min(time) AS began, max(time) AS ended FROM kept WHERE kind IS NOT NULL GROUP BY ALL
  UNION ALL
  SELECT platform, log, account, '', region, CAST(time AS DATE), min(time), max(time)
  FROM kept WHERE region <> '' GROUP BY ALL
), parted AS (
  SELECT *, CASE WHEN began - lag(ended) OVER w <= INTERVAL {days} DAY THEN 0 ELSE 1 END AS begins
  FROM days WINDOW w AS (PARTITION BY platform, log, account, kind, region ORDER BY day)
), stretches AS (
  SELECT *, sum(begins) OVER (
    PARTITION BY platform, log, account, kind, region ORDER BY day) AS stretch FROM parted
), spans AS (
  SELECT platform, log, account, kind, region, stretch, min(began) AS began, max(ended) AS ended
  FROM stretches GROUP BY ALL
)
SELECT platform, log, account, kind, region, arg_max(began, stretch), arg_max(ended, stretch)
FROM spans GROUP BY ALL ORDER BY ALL LIMIT {most}
"""
_MOST = 10_000


def kinds(connection: DuckDBPyConnection) -> tuple[Kept, ...]:
    """Return the kinds of events in the table `seen`, each with its last stretch without a hole."""
    own = " ".join(f"WHEN {_is(one)} THEN '{kind}'" for one, kind in recording()["kinds"].items())
    sql = _KINDS.format(own=own, days=SILENCE_DAYS, most=_MOST)
    return tuple(
        Kept(
            platform,
            log,
            account,
            kind,
            since.replace(tzinfo=UTC),
            until.replace(tzinfo=UTC),
            region,
        )
        for platform, log, account, kind, region, since, until in connection.execute(sql).fetchall()
    )


def _is(action: str) -> str:
    """Return the SQL of whether an action is one of the table: named whole, or its beginning."""
    if action.endswith("*"):
        return f"starts_with(action, '{action[:-1]}')"
    return f"action = '{action}'"
