"""Rows of a table of logs, back in the shape of the log's own records.

Names of columns are in lower case; a column of several fields is either taken apart into dotted
columns, as our own queries do, or one text in Hive's way: {type=IAMUser, sessioncontext={…}}.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from auditor import nesting
from auditor.models import Json

_TOKENS = re.compile(r"([A-Za-z0-9_]+)=|([{}])|, ?|([^,{}=]+=*[^,{}]*)")


@dataclass(frozen=True, slots=True)
class Shape:
    """What the table `data/logs.toml` says of a log's columns."""

    columns: tuple[str, ...]
    structs: Mapping[str, tuple[str, ...]]
    """Dotted names of what is below each column of several fields."""
    json: frozenset[str]
    flags: frozenset[str]
    paths: Mapping[str, tuple[str, ...]]
    """By a column in lower case, dotted or not, where its value stands in a record."""
    spelled: Mapping[str, str]
    """By a name within a struct in lower case, how records spell it."""

    def record(self, row: Mapping[str, str]) -> dict[str, Any]:
        """Return the record of a row; columns that no record has are left out."""
        found: dict[str, Any] = {}
        for column, cell in row.items():
            path = self.paths.get(column)
            if not path or not cell or cell == "null":
                continue
            place = found
            for branch in path[:-1]:
                place = place.setdefault(branch, {})
            place[path[-1]] = self._value(path[-1], cell)
        return found

    def _value(self, name: str, cell: str) -> Json:
        if name in self.json:
            return _parsed(cell)
        if name in self.structs:
            try:
                return self._struct(iter(_TOKENS.finditer(cell[1:])))
            except RecursionError:
                return {}
        return {"true": True, "false": False}.get(cell.lower()) if name in self.flags else cell

    def _struct(self, tokens: Iterator[re.Match[str]]) -> dict[str, Any]:
        """Return a struct in Hive's way of writing, up to the brace that ends it."""
        found: dict[str, Any] = {}
        name: str | None = None
        for token in tokens:
            key, brace, value = token.groups()
            if key:
                name = self.spelled.get(key)
            elif brace == "{":
                inner = self._struct(tokens)
                found |= {name: inner} if name else {}
            elif brace == "}":
                break
            elif value and name and value != "null":
                found[name] = value
        return found


@cache
def shape(source: str) -> Shape:
    """Return the shape of a source of logs."""
    table = tomllib.loads(files("auditor").joinpath("data/logs.toml").read_text("utf-8"))
    told = table["rows"][source]
    structs = {name: tuple(below) for name, below in told["structs"].items()}
    dotted = [f"{name}.{each}" for name, below in structs.items() for each in below]
    names = (*told["columns"], *structs, *dotted)
    return Shape(
        columns=tuple(told["columns"]),
        structs=structs,
        json=frozenset(told["json"]),
        flags=frozenset(told["flags"]),
        paths={name.lower(): tuple(name.split(".")) for name in names},
        spelled={part.lower(): part for name in dotted for part in name.split(".")[1:]},
    )


def _parsed(cell: str) -> Json:
    import msgspec  # noqa: PLC0415 (of the extra for hunts, without which nobody reads rows)

    try:
        found: Json = msgspec.json.decode(cell)
    except (msgspec.DecodeError, RecursionError):
        return None
    return found if nesting.is_shallow(found) else None
