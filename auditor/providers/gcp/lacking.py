"""Says what an exported object lacks without which it would be read as if it gave nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditor.models import Json
from auditor.providers.gcp.documents import text
from auditor.providers.gcp.estate import ACCOUNT_ASSET, PROJECT_ASSET, asset_data

_NAMES = {PROJECT_ASSET: "projectId", ACCOUNT_ASSET: "email"}
"""By what an asset of a type is known."""


def bindings(result: Mapping[str, Any]) -> str:
    """Return what is wrong with a result of the search for policies, "" for nothing."""
    found = result["policy"].get("bindings", []) if isinstance(result["policy"], dict) else None
    if not text(result, "resource") or not isinstance(found, list):
        return "it holds policies without a resource or bindings: they were left out"
    if not all(text(one, "role") and is_texts(one, "members") for one in found):
        return "it holds policies with bindings that are none: those were left out"
    return ""


def asset_name(asset: Mapping[str, Any]) -> str:
    """Return what is wrong with the name of an asset, "" for nothing."""
    kind = text(asset, "assetType")
    unnamed = kind in _NAMES and "resource" in asset and not text(asset_data(asset), _NAMES[kind])
    if not kind or unnamed:
        return "it holds assets that do not tell what they are: they were left out"
    return ""


def is_texts(item: Json, name: str) -> bool:
    """Return whether a field holds a list of texts, or is not there."""
    return _is_list_of(str, item, name)


def is_objects(item: Json, name: str) -> bool:
    """Return whether a field holds a list of objects, or is not there."""
    return _is_list_of(dict, item, name)


def _is_list_of(kind: type, item: Json, name: str) -> bool:
    listed = item.get(name, []) if isinstance(item, dict) else None
    return isinstance(listed, list) and all(isinstance(one, kind) for one in listed)
