"""Reads policy documents into statements.

Grammar: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from auditor import nesting
from auditor.models import Json
from auditor.providers.aws.engine import MalformedPolicy
from auditor.providers.aws.engine.statements import Attached
from auditor.providers.aws.engine.statements import Statement as Rule
from auditor.providers.aws.engine.statements import statement as read_rule

_LONGEST_WORDS = 300
_WITH_VARIABLES = "2012-10-17"
"""The version of the policy language in which `${aws:username}` is a variable."""


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. With `but_actions` or `but_resources` the list names what is left out.

    The fields are the policy's own words; `rule` is what the engine makes of the statement.
    """

    effect: str
    actions: tuple[str, ...]
    but_actions: bool
    resources: tuple[str, ...]
    but_resources: bool
    condition: str
    """The condition in words, "" where there is none."""
    rule: Rule = field(compare=False, repr=False, kw_only=True)
    source: Mapping[str, Any] = field(compare=False, repr=False, kw_only=True)
    """The statement as it was written."""


class Malformed(ValueError):
    """A policy, or a statement of it, that does not follow the grammar. Says which and where."""


def parse(document: Json) -> tuple[tuple[Statement, ...], tuple[str, ...]]:
    """Return the statements of a policy and what is wrong with those that cannot be read.

    The document is parsed JSON, or its text, URL-encoded or not.
    """
    try:
        loaded = loaded_document(document)
        found = _listed(loaded.get("Statement"))
    except Malformed as error:
        return (), (f"the policy is malformed: {error}",)
    version = loaded.get("Version")
    statements: list[Statement] = []
    problems: list[str] = []
    for number, statement in enumerate(found, 1):
        try:
            statements.append(_statement(statement, number, version))
        except (Malformed, MalformedPolicy) as error:
            problems.append(f"the policy is malformed, statement {number}: {error}")
    if not found:
        problems.append("the policy is malformed: it has no statement")
    return tuple(statements), tuple(problems)


def loaded_document(document: Json) -> Mapping[str, Any]:
    """Return a policy document as an object. Malformed where it is none."""
    if isinstance(document, str):
        plain = document if document.lstrip().startswith("{") else unquote(document)
        try:
            document = nesting.loads(plain)
        except nesting.TooDeep as error:
            raise Malformed(str(error)) from None
        except ValueError:
            raise Malformed("it is not JSON") from None
    if not isinstance(document, dict):
        raise Malformed("it is not an object")
    return document


def _listed(value: Json) -> list[Any]:
    """Return a list, also of a single value: the grammar lets the brackets out."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _statement(statement: Json, number: int, version: Json) -> Statement:
    if not isinstance(statement, dict):
        raise Malformed("it is not an object")
    effect = statement.get("Effect")
    if effect not in ("Allow", "Deny"):
        raise Malformed("Effect is neither Allow nor Deny")
    actions, but_actions = _either(statement, "Action")
    resources, but_resources = _either(statement, "Resource")
    condition = _condition_words(statement.get("Condition"))
    rule = read_rule(statement, number, Attached.TO_IDENTITY, variables=version == _WITH_VARIABLES)
    return Statement(
        str(effect),
        actions,
        but_actions,
        resources,
        but_resources,
        condition,
        rule=rule,
        source=statement,
    )


def _either(statement: Mapping[str, Any], element: str) -> tuple[tuple[str, ...], bool]:
    """Return the patterns of an element or of its Not form, and whether it is the latter."""
    named = [name for name in (element, f"Not{element}") if name in statement]
    if len(named) != 1:
        raise Malformed(f"it needs either {element} or Not{element}")
    patterns = _listed(statement[named[0]])
    if not patterns or not all(isinstance(pattern, str) for pattern in patterns):
        raise Malformed(f"{named[0]} is not a list of texts")
    return tuple(patterns), named[0] != element


def _condition_words(condition: Json) -> str:
    """Return a condition in words: "StringEquals aws:RequestedRegion = eu-west-1"."""
    if condition in (None, {}):
        return ""
    if not isinstance(condition, dict):
        raise Malformed("Condition is not an object")
    words = []
    for operator, keys in condition.items():
        if not isinstance(keys, dict):
            raise Malformed(f"Condition {operator} is not an object")
        words += [f"{operator} {key} = {_values(values)}" for key, values in keys.items()]
    return short(" and ".join(words)) or "an empty condition"


def _values(values: Json) -> str:
    return " or ".join(
        str(value).lower() if isinstance(value, bool) else str(value) for value in _listed(values)
    )


def short(words: str, longest: int = _LONGEST_WORDS) -> str:
    """Return the words, cut where they are longer than a cell should be."""
    return words if len(words) <= longest else words[: longest - 1] + "…"


def worded(patterns: tuple[str, ...], *, left_out: bool) -> tuple[str, ...]:
    """Return patterns as they stand, or as what is left out by NotAction and NotResource."""
    return (f"all except {', '.join(patterns)}",) if left_out else patterns
