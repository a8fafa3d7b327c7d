"""One record of any log, normalised: the columns that every hunt asks about.

Names are flattened OCSF paths where OCSF has one (`actor.user.credential_uid` is
`credential_uid`; https://schema.ocsf.io/). Text that a log does not have is None, never "".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec

from auditor.tails import Sealer

LONGEST = 512
"""Characters kept of one text: a user agent or an error message is as long as its sender likes."""


class Outcome(StrEnum):
    """What became of the call. `DENIED` is a refusal of permission, `FAILURE` any other error."""

    SUCCESS = "success"
    DENIED = "denied"
    FAILURE = "failure"
    UNKNOWN = "unknown"


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one actor did once, and where the record of it stands."""

    time: str
    """ISO 8601 in UTC with a Z: when it happened, by the log's clock. A TIMESTAMP in the store."""
    event_uid: str
    """The vendor's id of the event, by which it is de-duplicated within its platform."""
    platform: str
    """Whose log it is: the name of the provider or CI system."""
    log: str
    """The source and, after a colon, the kind of log: "cloudtrail", "gcp:data_access"."""
    action: str
    """What rules match: CloudTrail's eventName, GCP's methodName; lower case and in one spelling
    where a log has several: Azure's operation, GitHub's action, CircleCI's with every separator a
    dot (`project.ssh.key.create`)."""
    outcome: Outcome
    file: str
    position: int
    """Number of the record within its file, from 1 (of the line, in a file of lines)."""
    actor_uid: str | None = None
    """Whose rights were used: an ARN (a session's role), an e-mail, an object id, a login."""
    actor_name: str | None = None
    actor_type: str | None = None
    credential_uid: str | None = None
    """The key, secret or token that was used, as `credential_name` shows it."""
    issued_credential_uid: str | None = None
    """The key that the call made or handed out: a session's or a new long-term one."""
    session_of: str | None = None
    """The credential or identity at the root of a chain of sessions, where the logs show it."""
    operation: str | None = None
    """The permission that it took, as the platform's policies spell it ("s3:GetObject",
    "storage.objects.get"); several are separated by a space."""
    service: str | None = None
    resource: str | None = None
    """What it was done to: several are separated by a space."""
    error_code: str | None = None
    error_message: str | None = None
    src_ip: str | None = None
    """An IP address as text; None where the log names something else (see `src_name`)."""
    src_name: str | None = None
    """What the log has in place of an address: a vendor's service, "AWS Internal", "private"."""
    user_agent: str | None = None
    country: str | None = None
    """ISO 3166 code, where the log itself says."""
    account_uid: str | None = None
    """Account, project, subscription or organisation in which it was done."""
    region: str | None = None
    read_only: bool | None = None
    details: str | None = None
    """JSON object of the few further fields that rules ask for, by the log's own dotted names."""


COLUMNS: Mapping[str, str] = {
    name: {"time": "TIMESTAMP", "read_only": "BOOLEAN", "position": "BIGINT"}.get(name, "VARCHAR")
    for name in (
        "time",
        "event_uid",
        "platform",
        "log",
        "actor_uid",
        "actor_name",
        "actor_type",
        "credential_uid",
        "issued_credential_uid",
        "session_of",
        "action",
        "operation",
        "service",
        "resource",
        "outcome",
        "error_code",
        "error_message",
        "src_ip",
        "src_name",
        "user_agent",
        "country",
        "account_uid",
        "region",
        "read_only",
        "details",
        "file",
        "position",
    )
}
"""The columns of the view `events` and their SQL types, in order. `time` is UTC without a zone."""


def credential_name(key_id: str, sealer: Sealer) -> str:
    """Return how an access key id is kept: see `Sealer.key_name`."""
    return sealer.key_name(key_id)


def bounded(text: str | None) -> str | None:
    """Return at most `LONGEST` characters of an outside text; None for an empty one."""
    if not text:
        return None
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
