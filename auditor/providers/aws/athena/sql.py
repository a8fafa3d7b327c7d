"""The queries that fetch named identities' events from a CloudTrail table of Athena.

`query` is printed for a person to run; `statement` is what a live hunt runs, and the same text.
Both are bounded by the table's partitions, so that Athena scans these alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime

from auditor.errors import ConfigError
from auditor.providers.aws.athena.table import ARN_FIELDS, KEY_FIELD, Table, quoted, usual
from auditor.providers.aws.records import KEY_ID

_TABLE = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)?")
_ARN = re.compile(r"arn:[^:]+:(?:iam|sts)::(\d{12}):.+")
_MOST_BYTES = 200_000
"""Of names in one query: Athena takes 262,144 bytes, and each query scans the table anew."""
_HEAD = """\
-- Events of {names} identities, {since:%Y-%m-%d} to {until:%Y-%m-%d}. Not run: it costs by the
-- bytes that it scans, and its result is written to the output bucket of your workgroup, if it has
-- one; if it has none, `athena` of [providers.aws] lets auditor hunt --live run it.
-- Take out the line of a partition that your table has not: else it scans the whole table.
-- Then: auditor hunt --logs RESULT.csv --source cloudtrail
"""


def query(names: Collection[str], since: datetime, until: datetime, table: str) -> str:
    """Return the queries for these names, for a person to run; a text that ends a line.

    ConfigError for what is no name of a table, and where no name is AWS's.
    """
    if not _TABLE.fullmatch(table):
        raise ConfigError(f"{table!r} is no table", "give it as DATABASE.TABLE")
    mine = askable(names)
    if not mine:
        raise ConfigError(
            "no identity of AWS is named", "give --from RUN, or --identity ARN or access key id"
        )
    head = _HEAD.format(names=len(mine), since=since, until=until)
    asked = (statement(usual(table), part, since, until) for part in batches(mine))
    return head + "\n".join(f"{one};\n" for one in asked)


def askable(names: Collection[str]) -> list[str]:
    """Return those of the names that such a table can be asked for: key ids and ARNs."""
    return sorted(name for name in set(names) if KEY_ID.fullmatch(name) or _ARN.fullmatch(name))


def accounts_of(names: Collection[str]) -> list[str]:
    """Return the accounts that all these names are of, none where a key may be of any."""
    found = [_ARN.fullmatch(name) for name in names]
    return sorted({arn[1] for arn in found if arn}) if all(found) else []


def batches(names: list[str]) -> Iterator[list[str]]:
    """Yield the names in as few parts as queries can hold: each scans the table once."""
    part: list[str] = []
    size = 0
    for name in names:
        weight = 2 * (len(quoted(name).encode()) + 2)  # an ARN is compared twice
        if part and size + weight > _MOST_BYTES:
            yield part
            part, size = [], 0
        part.append(name)
        size += weight
    if part:
        yield part


def statement(table: Table, names: list[str], since: datetime, until: datetime) -> str:
    """Return the query for the events of these names from `since` to before `until`."""
    columns = [f'{sql} AS "{name}"' for name, sql in table.fields.items()]
    where = [
        *table.bounds(since, until, accounts_of(names)),
        table.during(since, until),
        f"({' OR '.join(_matches(table, names))})",
    ]
    select, conditions = ",\n  ".join(columns), "\n  AND ".join(where)
    return f"SELECT\n  {select}\nFROM {table.path}\nWHERE {conditions}"


def _matches(table: Table, names: list[str]) -> Iterator[str]:
    keys = [name for name in names if KEY_ID.fullmatch(name)]
    arns = [name for name in names if not KEY_ID.fullmatch(name)]
    if keys:
        yield f"{table.fields[KEY_FIELD]} IN ({_literals(keys)})"
    for field in ARN_FIELDS if arns else ():
        yield f"{table.fields[field]} IN ({_literals(arns)})"


def _literals(values: list[str]) -> str:
    return ", ".join(map(quoted, values))
