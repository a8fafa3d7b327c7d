"""Replaces a workbook that people may have open, or puts the new one beside it.

Nothing here leaves half a file under a name that matters: a new one is written under a temporary
name, flushed to disk, opened again and checked before it takes the place of the old one.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

BACKUPS = "backups"
KEPT = 10
"""Backups that stay; those of today stay whatever their number."""
STAMP = "%Y%m%dT%H%M%SZ"
CHANGED = "was changed or moved by somebody else while the audit ran"

Build = Callable[[IO[bytes]], None]
Check = Callable[[Path], None]


class Obstructed(Exception):
    """The workbook must not be replaced. The text follows its name."""


@dataclass(frozen=True, slots=True)
class Target:
    """The file to replace, as it was when it was read: `digest` is None where there was none."""

    path: Path
    digest: str | None
    now: datetime

    @property
    def stamp(self) -> str:
        """Return the time of the run as file names carry it."""
        return self.now.astimezone(UTC).strftime(STAMP)


def digest(path: Path) -> str | None:
    """Return the SHA-256 of a file, None where there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def obstacles(target: Target) -> Iterator[str]:
    """Yield why the file must not be replaced now."""
    path = target.path
    for lock in (path.with_name(f"~${path.name}"), path.with_name(f".~lock.{path.name}#")):
        if lock.exists():
            yield f"is open in another program (its lock file is {lock.name})"
    if digest(path) != target.digest:
        yield CHANGED
    if path.exists() and not _writable(path):
        yield "is write-protected"


def _writable(path: Path) -> bool:
    """Return whether the file may be written to, which replacing it would not ask."""
    return os.access(path, os.W_OK, effective_ids=os.access in os.supports_effective_ids)


def replace(target: Target, build: Build, check: Check) -> Path:
    """Replace the file, keep the old one as a backup, and return its path.

    Raises Obstructed or OSError, and leaves the old file as it was.
    """
    with _written(target.path, build, check) as temporary:
        for obstacle in obstacles(target):
            raise Obstructed(obstacle)
        if target.digest is not None:
            _back_up(target)
        temporary.replace(target.path)
    _flush_folder(target.path.parent)
    return target.path


def put_beside(target: Target, folder: Path, build: Build, check: Check) -> Path:
    """Write a new file into the folder, under a name that tells the time, and return its path."""
    wanted = folder / f"{target.path.stem}.new-{target.stamp}.xlsx"
    with _written(wanted, build, check) as temporary:
        path = _free(wanted)
        temporary.replace(path)
    return path


@contextlib.contextmanager
def _written(beside: Path, build: Build, check: Check) -> Iterator[Path]:
    """Give a finished, checked file, mode 0600, which is gone afterwards unless it was renamed."""
    handle, name = tempfile.mkstemp(prefix=".tracker-", suffix=".xlsx", dir=beside.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w+b") as file:
            build(file)
            file.flush()
            os.fsync(file.fileno())
        check(temporary)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _back_up(target: Target) -> None:
    """Copy the old file into the folder of backups, and make sure that it is the one read."""
    folder = target.path.parent / BACKUPS
    folder.mkdir(mode=0o700, exist_ok=True)
    backup = _free(folder / f"{target.path.stem}-{target.stamp}.xlsx")
    with target.path.open("rb") as old, backup.open("xb") as copy:
        backup.chmod(0o600)
        shutil.copyfileobj(old, copy)
        copy.flush()
        os.fsync(copy.fileno())
    if digest(backup) != target.digest:
        raise Obstructed(CHANGED)
    _prune(target, folder)


def _prune(target: Target, folder: Path) -> None:
    """Remove the oldest backups, never one of today."""
    named = re.compile(rf"{re.escape(target.path.stem)}-(\d{{8}})T\d{{6}}Z(-\d+)?\.xlsx")
    found = sorted((path.name, path) for path in folder.iterdir() if named.fullmatch(path.name))
    for name, path in found[:-KEPT]:
        if not name.startswith(f"{target.path.stem}-{target.stamp[:8]}"):
            path.unlink(missing_ok=True)


def _free(path: Path) -> Path:
    """Return the path, or one with a number where that is taken."""
    candidate, count = path, 1
    while candidate.exists():
        count += 1
        candidate = path.with_name(f"{path.stem}-{count}{path.suffix}")
    return candidate


def _flush_folder(folder: Path) -> None:
    """Make the renaming last: a crash after it shows the old file or the new, never none."""
    with contextlib.suppress(OSError):  # not every system can open a folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
