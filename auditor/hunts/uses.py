"""The last use of every credential that the events of a run show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor.hunts import store

# A session is a use of the credential that it was begun with, however long ago.
_LAST = """
    SELECT platform, COALESCE(session_of, credential_uid) AS credential, max(time),
        arg_max(src_ip, time), arg_max(operation, time), arg_max(log, time)
    FROM events WHERE COALESCE(session_of, credential_uid) IS NOT NULL AND time IS NOT NULL
    GROUP BY ALL ORDER BY ALL
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
        """Return whether it is a credential as its provider's listing names it.

        Listings show a key id without its tail, and of a service account's key the last part; logs
        show the seal of the tail with it, and of a service account's key the whole name.
        """
        if self.platform != provider or not label:
            return False
        name, wanted = self.credential.casefold(), label.casefold()
        if wanted.endswith("****"):
            return name.startswith(wanted) or f"/{wanted}" in name
        return name == wanted or name.endswith(f"/{wanted}")


def last_uses(folder: Path) -> Iterator[LastUse]:
    """Yield the last use of each credential in the events kept in a run's folder.

    Nothing where nobody hunted. MissingExtra without the packages.
    """
    if not store.holds_events(folder):
        return
    import duckdb  # noqa: PLC0415 (loaded where hunts run)

    with duckdb.connect(config={"memory_limit": store.MEMORY}) as connection:
        store.load(connection, folder)
        for platform, name, last, src_ip, operation, log in connection.execute(_LAST).fetchall():
            moment = last.replace(tzinfo=UTC)
            yield LastUse(platform, name, moment, src_ip or "", operation or "", log or "")
