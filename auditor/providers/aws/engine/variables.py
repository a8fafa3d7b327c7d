"""Fills policy variables: `${aws:username}`, `${key, 'default'}`, `${*}`, `${?}`, `${$}`.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from auditor.providers.aws.engine.context import Context, Values
from auditor.providers.aws.patterns import as_written, literal

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULT = re.compile(r"\s*([^,]*?)\s*,\s*'(.*)'\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Variable:
    """A key whose value is filled in, with what stands for it where the request lacks the key."""

    key: str
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its variables filled in.

    `pattern` keeps the wildcards that were written and takes those of values for characters;
    `text` is for comparing character by character. `is_open`: the value of a variable is not
    known; a `*` stands for it.
    """

    pattern: str
    text: str
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Template:
    """A text of a policy, in pieces where it holds variables."""

    source: str
    parts: tuple[str | Variable, ...] = ()
    plain: Filled | None = None
    """What it always is, where nothing depends on the request."""

    def fill(self, context: Context) -> Filled | None:
        """Return the text for a request; None where a variable has no value.

        "There is no equal or like value" to such a text, so it matches nothing.
        https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-no-value
        """
        if self.plain:
            return self.plain
        pieces, is_open = [], False
        for part in self.parts:
            values = (part,) if isinstance(part, str) else context.get(part.key)
            value = "*" if values is None else _single(values, part)
            if value is None:
                return None
            is_open = is_open or values is None
            pieces.append(value)
        pattern = "".join(pieces)
        return Filled(pattern, as_written(pattern), is_open)


def _single(values: Values, part: str | Variable) -> str | None:
    """Return what stands for a part; None for a variable without a value. Many values are none.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    if isinstance(part, str):
        return part
    if not values:
        return None if part.default is None else literal(part.default)
    return literal(values[0]) if len(values) == 1 else None


def template(source: str, *, variables: bool) -> Template:
    """Return a text of a policy. Before version 2012-10-17 a variable is plain text."""
    if not variables or "${" not in source:
        return Template(source, plain=Filled(source, source))
    parts = tuple(_parts(source))
    if any(isinstance(part, Variable) for part in parts):
        return Template(source, parts)
    pattern = "".join(part for part in parts if isinstance(part, str))
    return Template(source, plain=Filled(pattern, as_written(pattern)))


def _parts(source: str) -> Iterator[str | Variable]:
    at = 0
    for found in _VARIABLE.finditer(source):
        yield source[at : found.start()]
        yield _variable(found[1])
        at = found.end()
    yield source[at:]


def _variable(inside: str) -> str | Variable:
    if inside in ("*", "?", "$"):
        return literal(inside)
    if quoted := _DEFAULT.fullmatch(inside):
        return Variable(quoted[1].lower(), quoted[2])
    return Variable(inside.strip().lower())
