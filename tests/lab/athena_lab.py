"""Athena, Glue and the bucket behind them on loopback: queries are really run, by DuckDB.

Requests and answers are held against botocore's own description of the services. Rows stand in
partitions by the day of their delivery, as the objects of a trail do.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import sqlglot

ACCOUNT = "111122223333"
TABLE = "logs.cloudtrail"
BUCKET = "acme-trails"
OBJECT_BYTES = 1 << 20
_TEXTS = (
    "eventversion", "eventtime", "eventsource", "eventname", "awsregion", "sourceipaddress",
    "useragent", "errorcode", "errormessage", "requestparameters", "responseelements",
    "additionaleventdata", "requestid", "eventid", "readonly", "eventtype", "apiversion",
    "recipientaccountid", "serviceeventdetails", "sharedeventid", "vpcendpointid",
)  # fmt: skip
_IDENTITY = (
    "type", "principalid", "arn", "accountid", "invokedby", "accesskeyid", "username",
)  # fmt: skip
_HIVE = (
    "struct<type:string,principalid:string,arn:string,accountid:string,invokedby:string,"
    "accesskeyid:string,username:string,onbehalfof:struct<userid:string,identitystorearn:string>,"
    "sessioncontext:struct<attributes:struct<mfaauthenticated:string,creationdate:string>,"
    "sessionissuer:struct<type:string,principalid:string,arn:string,accountid:string,"
    "username:string>,ec2roledelivery:string,webidfederationdata:struct<federatedprovider:string,"
    "attributes:map<string,string>>>>"
)
"""As the statement in AWS's documentation has it."""
_DUCK = (
    "STRUCT(type VARCHAR, principalid VARCHAR, arn VARCHAR, accountid VARCHAR, invokedby VARCHAR,"
    " accesskeyid VARCHAR, username VARCHAR, sessioncontext STRUCT(attributes STRUCT("
    "mfaauthenticated VARCHAR, creationdate VARCHAR), sessionissuer STRUCT(type VARCHAR,"
    " principalid VARCHAR, arn VARCHAR, accountid VARCHAR, username VARCHAR),"
    " ec2roledelivery VARCHAR))"
)


_LAKE = {
    "metadata": {
        "product": {"version": "string", "name": "string"}, "uid": "string",
        "event_code": "string", "profiles": ["string"], "version": "string",
    },
    "time": "bigint",
    "time_dt": "timestamp",
    "cloud": {"region": "string", "account": {"uid": "string"}, "provider": "string"},
    "api": {
        "response": {"error": "string", "message": "string", "data": "string"},
        "operation": "string",
        "version": "string",
        "service": {"name": "string"},
        "request": {"data": "string", "uid": "string"},
    },
    "actor": {
        "user": {
            "type": "string", "name": "string", "uid_alt": "string", "uid": "string",
            "account": {"uid": "string"}, "credential_uid": "string",
        },
        "session": {"created_time_dt": "timestamp", "is_mfa": "boolean", "issuer": "string"},
        "invoked_by": "string",
        "idp": {"name": "string"},
    },
    "http_request": {"user_agent": "string"},
    "src_endpoint": {"uid": "string", "ip": "string", "domain": "string"},
    "resources": [{"uid": "string", "type": "string"}],
    "class_uid": "int",
    "activity_id": "int",
    "status": "string",
    "accountid": "string",
    "region": "string",
}  # fmt: skip
"""Columns of Security Lake's table of management events (source version 2, OCSF 1.1).

https://github.com/ocsf/examples/tree/main/mappings/markdown/AWS/v1.1.0/CloudTrail
"""


def lake() -> Any:
    """Return what Glue tells of it."""
    columns = [{"Name": name, "Type": _hive(kind)} for name, kind in _LAKE.items()]
    place = {"Columns": columns, "Location": f"s3://{BUCKET}/aws/CLOUD_TRAIL_MGMT/2.0"}
    return catalog((), StorageDescriptor=place, Parameters={"table_type": "ICEBERG"})


def _hive(kind: Any) -> str:
    if isinstance(kind, dict):
        return f"struct<{','.join(f'{name}:{_hive(each)}' for name, each in kind.items())}>"
    return f"array<{_hive(kind[0])}>" if isinstance(kind, list) else str(kind)


def _duck(kind: Any) -> str:
    if isinstance(kind, dict):
        return f"STRUCT({', '.join(f'{name} {_duck(each)}' for name, each in kind.items())})"
    if isinstance(kind, list):
        return f"{_duck(kind[0])}[]"
    return "VARCHAR" if kind == "string" else str(kind).upper()


def _spelled(kind: Any) -> Any:
    """Return a type with the names of DuckDB."""
    if isinstance(kind, dict):
        return {name: _spelled(each) for name, each in kind.items()}
    return [_spelled(each) for each in kind] if isinstance(kind, list) else _duck(kind)


def catalog(keys: tuple[tuple[str, str], ...] = (("timestamp", "string"),), **more: Any) -> Any:
    """Return what Glue tells of a table of CloudTrail's logs with these partition keys."""
    columns = [{"Name": "useridentity", "Type": _HIVE}]
    columns += [{"Name": name, "Type": "string"} for name in _TEXTS]
    return {
        "Name": "cloudtrail",
        "DatabaseName": "logs",
        "TableType": "EXTERNAL_TABLE",
        "StorageDescriptor": {
            "Columns": columns,
            "Location": f"s3://{BUCKET}/AWSLogs/{ACCOUNT}/CloudTrail",
        },
        "PartitionKeys": [{"Name": name, "Type": kind} for name, kind in keys],
        "Parameters": {},
        **more,
    }


def projected(values: str = "us-east-1,eu-west-1") -> Any:
    """Return the same of a table whose partitions are projected, as AWS's documentation has it."""
    return catalog(
        (("region", "string"), ("timestamp", "string")),
        Parameters={
            "projection.enabled": "true",
            "projection.region.type": "enum",
            "projection.region.values": values,
            "projection.timestamp.type": "date",
            "projection.timestamp.format": "yyyy/MM/dd",
            "projection.timestamp.range": "2020/01/01,NOW",
            "storage.location.template": f"s3://{BUCKET}/AWSLogs/{ACCOUNT}/CloudTrail/${{region}}"
            "/${timestamp}",
        },
    )


def workgroup(**configuration: Any) -> Any:
    """Return a workgroup that keeps results with Athena."""
    usual = {
        "ManagedQueryResultsConfiguration": {"Enabled": True},
        "EnforceWorkGroupConfiguration": True,
        "EngineVersion": {"EffectiveEngineVersion": "Athena engine version 3"},
    }
    told = {name: value for name, value in (usual | configuration).items() if value is not None}
    return {"Name": "auditor", "State": "ENABLED", "Configuration": told}


@dataclass
class Lab:
    """What the services know, what they were asked, and how they are told to fail."""

    records: list[dict[str, Any]] = field(default_factory=list)
    workgroup: Any = field(default_factory=workgroup)
    table: Any = field(default_factory=catalog)
    days: set[str] = field(default_factory=set)
    """Days that have a partition without a record."""
    busy: int = 1
    """How often a query is said to run before it has ended."""
    ends: tuple[str, str] = ("SUCCEEDED", "")
    writes: str = ""
    """A bucket that the query turns out to write."""
    scanned: int = 0
    """Bytes that a query has scanned while it runs; 0: all that there is."""
    speaks: bool = True
    """Whether the catalog understands expressions."""
    throttled: dict[str, int] = field(default_factory=dict)
    denied: set[str] = field(default_factory=set)
    page: int = 1000
    url: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    queries: dict[str, dict[str, Any]] = field(default_factory=dict)

    def count(self, action: str) -> int:
        return sum(name == action for name, _ in self.calls)

    @property
    def sql(self) -> list[str]:
        return [asked["QueryString"] for name, asked in self.calls if name == "StartQueryExecution"]

    # --- Athena and Glue -------------------------------------------------------------------

    def answer(self, service: str, action: str, asked: Any) -> tuple[int, Any]:
        self.calls.append((action, asked))
        if service in ("athena", "glue"):
            self._judge(service, action, asked, "input_shape")
        if self.throttled.get(action, 0):
            self.throttled[action] -= 1
            return 400, {"__type": "ThrottlingException", "message": "Rate exceeded"}
        if asked.get("Expression") and not self.speaks:
            return 400, {"__type": "InvalidInputException", "message": "Unsupported expression"}
        if action in self.denied or service not in ("athena", "glue"):
            return 400, {"__type": "AccessDeniedException", "message": f"not allowed: {action}"}
        try:
            told = getattr(self, action)(asked)
        except KeyError as error:
            return 400, {"__type": "InvalidRequestException", "message": f"{error} was not found"}
        self._judge(service, action, told, "output_shape")
        return 200, told

    def _judge(self, service: str, action: str, body: Any, shape: str) -> None:
        from botocore.validate import ParamValidator  # noqa: PLC0415

        report = ParamValidator().validate(body, getattr(_model(service, action), shape))
        self.wrong += [report.generate_report()] if report.has_errors() else []

    def GetWorkGroup(self, asked: Any) -> Any:  # noqa: N802
        return {"WorkGroup": {**self.workgroup, "Name": asked["WorkGroup"]}}

    def GetTable(self, asked: Any) -> Any:  # noqa: N802
        if f"{asked['DatabaseName']}.{asked['Name']}" != TABLE:
            raise KeyError(asked["Name"])
        return {"Table": self.table}

    def GetPartitions(self, asked: Any) -> Any:  # noqa: N802
        names = [key["Name"] for key in self.table["PartitionKeys"]]
        made = [*self.records, *map(_at, self.days)]
        found = sorted({tuple(_values(names, record)) for record in made})
        if expression := asked.get("Expression", ""):
            quoted = re.sub(rf"\b({'|'.join(names)})\b", r'"\1"', expression)
            found = [one for one in found if _holds(quoted, dict(zip(names, one, strict=True)))]
        start = int(asked.get("NextToken", 0))
        size = min(asked.get("MaxResults", 1000), self.page)
        base = self.table["StorageDescriptor"]["Location"]
        listed = [
            {
                "Values": list(one),
                "StorageDescriptor": {"Location": f"{base}/us-east-1/{'/'.join(one)}"},
            }
            for one in found[start : start + size]
        ]
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return {"Partitions": listed, **more}

    def StartQueryExecution(self, asked: Any) -> Any:  # noqa: N802
        query = f"query-{len(self.queries) + 1}"
        self.queries[query] = {"asked": asked, "polls": 0, "state": "RUNNING"}
        return {"QueryExecutionId": query}

    def GetQueryExecution(self, asked: Any) -> Any:  # noqa: N802
        query = self.queries[asked["QueryExecutionId"]]
        query["polls"] += 1
        if query["state"] == "RUNNING" and query["polls"] > self.busy:
            query["state"] = self.ends[0]
        reason = {"StateChangeReason": self.ends[1]} if query["state"] == self.ends[0] else {}
        managed = {"ManagedQueryResultsConfiguration": {"Enabled": not self.writes}}
        place = {"ResultConfiguration": {"OutputLocation": self.writes}} if self.writes else {}
        scanned = self.scanned or OBJECT_BYTES * len(self.records)
        return {
            "QueryExecution": {
                "QueryExecutionId": asked["QueryExecutionId"],
                "Status": {"State": query["state"], **reason},
                "Statistics": {"DataScannedInBytes": scanned},
                **managed,
                **place,
            }
        }

    def StopQueryExecution(self, asked: Any) -> Any:  # noqa: N802
        self.queries[asked["QueryExecutionId"]]["state"] = "CANCELLED"
        return {}

    def GetQueryResults(self, asked: Any) -> Any:  # noqa: N802
        names, rows = self.run(self.queries[asked["QueryExecutionId"]]["asked"]["QueryString"])
        table = [tuple(names), *rows]
        start = int(asked.get("NextToken", 0))
        end = start + min(asked.get("MaxResults", 1000), self.page)
        shown = [
            {"Data": [{} if cell is None else {"VarCharValue": str(cell)} for cell in row]}
            for row in table[start:end]
        ]
        info = [{"Name": name, "Type": "varchar"} for name in names]
        told = {"ResultSet": {"Rows": shown, "ResultSetMetadata": {"ColumnInfo": info}}}
        return told | ({"NextToken": str(end)} if end < len(table) else {})

    def run(self, sql: str) -> tuple[list[str], list[Any]]:
        """Return names, in lower case as Athena gives them, and rows of a query."""
        with duckdb.connect() as connection:
            names = [key["Name"] for key in self.table["PartitionKeys"]]
            columns = ", ".join(f'"{name}" VARCHAR' for name in (*_TEXTS, *names))
            connection.execute("CREATE SCHEMA logs")
            if "table_type" in self.table["Parameters"]:
                self._fill_lake(connection)
                return _answer(connection, sql)
            connection.execute(f"CREATE TABLE {TABLE} ({columns}, useridentity {_DUCK})")
            for start in range(0, len(self.records), 1000):
                part = self.records[start : start + 1000]
                rows = [_row(record, names) for record in part]
                connection.execute(
                    f"INSERT INTO {TABLE} SELECT unnest(from_json(?, ?), max_depth := 2)",
                    [json.dumps(rows), _shape(names)],
                )
            return _answer(connection, sql)

    def _fill_lake(self, connection: duckdb.DuckDBPyConnection) -> None:
        columns = ", ".join(f'"{name}" {_duck(kind)}' for name, kind in _LAKE.items())
        connection.execute(f"CREATE TABLE {TABLE} ({columns})")
        rows = json.dumps([_ocsf(record) for record in self.records])
        connection.execute(
            f"INSERT INTO {TABLE} SELECT unnest(from_json(?, ?), max_depth := 2)",
            [rows, json.dumps([_spelled(_LAKE)])],
        )

    # --- the bucket ------------------------------------------------------------------------

    def objects(self, prefix: str) -> str:
        """Return a page of ListObjectsV2: an object of 1 MB for each record."""
        self.calls.append(("ListBucket", prefix))
        if "ListBucket" in self.denied:
            return ""
        names = [
            f"AWSLogs/{ACCOUNT}/CloudTrail/{r['awsRegion']}/{_day(r)}/{r['eventID']}.json.gz"
            for r in self.records
        ]
        shown = "".join(
            f"<Contents><Key>{name}</Key><Size>{OBJECT_BYTES}</Size></Contents>"
            for name in names
            if name.startswith(prefix)
        )
        return f"<ListBucketResult><IsTruncated>false</IsTruncated>{shown}</ListBucketResult>"


def _answer(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[list[str], list[Any]]:
    found = connection.execute(sqlglot.transpile(sql, "trino", "duckdb")[0])
    return [one[0].lower() for one in found.description or ()], found.fetchall()


def _ocsf(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as Security Lake keeps it."""
    who = record["userIdentity"]
    context = who.get("sessionContext", {})
    source = record["sourceIPAddress"]
    user = {
        "type": who.get("type"), "name": who.get("userName"), "uid_alt": who.get("principalId"),
        "uid": who.get("arn"), "account": {"uid": who.get("accountId")},
        "credential_uid": who.get("accessKeyId"),
    }  # fmt: skip
    session = {
        "issuer": context.get("sessionIssuer", {}).get("arn"),
        "is_mfa": context.get("attributes", {}).get("mfaAuthenticated") == "true",
    }
    answer, asked = record.get("responseElements"), record.get("requestParameters")
    return {
        "metadata": {"uid": record["eventID"], "event_code": record["eventType"]},
        "time_dt": record["eventTime"].replace("T", " ").rstrip("Z"),
        "cloud": {"region": record["awsRegion"], "account": {"uid": record["recipientAccountId"]}},
        "api": {
            "operation": record["eventName"],
            "service": {"name": record["eventSource"]},
            "request": {"data": json.dumps(asked) if asked else None},
            "response": {
                "error": record.get("errorCode"),
                "message": record.get("errorMessage"),
                "data": json.dumps(answer) if answer else None,
            },
        },
        "actor": {"user": user, "session": session, "invoked_by": who.get("invokedBy")},
        "http_request": {"user_agent": record["userAgent"]},
        "src_endpoint": {"domain" if source.endswith(".com") else "ip": source},
        "class_uid": 6003,
        "activity_id": 2 if record["readOnly"] else 99,
        "accountid": record["recipientAccountId"],
        "region": record["awsRegion"],
    }


@cache
def _model(service: str, action: str) -> Any:
    import botocore.session  # noqa: PLC0415

    return botocore.session.get_session().get_service_model(service).operation_model(action)


def _at(day: str) -> dict[str, Any]:
    return {"eventTime": f"{day.replace('/', '-')}T00:00:00Z", "awsRegion": "us-east-1"}


def _day(record: dict[str, Any]) -> str:
    """Return the day of a record's delivery, which is told apart where a test says so."""
    told = record.get("delivered") or record["eventTime"]
    return f"{datetime.fromisoformat(told).astimezone(UTC):%Y/%m/%d}"


def _values(names: list[str], record: dict[str, Any]) -> Iterator[str]:
    year, month, day = _day(record).split("/")
    known = {
        "timestamp": f"{year}/{month}/{day}",
        "dt": f"{year}-{month}-{day}",
        "year": year,
        "month": month,
        "day": day,
        "region": record["awsRegion"],
        "account": record.get("recipientAccountId", ACCOUNT),
    }
    yield from (known[name] for name in names)


def _holds(expression: str, values: dict[str, str]) -> bool:
    columns = ", ".join(f"'{value}' AS \"{name}\"" for name, value in values.items())
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT * FROM (SELECT {columns}) WHERE {expression}")
        return bool(found.fetchall())


def _lower(value: Any) -> Any:
    return {k.lower(): _lower(v) for k, v in value.items()} if isinstance(value, dict) else value


def _row(record: dict[str, Any], names: list[str]) -> dict[str, Any]:
    """Return a record as the reader of CloudTrail's files makes it: requests as texts of JSON."""
    row: dict[str, Any] = {}
    for name, value in record.items():
        if name == "userIdentity":
            row["useridentity"] = _lower(value)
        elif name.lower() in _TEXTS and value is not None:
            plain = str(value).lower() if isinstance(value, bool) else value
            row[name.lower()] = plain if isinstance(plain, str) else json.dumps(plain)
    return row | dict(zip(names, _values(names, record), strict=True))


@cache
def _struct() -> str:
    inner = {"mfaauthenticated": "VARCHAR", "creationdate": "VARCHAR"}
    issuer = dict.fromkeys(("type", "principalid", "arn", "accountid", "username"), "VARCHAR")
    context = {"attributes": inner, "sessionissuer": issuer, "ec2roledelivery": "VARCHAR"}
    return json.dumps({**dict.fromkeys(_IDENTITY, "VARCHAR"), "sessioncontext": context})


def _shape(names: list[str]) -> str:
    texts = dict.fromkeys((*_TEXTS, *names), "VARCHAR")
    return json.dumps([{**texts, "useridentity": json.loads(_struct())}])


_WHO = (
    f"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{ACCOUNT}:user/a</Arn>"
    f"<UserId>A</UserId><Account>{ACCOUNT}</Account></GetCallerIdentityResult>"
    "</GetCallerIdentityResponse>"
)


_DENIED = "<Error><Code>AccessDenied</Code><Message>no listing</Message></Error>"
_REFUSED = f"<ErrorResponse>{_DENIED}</ErrorResponse>"
_SERVICES = {"AWSGlue": "glue", "AmazonAthena": "athena"}


@contextmanager
def serving(lab: Lab) -> Iterator[Lab]:
    """Serve the lab while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0))
            target = self.headers.get("X-Amz-Target", "")
            if not target:
                known = b"GetCallerIdentity" in body
                self._send(200 if known else 403, _WHO if known else _REFUSED)
                return
            service = _SERVICES.get(target.partition(".")[0], "")
            status, told = lab.answer(service, target.rpartition(".")[2], json.loads(body))
            self._send(status, json.dumps(told))

        def do_GET(self) -> None:
            asked = parse_qs(urlsplit(self.path).query)
            text = lab.objects(asked.get("prefix", [""])[0])
            self._send(200 if text else 403, text or _DENIED)

        def _send(self, status: int, text: str) -> None:
            content = text.encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    lab.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield lab
    finally:
        server.shutdown()
        server.server_close()
