"""Where this machine has credentials for Azure: names, never a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

_VARIABLES = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID")


def located(environ: Mapping[str, str], home: Path) -> Iterator[str]:
    """Yield each, in words."""
    if all(environ.get(name) for name in _VARIABLES):
        yield f"variables {' and '.join(_VARIABLES)}"
    folder = Path(environ.get("AZURE_CONFIG_DIR") or home / ".azure")
    if (folder / "azureProfile.json").is_file():
        yield "az, as whom az login says"
