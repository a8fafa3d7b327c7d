"""The table `[providers.gcp]` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.config import STRICT


@dataclass(frozen=True, slots=True)
class Settings:
    """What to read: an export."""

    __pydantic_config__ = STRICT

    export: str = ""
    """Folder of the gcloud CLI's own JSON output."""
