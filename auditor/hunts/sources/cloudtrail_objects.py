"""The objects of a trail's bucket, `{"Records": [...]}`, taken whole: most of all there is to read.

What runs here runs for every record, also for those of no interest, so it works on whole columns
of a file and calls nothing for what was seen before.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import compress
from operator import attrgetter

import msgspec

from auditor.hunts.sketch import Uses
from auditor.hunts.sources import Asked, Screened, Session, Whole
from auditor.models import Json

NULL = msgspec.Raw(b"null")
_SESSION_KEY = "ASIA"
_KEY_FIELD = b'"accessKeyId"'


class Issuer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """The role that a session was made from."""

    arn: str | None = None
    type: str | None = None
    user_name: str | None = None


NO_ISSUER = Issuer()


class Context(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """What the session of a temporary key is."""

    session_issuer: Issuer | None = NO_ISSUER
    attributes: msgspec.Raw = NULL
    ec2_role_delivery: str | None = msgspec.field(name="ec2RoleDelivery", default=None)
    source_identity: str | None = None


NO_CONTEXT = Context()


class Identity(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Who called, and with which key."""

    type: str | None = None
    arn: str | None = None
    principal_id: str | None = None
    account_id: str | None = None
    access_key_id: str | None = None
    user_name: str | None = None
    invoked_by: str | None = None
    session_context: Context | None = NO_CONTEXT


NOBODY = Identity()


class Record(msgspec.Struct, gc=False, rename="camel"):
    """The fields of a record that hunts use."""

    event_time: str = ""
    event_id: str = msgspec.field(name="eventID", default="")
    event_name: str = ""
    event_source: str = ""
    aws_region: str | None = None
    source_ip: str | None = msgspec.field(name="sourceIPAddress", default=None)
    user_agent: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    read_only: bool | None = None
    recipient_account_id: str | None = None
    user_identity: Identity | None = NOBODY
    request_parameters: msgspec.Raw = NULL
    response_elements: msgspec.Raw = NULL
    additional_event_data: msgspec.Raw = NULL
    resources: msgspec.Raw = NULL
    event_type: str | None = None
    event_category: str | None = None
    vpc_endpoint_id: str | None = None


class _ScreenedIssuer(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    arn: str | None = None


class _ScreenedContext(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    session_issuer: _ScreenedIssuer | None = _ScreenedIssuer()
    ec2_role_delivery: str | None = msgspec.field(name="ec2RoleDelivery", default=None)


class _ScreenedIdentity(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    arn: str | None = None
    access_key_id: str | None = None
    session_context: _ScreenedContext | None = _ScreenedContext()


class ScreenedRecord(msgspec.Struct, gc=False, rename="camel"):
    """What of a record decides whether it is kept: a third of what there is to read otherwise."""

    event_time: str = ""
    event_name: str = ""
    source_ip: str | None = msgspec.field(name="sourceIPAddress", default=None)
    user_agent: str | None = None
    user_identity: _ScreenedIdentity | None = _ScreenedIdentity()
    response_elements: msgspec.Raw = NULL


class _Object(msgspec.Struct, gc=False):
    records: list[ScreenedRecord] = msgspec.field(name="Records")


class _Packed(msgspec.Struct, gc=False):
    records: list[msgspec.Raw] = msgspec.field(name="Records")


_WHOLE = msgspec.json.Decoder(_Object)
_PACKED = msgspec.json.Decoder(_Packed)
_ONE = msgspec.json.Decoder(Record)
_IDENTITY, _KEY, _ARN = map(attrgetter, ("user_identity", "access_key_id", "arn"))
_CONTEXT, _ISSUER = map(attrgetter, ("session_context", "session_issuer"))
_DELIVERY, _SOURCE = map(attrgetter, ("ec2_role_delivery", "source_ip"))
_AGENT, _NAME = map(attrgetter, ("user_agent", "event_name"))


def decoded(raw: bytes | msgspec.Raw) -> Record:
    """Return one record."""
    return _ONE.decode(raw)


def whole(content: bytes) -> Whole:
    """Return what screening needs of an object."""
    records = _WHOLE.decode(content).records
    return Whole(records, [record.event_time for record in records])


def picked(content: bytes, numbers: Sequence[int]) -> list[Record]:
    """Return some records of an object; numbers beyond its end are left out."""
    packed = _PACKED.decode(content).records if numbers else []
    return [decoded(packed[number - 1]) for number in numbers if number <= len(packed)]


def screen(records: Sequence[ScreenedRecord], asked: Asked, uses: Uses) -> Screened:
    """Return which records of an object are kept, and enter the others into `uses`."""
    keys, arns, roles, deliveries = _who(records)
    hits = asked.among({*keys, *arns, *roles})
    kept = _numbers_of(hits, keys, arns, roles) if hits else []
    foreign = bytearray(b"\1") * len(records)
    for number in kept:
        foreign[number - 1] = 0
    sessions = [  # as `session_key` tells, without a call for every record
        Session(number, key, issued(records[number - 1].response_elements))
        for number, key, delivery in compress(
            zip(range(1, len(records) + 1), keys, deliveries, strict=True), foreign
        )
        if key and key[:4] == _SESSION_KEY and not delivery
    ]
    sessions += [
        Session(number, "", key)
        for number in kept
        if (key := issued(records[number - 1].response_elements))
    ]
    others = list(compress(records, foreign))
    actors = [role or arn or "" for role, arn in compress(zip(roles, arns, strict=True), foreign)]
    uses.src.add_all(list(map(_SOURCE, others)), actors)
    uses.user_agent.add_all(list(map(_AGENT, others)), actors)
    uses.action.add_all(list(map(_NAME, others)), actors)
    return Screened(kept, sorted(sessions))


def _who(records: Sequence[ScreenedRecord]) -> tuple[list[str | None], ...]:
    """Return whose records they are, by column: keys, ARNs, roles, deliveries to instances."""
    try:
        identities = list(map(_IDENTITY, records))
        contexts = list(map(_CONTEXT, identities))
        roles = list(map(_ARN, map(_ISSUER, contexts)))
    except AttributeError:  # null in place of one of them
        rows = [who(record) for record in records]
        return tuple([row[column] for row in rows] for column in range(4))
    deliveries = list(map(_DELIVERY, contexts))
    return list(map(_KEY, identities)), list(map(_ARN, identities)), roles, deliveries


def _numbers_of(hits: Collection[str], *columns: Sequence[str | None]) -> list[int]:
    keys, arns, roles = columns
    return [
        number
        for number, (key, arn, role) in enumerate(zip(keys, arns, roles, strict=True), 1)
        if key in hits or arn in hits or role in hits
    ]


def who(record: Record | ScreenedRecord) -> tuple[str | None, str | None, str | None, str | None]:
    """Return a record's key, ARN, ARN of the session's role, and how an instance got the key."""
    identity = record.user_identity or NOBODY
    context = identity.session_context or NO_CONTEXT
    role = (context.session_issuer or NO_ISSUER).arn
    return identity.access_key_id, identity.arn, role, context.ec2_role_delivery


def session_key(key: str | None, delivery: str | None) -> str:
    """Return a key that somebody may have been handed, else ""; instances get theirs from EC2."""
    return key if key and key[:4] == _SESSION_KEY and not delivery else ""


def issued(answer: msgspec.Raw) -> str | None:
    """Return the key that an answer hands out: of a session, or a user's new one."""
    # Few answers hold a key: most are told by a look.
    return issued_in(parsed(answer)) if _KEY_FIELD in bytes(answer) else None


def issued_in(response: Json) -> str | None:
    """Return the same of an answer that is parsed already."""
    if not isinstance(response, dict):
        return None
    for field in ("credentials", "accessKey"):
        made = response.get(field)
        if isinstance(made, dict) and isinstance(key := made.get("accessKeyId"), str):
            return key
    return None


def parsed(raw: msgspec.Raw) -> Json:
    """Return a value of any type; None for one that is no JSON or too deep."""
    if raw is NULL:
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
