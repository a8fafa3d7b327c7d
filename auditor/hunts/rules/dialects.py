"""Says a hunt's query in another engine's SQL: sqlglot, and what it does not know of each engine.

The queries of `hunts.compile` keep to what engines agree on. What is left is here, one row each:
executed for Spark and ClickHouse (`make test-engines`), from the vendor's reference for the others,
which nobody ran.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from sqlglot.expressions import Expr

EXECUTED = ("duckdb", "spark", "clickhouse")
"""What hunts run on here, and what gives the same results in the tests."""
DIALECTS = ("athena", "bigquery", "clickhouse", "duckdb", "snowflake", "spark", "trino")

Change: TypeAlias = "Callable[[Expr], Expr]"


def translate(sql: str, dialect: str, *, pretty: bool = False) -> str:
    """Return the query in the words of an engine. ValueError says what it has no words for."""
    import sqlglot  # noqa: PLC0415 (half a second)

    try:
        tree = sqlglot.parse_one(sql, read="duckdb").transform(_CHANGES.get(dialect, _nothing))
        return tree.sql(dialect=dialect, pretty=pretty, unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError as error:
        raise ValueError(str(error).splitlines()[0]) from error


def _nothing(node: Expr) -> Expr:
    return node


def _spark(node: Expr) -> Expr:
    # "Distinct window functions are not supported": a set of values, NULLs left out, is the same.
    return _distinct(node, "size({set})", "collect_set")


def _trino(node: Expr) -> Expr:
    # "DISTINCT in window function parameters not yet supported".
    # A NULL is a value of an array: the last function takes it away again.
    return _distinct(node, "cardinality(array_except({set}, ARRAY[NULL]))", "array_agg")


def _bigquery(node: Expr) -> Expr:
    # "Window ORDER BY is not allowed if DISTINCT is specified".
    return _refused(node, "BigQuery counts no different values in a sliding window")


def _snowflake(node: Expr) -> Expr:
    from sqlglot import exp  # noqa: PLC0415

    if isinstance(node, exp.RegexpLike):
        # Its REGEXP_LIKE is about the whole text, and it takes no flags within the pattern.
        # https://docs.snowflake.com/en/sql-reference/functions/regexp_instr
        flags, pattern = _parted(node.expression.name)
        text = exp.Literal.string(pattern)
        found = exp.func("REGEXP_INSTR", node.this, text, *_places(), exp.Literal.string(flags))
        return exp.GT(this=found, expression=exp.Literal.number(0))
    if isinstance(node, exp.TryCast):
        return exp.func("TRY_TO_DOUBLE", node.this)
    return _refused(node, "Snowflake counts no different values in a sliding window")


def _clickhouse(node: Expr) -> Expr:
    from sqlglot import exp  # noqa: PLC0415

    if isinstance(node, exp.Lower):  # `lower` is about ASCII
        return exp.Anonymous(this="lowerUTF8", expressions=[node.this])
    if isinstance(node, exp.TryCast):  # a cast of what is no number ends the query
        return exp.Anonymous(this="toFloat64OrNull", expressions=[node.this])
    if isinstance(node, exp.TimeToUnix):
        return exp.Anonymous(this="toUnixTimestamp", expressions=[node.this])
    return node


_CHANGES: Mapping[str, Change] = {
    "athena": _trino,
    "bigquery": _bigquery,
    "clickhouse": _clickhouse,
    "snowflake": _snowflake,
    "spark": _spark,
    "trino": _trino,
}


def _distinct(node: Expr, form: str, function: str) -> Expr:
    """Return a count of different values in a window as the size of the window's set of them."""
    import sqlglot  # noqa: PLC0415
    from sqlglot import exp  # noqa: PLC0415

    counted = _counted(node)
    if counted is None:
        return node
    window = node.copy()
    window.set("this", exp.Anonymous(this=function, expressions=[counted.copy()]))
    outer: Expr = sqlglot.parse_one(form.format(set="placeholder"), read="trino")
    changed: Expr = outer.transform(lambda one: window if isinstance(one, exp.Column) else one)
    return changed


def _refused(node: Expr, why: str) -> Expr:
    if _counted(node) is not None:
        raise ValueError(why)
    return node


def _counted(node: Expr) -> Expr | None:
    """Return what a window counts the different values of; None for any other expression."""
    from sqlglot import exp  # noqa: PLC0415

    if not isinstance(node, exp.Window) or not isinstance(node.this, exp.Count):
        return None
    counted = node.this.this
    return counted.expressions[0] if isinstance(counted, exp.Distinct) else None


def _parted(pattern: str) -> tuple[str, str]:
    """Return the flags at the beginning of a pattern, and the rest."""
    found = re.match(r"\(\?([a-z]+)\)", pattern)
    return (found[1], pattern[found.end() :]) if found else ("c", pattern)


def _places() -> tuple[Expr, ...]:
    """Return where a search begins, which hit counts, and that its begin is asked for."""
    from sqlglot import exp  # noqa: PLC0415

    return tuple(exp.Literal.number(number) for number in (1, 1, 0))
