"""Where this machine has credentials for Google Cloud: names, never a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

_VARIABLE = "GOOGLE_APPLICATION_CREDENTIALS"


def located(environ: Mapping[str, str], home: Path) -> Iterator[str]:
    """Yield each, in words."""
    if environ.get(_VARIABLE):
        yield f"variable {_VARIABLE}"
    folder = Path(environ.get("CLOUDSDK_CONFIG") or home / ".config" / "gcloud")
    if (folder / "application_default_credentials.json").is_file():
        yield "application default credentials of gcloud"
    elif any((folder / "configurations").glob("config_*")):
        yield "gcloud, which still wants: gcloud auth application-default login"
