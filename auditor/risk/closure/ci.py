"""What the CI system holds now, compared with what it held before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from auditor.models import Baseline, Secret, Storing

_ENDS_ALIKE = "other"
"""Alphabet of the ends that all values of a kind share: of JSON, of PEM, of padded base64."""
_ASK = "the audit log may show one (auditor hunt)"


class CiState(Enum):
    """How an entry stands against its baseline."""

    CHANGED = auto()
    """The shown end of the value differs: another value for certain."""
    REWRITTEN = auto()
    """Written since, and the shown end is the same: most likely the same value."""
    BLIND = auto()
    """Written since, and no end is shown that would differ if the value did."""
    UNCHANGED = auto()
    """Not written since: the CI system keeps the time of every write."""
    UNSURE = auto()
    """The same end, and the store keeps no time of its last write."""
    REMOVED = auto()
    """Gone, and everything that could hold it was read."""
    UNREAD = auto()
    """Not seen, which proves nothing."""


@dataclass(frozen=True, slots=True)
class CiSide:
    """The state and the fact that shows it, in words."""

    state: CiState
    fact: str
    written: datetime | None = None
    """The last time that the value is known to have been stored."""


def compare(
    before: Baseline,
    now: Secret | None,
    seal: str,
    *,
    all_read: bool,
    storing: Storing | None = None,
    log: tuple[datetime, datetime] | None = None,
) -> CiSide:
    """Return what became of an entry. `seal` names the key of this run's sealed tails.

    `storing` and `log` are what the CI system's own log shows: the last storing of the entry, and
    the first and last event that was read. That it shows no storing proves nothing: a log may have
    been given in part.
    """
    if now is None:
        return _absent(all_read=all_read)
    if storing and storing.last <= before.taken:
        storing = None
    times = (now.last_written, storing.last if storing else None)
    written = max((time for time in times if time), default=None)
    comparable = bool(before.tail and now.tail and seal and before.seal == seal)
    if comparable and before.tail != now.tail:
        return CiSide(CiState.CHANGED, "the shown end of the value is another one", written)
    tells = comparable and before.tail is not None and before.tail.alphabet != _ENDS_ALIKE
    end = "its shown end is the same" if tells else "no end of the value can be compared"
    # An update time is the time of every write; a creation time moves when people delete and add.
    if written and (storing or (before.written and written > before.written)):
        state = CiState.REWRITTEN if tells else CiState.BLIND
        how = f" ({storing.where})" if storing else ""
        return CiSide(state, f"written again on {_minute(written)}{how}, {end}", written)
    if now.updated and now.updated == before.updated:
        return CiSide(CiState.UNCHANGED, f"not written since {_minute(now.updated)}", written)
    shown = f"the audit log from {_minute(log[0])} to {_minute(log[1])} shows none" if log else _ASK
    return CiSide(
        CiState.UNSURE, f"the store keeps no time of a change, {shown}, and {end}", written
    )


def _minute(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M} UTC"


def _absent(*, all_read: bool) -> CiSide:
    if all_read:
        return CiSide(CiState.REMOVED, "the entry is gone, and what held it was read to its end")
    return CiSide(
        CiState.UNREAD, "the entry was not seen, and what held it was not read whole: no proof"
    )
