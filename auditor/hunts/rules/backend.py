"""Compiles the selection of a Sigma rule to an SQL condition, with the semantics of Sigma.

Every expression it returns is true or false and never NULL, so that NOT means what people read:
an event without the field does not match `field: x`, and does match `not field: x`. Text compares
without case, `%` and `_` of a value are characters and not wildcards, and ranges of addresses are
compared as numbers, IPv6 included. Community backends get each of these wrong in some rules.
https://sigmahq.io/sigma-specification/specification/sigma-rules-specification.html
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import Any, ClassVar

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.conversion.base import TextQueryBackend
from sigma.conversion.state import ConversionState
from sigma.exceptions import SigmaFeatureNotSupportedByBackendError
from sigma.types import SigmaString, SpecialChars

from auditor.hunts.rules.fields import PACKED, TEXT, literal, sql_of

_MAPPED = int(IPv6Address("::ffff:0:0"))
_LIKE = {SpecialChars.WILDCARD_MULTI: "%", SpecialChars.WILDCARD_SINGLE: "_"}
_ESCAPE = "!"
"""Escapes a wildcard in a LIKE pattern. A backslash would be read differently by each dialect."""

Field = ConditionFieldEqualsValueExpression


class SqlBackend(TextQueryBackend):
    """Turns a parsed Sigma condition into a condition over the columns of `seen`."""

    name: ClassVar[str] = "normalised events in SQL"
    formats: ClassVar[dict[str, str]] = {"default": "an SQL condition"}
    requires_pipeline: ClassVar[bool] = False
    convert_or_as_in: ClassVar[bool] = True

    def convert_condition_or(self, cond: ConditionOR, state: ConversionState) -> Any:
        """Return the parts joined by OR, in parentheses of their own."""
        return self._joined(" OR ", cond, state)

    def convert_condition_and(self, cond: ConditionAND, state: ConversionState) -> Any:
        """Return the parts joined by AND, in parentheses of their own."""
        return self._joined(" AND ", cond, state)

    def convert_condition_not(self, cond: ConditionNOT, state: ConversionState) -> Any:
        """Return the negation; its argument is never NULL, so neither is the result."""
        return f"(NOT {self.convert_condition(cond.args[0], state)})"

    def _joined(self, word: str, cond: ConditionItem, state: ConversionState) -> str:
        parts = (self.convert_condition(arg, state) for arg in cond.args)
        return f"({word.join(str(part) for part in parts if part)})"

    def convert_condition_as_in_expression(
        self, cond: ConditionOR | ConditionAND, state: ConversionState
    ) -> Any:
        """Return `lower(field) IN (...)` for alternatives without wildcards."""
        fields = [arg for arg in cond.args if isinstance(arg, Field)]
        if any(not isinstance(arg.value, SigmaString) or not str(arg.value) for arg in fields):
            return self._joined(" OR ", cond, state)
        values = ", ".join(f"lower({literal(_plain(arg.value))})" for arg in fields)
        return _never_null(f"lower({_column(fields[0])}) IN ({values})")

    def convert_condition_field_eq_val_str(self, cond: Field, state: ConversionState) -> Any:
        """Return a comparison without case; an empty value means that there is none."""
        del state
        return _text(f"lower({_column(cond)})", cond.value, "lower({})")

    def convert_condition_field_eq_val_str_case_sensitive(
        self, cond: Field, state: ConversionState
    ) -> Any:
        """Return a comparison with case."""
        del state
        return _text(_column(cond), cond.value, "{}")

    def convert_condition_field_eq_val_num(self, cond: Field, state: ConversionState) -> Any:
        """Return a comparison by number: vendors write the same code as 7 and as "7"."""
        del state
        return _never_null(f"TRY_CAST({_column(cond)} AS DOUBLE) = {cond.value}")

    def convert_condition_field_eq_val_bool(self, cond: Field, state: ConversionState) -> Any:
        """Return a comparison with true or false, however it is written."""
        del state
        word = "true" if _value(cond) else "false"
        return _never_null(f"lower({_column(cond)}) = '{word}'")

    def convert_condition_field_eq_val_re(self, cond: Field, state: ConversionState) -> Any:
        """Return a search for a regular expression anywhere in the text."""
        del state
        flags = "".join(sorted(_value(cond).sigma_to_re_flag[flag] for flag in _value(cond).flags))
        pattern = f"(?{flags})" * bool(flags) + str(_value(cond).regexp)
        return _never_null(f"regexp_matches({_column(cond)}, {literal(pattern)})")

    def convert_condition_field_eq_val_cidr(self, cond: Field, state: ConversionState) -> Any:
        """Return a comparison of numbers; only the source address is held as one."""
        del state
        if cond.field != "src_ip":
            raise SigmaFeatureNotSupportedByBackendError(f"{cond.field} is not held as an address")
        network = _value(cond).network
        first, last = packed(network.network_address), packed(network.broadcast_address)
        return _never_null(f"\"{PACKED}\" BETWEEN '{first}' AND '{last}'")

    def convert_condition_field_compare_op_val(self, cond: Field, state: ConversionState) -> Any:
        """Return a comparison of numbers by size."""
        del state
        operator = {"LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}[_value(cond).op.name]
        number = _value(cond).number
        return _never_null(f"TRY_CAST({_column(cond)} AS DOUBLE) {operator} {number}")

    def convert_condition_field_eq_field(self, cond: Field, state: ConversionState) -> Any:
        """Return a comparison of two fields without case."""
        del state
        other = _sql(_value(cond).field)
        return _never_null(f"lower({_column(cond)}) = lower({other})")

    def convert_condition_field_eq_val_null(self, cond: Field, state: ConversionState) -> Any:
        """Return whether the event says nothing; events hold what is missing as NULL or ''."""
        del state
        return f"(COALESCE({_column(cond)}, '') = '')"

    def convert_condition_field_exists(self, cond: Field, state: ConversionState) -> Any:
        """Return whether the event says something."""
        del state
        return f"(COALESCE({_column(cond)}, '') <> '')"

    def convert_condition_val_str(
        self, cond: ConditionValueExpression, state: ConversionState
    ) -> Any:
        """Return a search for a word in all of the event's texts."""
        del state
        anywhere = [SpecialChars.WILDCARD_MULTI, *_value(cond).s, SpecialChars.WILDCARD_MULTI]
        word = SigmaString()
        word.s = anywhere
        return _text(f"lower({_EVERYTHING})", word, "lower({})")

    def convert_condition_val_num(
        self, cond: ConditionValueExpression, state: ConversionState
    ) -> Any:
        """Return a search for a number in all of the event's texts."""
        del state
        return _text(f"lower({_EVERYTHING})", SigmaString(f"*{cond.value}*"), "lower({})")

    def convert_condition_val_re(
        self, cond: ConditionValueExpression, state: ConversionState
    ) -> Any:
        """Return a search for a regular expression in all of the event's texts."""
        del state
        return _never_null(f"regexp_matches({_EVERYTHING}, {literal(str(_value(cond).regexp))})")


_EVERYTHING = "(" + " || ' ' || ".join(f"COALESCE(\"{name}\", '')" for name in TEXT) + ")"


def packed(address: IPv4Address | IPv6Address) -> str:
    """Return an address as 32 hexadecimal digits that sort as the addresses do."""
    number = int(address) + (_MAPPED if address.version == 4 else 0)  # noqa: PLR2004 (IPv4)
    return f"{number:032x}"


def _value(cond: Field | ConditionValueExpression) -> Any:
    """Return the value, of the type that pySigma dispatched the call by."""
    return cond.value


def _column(cond: Field) -> str:
    return _sql(cond.field)


def _sql(field: str) -> str:
    try:
        return sql_of(field)
    except ValueError as error:
        raise SigmaFeatureNotSupportedByBackendError(f"no event has a field {field}") from error


def _plain(value: Any) -> str:
    """Return the characters of a value without wildcards."""
    return "".join(part for part in value.s if isinstance(part, str))


def _text(column: str, value: Any, form: str) -> str:
    """Return a comparison of a column with a value that may hold wildcards."""
    parts = value.s
    if not parts:
        return f"(COALESCE({column}, '') = '')"
    if all(isinstance(part, str) for part in parts):
        return _never_null(f"{column} = {form.format(literal(_plain(value)))}")
    pattern = "".join(_like(part) for part in parts)
    # Without a character of ours, engines take a backslash for the one that escapes.
    escape = f" ESCAPE '{_ESCAPE}'" if _ESCAPE in pattern or "\\" in pattern else ""
    return _never_null(f"{column} LIKE {form.format(literal(pattern))}{escape}")


def _like(part: object) -> str:
    if isinstance(part, SpecialChars):
        return _LIKE[part]
    if not isinstance(part, str):
        raise SigmaFeatureNotSupportedByBackendError("a placeholder was not filled in")
    for character in (_ESCAPE, "%", "_"):
        part = part.replace(character, _ESCAPE + character)
    return part


def _never_null(condition: str) -> str:
    return f"COALESCE({condition}, FALSE)"
