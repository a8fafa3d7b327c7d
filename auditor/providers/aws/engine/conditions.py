"""Decides whether the Condition of a statement holds for a request.

All operators and all keys must hold, any of a key's values is enough; of a negated operator's
values none may match.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-logic-multiple-context-keys-or-values.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from auditor.models import Json
from auditor.providers.aws.engine.context import Context, Values
from auditor.providers.aws.engine.errors import MalformedPolicy
from auditor.providers.aws.engine.operators import OPERATORS, Operator
from auditor.providers.aws.engine.truth import MAYBE, NO, YES, Truth, certain, opposite
from auditor.providers.aws.engine.variables import Template, template

_HUGE = 10**100


class Quantifier(StrEnum):
    """How many of the request's values must match."""

    ONE = ""
    ALL = "ForAllValues:"
    ANY = "ForAnyValue:"


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key. `operator` is None for `Null`."""

    name: str
    """The operator as it is written, ForAnyValue and IfExists included."""
    key: str
    values: tuple[Template, ...]
    operator: Operator | None
    quantifier: Quantifier
    if_exists: bool
    lookup: str
    """The key in lower case: names of keys are not case-sensitive."""

    def holds(self, context: Context) -> Truth:
        """Return whether it holds; MAYBE where the request's value is not known."""
        found = context.get(self.lookup)
        if found is None:
            return MAYBE
        if self.operator is None:
            return self._is_null(found)
        if self.quantifier is Quantifier.ONE:
            return self._holds_for_one(self.operator, found, context)
        # "A null dataset, such as an empty string", is as if the key were absent: true for
        # ForAllValues, false for ForAnyValue, its negated operators included.
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
        values = () if found == ("",) else found
        each = (self._matches(self.operator, value, context) for value in values)
        if self.quantifier is Quantifier.ALL:
            return min(each, default=YES)
        # IfExists may be added to any operator but Null: an absent key makes it true.
        return max(each, default=certain(self.if_exists and not found))

    def _holds_for_one(self, operator: Operator, found: Values, context: Context) -> Truth:
        """Decide without a set operator. Decided here: of many values any one is enough."""
        if not found:
            return certain(self.if_exists or operator.negated)
        each = [self._matches(operator, value, context) for value in found]
        return min(each) if operator.negated else max(each)

    def _matches(self, operator: Operator, value: str, context: Context) -> Truth:
        """Decide for one value of the request."""
        best = NO
        for wanted in self.values:
            filled = wanted.fill(context)
            if filled is None:
                continue
            if filled.is_open:
                best = MAYBE
            elif operator.test(filled, value):
                best = YES
                break
        return opposite(best) if operator.negated else best

    def _is_null(self, found: Values) -> Truth:
        """Decide `Null`: "true" wants no value, "false" wants one. An empty text is none.

        The documentation proposes `Null` "false" against "context keys with empty values".
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition_examples-multi-valued-context-keys.html
        """
        wanted = "false" if any(found) else "true"
        return certain(any(value.source.lower() == wanted for value in self.values))


def conditions(element: Json, *, variables: bool) -> tuple[Condition, ...]:
    """Return a Condition element, read. `variables`: whether the policy's version has them."""
    if element is None:
        return ()
    return tuple(_read(element, variables=variables))


def _read(element: Json, *, variables: bool) -> Iterator[Condition]:
    for name, keys in _object(element, "it").items():
        quantifier, operator, if_exists = _operator(name)
        for key, values in _object(keys, name).items():
            texts = _texts(values, f"{name} {key}")
            filled = variables and operator is not None and operator.variables
            yield Condition(
                name=name,
                key=key,
                values=tuple(template(text, variables=filled) for text in texts),
                operator=operator,
                quantifier=quantifier,
                if_exists=if_exists,
                lookup=key.lower(),
            )


def _object(value: Json, what: str) -> Mapping[str, Json]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        raise MalformedPolicy("Condition", f"{what} is not an object")
    return value


def _operator(name: str) -> tuple[Quantifier, Operator | None, bool]:
    quantifier = next(
        (q for q in (Quantifier.ALL, Quantifier.ANY) if name.lower().startswith(q.lower())),
        Quantifier.ONE,
    )
    bare = name.lower()[len(quantifier) :]
    if bare == "null" and quantifier is Quantifier.ONE:
        return quantifier, None, False
    operator = OPERATORS.get(bare.removesuffix("ifexists"))
    if operator is None:
        raise MalformedPolicy("Condition", f"there is no operator {name}")
    return quantifier, operator, bare.endswith("ifexists")


def _texts(values: Json, where: str) -> list[str]:
    found = values if isinstance(values, list) else [values]
    if not all(isinstance(value, str) or _is_small(value) for value in found):
        raise MalformedPolicy("Condition", f"a value of {where} is neither text nor number")
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in found]


def _is_small(value: Json) -> bool:
    """Return whether it is a number, or true or false, that can be written out."""
    return isinstance(value, (int, float)) and abs(value) < _HUGE
