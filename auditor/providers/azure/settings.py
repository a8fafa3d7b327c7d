"""The table `[providers.azure]` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.config import STRICT


@dataclass(frozen=True, slots=True)
class Settings:
    """What is read of Azure."""

    __pydantic_config__ = STRICT

    export: str = ""
    """Folder, or one file, of the Azure CLI's own JSON replies."""
