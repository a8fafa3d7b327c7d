"""Reads files that people exported: bounded, and without a word of what is in them in an error."""

from __future__ import annotations

import codecs
import json
import stat
from pathlib import Path

from auditor.models import Json

LARGEST_FILE = 256 * 2**20


class Unusable(Exception):
    """A file that cannot be read, or holds no JSON; it says why."""


def read_json(path: Path) -> Json:
    """Return the JSON of a plain file. Unusable says why there is none."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise Unusable("it is not a plain file")
        if found.st_size > LARGEST_FILE:
            raise Unusable(f"it is larger than {LARGEST_FILE // 2**20} MiB")
        return json.loads(_decoded(path.read_bytes()))
    except OSError as error:
        raise Unusable(f"it cannot be read: {error.strerror or type(error).__name__}") from error
    except UnicodeDecodeError as error:
        raise Unusable("it is neither UTF-8 nor UTF-16 text") from error
    except json.JSONDecodeError as error:
        raise Unusable(f"it is broken JSON: {error.msg}, line {error.lineno}") from error
    except (ValueError, RecursionError) as error:
        raise Unusable("it is nested too deeply, or broken") from error


def _decoded(data: bytes) -> str:
    """Return the text: UTF-8, or the UTF-16 that PowerShell's > writes."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")
