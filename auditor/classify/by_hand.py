"""Corrects what names tell by what people say in the configuration; their word is the rule."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import replace

from auditor.classify.catalogue import catalogue
from auditor.classify.names import publishes
from auditor.config import Loaded, Override
from auditor.errors import ConfigError
from auditor.models import Classification, Confidence, Role, Secret
from auditor.overrides import Overrides

SOME_SECRET = "generic-secret"  # noqa: S105 (a kind, not a password)
"""Kind of a secret of which nobody says more."""


def correct(
    secrets: Mapping[str, Secret], told: Mapping[str, Classification], overrides: Overrides
) -> dict[str, Classification]:
    """Return the classifications by secret id, those that people correct corrected."""
    corrected = dict(told)
    for id_, secret in secrets.items():
        if override := overrides.meaning(secret):
            corrected[id_] = _corrected(told[id_], override, secret.name)
    return corrected


def refuse_unknown_kinds(loaded: Loaded) -> None:
    """Raise ConfigError for an override whose kind the catalogue does not have."""
    known = catalogue().kinds
    for at, override in enumerate(loaded.settings.overrides):
        if override.kind and override.kind not in known:
            key = f"overrides.{at}.kind"
            close = difflib.get_close_matches(override.kind, known, 1)
            raise ConfigError(
                f"{loaded.origin(key)}: {key}: the catalogue has no such kind",
                f"did you mean {close[0]}?" if close else "auditor classify NAME shows kinds",
            )


def _corrected(told: Classification, override: Override, name: str) -> Classification:
    role = _role(told, override)
    kind = _kind(told, override, role)
    kept = (told.role, told.kind) == (role, kind)
    named = catalogue().kinds.get(kind)
    return replace(
        told,
        role=role,
        vendor=override.vendor or (told.vendor if kept or not named else named.vendor),
        kind=kind,
        part=_part(told, role, kind),
        rule=f"override {override.name}",
        confidence=Confidence.HIGH,
        published=role is Role.SECRET and publishes(name),
    )


def _role(told: Classification, override: Override) -> Role:
    """Return the role a person says; who names a kind or vendor of nothing known says a secret."""
    if override.role:
        return Role(override.role)
    return Role.SECRET if told.role is Role.UNCLASSIFIED else told.role


def _kind(told: Classification, override: Override, role: Role) -> str:
    """Return the kind a person says, or the first of the vendor, or what the name tells."""
    known = catalogue()
    if override.kind:
        return override.kind
    first = next((kind.id for kind in known.kinds.values() if kind.vendor == override.vendor), "")
    if override.vendor and override.vendor != told.vendor and first:
        return first
    return told.kind or (SOME_SECRET if role is Role.SECRET else "")


def _part(told: Classification, role: Role, kind: str) -> str:
    if role is Role.SECRET:
        return told.part if told.role is Role.SECRET and told.part else "secret"
    return told.part if (told.role, told.kind) == (role, kind) else ""
