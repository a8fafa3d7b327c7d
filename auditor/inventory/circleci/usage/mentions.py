"""Which identities of providers a text of a configuration names, by forms that no secret has.

The forms are rows of `auditor/data/mentions.toml`; what is no such form is not kept.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import resources

_LONGEST = 300


def mentioned(text: str) -> Iterator[str]:
    """Yield every identity that the text names, as it is written there."""
    for sign, pattern in _forms():
        if sign in text:  # most texts hold none, and some are long
            for found in pattern.finditer(text):
                if len(found[1]) <= _LONGEST:
                    yield found[1]


@cache
def _forms() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return each form with what every text of it holds; the first group is the identity."""
    file = resources.files("auditor.data").joinpath("mentions.toml")
    rows = tomllib.loads(file.read_text("utf-8"))["mention"]
    return tuple((row["sign"], re.compile(row["form"])) for row in rows)
