"""What is kept of a CloudTrail record: the fields that hunts ask about, and no key id."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from auditor.logfields import Fields, pruned, reviewed, tree
from auditor.models import Json
from auditor.tails import Sealer

KEY_ID = re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{12,}")
_PLAIN = (
    "eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
    "userAgent", "errorCode", "errorMessage", "readOnly", "eventID", "eventType", "eventCategory",
    "managementEvent", "recipientAccountId", "resources", "vpcEndpointId", "userIdentity",
)  # fmt: skip
_HANDING = ("credentials", "accessKey")
"""Parts of an answer that may hold a key that was just made."""


def chosen(record: Mapping[str, Json]) -> dict[str, Json]:
    """Return the fields of a record that hunts ask about; requests may hold secrets."""
    kept = {name: record[name] for name in _PLAIN if name in record}
    for name, below in _kept_details().items():
        if isinstance(section := record.get(name), dict):
            kept[name] = pruned(section, below)
    return kept


def sealed(value: Json, sealer: Sealer) -> Json:
    """Return the same JSON with every access key id under its name."""
    if isinstance(value, str):
        return sealer.key_name(value) if KEY_ID.fullmatch(value) else value
    if isinstance(value, dict):
        return {name: sealed(item, sealer) for name, item in value.items()}
    return [sealed(item, sealer) for item in value] if isinstance(value, list) else value


def handed_out(record: Mapping[str, Json]) -> list[str]:
    """Return the access keys that a call handed out: of a session, or a user's new one."""
    answer = record.get("responseElements")
    made = [answer.get(part) for part in _HANDING] if isinstance(answer, dict) else []
    keys = (part.get("accessKeyId") for part in made if isinstance(part, dict))
    return [str(key) for key in keys if key]


@cache
def _kept_details() -> Fields:
    """Return the reviewed fields below requests and answers."""
    keys = (f"responseElements.{part}.accessKeyId" for part in _HANDING)
    root = tree((*reviewed("cloudtrail"), *keys))
    return {name: below for name, below in root.items() if below and name not in _PLAIN}
