"""Gathers what guards the default branches that a deploy key may push to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from auditor.models import Json
from auditor.providers.github import parts
from auditor.providers.github.documents import body, is_complete, refusal, text
from auditor.providers.github.part import Part
from auditor.providers.github.protection import (
    UNPROTECTED,
    Protection,
    binding_rulesets,
    passes_of,
    protection_of,
)


class Load(Protocol):
    """Loads a document of an organisation."""

    def __call__(self, part: Part, **names: str) -> Json | None:
        """Return the document of a part for these names, None where there is none."""


class Note(Protocol):
    """Keeps what was not read whole."""

    def __call__(self, part: Part, documents: Mapping[str, Json | None]) -> None:
        """Note the documents of a part, by name, of which some may be missing or refused."""


def guards(
    listed: list[dict[str, Any]],
    keys: Mapping[str, list[dict[str, Any]]],
    load: Load,
    note: Note,
) -> dict[str, Protection]:
    """Return what guards the default branches that a deploy key may push to, by repository."""
    open_ = {
        text(one, "name"): text(one, "default_branch") or "main"
        for one in listed
        if one.get("archived") is not True and any(map(is_writing, keys.get(text(one, "name"), ())))
    }
    of: dict[Part, dict[str, Json | None]] = {
        part: {name: load(part, repo=name, branch=at) for name, at in open_.items()}
        for part in (parts.BRANCH, parts.RULES, parts.PROTECTION)
    }
    rulesets = _rulesets(load, of[parts.RULES])
    note(parts.BRANCH, of[parts.BRANCH])
    note(parts.RULES, of[parts.RULES])
    note(parts.PROTECTION, {
        name: settings
        for name, settings in of[parts.PROTECTION].items()
        if body(of[parts.BRANCH][name]).get("protected") is True
        and text(settings, "message") != UNPROTECTED
    })  # fmt: skip
    note(parts.RULESET, {id_: _telling(one) for id_, one in rulesets.items()})
    return {
        name: protection_of(
            of[parts.BRANCH][name], of[parts.PROTECTION][name], of[parts.RULES][name], rulesets
        )
        for name in open_
    }


def _rulesets(load: Load, rules: Mapping[str, Json | None]) -> dict[str, Json | None]:
    """Return the rulesets that guard branches by id; each is read of one repository."""
    found: dict[str, Json | None] = {}
    for name, here in rules.items():
        for id_ in binding_rulesets(here):
            held = found.get(id_)
            found[id_] = held or load(parts.RULESET, repo=name, ruleset=id_)
    return found


def _telling(ruleset: Json | None) -> Json | None:
    """Return a ruleset, refused where it does not tell who may pass it."""
    if not is_complete(ruleset) or passes_of(ruleset) is not None:
        return ruleset
    why = "GitHub tells who may pass it to those alone who may change it"
    return refusal("Untold", why) | {"fix": "read it as an owner, or look at Settings > Rules"}


def is_writing(key: Mapping[str, Json]) -> bool:
    """Return whether a deploy key may push."""
    return key.get("read_only") is False and key.get("enabled") is not False
