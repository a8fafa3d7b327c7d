"""What the events of a run show of use: of every credential, of retired ones, of permissions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from auditor.hunts.seen import Retired
from auditor.logfields import recording
from auditor.models import Baseline, Finding, Used

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from auditor.hunts.subjects import Subject

# A session is a use of the credential that it was begun with, however long ago.
_LAST = """
    SELECT platform, COALESCE(session_of, credential_uid) AS credential, max(time),
        arg_max(src_ip, time), arg_max(operation, time), arg_max(log, time)
    FROM events WHERE COALESCE(session_of, credential_uid) IS NOT NULL AND time IS NOT NULL
    GROUP BY ALL ORDER BY ALL
"""

_CREDENTIALS = """
    SELECT DISTINCT platform, COALESCE(session_of, credential_uid) AS credential
    FROM events WHERE credential IS NOT NULL ORDER BY ALL
"""
_TOLD = "CREATE OR REPLACE TABLE told (who VARCHAR, src VARCHAR, b BIGINT, e BIGINT)"
# A call that failed for another reason than a refusal took the permission all the same. What only
# refusals or stories show is told apart: it proves no need, and no lack of use.
_CALLED = """
SELECT who, permission, place, COALESCE(max(time) FILTER (NOT denied AND NOT doubted), max(time)),
  CASE WHEN bool_or(NOT denied AND NOT doubted) THEN ''
    WHEN bool_or(NOT denied) THEN 'findings' ELSE 'refused' END
FROM (
  SELECT who, time, outcome = 'denied' AS denied, unnest(
      CASE WHEN platform IN ({joined}) THEN string_split(operation, ' ') ELSE [operation] END
    ) AS permission,
    CASE WHEN log IN ({places}) THEN lower(COALESCE(resource, '')) ELSE '' END AS place,
    EXISTS (
      SELECT 1 FROM told t WHERE t.who = seen.who AND seen.ts BETWEEN t.b AND t.e
        AND t.src = COALESCE(seen.src_ip, seen.src_name, '')) AS doubted
  FROM seen WHERE operation IS NOT NULL AND time IS NOT NULL
) WHERE permission <> '' GROUP BY who, permission, place ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class LastUse:
    """The last use of one credential: when, from where, for what, and which log says so."""

    platform: str
    credential: str
    last: datetime
    src_ip: str
    operation: str
    log: str

    def is_of(self, provider: str, label: str) -> bool:
        """Return whether it is a credential as its provider's listing names it."""
        return self.platform == provider and is_one(self.credential, label)


def is_one(logged: str, label: str) -> bool:
    """Return whether a log and a listing of the same provider name one credential.

    Listings show a key id without its tail, and of a service account's key the last part; logs
    show the seal of the tail with it, and of a service account's key the whole name.
    """
    if not label:
        return False
    name, wanted = logged.casefold(), label.casefold()
    if wanted.endswith("****"):
        return name.startswith(wanted) or f"/{wanted}" in name
    return name == wanted or name.endswith(f"/{wanted}")


def last_uses(connection: DuckDBPyConnection) -> Iterator[LastUse]:
    """Yield the last use of each credential in the view `events`."""
    for platform, name, last, src_ip, operation, log in connection.execute(_LAST).fetchall():
        moment = last.replace(tzinfo=UTC)
        yield LastUse(platform, name, moment, src_ip or "", operation or "", log or "")


def retired(connection: DuckDBPyConnection, baselines: Iterable[Baseline]) -> tuple[Retired, ...]:
    """Return the credentials of the view `events` whose rotation was proven, each with when.

    Several entries may have held one: the first proof counts.
    """
    logged = connection.execute(_CREDENTIALS).fetchall()
    since: dict[str, datetime] = {}
    for base in baselines:
        if base.verified is None:
            continue
        for key in base.retired:
            for platform, name in logged:
                if platform == key.provider and is_one(name, key.label):
                    since[name] = min(base.verified, since.get(name, base.verified))
    return tuple(Retired(name, when) for name, when in since.items())


def called(
    connection: DuckDBPyConnection, people: Iterable[Subject], stories: Iterable[Finding] = ()
) -> tuple[Used, ...]:
    """Return what each of the identities used, by the table `seen`, and when it last did.

    What only refusals show, or what stories tell of, says so: a thief's calls are none that the
    identity needs. Where a log names the owner of a token in its place, everything that the owner
    did counts for each of the tokens.
    """
    connection.execute(_TOLD)
    for story in stories:
        span = (int(moment.timestamp()) for moment in (story.first, story.last))
        told = [story.identity, story.src_ip, *span]
        connection.execute("INSERT INTO told VALUES (?, ?, ?, ?)", told)
    table = recording()
    lists = {name: ", ".join(f"'{one}'" for one in table[name]) for name in ("joined", "places")}
    ids = _ids(people)
    found: dict[tuple[str, str, str], Used] = {}
    for who, what, where, last, only in connection.execute(_CALLED.format(**lists)).fetchall():
        for id_ in ids.get(who.casefold(), ()):
            use = Used(id_, what, last.replace(tzinfo=UTC), where, only)
            known = found.get((id_, what, where))
            if known is None or (not known.only, known.last) < (not use.only, use.last):
                found[id_, what, where] = use
    return tuple(found.values())


def _ids(people: Iterable[Subject]) -> Mapping[str, Collection[str]]:
    """Return the identities by every name, in lower case, that `seen.who` may have for them."""
    every = tuple(people)
    found: dict[str, dict[str, None]] = {}
    for one in every:
        found.setdefault(one.id.casefold(), {})[one.id] = None
        if one.owner:
            found.setdefault(one.owner, {})[one.id] = None
    for (
        one
    ) in every:  # A person has an id of its own: what it did is what its tokens may have done.
        for name in one.names:
            if name != one.id.casefold() and name in found:
                found[one.id.casefold()] |= found[name]
    return found
