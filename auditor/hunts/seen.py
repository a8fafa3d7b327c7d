"""The table `seen`: every event with what is known of its identity, address, agent and credential.

Hunts are SQL over this table. It is made from the view `events` (see `store`) and from small tables
of facts that Python knows: addresses, rotations, jobs, dangerous permissions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from auditor.hunts.events import COLUMNS
from auditor.hunts.places import Territory, territories

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Address:
    """What is known of one source address; None is unknown, and never judged."""

    src_ip: str
    ip_packed: str | None = None
    network: str | None = None
    origin: str | None = None
    as_name: str | None = None
    ip_list: str | None = None
    ip_country: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Retired:
    """A credential whose successor took over at that time."""

    credential_uid: str
    since: datetime


ANYBODY = ""
"""In place of an identity: whoever is not named in `watched`."""


@dataclass(frozen=True, slots=True)
class Job:
    """A time in which jobs of the CI system ran that could hold credentials of `who`."""

    who: str
    began: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """A span of time of which every job that could hold credentials of `who` is known."""

    who: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Granted:
    """A dangerous action that an identity was granted, as the log spells it, lower case."""

    who: str
    action: str


@dataclass(frozen=True, slots=True)
class Alias:
    """A name, lower case, that logs of a platform ("" for any) have for an identity."""

    alias: str
    name: str
    platform: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known besides the logs."""

    addresses: Sequence[Address] = ()
    retired: Sequence[Retired] = ()
    jobs: Sequence[Job] = ()
    watched: Sequence[Watched] = ()
    granted: Sequence[Granted] = ()
    aliases: Sequence[Alias] = ()


_Fact = TypeVar("_Fact", Address, Retired, Job, Watched, Granted, Alias, Territory)
_BATCH = 10_000
_TYPES = {"float": "DOUBLE", "datetime": "TIMESTAMP"}
# A product and its main version: "aws-cli/2", "boto3/1". Whole agents differ from job to job, and
# some services put brackets around them.
_AGENT = "regexp_extract(lower(user_agent), '^[\\[\\s]*([a-z0-9_.+-]+(/v?[0-9]+)?)', 1)"
# An identity has several names: the one that the audit knows may be any of these.
_NAMES = (
    "COALESCE(owners.owner, e.session_of, e.actor_uid)",
    "COALESCE(e.session_of, e.credential_uid)",
    "json_extract_string(e.details, '$.\"appid\"')",
    "json_extract_string(e.details, '$.\"claims.appid\"')",
    "e.actor_name",
)
_ALIASED = "\n".join(
    f"LEFT JOIN aliases a{n} ON a{n}.alias = lower({name}) AND a{n}.platform IN ('', e.platform)"
    for n, name in enumerate(_NAMES)
)
# Events are numbered as the store has them, one platform after the other, each in order of time:
# sorting them once more would take most of the time. A chain of sessions belongs to whoever used
# the credential at its root. Where only the country is known, the place is somewhere within `reach`
# kilometres of the middle of it.
_SEEN = f"""
CREATE OR REPLACE TABLE seen AS
WITH numbered AS (SELECT row_number() OVER () AS n, * FROM events),
owners AS (
  SELECT credential_uid, any_value(actor_uid) AS owner FROM events
  WHERE credential_uid IS NOT NULL AND session_of IS NULL GROUP BY credential_uid
)
SELECT e.n,
  CAST(epoch(e.time) AS BIGINT) AS ts,
  COALESCE({", ".join(f"a{number}.name" for number in range(len(_NAMES)))},
    owners.owner, e.session_of, e.actor_uid, e.credential_uid, '?') AS who,
  {", ".join(f"e.{name}" for name in COLUMNS if name != "country")},
  COALESCE(e.country, i.ip_country) AS country,
  i.ip_packed, i.network, i.origin, i.as_name, i.ip_list,
  COALESCE(i.latitude, t.latitude) AS latitude, COALESCE(i.longitude, t.longitude) AS longitude,
  CASE WHEN i.latitude IS NULL THEN t.reach ELSE 0 END AS reach,
  NULLIF({_AGENT}, '') AS agent,
  CASE WHEN e.time > r.since THEN 'yes' END AS retired
FROM numbered e
LEFT JOIN addresses i ON i.src_ip = e.src_ip
LEFT JOIN territories t ON t.code = COALESCE(e.country, i.ip_country)
LEFT JOIN owners ON owners.credential_uid = e.session_of
{_ALIASED}
LEFT JOIN rotated r ON r.credential_uid = COALESCE(e.session_of, e.credential_uid)
"""


def make(connection: DuckDBPyConnection, facts: Facts) -> None:
    """Make `seen` and the tables of facts beside it, such as `jobs`, `watched`, `granted`."""
    _fill(connection, "addresses", Address, facts.addresses)
    _fill(connection, "rotated", Retired, facts.retired)
    _fill(connection, "jobs", Job, facts.jobs)
    _fill(connection, "watched", Watched, facts.watched)
    _fill(connection, "granted", Granted, facts.granted)
    _fill(connection, "aliases", Alias, facts.aliases)
    _fill(connection, "territories", Territory, territories())
    connection.execute(_SEEN)


def addresses(connection: DuckDBPyConnection) -> list[str]:
    """Return every source address of the events, once: few beside the events themselves."""
    rows = connection.execute(
        "SELECT DISTINCT src_ip FROM events WHERE src_ip IS NOT NULL ORDER BY 1"
    ).fetchall()
    return [row[0] for row in rows]


def _fill(
    connection: DuckDBPyConnection, table: str, kind: type[_Fact], facts: Sequence[_Fact]
) -> None:
    columns = {f.name: _TYPES.get(str(f.type).partition(" ")[0], "VARCHAR") for f in fields(kind)}
    _create(connection, table, columns, map(astuple, facts))


def _create(
    connection: DuckDBPyConnection,
    table: str,
    columns: dict[str, str],
    rows: Iterable[tuple[object, ...]],
) -> None:
    told = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    connection.execute(f"CREATE OR REPLACE TABLE {table} ({told})")
    values = [tuple(map(_naive, row)) for row in rows]
    # One list a column: row by row, tens of thousands of addresses would take a minute.
    lists = ", ".join(f"unnest(?::{kind}[])" for kind in columns.values())
    for start in range(0, len(values), _BATCH):
        batch = list(map(list, zip(*values[start : start + _BATCH], strict=True)))
        connection.execute(f"INSERT INTO {table} SELECT {lists}", batch)


def _naive(value: object) -> object:
    """Return a time as the store holds it: UTC without a zone."""
    return value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) else value
