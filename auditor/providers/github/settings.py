"""The table `[providers.github]` of the configuration."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.config import STRICT


@dataclass(frozen=True, slots=True)
class Settings:
    """Which exported files to read."""

    __pydantic_config__ = STRICT

    export: str = ""
    """Folder of what `gh api --paginate` printed."""

    @property
    def organizations(self) -> tuple[str, ...]:
        """Return the organisations that are asked for by name."""
        return ()

    @property
    def web(self) -> str:
        """Return the address of the web pages."""
        return "https://github.com"
