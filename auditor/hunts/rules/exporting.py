"""Says hunts in other systems: SIEM queries through pySigma, SQL dialects through sqlglot.

What compares an identity with its past beyond "first seen" is not exported, and neither is a hunt
that asks for a field the target lacks: each is named with the reason. Most was never run on its
target, and every export says whether it was.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

from sigma.exceptions import SigmaError
from sigma.rule import SigmaRule

from auditor.errors import ConfigError, MissingExtra
from auditor.hunts.compile import query
from auditor.hunts.rules import dialects
from auditor.hunts.rules.definition import Hunt
from auditor.hunts.rules.dialects import DIALECTS, translate
from auditor.hunts.rules.operators import Count, Distinct, FirstSeen, Match

SIGMA = "sigma"
EXECUTED = (*dialects.EXECUTED, SIGMA)
"""Targets whose queries are run by the tests, and find what they should."""
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Exported:
    """One hunt as a query; `query` is "" where it cannot be said, for the reason in `why`."""

    hunt: Hunt
    query: str
    why: str = ""


def targets() -> tuple[str, ...]:
    """Return every target by name."""
    return (*sorted(_table()), SIGMA, *DIALECTS)


def export(hunts: Sequence[Hunt], target: str) -> Iterator[Exported]:
    """Yield every hunt as the target says it; ConfigError for an unknown target."""
    if target in DIALECTS:
        yield from (_in_sql(hunt, target) for hunt in hunts)
    elif target == SIGMA:
        yield from (Exported(hunt, _yaml(hunt)) for hunt in hunts)
    elif target in _table():
        yield from (_in_siem(hunt, target) for hunt in hunts)
    else:
        raise ConfigError(f"no hunts can be exported to {target}", f"known: {', '.join(targets())}")


def _in_sql(hunt: Hunt, dialect: str) -> Exported:
    try:
        return Exported(hunt, translate(query(hunt), dialect, pretty=True))
    except ValueError as error:
        return Exported(hunt, "", str(error))


def _yaml(hunt: Hunt) -> str:
    import yaml  # noqa: PLC0415

    return yaml.safe_dump(dict(hunt.document), sort_keys=False, allow_unicode=True)


def _in_siem(hunt: Hunt, target: str) -> Exported:
    names = _table()[target].get(hunt.platform or "")
    if names is None:
        return Exported(hunt, "", f"no fields are known for {hunt.platform or 'all platforms'}")
    if not isinstance(hunt.operator, Match | Count | Distinct | FirstSeen):
        return Exported(hunt, "", f"{hunt.operator.operator} needs what only the hunt itself knows")
    try:
        rule = SigmaRule.from_dict(_translated(hunt.document, names))
        (found,) = _BACKENDS[target](rule, names)
        ending = _ENDINGS[target](hunt.operator, names)
    except (SigmaError, ValueError) as error:
        return Exported(hunt, "", str(error).splitlines()[0])
    return Exported(hunt, f"{found}{ending}")


def _translated(document: Mapping[str, Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Sigma rule in the target's own field names."""
    detection = {
        name: part if name == "condition" else _part(part, names)
        for name, part in document["detection"].items()
    }
    kept = {key: value for key, value in document.items() if key not in ("hunt", "detection")}
    return {**kept, "detection": detection}


def _part(part: Any, names: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [_part(each, names) for each in part]
    if not isinstance(part, dict):
        return part
    made: dict[str, Any] = {}
    for key, value in part.items():
        field, _, modifiers = key.partition("|")
        if field == "outcome":
            made |= _outcome(value, names)
        else:
            name = _field(field, names)
            made[f"{name}|{modifiers}" if modifiers else name] = value
    return made


def _field(field: str, names: Mapping[str, Any]) -> str:
    if field in names["fields"]:
        return str(names["fields"][field])
    if field.startswith("details.") and "details." in names["fields"]:
        return field.removeprefix("details.")
    raise ValueError(f"the target has no field for {field}")


def _outcome(value: Any, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the test of what became of a call; two outcomes that are not success are one test."""
    told = [value] if isinstance(value, str) else list(value)
    tests = [names.get("outcome", {}).get(word) for word in told]
    known = [test for test in tests if test]
    if len(known) != 1:
        raise ValueError(f"the target cannot tell {' or '.join(told)}")
    field, operator, values = known[0]
    return {f"{field}|{operator}" if operator else field: values}


def _splunk(rule: SigmaRule, names: Mapping[str, Any]) -> list[str]:
    from sigma.backends.splunk.splunk import SplunkBackend  # noqa: PLC0415

    return [f"search {names['search']} {found}" for found in SplunkBackend().convert_rule(rule)]


def _kusto(rule: SigmaRule, names: Mapping[str, Any]) -> list[str]:
    from sigma.backends.kusto.kusto import KustoBackend  # noqa: PLC0415

    found = KustoBackend().convert_rule(rule)
    return [f"{names['search']}\n| where {each}" for each in found]


def _esql(rule: SigmaRule, names: Mapping[str, Any]) -> list[str]:
    from sigma.backends.elasticsearch.elasticsearch_esql import ESQLBackend  # noqa: PLC0415

    found = ESQLBackend().convert_rule(rule)
    return [each.replace("from * ", f"from {names['search']} ", 1) for each in found]


_BACKENDS: Mapping[str, Callable[[SigmaRule, Mapping[str, Any]], list[str]]] = {
    "splunk": _splunk,
    "kusto": _kusto,
    "elasticsearch": _esql,
}


def _spl_ending(operator: Any, names: Mapping[str, Any]) -> str:
    who, address = f'"{names["who"]}"', f'"{names["address"]}"'
    if isinstance(operator, FirstSeen):
        values = ", ".join(f'"{_field(name, names)}"' for name in operator.of)
        return (
            f"\n| stats min(_time) as first by {who}, {values}"
            '\n| where first >= relative_time(now(), "-1d@d")'
        )
    if isinstance(operator, Count | Distinct):
        what = (
            f'dc("{_field(operator.of[0], names)}")' if isinstance(operator, Distinct) else "count"
        )
        return (
            f"\n| bin _time span={_seconds(operator)}s"
            f"\n| stats {what} as many by _time, {who}, {address}"
            f"\n| where many >= {operator.at_least}"
        )
    return ""


def _kql_ending(operator: Any, names: Mapping[str, Any]) -> str:
    who, address = names["who"], names["address"]
    if isinstance(operator, FirstSeen):
        values = ", ".join(_field(name, names) for name in operator.of)
        return (
            f"\n| summarize first = min(TimeGenerated) by {who}, {values}\n| where first > ago(1d)"
        )
    if isinstance(operator, Count | Distinct):
        what = (
            f"dcount({_field(operator.of[0], names)})"
            if isinstance(operator, Distinct)
            else "count()"
        )
        return (
            f"\n| summarize many = {what} by bin(TimeGenerated, {_seconds(operator)}s), {who}, "
            f"{address}\n| where many >= {operator.at_least}"
        )
    return ""


def _esql_ending(operator: Any, names: Mapping[str, Any]) -> str:
    who, address = names["who"], names["address"]
    if isinstance(operator, FirstSeen):
        values = ", ".join(_field(name, names) for name in operator.of)
        return (
            f"\n| stats first = min(@timestamp) by {who}, {values}\n| where first > now() - 1 day"
        )
    if isinstance(operator, Count | Distinct):
        of = _field(operator.of[0], names) if isinstance(operator, Distinct) else ""
        what = f"count_distinct({of})" if of else "count(*)"
        span = f"bucket(@timestamp, {_seconds(operator)} seconds)"
        return (
            f"\n| stats many = {what} by span = {span}, {who}, {address}"
            f"\n| where many >= {operator.at_least}"
        )
    return ""


_ENDINGS: Mapping[str, Callable[[Any, Mapping[str, Any]], str]] = {
    "splunk": _spl_ending,
    "kusto": _kql_ending,
    "elasticsearch": _esql_ending,
}


def _seconds(operator: Count | Distinct) -> int:
    return int(operator.within.total_seconds())


@cache
def _table() -> Mapping[str, Any]:
    text = files("auditor").joinpath("data", "hunt_exports.toml").read_text("utf-8")
    return tomllib.loads(text)


def ready(target: str) -> None:
    """Raise MissingExtra where the target needs a package that is not installed."""
    if target in _table() and not find_spec(f"sigma.backends.{target}"):
        raise MissingExtra(f"the export to {target}", "siem")
