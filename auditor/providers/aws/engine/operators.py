"""Compares one value of a policy with one value of a request, by condition operator.

A value that is not of the operator's type equals nothing: a text that is no number is neither less
nor greater, and `NumericNotEquals` holds for it.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator as op
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from auditor.providers.aws.engine.variables import Filled
from auditor.providers.aws.patterns import matches

Test = Callable[[Filled, str], bool]
"""Whether a value of the policy and one of the request agree."""

_NUMBER = re.compile(r"[+-]?(\d{1,100}(\.\d{0,100})?|\.\d{1,100})")
_YEAR = re.compile(r"\d{4}")
_MONTH = re.compile(r"\d{4}-\d{2}")
_FRACTION = re.compile(r"(\.\d{6})\d+")
_ARN_PARTS = 6


@dataclass(frozen=True, slots=True)
class Operator:
    """One operator, without its IfExists and its set operator."""

    name: str
    test: Test
    negated: bool = False
    variables: bool = False
    """Whether its values may hold policy variables."""


def _equal(policy: Filled, value: str) -> bool:
    return policy.text == value


def _equal_ignoring_case(policy: Filled, value: str) -> bool:
    return policy.text.lower() == value.lower()


def _like(policy: Filled, value: str) -> bool:
    return matches(policy.pattern, value)


def _arn(policy: Filled, value: str) -> bool:
    """Compare part by part, so that no wildcard reaches beyond a colon.

    The documentation speaks of six parts only. Decided here: a pattern of fewer parts that ends in
    `*` leaves the rest open, so that "*" is every ARN.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
    """
    patterns = policy.pattern.split(":", _ARN_PARTS - 1)
    parts = value.split(":", _ARN_PARTS - 1)
    if len(parts) < _ARN_PARTS or parts[0] != "arn":
        return False
    if len(patterns) < _ARN_PARTS:
        if not patterns[-1].endswith("*"):
            return False
        patterns += ["*"] * (_ARN_PARTS - len(patterns))
    return all(map(matches, patterns, parts))


def _bool(policy: Filled, value: str) -> bool:
    """Compare true and false in any case; decided here: anything else is neither."""
    wanted = policy.text.lower()
    return wanted in ("true", "false") and wanted == value.lower()


@lru_cache(maxsize=10_000)
def number(text: str) -> Decimal | None:
    """Return an integer or decimal number."""
    return Decimal(text) if _NUMBER.fullmatch(text) and text.isascii() else None


@lru_cache(maxsize=10_000)
def moment(text: str) -> Decimal | None:
    """Return a time as seconds since 1970.

    It is written as W3C's ISO 8601 (a year, a month, a day or a time) or in seconds. Four digits
    are a year. Decided here: seconds may have a fraction; a time without a zone is UTC.
    """
    if _YEAR.fullmatch(text):
        text += "-01-01"
    elif _MONTH.fullmatch(text):
        text += "-01"
    elif (seconds := number(text)) is not None:
        return seconds
    try:
        found = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
        since = (found if found.tzinfo else found.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        return None
    return Decimal(since.days * 86_400 + since.seconds) + Decimal(since.microseconds) / 1_000_000


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@lru_cache(maxsize=10_000)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _in_network(policy: Filled, value: str) -> bool:
    network, address = _network(policy.text), _network(value)
    if network is None or address is None or network.version != address.version:
        return False
    return address.subnet_of(network)  # type: ignore[arg-type] # the versions are the same


def _binary(policy: Filled, value: str) -> bool:
    one, other = _bytes(policy.text), _bytes(value)
    return one is not None and one == other


def _bytes(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _ordered(read: Callable[[str], Decimal | None], compare: Callable[[Any, Any], bool]) -> Test:
    def test(policy: Filled, value: str) -> bool:
        wanted, found = read(policy.text), read(value)
        return wanted is not None and found is not None and compare(found, wanted)

    return test


_ORDERS = {
    "LessThan": op.lt,
    "LessThanEquals": op.le,
    "GreaterThan": op.gt,
    "GreaterThanEquals": op.ge,
}
_OPERATORS = (
    Operator("StringEquals", _equal, variables=True),
    Operator("StringNotEquals", _equal, negated=True, variables=True),
    Operator("StringEqualsIgnoreCase", _equal_ignoring_case, variables=True),
    Operator("StringNotEqualsIgnoreCase", _equal_ignoring_case, negated=True, variables=True),
    Operator("StringLike", _like, variables=True),
    Operator("StringNotLike", _like, negated=True, variables=True),
    Operator("ArnEquals", _arn, variables=True),
    Operator("ArnLike", _arn, variables=True),
    Operator("ArnNotEquals", _arn, negated=True, variables=True),
    Operator("ArnNotLike", _arn, negated=True, variables=True),
    # The page on operators allows variables here, the page on variables does not; a value that
    # holds one has no other meaning, so it is filled in.
    Operator("Bool", _bool, variables=True),
    Operator("IpAddress", _in_network),
    Operator("NotIpAddress", _in_network, negated=True),
    Operator("BinaryEquals", _binary),
    *(
        Operator(f"{family}{order}", _ordered(read, compare))
        for family, read in (("Numeric", number), ("Date", moment))
        for order, compare in {"Equals": op.eq, **_ORDERS}.items()
    ),
    Operator("NumericNotEquals", _ordered(number, op.eq), negated=True),
    Operator("DateNotEquals", _ordered(moment, op.eq), negated=True),
)

OPERATORS = {found.name.lower(): found for found in _OPERATORS}
"""By name in lower case. The documentation does not say that their names are case-sensitive."""
