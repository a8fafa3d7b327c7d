"""AWS CloudTrail: API calls, by access key.

Facts: https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference.html
S3 objects hold `{"Records": [...]}`; LookupEvents, EventBridge and CloudWatch wrap single records.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from auditor.hunts.events import Event, Outcome
from auditor.hunts.sketch import Uses
from auditor.hunts.sources import Asked, Glance, Screened, Whole, cloudtrail_csv
from auditor.hunts.sources import cloudtrail_objects as objects
from auditor.hunts.sources.cloudtrail_objects import (
    NO_CONTEXT,
    NO_ISSUER,
    NOBODY,
    NULL,
    Identity,
    Record,
    ScreenedRecord,
    parsed,
)
from auditor.hunts.tables import detail_tree, table
from auditor.hunts.values import Names, address, as_details, clean, gather, joined, utc
from auditor.models import Json

_SIGN_IN = "signin.amazonaws.com"
_DENIALS = ("AccessDenied", "Unauthorized", "NotAuthorized")
"""An error code of a refusal holds one of these: AccessDeniedException, VpceAccessDenied,
Client.UnauthorizedOperation. Throttling and NoSuch* are other failures."""
_RAW = {
    "requestParameters": "request_parameters",
    "responseElements": "response_elements",
    "additionalEventData": "additional_event_data",
    "resources": "resources",
}
_MARKS = frozenset({"eventSource", "eventName"})


_BELOW: Any = detail_tree("cloudtrail")
_ATTRIBUTES = _BELOW["userIdentity"]["sessionContext"]["attributes"]
_NAMES = frozenset(table()["details"]["cloudtrail"])
_USUAL_TYPE = "AwsApiCall"
_USUAL_CATEGORY = "Management"
"""Left out of the details: nearly every record has them."""


class CloudTrail:
    """Reads CloudTrail records in every container they come in."""

    name = "cloudtrail"
    platform = "aws"
    title = "AWS CloudTrail"

    def skips(self, path: str) -> str | None:
        """Skip the folders that stand beside the log in a trail's bucket."""
        for folder in ("CloudTrail-Digest", "CloudTrail-Insight"):
            if f"/{folder}/" in f"/{path}":
                return f"{folder}: no record of calls"
        return None

    def recognises(self, fields: AbstractSet[str]) -> bool:
        """Say whether it names a call and the service it went to."""
        return fields >= _MARKS or fields >= cloudtrail_csv.MARKS

    def whole(self, content: bytes) -> Whole:
        """Return what screening needs of an S3 object."""
        return objects.whole(content)

    def screen(self, records: Sequence[ScreenedRecord], asked: Asked, uses: Uses) -> Screened:
        """Return what is kept of an S3 object."""
        return objects.screen(records, asked, uses)

    def picked(self, content: bytes, numbers: Sequence[int]) -> Sequence[Record]:
        """Return some records of an S3 object."""
        return objects.picked(content, numbers)

    def issued(self, record: Record) -> str | None:
        """Return the key of a session or user that the call made."""
        return objects.issued(record.response_elements)

    def decode(self, raw: bytes) -> Record:
        """Return one record."""
        return objects.decoded(raw)

    def lenient(self, fields: Any) -> Record:
        """Return a record without the fields of a wrong type."""
        record = _convert({name: value for name, value in fields.items() if name not in _RAW})
        for name in _RAW.keys() & fields.keys():
            setattr(record, _RAW[name], msgspec.Raw(msgspec.json.encode(fields[name])))
        return record

    def row(self, row: Mapping[str, str]) -> Record:
        """Return the record of a row of Athena's CSV."""
        return objects.decoded(msgspec.json.encode(cloudtrail_csv.record(row)))

    def glance(self, record: Record) -> Glance:
        """Return the record's key, its ARN and, for a session, its role's ARN."""
        key, arn, role, delivery = objects.who(record)
        return (
            record.event_time,
            (key or "", arn or "", role) if role else (key or "", arn or ""),
            record.source_ip,
            record.user_agent,
            record.event_name,
            objects.session_key(key, delivery),
        )

    def event(self, record: Record, names: Names, file: str, position: int) -> Event:
        """Return the event of a record."""
        identity = record.user_identity or NOBODY
        issuer = (identity.session_context or NO_CONTEXT).session_issuer or NO_ISSUER
        ip, name = address(record.source_ip)
        key = identity.access_key_id
        request, response = parsed(record.request_parameters), parsed(record.response_elements)
        issued = objects.issued_in(response)
        if not record.event_name:
            raise ValueError("no eventName")
        return Event(
            time=utc(record.event_time),
            event_uid=record.event_id,
            platform=self.platform,
            log=self.name,
            action=record.event_name,
            outcome=outcome(record.error_code, response),
            actor_uid=issuer.arn
            or identity.arn
            or identity.principal_id
            or identity.invoked_by
            or None,
            actor_name=clean(identity.user_name or issuer.user_name),
            actor_type=identity.type,
            credential_uid=names.credential(key) if key else None,
            issued_credential_uid=names.credential(issued) if issued else None,
            operation=f"{record.event_source.partition('.')[0]}:{record.event_name}",
            service=record.event_source or None,
            resource=_resource(record.resources, request),
            error_code=clean(record.error_code),
            error_message=clean(record.error_message),
            src_ip=ip,
            src_name=name,
            user_agent=_agent(record.user_agent),
            account_uid=record.recipient_account_id or identity.account_id or None,
            region=record.aws_region,
            read_only=record.read_only,
            details=_details(record, identity, request, response),
            file=file,
            position=position,
        )


def outcome(error: str | None, response: Json) -> Outcome:
    """Return what became of a call. A failed sign-in to the console has no error code."""
    if error:
        return Outcome.DENIED if any(word in error for word in _DENIALS) else Outcome.FAILURE
    failed = isinstance(response, dict) and response.get("ConsoleLogin") == "Failure"
    return Outcome.FAILURE if failed else Outcome.SUCCESS


def _resource(raw: msgspec.Raw, request: Json) -> str | None:
    listed = None if raw is NULL else parsed(raw)
    if isinstance(listed, list):
        return joined(str(each.get("ARN") or "") for each in listed if isinstance(each, dict))
    if not isinstance(request, dict) or _RESOURCE_NAMES.isdisjoint(request):
        return None
    for name in _RESOURCES:
        if isinstance(value := request.get(name), str):
            return clean(value)
    return None


_RESOURCES = (
    "roleArn", "policyArn", "secretId", "functionName", "bucketName", "userName", "roleName",
    "groupName", "keyId", "tableName", "clusterName", "instanceId", "name",
)  # fmt: skip
"""Request parameters that name the resource where the record lists none, best first."""
_RESOURCE_NAMES = frozenset(_RESOURCES)


def _agent(agent: str | None) -> str | None:
    """Return a user agent without the brackets that some services put around it."""
    if agent and agent.startswith("[") and agent.endswith("]"):
        agent = agent[1:-1]
    return clean(agent)


def _details(record: Record, identity: Identity, request: Json, response: Json) -> str | None:
    """Return the further fields of a record as JSON; only what is unusual is looked for."""
    found: dict[str, str] = {}
    if isinstance(request, dict):
        gather(request, _BELOW["requestParameters"], found)
    if isinstance(response, dict):
        gather(response, _BELOW["responseElements"], found)
    if record.event_type != _USUAL_TYPE:
        _put(found, "eventType", record.event_type)
    if record.event_category != _USUAL_CATEGORY:
        _put(found, "eventCategory", record.event_category)
    if record.event_source == _SIGN_IN:
        signed = parsed(record.additional_event_data)
        gather(signed if isinstance(signed, dict) else {}, _BELOW["additionalEventData"], found)
    _put(found, "vpcEndpointId", record.vpc_endpoint_id)
    context = identity.session_context or NO_CONTEXT
    in_session = context is not NO_CONTEXT
    if in_session or identity.invoked_by or identity.account_id != record.recipient_account_id:
        _put(found, "userIdentity.accountId", identity.account_id)
        _put(found, "userIdentity.invokedBy", identity.invoked_by)
        _put(found, "userIdentity.arn", identity.arn)
    if in_session:
        _put(found, "userIdentity.sessionContext.sourceIdentity", context.source_identity)
        attributes = parsed(context.attributes)
        gather(attributes if isinstance(attributes, dict) else {}, _ATTRIBUTES, found)
        issuer = context.session_issuer or NO_ISSUER
        _put(found, "userIdentity.sessionContext.sessionIssuer.type", issuer.type)
    return as_details(found)


def _put(found: dict[str, str], name: str, value: str | None) -> None:
    if value and name in _NAMES and (text := clean(value)):
        found[name] = text


def _convert(fields: dict[str, Json]) -> Record:
    """Return the record of these fields, one by one left out while one has a wrong type."""
    try:
        return msgspec.convert(fields, Record, strict=False)
    except msgspec.ValidationError as error:
        wrong = str(error).partition("`$.")[2].partition("`")[0].partition(".")[0]
        if wrong not in fields:
            raise
        return _convert({name: value for name, value in fields.items() if name != wrong})


SOURCE = CloudTrail()
