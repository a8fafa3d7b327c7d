"""Rows of a CloudTrail table, as Athena's CSV has them, back in the shape of a record.

Columns are in lower case; `userIdentity` is either taken apart into dotted columns, as our own
query does, or one text in Hive's way: {type=IAMUser, arn=arn:aws:…, sessioncontext={…}}.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from auditor.models import Json

MARKS = frozenset({"eventname", "eventsource"})
_IDENTITY = (
    "type", "principalId", "arn", "accountId", "accessKeyId", "userName", "invokedBy",
    "sessionContext.sourceIdentity", "sessionContext.ec2RoleDelivery",
    "sessionContext.sessionIssuer.type", "sessionContext.sessionIssuer.arn",
    "sessionContext.sessionIssuer.principalId", "sessionContext.sessionIssuer.accountId",
    "sessionContext.sessionIssuer.userName", "sessionContext.attributes.mfaAuthenticated",
    "sessionContext.attributes.creationDate",
)  # fmt: skip
_PATHS = {
    name.lower(): name.split(".")
    for name in (
        "eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
        "userAgent", "errorCode", "errorMessage", "readOnly", "eventID", "eventType",
        "eventCategory", "recipientAccountId", "requestParameters", "responseElements",
        "additionalEventData", "vpcEndpointId", "userIdentity",
        *(f"userIdentity.{name}" for name in _IDENTITY),
    )
}  # fmt: skip
_SPELLED = {part.lower(): part for name in _IDENTITY for part in name.split(".")}
_JSON = frozenset({"requestParameters", "responseElements", "additionalEventData"})
_TOKENS = re.compile(r"([A-Za-z0-9_]+)=|([{}])|, ?|([^,{}=]+=*[^,{}]*)")


def record(row: Mapping[str, str]) -> dict[str, Any]:
    """Return the record of a row; columns that no record has are left out."""
    found: dict[str, Any] = {}
    for column, cell in row.items():
        path = _PATHS.get(column)
        if not path or not cell or cell == "null":
            continue
        place = found
        for branch in path[:-1]:
            place = place.setdefault(branch, {})
        place[path[-1]] = _value(path[-1], cell)
    return found


def _value(name: str, cell: str) -> Json:
    if name in _JSON:
        return _parsed(cell)
    if name == "userIdentity":
        try:
            return _struct(iter(_TOKENS.finditer(cell[1:])))
        except RecursionError:
            return {}
    return {"true": True, "false": False}.get(cell.lower()) if name == "readOnly" else cell


def _parsed(cell: str) -> Json:
    try:
        return msgspec.json.decode(cell)
    except (msgspec.DecodeError, RecursionError):
        return None


def _struct(tokens: Iterator[re.Match[str]]) -> dict[str, Any]:
    """Return a struct in Hive's way of writing, up to the brace that ends it."""
    found: dict[str, Any] = {}
    name: str | None = None
    for token in tokens:
        key, brace, value = token.groups()
        if key:
            name = _SPELLED.get(key)
        elif brace == "{":
            inner = _struct(tokens)
            found |= {name: inner} if name else {}
        elif brace == "}":
            break
        elif value and name and value != "null":
            found[name] = value
    return found
