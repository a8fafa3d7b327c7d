"""Gets packages of npm that packaged tables are made from, each by its hash."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Package:
    """A package of npm by its version, and the hash of that."""

    name: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


def fetched(package: Package, folder: Path) -> Path:
    """Return the package's archive, once its hash is the one that is known."""
    plain = package.name.removeprefix("@").replace("/", "-")
    archive = folder / f"{plain}-{package.version}.tgz"
    if not archive.exists():
        asked = f"{package.name}@{package.version}"
        subprocess.run(["npm", "pack", asked], check=True, cwd=folder, capture_output=True)
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != package.sha256:
        sys.exit(f"{archive.name} is not the one that this script knows: {found}")
    return archive


def member(packed: tarfile.TarFile, name: str) -> IO[bytes]:
    """Return a file of the package."""
    found = packed.extractfile(f"package/{name}")
    if found is None:
        sys.exit(f"the package has no {name}")
    return found
