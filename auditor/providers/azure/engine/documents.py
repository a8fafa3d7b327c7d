"""Reads what Azure and its CLI print of role-based access: assignments, definitions, denials.

Both shapes are read: that of the API, with everything under "properties", and the flat one of
`az role assignment list` and `az role definition list`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.models import Json
from auditor.providers.azure.engine.scopes import normal

EVERYONE = "00000000-0000-0000-0000-000000000000"
"""The principal of a deny assignment that is meant for everybody.

https://learn.microsoft.com/azure/role-based-access-control/deny-assignments#the-all-principals-principal
"""

_GUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class Malformed(ValueError):
    """A document, or a field of a request, that is not what it should be; it says where."""


@dataclass(frozen=True, slots=True)
class Block:
    """One permission block: what it gives, less what it takes away from itself alone."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    data_actions: tuple[str, ...]
    not_data_actions: tuple[str, ...]
    condition: str = ""

    def given(self, *, data: bool) -> tuple[str, ...]:
        """Return the patterns that it gives, of one of the two planes."""
        return self.data_actions if data else self.actions

    def taken(self, *, data: bool) -> tuple[str, ...]:
        """Return the patterns that it leaves out, of one of the two planes."""
        return self.not_data_actions if data else self.not_actions


@dataclass(frozen=True, slots=True)
class Definition:
    """A role: `id` is the GUID at the end of its path, in lower case."""

    id: str
    name: str
    custom: bool
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role given to a principal at a scope. Ids in lower case, scopes normal."""

    id: str
    principal_id: str
    principal_type: str
    definition_id: str
    scope: str
    condition: str = ""
    role: str = ""
    """Name of the role, where whoever printed the assignment told it."""


@dataclass(frozen=True, slots=True)
class Denial:
    """A deny assignment."""

    id: str
    name: str
    scope: str
    blocks: tuple[Block, ...]
    principals: frozenset[str]
    excluded: frozenset[str]
    here_only: bool
    """It does not apply to what lies below its scope."""

    def hits(self, principals: frozenset[str]) -> bool:
        """Return whether one who is, or is a member of, these principals is meant."""
        meant = EVERYONE in self.principals or bool(self.principals & principals)
        return meant and not self.excluded & principals


def read_definition(document: Json, where: str = "definition") -> Definition:
    """Return a role definition, also as PowerShell prints it. Malformed where it is none."""
    fields = _flat(document, where)
    name, path = _text(fields, "name", where), _text(fields, "id", where)
    # The API names a role by its GUID; PowerShell, and lists made by others, by its title.
    id_ = name if _GUID.fullmatch(name) or not path else path
    kind = _text(fields, "roleType", where) or _text(fields, "type", where)
    if "permissions" not in fields and "actions" in fields:
        fields = {**fields, "permissions": [fields]}
    return Definition(
        id=last_part(_needed(id_, f"{where}, name")),
        name=_text(fields, "roleName", where) or name or id_,
        custom=kind.lower() == "customrole" or fields.get("isCustom") is True,
        blocks=_blocks(fields, where),
    )


def read_assignment(document: Json, where: str = "assignment") -> Assignment:
    """Return a role assignment. Malformed where it is none."""
    fields = _flat(document, where)
    role = last_part(_text(fields, "roleDefinitionId", where))
    principal = _text(fields, "principalId", where).lower()
    return Assignment(
        id=_text(fields, "id", where) or _text(fields, "name", where),
        principal_id=_needed(principal, f"{where}, principalId"),
        principal_type=_text(fields, "principalType", where),
        definition_id=_needed(role, f"{where}, roleDefinitionId"),
        scope=_scope(fields, where),
        condition=_text(fields, "condition", where).strip(),
        role=_text(fields, "roleDefinitionName", where),
    )


def read_denial(document: Json, where: str = "deny assignment") -> Denial:
    """Return a deny assignment. Malformed where it is none."""
    fields = _flat(document, where)
    id_ = _text(fields, "id", where) or _text(fields, "name", where)
    return Denial(
        id=id_,
        name=_text(fields, "denyAssignmentName", where) or id_,
        scope=_scope(fields, where),
        blocks=_blocks(fields, where),
        principals=_ids(fields, "principals", where),
        excluded=_ids(fields, "excludePrincipals", where),
        here_only=fields.get("doNotApplyToChildScopes") is True,
    )


def last_part(path: str) -> str:
    """Return what stands behind the last slash, in lower case: a role's GUID."""
    return path.rstrip("/").rpartition("/")[2].lower()


def _flat(document: Json, where: str) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise Malformed(f"{where}: it is not an object")
    fields = _small(document)
    inner = fields.get("properties")
    return {**fields, **_small(inner)} if isinstance(inner, Mapping) else fields


def _small(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an object whose names begin small: Azure's own roles hold "Actions" here and there.

    Read by one spelling alone, such a block would give nothing and its role look harmless.
    """
    if any(name[:1].isupper() for name in document):
        return {name[:1].lower() + name[1:]: value for name, value in document.items()}
    return document


def _blocks(fields: Mapping[str, Any], where: str) -> tuple[Block, ...]:
    found = fields.get("permissions")
    if not isinstance(found, list):
        raise Malformed(f"{where}, permissions: it is not a list")
    return tuple(_block(item, f"{where}, permissions {n}") for n, item in enumerate(found, 1))


def _block(document: Json, where: str) -> Block:
    if not isinstance(document, Mapping):
        raise Malformed(f"{where}: it is not an object")
    document = _small(document)
    return Block(
        actions=_patterns(document, "actions", where),
        not_actions=_patterns(document, "notActions", where),
        data_actions=_patterns(document, "dataActions", where),
        not_data_actions=_patterns(document, "notDataActions", where),
        condition=_text(document, "condition", where).strip(),
    )


def _patterns(fields: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = fields.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Malformed(f"{where}, {name}: it is not a list of texts")
    return tuple(item.strip() for item in value)


def _ids(fields: Mapping[str, Any], name: str, where: str) -> frozenset[str]:
    value = fields.get(name)
    if value is None:
        return frozenset()
    if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
        raise Malformed(f"{where}, {name}: it is not a list of objects")
    return frozenset(_text(item, "id", f"{where}, {name}").lower() for item in value)


def _scope(fields: Mapping[str, Any], where: str) -> str:
    scope = _text(fields, "scope", where)
    if not scope.startswith("/"):
        raise Malformed(f"{where}, scope: it does not begin with a slash")
    return normal(scope)


def _text(fields: Mapping[str, Any], name: str, where: str) -> str:
    value = fields.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"{where}, {name}: it is not a text")
    return value


def _needed(value: str, where: str) -> str:
    if not value:
        raise Malformed(f"{where}: it is missing")
    return value
