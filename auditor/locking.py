"""One run at a time in an output folder: two would each replace the workbook of the other.

The lock is the operating system's own and goes with the process, however that ends.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from auditor.errors import ConfigError

NAME = ".lock"
_TAKEN = frozenset((errno.EAGAIN, errno.EACCES))


@contextmanager
def alone(folder: Path, now: datetime) -> Iterator[None]:
    """Hold the folder meanwhile. ConfigError, which says who holds it, where somebody does.

    Where the file system knows no locks, or the system has none (Windows), nothing is held.
    """
    file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not _lock(file):
            holder = os.read(file, 200).decode("utf-8", "replace").strip()
            raise ConfigError(
                f"another run is at work in {folder}: {holder or 'it does not say which'}",
                "wait for it to end, or name another folder with --out",
            )
        os.ftruncate(file, 0)
        os.write(file, f"process {os.getpid()}, since {now:%Y-%m-%d %H:%M:%S %Z}\n".encode())
        yield
    finally:
        os.close(file)


def _lock(file: int) -> bool:
    try:
        import fcntl  # noqa: PLC0415 (not on Windows)

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        return True
    except OSError as error:
        return error.errno not in _TAKEN
    return True
