"""Shows what names tell and by which rule, for `auditor classify`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from auditor.classify.by_hand import refuse_unknown_kinds
from auditor.classify.catalogue import kinds
from auditor.classify.entries import judge
from auditor.config import load
from auditor.errors import ConfigError
from auditor.models import Classification, Exposure, Json, Known, Scope, ScopeKind, Secret
from auditor.overrides import Overrides
from auditor.report.text import for_terminal

COLUMNS = ("name", "role", "vendor", "kind", "group", "confidence", "rule")


def names_in(file: Path) -> list[str]:
    """Return the names in a file, one a line; "-" is stdin. ConfigError where it cannot be read.

    Of a line such as `export NAME=value` only the name is taken: files of names hold secrets too.
    """
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8", "backslashreplace")
    except OSError as error:
        raise ConfigError(
            f"cannot read {file}: {error.strerror}", "name a file with one name a line"
        ) from error
    lines = (line.strip().removeprefix("export ") for line in text.splitlines())
    names = (line.partition("=")[0].strip() for line in lines if not line.startswith("#"))
    return [name for name in names if name]


def show(names: Iterable[str], config: Path | None, stream: TextIO, *, as_json: bool) -> None:
    """Print what each name tells, the names taken for those of one scope.

    Overrides of the configuration count, those for scopes of certain names aside.
    """
    loaded = load(config)
    refuse_unknown_kinds(loaded)
    told = explain(list(dict.fromkeys(names)), Overrides(loaded.settings.overrides))
    if as_json:
        stream.write(json.dumps(told, indent=1) + "\n")
        return
    encoding = stream.encoding or "utf-8"
    for line in _table(told):
        stream.write(for_terminal(line).encode(encoding, "backslashreplace").decode(encoding))
        stream.write("\n")


def explain(names: Sequence[str], overrides: Overrides) -> Json:
    """Return role, vendor, kind, group, rule and confidence of each name, by name."""
    secrets = {name: _entry(name) for name in names}
    return {name: _facts(one) for name, one in judge(secrets, overrides).items()}


def _facts(told: Classification) -> Json:
    kind = kinds().get(told.kind)
    return {
        "role": told.role.value,
        "vendor": told.vendor,
        "kind": told.kind,
        "part": told.part,
        "group": " ".join(filter(None, (told.kind, told.stem))) if told.part else "",
        "rule": told.rule,
        "confidence": told.confidence.value,
        "published": told.published,
        "note": kind.note if kind else "",
        "console": kind.console if kind else "",
        "revoke": kind.revoke if kind else "",
    }


def _entry(name: str) -> Secret:
    nowhere = Scope(ScopeKind.PROJECT, "", "", "")
    exposure = Exposure(Known(False), Known(0), Known(False))
    return Secret(name, "", "", nowhere, name, None, None, None, exposure, None)


def _table(told: Json) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [COLUMNS]
    for name, facts in told.items():
        rule = f"{facts['rule']}; builds publish it" if facts["published"] else facts["rule"]
        cells = {**facts, "name": name, "rule": rule}
        rows.append(tuple(for_terminal(str(cells[column])) or "-" for column in COLUMNS))
    widths = [max(len(row[at]) for row in rows) for at in range(len(COLUMNS))]
    for row in rows:
        cells_ = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells_).rstrip()
