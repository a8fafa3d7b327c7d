"""What a table of CloudTrail's logs is like, and how its partitions bound a query."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import duckdb
import pytest
import sqlglot
from athena_lab import catalog, lake, projected
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from auditor.providers.aws.athena.sql import batches, statement
from auditor.providers.aws.athena.table import of_catalog, quoted, usual

SINCE, UNTIL = datetime(2022, 11, 30, 5, tzinfo=UTC), datetime(2023, 1, 31, 22, tzinfo=UTC)


def dated(key: str, form: str) -> Any:
    parameters = {"type": "date", "format": form}
    told = {f"projection.{key}.{name}": value for name, value in parameters.items()}
    return {"Parameters": {"projection.enabled": "true"} | told}


@pytest.mark.parametrize(
    ("keys", "sample", "more", "bounds"),
    [
        ([], [], {}, []),
        ([("timestamp", "string")], ["2022/12/01"], {},
         ["\"timestamp\" BETWEEN '2022/11/30' AND '2023/02/01'"]),
        ([("dt", "varchar(10)")], ["2022-12-01"], {},
         ["\"dt\" BETWEEN '2022-11-30' AND '2023-02-01'"]),
        ([("day", "int")], ["20221201"], {}, ['"day" BETWEEN 20221130 AND 20230201']),
        ([("d", "date")], ["2022-12-01"], {},
         ["\"d\" BETWEEN DATE '2022-11-30' AND DATE '2023-02-01'"]),
        ([("hour", "string")], [], dated("hour", "yyyy/MM/dd/HH"),
         ["\"hour\" BETWEEN '2022/11/30/05' AND '2023/02/01/22'"]),
        ([("m", "string")], [], dated("m", "yyyy-MM"),
         ["\"m\" BETWEEN '2022-11' AND '2023-02'"]),
        ([("odd", "string")], [], dated("odd", "dd/MM/yyyy"), []),
        ([("year", "string"), ("month", "string")], ["2022", "01"], {},
         [("((\"year\" = '2022' AND \"month\" IN ('11', '12'))"
          " OR (\"year\" = '2023' AND \"month\" IN ('01', '02')))")]),
        ([("year", "string"), ("month", "string")], ["2022", "11"], {},
         [("((\"year\" = '2022' AND \"month\" IN ('11', '12'))"
          " OR (\"year\" = '2023' AND \"month\" IN ('01', '1', '02', '2')))")]),
        ([("year", "int")], ["2022"], {}, ['(("year" = 2022) OR ("year" = 2023))']),
        ([("region", "string"), ("account", "string")], ["us-east-1", "1"], {},
         ["\"account\" IN ('111122223333')"]),
        ([("account_id", "bigint")], ["1"], {}, ['"account_id" IN (111122223333)']),
        ([("ts", "timestamp")], ["2022-12-01 00:00:00"], {}, []),
        ([('a" OR 1=1 --', "string")], ["2022/12/01"], {}, []),
    ],
)  # fmt: skip
def test_keys_bound_what_their_names_projection_or_values_tell(
    keys: Any, sample: list[str], more: Any, bounds: list[str]
) -> None:
    table = of_catalog("logs.cloudtrail", catalog(tuple(keys), **more), sample)
    assert list(table.bounds(SINCE, UNTIL, ["111122223333"])) == bounds
    plain = [one.replace('"', "").replace("DATE ", "") for one in bounds]
    assert list(table.bounds(SINCE, UNTIL, ["111122223333"], plain=True)) == plain


def test_a_table_after_the_documentation_lacks_nothing_usual() -> None:
    table = of_catalog("logs.cloudtrail", projected(), [])
    assert (table.missing, table.lacks) == ([], [])
    assert "userIdentity.sessionContext.ec2RoleDelivery" in table.fields
    assert set(usual("x").fields) <= set(table.fields)


def test_a_table_of_security_lake_lacks_nothing_usual() -> None:
    name = "amazon_security_lake_table_us_east_1_cloud_trail_mgmt_2_0"
    table = of_catalog(f"lake.{name}", lake(), [])
    assert (table.missing, table.lacks) == ([], [])
    assert table == usual(f"lake.{name}")
    assert not usual(f"lake.{name.replace('2_0', '1_0')}").is_lake


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
@settings(max_examples=50, deadline=None)
def test_any_text_is_one_literal(text: str) -> None:
    found = sqlglot.parse_one(f"SELECT {quoted(text)}", dialect="athena").find(exp.Literal)
    assert found is not None
    assert found.this == text
    with duckdb.connect() as connection:
        assert connection.execute(f"SELECT {quoted(text)}").fetchone() == (text,)


@given(st.lists(st.text(min_size=1, max_size=2_000), max_size=200))
@settings(max_examples=25, deadline=None)
def test_queries_hold_all_names_and_are_no_longer_than_athena_takes(names: list[str]) -> None:
    parts = list(batches([f"arn:aws:iam::111122223333:user/{name}" for name in names]))
    assert [one for part in parts for one in part] == [
        f"arn:aws:iam::111122223333:user/{name}" for name in names
    ]
    made = (statement(usual("a.b"), part, SINCE, UNTIL) for part in parts)
    assert all(len(one.encode("utf-8", "replace")) < 262_144 for one in made)
