"""Reads hunts: ours from the package, other people's from a folder of Sigma rules.

A rule that cannot be read, converted or answered from normalised events becomes a `Refused` with
the reason; only a mistake in our own rules is an error.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError
from sigma.exceptions import SigmaError
from sigma.processing.pipeline import ProcessingItem, ProcessingPipeline
from sigma.processing.transformations import FieldMappingTransformation
from sigma.rule import SigmaRule

from auditor import nesting
from auditor.errors import ConfigError
from auditor.hunts.rules.backend import SqlBackend
from auditor.hunts.rules.definition import Cases, Document, Hunt, Level, Refused
from auditor.hunts.rules.operators import Match, Operator
from auditor.hunts.tables import table

LARGEST = 2**20
"""Bytes of one file of rules."""
MALFORMED = (SigmaError, ValueError, TypeError, AttributeError, LookupError, RecursionError)
"""What pySigma raises on documents whose parts are of other types than a rule has there."""
_OPERATOR: TypeAdapter[Operator] = TypeAdapter(Operator)
_NOT_OPERATOR = ("question", "finds", "ignores")
_ANY = "any"
"""The category of a rule about identities of every platform."""


@cache
def packaged() -> tuple[Hunt, ...]:
    """Return the hunts of `auditor/data/hunts`; a mistake in one of them is an error."""
    folder = files("auditor").joinpath("data", "hunts")
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".yml"))
    return tuple(
        compile_rule(document, name)
        for name in names
        for document in documents(folder.joinpath(name).read_text("utf-8"))
    )


def from_folder(folder: Path) -> tuple[tuple[Hunt, ...], tuple[Refused, ...]]:
    """Return the hunts of a folder of rules and the rules that cannot be run here.

    ConfigError where the folder is not there or holds no rule.
    """
    found = sorted(path for ending in ("*.yml", "*.yaml") for path in folder.rglob(ending))
    if not found:
        raise ConfigError(f"{folder} holds no rule", "name a folder of Sigma rules (*.yml)")
    read = [each for path in found for each in _read(path, str(path.relative_to(folder)))]
    hunts = {one.id: one for one in read if isinstance(one, Hunt)}
    return tuple(hunts.values()), tuple(one for one in read if isinstance(one, Refused))


def _read(path: Path, name: str) -> Iterator[Hunt | Refused]:
    try:
        if path.stat().st_size > LARGEST:
            yield Refused(name, name, f"the file is larger than {LARGEST} bytes")
            return
        found = documents(path.read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError) as error:
        yield Refused(name, name, f"cannot be read: {_first_line(error)}")
        return
    for document in found:
        title = str(document.get("title", name)) if isinstance(document, dict) else name
        try:
            yield compile_rule(document, name, ours=False)
        except MALFORMED as error:
            yield Refused(title, name, _first_line(error))


def documents(text: str) -> list[Any]:
    """Return the documents of a YAML file; aliases, which make a small file large, are an error."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, loader)):
        raise yaml.YAMLError("aliases are not taken")
    return [nesting.checked(one) for one in yaml.load_all(text, loader)]


def compile_rule(document: Any, file: str, *, ours: bool = True) -> Hunt:
    """Return the hunt of one document; ValueError or SigmaError where it makes none."""
    if not isinstance(document, Mapping) or "detection" not in document:
        raise ValueError("it is no Sigma rule of a log: it has no detection")
    rule = SigmaRule.from_dict({key: value for key, value in document.items() if key != "hunt"})
    told = document.get("hunt", {})
    return Hunt(
        id=str(rule.id or f"{file}:{rule.title}"),
        title=rule.title,
        description=rule.description or "",
        level=Level(rule.level.name.lower()) if rule.level else Level.MEDIUM,
        tags=tuple(map(str, rule.tags)),
        false_positives=tuple(map(str, rule.falsepositives)),
        platform=_platform(rule),
        condition=condition(rule, _pipeline(rule.logsource.product, ours=ours)),
        question=told.get("question", ""),
        document=document,
        file=file,
        operator=_operator(told),
        cases=Cases(tuple(told.get("finds", ())), tuple(told.get("ignores", ()))),
        ours=ours,
    )


def condition(rule: SigmaRule, pipeline: ProcessingPipeline | None = None) -> str:
    """Return the SQL condition of a rule; several conditions of one rule are alternatives."""
    queries = SqlBackend(pipeline).convert_rule(rule)
    return f"({' OR '.join(queries)})"


def _operator(told: Document) -> Operator:
    chosen = {key: value for key, value in told.items() if key not in _NOT_OPERATOR}
    if not chosen:
        return Match()
    try:
        return _OPERATOR.validate_python(chosen)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"hunt.{place}: {first['msg']}") from error


def _platform(rule: SigmaRule) -> str | None:
    product = rule.logsource.product
    if product is None and rule.logsource.category == _ANY:
        return None
    if product not in _vendors():
        raise ValueError(f"no log of {product or rule.logsource.category} is read")
    return product


def _pipeline(product: str | None, *, ours: bool) -> ProcessingPipeline | None:
    """Return how a rule on the vendor's own field names becomes one on normalised names."""
    if ours or product is None:
        return None
    names: dict[str, Any] = _vendors()[product]
    kept = {name: f"details.{name}" for name in table()["details"].get(names["source"], ())}
    mapping: dict[str | None, Any] = {**kept, **names["fields"]}
    return ProcessingPipeline(items=[ProcessingItem(FieldMappingTransformation(mapping))])


@cache
def _vendors() -> Mapping[str, Any]:
    """Return the table of vendors' field names, by Sigma's name of the product."""
    table = files("auditor").joinpath("data", "hunt_fields.toml")
    return tomllib.loads(table.read_text("utf-8"))


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
