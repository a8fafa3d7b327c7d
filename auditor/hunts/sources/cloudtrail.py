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
from auditor.hunts.sources import Glance, Screened, cloudtrail_csv
from auditor.hunts.tables import detail_tree, table
from auditor.hunts.values import Names, address, as_details, clean, gather, joined, utc
from auditor.models import Json

_SESSION_KEY = "ASIA"
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


_NULL = msgspec.Raw(b"null")


class _Issuer(msgspec.Struct, gc=False, rename="camel"):
    arn: str | None = None
    type: str | None = None
    user_name: str | None = None


class _Context(msgspec.Struct, gc=False, rename="camel"):
    session_issuer: _Issuer | None = None
    attributes: msgspec.Raw = _NULL
    ec2_role_delivery: str | None = msgspec.field(name="ec2RoleDelivery", default=None)
    source_identity: str | None = None


class _Identity(msgspec.Struct, gc=False, rename="camel"):
    type: str | None = None
    arn: str | None = None
    principal_id: str | None = None
    account_id: str | None = None
    access_key_id: str | None = None
    user_name: str | None = None
    invoked_by: str | None = None
    session_context: _Context | None = None


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
    user_identity: _Identity | None = None
    request_parameters: msgspec.Raw = _NULL
    response_elements: msgspec.Raw = _NULL
    additional_event_data: msgspec.Raw = _NULL
    resources: msgspec.Raw = _NULL
    event_type: str | None = None
    event_category: str | None = None
    vpc_endpoint_id: str | None = None


class _Object(msgspec.Struct, gc=False):
    records: list[Record] = msgspec.field(name="Records")


_NOBODY = _Identity()
_NO_ISSUER = _Issuer()
_BELOW: Any = detail_tree("cloudtrail")
_ATTRIBUTES = _BELOW["userIdentity"]["sessionContext"]["attributes"]
_NAMES = frozenset(table()["details"]["cloudtrail"])
_USUAL_TYPE = "AwsApiCall"
_USUAL_CATEGORY = "Management"
"""Left out of the details: nearly every record has them."""
_WHOLE = msgspec.json.Decoder(_Object)
_ONE = msgspec.json.Decoder(Record)


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

    def whole(self, content: bytes) -> tuple[Sequence[Record], Sequence[str]]:
        """Return the records of an S3 object."""
        records = _WHOLE.decode(content).records
        return records, [record.event_time for record in records]

    def screen(self, records: Sequence[Record], asked: Mapping[str, bool], uses: Uses) -> Screened:
        """Return what is kept of an S3 object.

        It runs for every record there is, so it calls nothing for what was seen before.
        """
        kept, sessions = list[int](), list[int]()
        sources, agents, actions = uses.src, uses.user_agent, uses.action
        some_sources, many_sources = sources.few, sources.many
        many_agents, many_actions = agents.many, actions.many
        for number, record in enumerate(records, 1):
            identity = record.user_identity or _NOBODY
            key, arn = identity.access_key_id or "", identity.arn or ""
            if asked[key] or asked[arn]:
                kept.append(number)
                continue
            context = identity.session_context
            if context and context.session_issuer and context.session_issuer.arn:
                arn = context.session_issuer.arn
                if asked[arn]:
                    kept.append(number)
                    continue
            if key[:4] == _SESSION_KEY and _is_session(key, context):
                sessions.append(number)
            source = record.source_ip
            if source not in many_sources and arn not in some_sources.get(source, ()):
                sources.add(source, arn)
            if record.user_agent not in many_agents:
                agents.add(record.user_agent, arn)
            if record.event_name not in many_actions:
                actions.add(record.event_name, arn)
        return Screened(kept, sessions)

    def decode(self, raw: bytes) -> Record:
        """Return one record."""
        return _ONE.decode(raw)

    def lenient(self, fields: Any) -> Record:
        """Return a record without the fields of a wrong type."""
        record = _convert({name: value for name, value in fields.items() if name not in _RAW})
        for name in _RAW.keys() & fields.keys():
            setattr(record, _RAW[name], msgspec.Raw(msgspec.json.encode(fields[name])))
        return record

    def row(self, row: Mapping[str, str]) -> Record:
        """Return the record of a row of Athena's CSV."""
        return _ONE.decode(msgspec.json.encode(cloudtrail_csv.record(row)))

    def glance(self, record: Record) -> Glance:
        """Return the record's key, its ARN and, for a session, its role's ARN."""
        identity = record.user_identity or _NOBODY
        key, arn, context = identity.access_key_id, identity.arn, identity.session_context
        role = context.session_issuer.arn if context and context.session_issuer else None
        return (
            record.event_time,
            (key or "", arn or "", role) if role else (key or "", arn or ""),
            record.source_ip,
            record.user_agent,
            record.event_name,
            _is_session(key or "", context),
        )

    def event(self, record: Record, names: Names, file: str, position: int) -> Event:
        """Return the event of a record."""
        identity = record.user_identity or _NOBODY
        context = identity.session_context
        issuer = context.session_issuer if context and context.session_issuer else _NO_ISSUER
        ip, name = address(record.source_ip)
        key = identity.access_key_id
        request, response = _parsed(record.request_parameters), _parsed(record.response_elements)
        issued = _issued(response)
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


def _is_session(key: str, context: _Context | None) -> bool:
    """Return whether somebody may have been handed the key; instances get theirs from EC2."""
    return key[:4] == _SESSION_KEY and not (context and context.ec2_role_delivery)


def outcome(error: str | None, response: Json) -> Outcome:
    """Return what became of a call. A failed sign-in to the console has no error code."""
    if error:
        return Outcome.DENIED if any(word in error for word in _DENIALS) else Outcome.FAILURE
    failed = isinstance(response, dict) and response.get("ConsoleLogin") == "Failure"
    return Outcome.FAILURE if failed else Outcome.SUCCESS


def _parsed(raw: msgspec.Raw) -> Json:
    if raw is _NULL:
        return None
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _issued(response: Json) -> str | None:
    """Return the key that an answer hands out: of a session, or a user's new one."""
    if not isinstance(response, dict):
        return None
    for field in ("credentials", "accessKey"):
        made = response.get(field)
        if isinstance(made, dict) and isinstance(key := made.get("accessKeyId"), str):
            return key
    return None


def _resource(raw: msgspec.Raw, request: Json) -> str | None:
    listed = None if raw is _NULL else _parsed(raw)
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


def _details(record: Record, identity: _Identity, request: Json, response: Json) -> str | None:
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
        signed = _parsed(record.additional_event_data)
        gather(signed if isinstance(signed, dict) else {}, _BELOW["additionalEventData"], found)
    _put(found, "vpcEndpointId", record.vpc_endpoint_id)
    context = identity.session_context
    if context or identity.invoked_by or identity.account_id != record.recipient_account_id:
        _put(found, "userIdentity.accountId", identity.account_id)
        _put(found, "userIdentity.invokedBy", identity.invoked_by)
        _put(found, "userIdentity.arn", identity.arn)
    if context:
        _put(found, "userIdentity.sessionContext.sourceIdentity", context.source_identity)
        attributes = _parsed(context.attributes)
        gather(attributes if isinstance(attributes, dict) else {}, _ATTRIBUTES, found)
        issuer = context.session_issuer or _NO_ISSUER
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
