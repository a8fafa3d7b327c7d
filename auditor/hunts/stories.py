"""Makes stories of signals: what one identity did from one address in one go.

A signal alone says little, and CI does new things every day. So signals are summed up by session,
each hunt once, and what is only new weighs little unless both the place and the behaviour are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from auditor.hunts.rules.definition import Hunt, Level
from auditor.hunts.rules.operators import FirstSeen, OffHours, Rare
from auditor.models import Finding, Hit, Reference, Severity, Strength, finding_id

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

PAUSE = 2 * 3600
"""Seconds without an event after which a session is over."""
WEIGHTS: Mapping[Level, int] = {
    Level.INFORMATIONAL: 0,
    Level.LOW: 1,
    Level.MEDIUM: 3,
    Level.HIGH: 7,
    Level.CRITICAL: 12,
}
MOST_NEW = 5
"""Highest sum of what is only new of a place, and of what is only new of a behaviour."""
MODERATE, STRONG = 7, 12
"""Sums from which a session is a story, and a strong one."""
_PLACES = frozenset({"src_ip", "network", "as_name", "country"})
_SHOWN = 5
_MOST_STORIES = 1_000

# Address and agent make a session; one who changes the agent at an address is still the same one,
# so the agent counts only where the log has no address.
_SESSIONS = f"""
CREATE OR REPLACE TABLE sessions AS
WITH every AS (
  SELECT n, who, ts, platform, COALESCE(src_ip, src_name, agent, '') AS place FROM seen
),
placed AS (
  SELECT * FROM every SEMI JOIN (
    SELECT who, platform, place FROM every WHERE n IN (SELECT n FROM signals)
  ) USING (who, platform, place)
),
parted AS (
  SELECT *, CASE WHEN ts - lag(ts) OVER w <= {PAUSE} THEN 0 ELSE 1 END AS begins FROM placed
  WINDOW w AS (PARTITION BY who, platform, place ORDER BY ts, n)
)
SELECT n, who, platform, place, sum(begins) OVER (
  PARTITION BY who, platform, place ORDER BY ts, n) AS part
FROM parted
"""
_SIGNALS = """
SELECT s.who, s.platform, s.place, CAST(s.part AS BIGINT) AS part, g.hunt, count(*) AS many,
  min(e.time) AS first, max(e.time) AS last, arg_min(g.note, e.n) AS note
FROM signals g JOIN sessions s ON s.n = g.n JOIN seen e ON e.n = g.n
GROUP BY ALL
"""
# `told` holds the numbers of the events of each story, `strongest` the hunts that make it one.
_TOLD = """
CREATE OR REPLACE TABLE told AS
SELECT s.n, p.story FROM sessions s JOIN (
  SELECT unnest(?::BIGINT[]) AS story, unnest(?::VARCHAR[]) AS who,
    unnest(?::VARCHAR[]) AS platform, unnest(?::VARCHAR[]) AS place, unnest(?::BIGINT[]) AS part
) p USING (who, platform, place, part)
"""
_STRONGEST = """
CREATE OR REPLACE TABLE strongest AS
SELECT unnest(?::BIGINT[]) AS story, unnest(?::INTEGER[]) AS hunt
"""
_STORIES = """
SELECT t.story, count(*) AS events, count(*) FILTER (WHERE outcome = 'denied') AS denied,
  min(time) AS first, max(time) AS last, any_value(src_ip) AS src_ip,
  any_value(src_name) AS src_name, any_value(origin) AS origin,
  any_value(COALESCE(as_name, network)) AS network, any_value(country) AS country,
  list(DISTINCT user_agent) FILTER (WHERE user_agent IS NOT NULL) AS agents,
  list(DISTINCT credential_uid) FILTER (WHERE credential_uid IS NOT NULL) AS credentials
FROM seen e JOIN told t ON t.n = e.n GROUP BY t.story
"""
_ACTIONS = """
WITH counted AS (
  SELECT t.story, COALESCE(operation, action) AS done, count(*) AS many
  FROM seen e JOIN told t ON t.n = e.n GROUP BY ALL
)
FROM counted QUALIFY row_number() OVER (PARTITION BY story ORDER BY many DESC, done) <= 10
ORDER BY story, many DESC, done
"""
_SAMPLES = f"""
WITH hits AS (
  SELECT w.story, g.n, count(*) AS hits FROM signals g JOIN strongest w USING (hunt) GROUP BY ALL
),
shown AS (
  SELECT t.story, e.time, COALESCE(e.operation, e.action) AS done, e.outcome, e.file, e.position,
    sum(COALESCE(h.hits, 0)) AS hits
  FROM seen e JOIN told t ON t.n = e.n LEFT JOIN hits h ON h.n = e.n AND h.story = t.story
  GROUP BY ALL
)
SELECT * EXCLUDE (hits) FROM shown
QUALIFY row_number() OVER (
  PARTITION BY story ORDER BY hits DESC, time, position, file, done) <= {_SHOWN}
ORDER BY story, hits DESC, time, position, file, done
"""


@dataclass(frozen=True, slots=True)
class Known:
    """What an audit knows of an identity of the logs."""

    identity_id: str | None = None
    severity: Severity = Severity.UNKNOWN
    secret_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stories:
    """The stories, and what was too little for one."""

    findings: tuple[Finding, ...]
    quiet: int
    """Sessions with signals that do not make a story."""
    more: int = 0
    """Stories beyond the most that are told."""


@dataclass(slots=True)
class _Session:
    who: str
    platform: str
    place: str
    part: int
    hits: list[Hit] = field(default_factory=list)
    hunts: list[tuple[int, Hunt]] = field(default_factory=list)

    @property
    def score(self) -> int:
        sums: dict[str, int] = defaultdict(int)
        for _, hunt in self.hunts:
            sums[_sort(hunt)] += WEIGHTS[hunt.level]
        return sum(total if sort == "" else min(total, MOST_NEW) for sort, total in sums.items())

    @property
    def ordered(self) -> list[Hit]:
        """The hits, the weightiest first."""
        return sorted(self.hits, key=lambda hit: (-_weight(hit), hit.first, hit.title))

    @property
    def strongest(self) -> list[int]:
        """The numbers of the hunts of the highest level that hit."""
        highest = self.ordered[0].level
        return [n for n, hunt in self.hunts if hunt.level.value == highest]


def tell(
    connection: DuckDBPyConnection, hunts: Sequence[Hunt], known: Callable[[str], Known]
) -> Stories:
    """Return the stories in the signals over `seen`, the worst first."""
    connection.execute(_SESSIONS)
    sessions = list(_sessions(connection, hunts))
    telling = sorted(
        (one for one in sessions if one.score >= MODERATE),
        key=lambda one: (
            -one.score * (1 + known(one.who).severity.rank),
            (one.who, one.platform, one.place, one.part),  # equal ones in an order of their own
        ),
    )
    told = telling[:_MOST_STORIES]
    findings = tuple(_findings(connection, told, known))
    quiet = sum(0 < one.score < MODERATE for one in sessions)
    return Stories(findings, quiet, len(telling) - len(told))


def _sort(hunt: Hunt) -> str:
    """Return whether a hunt finds what is only new, of a place or of a behaviour; "" for more."""
    if isinstance(hunt.operator, FirstSeen | Rare):
        return "place" if set(hunt.operator.of) & _PLACES else "behaviour"
    return "behaviour" if isinstance(hunt.operator, OffHours) else ""


def _sessions(connection: DuckDBPyConnection, hunts: Sequence[Hunt]) -> Iterator[_Session]:
    found: dict[tuple[Any, ...], _Session] = {}
    for *key, number, many, first, last, note in connection.execute(_SIGNALS).fetchall():
        session = found.setdefault(tuple(key), _Session(*key))
        hunt = hunts[number]
        session.hunts.append((number, hunt))
        session.hits.append(
            Hit(
                hunt_id=hunt.id,
                title=hunt.title,
                level=hunt.level.value,
                count=many,
                first=_utc(first),
                last=_utc(last),
                note=note or "",
                question=hunt.question,
                tags=hunt.tags,
            )
        )
    yield from found.values()


def _findings(
    connection: DuckDBPyConnection, told: Sequence[_Session], known: Callable[[str], Known]
) -> Iterator[Finding]:
    """Yield the stories that sessions tell, in their order; each query serves all of them."""
    names = [[one.who for one in told], [one.platform for one in told], [one.place for one in told]]
    connection.execute(_TOLD, [list(range(len(told))), *names, [one.part for one in told]])
    strongest = [(story, hunt) for story, one in enumerate(told) for hunt in one.strongest]
    connection.execute(_STRONGEST, list(map(list, zip(*strongest, strict=True))) or [[], []])
    rows = {story: row for story, *row in connection.execute(_STORIES).fetchall()}
    actions = _by_story(connection, _ACTIONS)
    samples = _by_story(connection, _SAMPLES)
    for story, session in enumerate(told):
        yield _finding(session, rows[story], known(session.who), actions[story], samples[story])


def _by_story(connection: DuckDBPyConnection, query: str) -> Mapping[int, list[Any]]:
    found = defaultdict[int, list[Any]](list)
    for story, *row in connection.execute(query).fetchall():
        found[story].append(row)
    return found


def _finding(
    session: _Session, row: Sequence[Any], known: Known, actions: list[Any], samples: list[Any]
) -> Finding:
    events, denied, first, last, src_ip, src_name, origin, network, country, agents, keys = row
    hits = session.ordered
    return Finding(
        id=finding_id(session.platform, session.who, session.place, _utc(first).isoformat()),
        identity=session.who,
        identity_id=known.identity_id,
        platform=session.platform,
        severity=known.severity,
        strength=Strength.STRONG if session.score >= STRONG else Strength.MODERATE,
        score=session.score,
        first=_utc(first),
        last=_utc(last),
        events=events,
        denied=denied,
        src_ip=src_ip or src_name or "",
        origin=origin or "",
        network=network or "",
        country=country or "",
        agents=tuple(sorted(agents or ())[:_SHOWN]),
        credentials=tuple(sorted(keys or ())[:_SHOWN]),
        hits=tuple(hits),
        actions=tuple(map(tuple, actions)),
        samples=tuple(Reference(_utc(time), *rest) for time, *rest in samples),
        question=hits[0].question,
        secret_ids=known.secret_ids,
    )


def _weight(hit: Hit) -> int:
    return WEIGHTS[Level(hit.level)]


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
