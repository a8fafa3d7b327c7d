"""The query that fetches named identities' events from a CloudTrail table of Athena.

It is printed, never run: a query costs by the bytes that it scans and writes its result into a
bucket, and the audit writes nothing. It is bounded by day and account, which the table of AWS's
own documentation has as partitions, so that Athena scans these alone.
https://docs.aws.amazon.com/athena/latest/ug/create-cloudtrail-table-partition-projection.html
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from auditor.errors import ConfigError

_TABLE = re.compile(r"[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)?")
_KEY_ID = re.compile(r"(?:AKIA|ASIA)[A-Z0-9]{12,}")
_ARN = re.compile(r"arn:[^:]+:(?:iam|sts)::(\d{12}):.+")
_LATE = timedelta(days=1)
_MOST = 200
"""Names in one query: Athena takes 262,144 bytes."""
_COLUMNS = (
    "eventVersion", "eventTime", "eventSource", "eventName", "awsRegion", "sourceIPAddress",
    "userAgent", "errorCode", "errorMessage", "readOnly", "eventID", "eventType",
    "recipientAccountId", "requestParameters", "responseElements",
)  # fmt: skip
_IDENTITY = (
    "type", "principalId", "arn", "accountId", "accessKeyId", "userName", "invokedBy",
    "sessionContext.sessionIssuer.type", "sessionContext.sessionIssuer.arn",
    "sessionContext.sessionIssuer.userName", "sessionContext.attributes.mfaAuthenticated",
)  # fmt: skip
_HEAD = """\
-- Events of {names} identities, {since:%Y-%m-%d} to {until:%Y-%m-%d}. Not run: it costs by the
-- bytes that it scans, and its result is written to the output bucket of your workgroup.
-- Take out the line of a partition that your table has not: else it scans the whole table.
-- Then: auditor hunt --logs RESULT.csv --source cloudtrail
"""


def query(names: Collection[str], since: datetime, until: datetime, table: str) -> str:
    """Return the queries for these names, each of at most 200 of them; a text that ends a line.

    ConfigError for what is no name of a table, and where no name is AWS's.
    """
    if not _TABLE.fullmatch(table):
        raise ConfigError(f"{table!r} is no table", "give it as DATABASE.TABLE")
    mine = sorted(name for name in set(names) if _KEY_ID.fullmatch(name) or _ARN.fullmatch(name))
    if not mine:
        raise ConfigError(
            "no identity of AWS is named", "give --from RUN, or --identity ARN or access key id"
        )
    head = _HEAD.format(names=len(mine), since=since, until=until)
    parts = [mine[start : start + _MOST] for start in range(0, len(mine), _MOST)]
    return head + "\n".join(_of(part, since, until, table) for part in parts)


def _of(names: list[str], since: datetime, until: datetime, table: str) -> str:
    columns = [*(f'{name.lower()} AS "{name}"' for name in _COLUMNS), *_identity_columns()]
    accounts = sorted({found[1] for name in names if (found := _ARN.fullmatch(name))})
    whole = not any(_KEY_ID.fullmatch(name) for name in names)
    where = [f"\"timestamp\" BETWEEN '{since:%Y/%m/%d}' AND '{until + _LATE:%Y/%m/%d}'"]
    if whole and accounts:  # a key may be of any account
        where.append(f"account IN ({_literals(accounts)})")
    where += [
        f"eventtime >= '{since:%Y-%m-%dT%H:%M:%SZ}' AND eventtime < '{until:%Y-%m-%dT%H:%M:%SZ}'",
        f"({' OR '.join(_matches(names))})",
    ]
    select, conditions = ",\n  ".join(columns), "\n  AND ".join(where)
    return f"SELECT\n  {select}\nFROM {table}\nWHERE {conditions};\n"


def _identity_columns() -> Iterator[str]:
    for name in _IDENTITY:
        yield f'useridentity.{name.lower()} AS "userIdentity.{name}"'


def _matches(names: list[str]) -> Iterator[str]:
    keys = [name for name in names if _KEY_ID.fullmatch(name)]
    arns = [name for name in names if not _KEY_ID.fullmatch(name)]
    if keys:
        yield f"useridentity.accesskeyid IN ({_literals(keys)})"
    if arns:
        yield f"useridentity.arn IN ({_literals(arns)})"
        yield f"useridentity.sessioncontext.sessionissuer.arn IN ({_literals(arns)})"


def _literals(values: list[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
