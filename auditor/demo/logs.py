"""Log files of five vendors, each in its own shape and container, from what `traffic` says.

cloudtrail/AWSLogs/<account>/CloudTrail/<region>/<day>/….json.gz    as a trail leaves them in S3
gcp/<log>.jsonl   azure/<log>.json   github/audit.jsonl   circleci/audit-<month>.csv
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from auditor.demo import invent, traffic
from auditor.demo.accounts import access_keys
from auditor.demo.estate import Scenario
from auditor.demo.traffic import SIGN_IN, Act
from auditor.models import Json

SOURCES = {"aws": "cloudtrail", "gcp": "gcp", "azure": "azure", "github": "github"}
REGION = "eu-central-1"
_DENIED = {"aws": "AccessDenied", "gcp": "PERMISSION_DENIED", "azure": "Forbidden"}
_STATUS = {"code": 7, "message": _DENIED["gcp"]}
_READS = ("Get", "List", "Describe", "Batch", "storage.objects.get")


def write(
    scenario: Scenario,
    folder: Path,
    *,
    data_access: bool = False,
    acts: Iterable[Act] | None = None,
) -> dict[str, Path]:
    """Write the logs and return the folder of each, by source.

    `acts` are those of ordinary days and of the thieves where nothing else is given.
    `data_access`: whether Google's data access log is on, which it is not by default.
    """
    if acts is None:
        acts = (*traffic.ordinary(), *traffic.thefts())
    acts = sorted(acts, key=lambda act: act.time)
    by_platform: dict[str, list[Act]] = defaultdict(list)
    for number, act in enumerate(acts):
        by_platform[act.platform].append(replace(act, number=number))
    for path, content in _files(scenario, by_platform, data_access=data_access):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return {source: folder / source for source in (*SOURCES.values(), "circleci")}


def config_toml(folders: Mapping[str, Path]) -> str:
    """Return the table [hunts] of the configuration for these logs."""
    rows = (
        f"{{path = {json.dumps(str(path))}, source = {json.dumps(source)}}}"
        for source, path in folders.items()
    )
    names = json.dumps(sorted({_name(act) for act in traffic.thefts() if act.platform != "aws"}))
    return f"\n[hunts]\nlogs = [{', '.join(rows)}]\nidentities = {names}\n"


def _name(act: Act) -> str:
    """Return how its log names a thief's victim."""
    azure = act.platform == "azure"
    return invent.identifier("azure-principal", act.identity) if azure else act.identity


def _files(
    scenario: Scenario, acts: Mapping[str, list[Act]], *, data_access: bool
) -> Iterator[tuple[str, bytes]]:
    yield from _cloudtrail(scenario, acts["aws"])
    yield "gcp/activity.jsonl", _lines(_gcp(act, "activity") for act in acts["gcp"] if _writes(act))
    if data_access:
        reads = (_gcp(act, "data_access") for act in acts["gcp"] if not _writes(act))
        yield "gcp/data_access.jsonl", _lines(reads)
    signs = [_sign_in(act) for act in acts["azure"] if act.action == SIGN_IN]
    done = [_activity(act) for act in acts["azure"] if act.action != SIGN_IN]
    yield "azure/signins.json", json.dumps({"records": signs}).encode()
    yield "azure/activity.json", json.dumps({"records": done}).encode()
    yield "github/audit.jsonl", _lines(map(_github, acts["github"]))
    months: dict[str, list[Act]] = defaultdict(list)
    for act in acts["circleci"]:
        months[f"{act.time:%Y-%m}"].append(act)
    for month, some in months.items():
        yield f"circleci/audit-{month}.csv", _circleci(some)


def _lines(records: Iterable[Json]) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def _writes(act: Act) -> bool:
    return not act.action.rpartition(" ")[2].startswith(_READS)


def _id(act: Act) -> str:
    return invent.identifier("log", act.platform, str(act.number))


def _cloudtrail(scenario: Scenario, acts: list[Act]) -> Iterator[tuple[str, bytes]]:
    """Yield one object a day, named as in a trail's bucket."""
    keys = {
        name.partition("/")[0]: key.pair.id for name, key in access_keys(scenario.accounts).items()
    }
    account = scenario.accounts[0].id
    days: dict[str, list[Json]] = defaultdict(list)
    for act in acts:
        days[f"{act.time:%Y/%m/%d}"].append(_call(act, account, keys[act.identity]))
    for day, records in days.items():
        noise = invent.short(invent.identifier(day))[:16]
        name = f"{account}_CloudTrail_{REGION}_{day.replace('/', '')}T2359Z_{noise}"
        path = f"cloudtrail/AWSLogs/{account}/CloudTrail/{REGION}/{day}/{name}.json.gz"
        yield path, gzip.compress(json.dumps({"Records": records}).encode(), 1, mtime=0)


def _call(act: Act, account: str, key: str) -> Json:
    service, _, name = act.action.partition(":")
    denied = act.outcome == "denied"
    return {
        "eventVersion": "1.08",
        "userIdentity": {
            "type": "IAMUser",
            "arn": f"arn:aws:iam::{account}:user/{act.identity}",
            "accountId": account,
            "accessKeyId": key,
            "userName": act.identity,
        },
        "eventTime": f"{act.time:%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": f"{service}.amazonaws.com",
        "eventName": name,
        "awsRegion": "us-east-1" if service in {"iam", "organizations"} else REGION,
        "sourceIPAddress": act.address,
        "userAgent": act.agent,
        "requestParameters": _asked(name, act.target),
        "responseElements": None,
        "eventID": _id(act),
        "readOnly": name.startswith(_READS),
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": account,
    } | ({"errorCode": _DENIED["aws"], "errorMessage": "not authorized"} if denied else {})


def _asked(name: str, target: str) -> Json:
    if name == "GetSecretValue":
        return {"secretId": target}
    if name == "AttachUserPolicy":
        return {"userName": target, "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}
    return {"userName" if "User" in name or "AccessKey" in name else "name": target}


def _gcp(act: Act, log: str) -> Json:
    service, _, method = act.action.partition(" ")
    project = act.identity.partition("@")[2].partition(".")[0]
    key = f"//iam.googleapis.com/projects/{project}/serviceAccounts/{act.identity}/keys/"
    return {
        "insertId": _id(act)[:13],
        "logName": f"projects/{project}/logs/cloudaudit.googleapis.com%2F{log}",
        "timestamp": f"{act.time:%Y-%m-%dT%H:%M:%S}.{act.number % 1000:03d}Z",
        "severity": "ERROR" if act.outcome == "denied" else "NOTICE",
        "resource": {"type": "project", "labels": {"project_id": project}},
        "protoPayload": {
            "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
            "serviceName": service,
            "methodName": method,
            "resourceName": act.target,
            "authenticationInfo": {
                "principalEmail": act.identity,
                "serviceAccountKeyName": key + invent.identifier("key", act.identity)[:8],
            },
            "requestMetadata": {"callerIp": act.address, "callerSuppliedUserAgent": act.agent},
            "status": {"code": 7, "message": "PERMISSION_DENIED"}
            if act.outcome == "denied"
            else {},
        },
    }


def _sign_in(act: Act) -> Json:
    return {
        "time": _moment(act.time),
        "category": "ServicePrincipalSignInLogs",
        "operationName": "Sign-in activity",
        "resultType": "0",
        "callerIpAddress": act.address,
        "properties": {
            "id": _id(act),
            "createdDateTime": _moment(act.time),
            "appId": invent.identifier("azure-app", act.identity),
            "servicePrincipalId": invent.identifier("azure-principal", act.identity),
            "servicePrincipalName": act.identity,
            "servicePrincipalCredentialKeyId": invent.identifier("azure-key", act.identity, "0"),
            "ipAddress": act.address,
            "resourceDisplayName": act.target,
            "location": {"countryOrRegion": act.country},
            "status": {"errorCode": 0},
        },
    }


def _activity(act: Act) -> Json:
    scope = f"/SUBSCRIPTIONS/{invent.identifier('azure-subscription', 'production').upper()}"
    principal = invent.identifier("azure-principal", act.identity)
    return {
        "time": _moment(act.time),
        "resourceId": f"{scope}/RESOURCEGROUPS/CI/PROVIDERS/{act.target.upper() or 'CI'}",
        "operationName": act.action.upper(),
        "category": "Administrative",
        "resultType": "Success" if act.outcome == "success" else "Failure",
        "resultSignature": "Succeeded." if act.outcome == "success" else _DENIED["azure"],
        "callerIpAddress": act.address,
        "correlationId": _id(act),
        "identity": {
            "claims": {
                "appid": invent.identifier("azure-app", act.identity),
                "idtyp": "app",
                "http://schemas.microsoft.com/identity/claims/objectidentifier": principal,
            }
        },
        "properties": {"eventDataId": _id(act)},
    }


def _github(act: Act) -> Json:
    return {
        "@timestamp": int(act.time.timestamp() * 1000),
        "_document_id": _id(act),
        "action": act.action,
        "actor": act.identity,
        "actor_ip": act.address,
        "actor_location": {"country_code": act.country},
        "org": "acme-rockets",
        "repo": act.target or None,
        "user_agent": act.agent,
        "hashed_token": invent.secret("hashed", act.identity)[:43] + "=",
        "programmatic_access_type": "OAuth access token" if act.agent.startswith("git") else None,
    }


def _circleci(acts: Iterable[Act]) -> bytes:
    """Return the CSV that an administrator downloads: nested fields are JSON in a cell."""
    out = io.StringIO()
    columns = ["id", "version", "action", "actor", "target", "organization", "occurred_at"]
    columns += ["success", "payload", "request"]
    rows = csv.writer(out)
    rows.writerow(columns)
    for act in acts:
        actor = {
            "id": invent.identifier("actor", act.identity),
            "type": "user",
            "name": act.identity,
        }
        if act.job:
            actor = {"id": invent.identifier("system"), "type": "system"}
        payload = {"project_name": act.project} if act.project else {}
        payload |= {"context_name": act.target} if act.action.startswith("context") else {}
        rows.writerow(
            [
                _id(act),
                1,
                act.action,
                json.dumps(actor),
                json.dumps({"id": invent.identifier(act.job or act.target), "type": "job"}),
                json.dumps({"id": invent.identifier("organization", "acme-rockets")}),
                _moment(act.time),
                "true",
                json.dumps(payload),
                json.dumps({"ip_address": act.address} if act.address else {}),
            ]
        )
    return out.getvalue().encode()


def _moment(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%S}.000Z"
