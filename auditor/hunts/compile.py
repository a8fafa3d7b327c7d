"""One SQL query for each hunt: the numbers of the events of `seen` that it finds.

    n      the event's number in `seen`
    note   what was unusual ("new: eu-west-3", "12 different"), NULL where the event says it all

Queries are plain SQL with window functions over `ts`, the event's second, in words that engines
agree on; `rules.dialects` says them to those.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import singledispatch

from auditor.hunts.rules.definition import Hunt
from auditor.hunts.rules.fields import literal, sql_of
from auditor.hunts.rules.operators import (
    Count,
    Distinct,
    ExpectedNetwork,
    FirstSeen,
    ImpossibleTravel,
    Match,
    OffHours,
    OutsideJobWindow,
    Rare,
    UsedVsGranted,
)

_HOUR = "CAST(floor((ts % 86400) / 3600) AS BIGINT)"


def query(hunt: Hunt, since: datetime | None = None, until: datetime | None = None) -> str:
    """Return the query of a hunt for events of a window; its past lies before the window."""
    platform = f"platform = {literal(hunt.platform)} AND " if hunt.platform else ""
    past = _past(since, hunt.operator.looks_back)
    return _query(hunt.operator, f"{platform}{hunt.condition}{past}", _window(since, until))


def _past(since: datetime | None, back: timedelta | None) -> str:
    """Return the condition that leaves out what lies too far before the window to matter."""
    if since is None or back is None:
        return ""
    return f" AND ts >= {_seconds(since) - _seconds(back)}"


def _window(since: datetime | None, until: datetime | None) -> str:
    parts = [f"ts >= {_seconds(since)}"] * bool(since) + [f"ts < {_seconds(until)}"] * bool(until)
    return " AND ".join(parts) or "TRUE"


def _seconds(moment: datetime | timedelta | None) -> int:
    if isinstance(moment, datetime):
        moment = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return int(moment.total_seconds()) if moment else 0


@singledispatch
def _query(operator: object, condition: str, window: str) -> str:
    raise NotImplementedError(type(operator).__name__)


@_query.register
def _(operator: Match, condition: str, window: str) -> str:
    del operator
    return f"SELECT n, NULL AS note FROM seen WHERE {window} AND {condition}"


@_query.register
def _(operator: Count, condition: str, window: str) -> str:
    back = f"RANGE BETWEEN {_seconds(operator.within)} PRECEDING AND CURRENT ROW"
    return f"""
WITH counted AS (
  SELECT n, ts, count(*) OVER (PARTITION BY who, src_ip ORDER BY ts {back}) AS many
  FROM seen WHERE {condition}
)
SELECT n, {_told("many")} || ' in {_words(operator.within)}' AS note FROM counted
WHERE {window} AND many >= {operator.at_least}"""


@_query.register
def _(operator: Distinct, condition: str, window: str) -> str:
    back = f"RANGE BETWEEN {_seconds(operator.within)} PRECEDING AND CURRENT ROW"
    apart = ", ".join(("who", *operator.per)) if operator.per else "who, src_ip"
    return f"""
WITH counted AS (
  SELECT n, ts, count(DISTINCT {_value(operator.of)}) OVER (
    PARTITION BY {apart} ORDER BY ts {back}) AS many
  FROM seen WHERE {condition}
)
SELECT n, {_told("many")} || ' different in {_words(operator.within)}' AS note FROM counted
WHERE {window} AND many >= {operator.at_least}"""


@_query.register
def _(operator: FirstSeen, condition: str, window: str) -> str:
    return _new(operator, condition, window, _value(operator.of))


def _new(operator: FirstSeen, condition: str, window: str, value: str) -> str:
    gap = f"ts - before > {_seconds(operator.history)}"
    fresh = f"before IS NOT NULL AND {gap}" if operator.again else f"before IS NULL OR {gap}"
    back = f"RANGE BETWEEN {_seconds(operator.within)} PRECEDING AND CURRENT ROW"
    return f"""
WITH began AS (SELECT who, min(ts) AS began FROM seen GROUP BY who),
valued AS (
  SELECT n, ts, who, {value} AS value FROM seen WHERE {condition}
),
traced AS (
  SELECT v.n, v.ts, v.who, v.value, b.began,
    lag(v.ts) OVER (PARTITION BY v.who, v.value ORDER BY v.ts, v.n) AS before
  FROM valued v JOIN began b ON b.who = v.who WHERE v.value IS NOT NULL
),
fresh AS (
  SELECT n, ts, value, count(*) OVER (PARTITION BY who ORDER BY ts {back}) AS many FROM traced
  WHERE ({fresh}) AND ts - began >= {_seconds(operator.min_history)}
)
SELECT n, 'new: ' || value AS note FROM fresh
WHERE {window} AND many >= {operator.at_least}"""


@_query.register
def _(operator: Rare, condition: str, window: str) -> str:
    return _seldom(operator, condition, window, _value(operator.of), "': '")


@_query.register
def _(operator: OffHours, condition: str, window: str) -> str:
    return _seldom(operator, condition, window, _HOUR, "':00 UTC: '")


def _seldom(operator: Rare | OffHours, condition: str, window: str, value: str, unit: str) -> str:
    past = f"RANGE BETWEEN {_seconds(operator.history)} PRECEDING AND 1 PRECEDING"
    share = Fraction(str(operator.share))  # a decimal for one engine is a float for another
    return f"""
WITH began AS (SELECT who, min(ts) AS began FROM seen GROUP BY who),
valued AS (
  SELECT n, ts, who, {value} AS value FROM seen WHERE {condition}
),
shares AS (
  SELECT v.n, v.ts, v.value, b.began,
    count(*) OVER (PARTITION BY v.who, v.value ORDER BY v.ts {past}) AS alike,
    count(*) OVER (PARTITION BY v.who ORDER BY v.ts {past}) AS total
  FROM valued v JOIN began b ON b.who = v.who WHERE v.value IS NOT NULL
)
SELECT n, {_told("value")} || {unit} || {_told("alike")} || ' of ' || {_told("total")} || ' before'
  AS note FROM shares
WHERE {window} AND total >= {operator.min_events}
  AND alike * {share.denominator} < {share.numerator} * total
  AND ts - began >= {_seconds(operator.min_history)}"""


@_query.register
def _(operator: ExpectedNetwork, condition: str, window: str) -> str:
    expected = ", ".join(map(literal, operator.origins))
    flagged = f"""
  SELECT n, ts, who, src_ip, 'from ' || COALESCE(as_name, network, src_ip) AS note FROM seen
  WHERE origin IS NOT NULL AND origin NOT IN ({expected}) AND {condition}"""
    return _unless_habit(flagged, operator.habit_days, window)


def _unless_habit(flagged: str, days: int, window: str) -> str:
    """Return what is flagged, but for what the identity was seen to do on so many days before.

    That is: be flagged at all, or come from that very address. The last two days do not count,
    so that a thief does not make a habit of it at once.
    """
    before = "p.day >= d.day - 30 AND p.day <= d.day - 2"
    return f"""
WITH flagged AS ({flagged}),
dated AS (SELECT *, CAST(floor(ts / 86400) AS BIGINT) AS day FROM flagged),
days AS (SELECT DISTINCT who, day FROM dated),
places AS (
  SELECT DISTINCT who, src_ip, CAST(floor(ts / 86400) AS BIGINT) AS day FROM seen
  WHERE src_ip IN (SELECT src_ip FROM flagged)
),
habits AS (
  SELECT d.n, count(*) AS times FROM dated d JOIN days p ON p.who = d.who AND {before}
  GROUP BY d.n
),
homes AS (
  SELECT d.n, count(*) AS times FROM dated d
    JOIN places p ON p.who = d.who AND p.src_ip = d.src_ip AND {before}
  GROUP BY d.n
)
SELECT d.n AS n, d.note AS note FROM dated d
  LEFT JOIN habits h ON h.n = d.n LEFT JOIN homes m ON m.n = d.n
WHERE {window} AND COALESCE(h.times, 0) < {days} AND COALESCE(m.times, 0) < {days}"""


@_query.register
def _(operator: OutsideJobWindow, condition: str, window: str) -> str:
    slack = _seconds(operator.slack)
    # Where it is not known which jobs held it, all that can be judged is that no job ran at all.
    known = """
    SELECT seen.n FROM seen JOIN watched w ON w.who = seen.who
      AND seen.time >= w.since AND seen.time <= w.until WHERE w.who <> ''"""
    columns = "n, ts, who, time, src_ip"
    held = f"""
    SELECT {columns}, who AS holder FROM seen WHERE n IN ({known}) AND {condition}
    UNION ALL
    SELECT {columns}, '' AS holder FROM seen WHERE n NOT IN ({known}) AND {condition}"""
    covered = f"""
    SELECT h.n FROM held h JOIN jobs j ON j.who = h.holder
      AND h.ts >= CAST(floor(epoch(j.began)) AS BIGINT) - {slack}
      AND h.ts <= CAST(floor(epoch(j.ended)) AS BIGINT) + {slack}"""
    flagged = f"""
  WITH held AS ({held})
  SELECT n, ts, who, src_ip, CASE WHEN holder = ''
    THEN 'no job at all was running; which jobs held it is not known'
    ELSE 'no job that held it was running' END AS note
  FROM held WHERE n NOT IN ({covered}) AND EXISTS (
    SELECT 1 FROM watched w
    WHERE w.who = held.holder AND held.time >= w.since AND held.time <= w.until)"""
    return _unless_habit(flagged, operator.habit_days, window)


@_query.register
def _(operator: ImpossibleTravel, condition: str, window: str) -> str:
    # The haversine formula over a sphere of 6371 km; 500 km are within the error of a database.
    # Of two countries it is known how far apart they are at least: none where they are neighbours.
    # Machines do not travel: clouds and the company's own runners are no place of a person.
    before = ", ".join(
        f"lag({name}) OVER (PARTITION BY who ORDER BY ts, n) AS {name}_before"
        for name in ("ts", "country", "latitude", "longitude", "reach")
    )
    note = (
        "COALESCE(country_before || ' to ' || country || ', ', '')"
        " || CASE WHEN reach + reach_before > 0 THEN 'at least ' ELSE '' END ||"
        f" {_told(_rounded('km'))} || ' km in ' || {_told(_rounded('seconds / 60'))} || ' minutes'"
    )
    flagged = f"""
  WITH placed AS (
    SELECT n, ts, who, src_ip, country, latitude, longitude, reach, {before}
    FROM seen WHERE latitude IS NOT NULL AND network IS NULL
      AND COALESCE(origin, '') <> 'runner' AND {condition}
  ),
  moved AS (
    SELECT *, ts - ts_before AS seconds, 2 * 6371 * asin(sqrt(
      pow(sin(radians(latitude - latitude_before) / 2), 2) + cos(radians(latitude))
      * cos(radians(latitude_before)) * pow(sin(radians(longitude - longitude_before) / 2), 2)
    )) - reach - reach_before AS km FROM placed WHERE ts_before IS NOT NULL
  )
  SELECT n, ts, who, src_ip, {note} AS note
  FROM moved WHERE km > 500 AND km * 3600 > {operator.kmh} * seconds"""
    return _unless_habit(flagged, operator.habit_days, window)


@_query.register
def _(operator: UsedVsGranted, condition: str, window: str) -> str:
    # A log may name several permissions of one call; what was granted may be a pattern.
    operation = "' ' || COALESCE(lower(operation), '') || ' '"
    used = f"""
    SELECT DISTINCT named.who || ' ' || named.action || named.operation FROM (
      SELECT DISTINCT who, lower(action) AS action, {operation} AS operation
      FROM seen WHERE {condition}
    ) named JOIN granted g ON g.who = named.who
    WHERE named.action = g.action
      OR named.operation LIKE '% ' || replace(g.action, '*', '%') || ' %'"""
    gap = f"ts - before > {_seconds(operator.history)}"
    kind = "platform || ' ' || log || COALESCE(account_uid, '')"
    # A log may have begun to record changes just then: of earlier ones it tells nothing.
    return f"""
WITH began AS (SELECT who, min(ts) AS began FROM seen GROUP BY who),
kinds AS (
  SELECT {kind} AS kind, read_only, min(ts) AS since FROM seen
  WHERE read_only IS NOT NULL GROUP BY {kind}, read_only
),
valued AS (
  SELECT n, ts, who, lower(action) AS value, {kind} AS kind, read_only FROM seen
  WHERE {condition} AND who || ' ' || lower(action) || {operation} IN ({used})
),
traced AS (
  SELECT v.n, v.ts, v.value, b.began, v.kind, v.read_only,
    lag(v.ts) OVER (PARTITION BY v.who, v.value ORDER BY v.ts, v.n) AS before
  FROM valued v JOIN began b ON b.who = v.who WHERE v.value IS NOT NULL
)
SELECT t.n AS n, 'new: ' || t.value || CASE WHEN t.ts - k.since < {_seconds(operator.min_history)}
  THEN '; the log shows no event of that kind long before, and may have recorded none'
  ELSE '' END AS note
FROM traced t LEFT JOIN kinds k ON k.kind = t.kind AND k.read_only = t.read_only
WHERE {window} AND (before IS NULL OR {gap})
  AND ts - began >= {_seconds(operator.min_history)}"""


def _value(names: tuple[str, ...]) -> str:
    """Return the SQL of the joined values of columns, without case; NULL where one has none."""
    return " || ' ' || ".join(f"lower({sql_of(name)})" for name in names)


def _told(value: str) -> str:
    """Return the SQL of a value as text: what joins texts and numbers differs between engines."""
    return f"CAST({value} AS VARCHAR)"


def _rounded(value: str) -> str:
    """Return the SQL of the nearest whole number: engines round halves and casts differently."""
    return f"CAST(floor({value} + 0.5) AS BIGINT)"


def _words(span: timedelta) -> str:
    seconds = _seconds(span)
    for size, word in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds % size == 0:
            count = seconds // size
            return f"{count} {word if count > 1 else word[:-1]}"
    return f"{seconds} seconds"
