"""Reads TOML with the line of every key, so that a mistake can be shown where it stands.

`tomllib` keeps no positions; a scan of the headers and assignments finds them again.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from auditor import nesting
from auditor.errors import ConfigError


def read(file: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """Return the table of a TOML file and the line (from 1) of each of its keys, by dotted key.

    ConfigError names file and line, and never repeats a value: it could be a pasted token.
    """
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"cannot read the configuration {file}: {_reason(error)}",
            "make one with: auditor config init",
        ) from error
    try:
        table = nesting.checked(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            _syntax_error(file, text, str(error)), "see config.example.toml"
        ) from error
    except (ValueError, RecursionError) as error:  # neither of them is a TOMLDecodeError
        raise ConfigError(
            f"{file}: it holds too long a number, or is nested too deeply",
            "see config.example.toml",
        ) from error
    return table, key_lines(text)


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (
        error.strerror or type(error).__name__ if isinstance(error, OSError) else "not UTF-8 text"
    )


def _syntax_error(file: Path, text: str, message: str) -> str:
    found = re.search(r"at line (\d+)", message)
    lines = text.rstrip("\n").split("\n")
    line = int(found[1]) if found else len(lines)
    key = _SETTING.match(lines[line - 1]) if 0 < line <= len(lines) else None
    reason = re.sub(r"\s*\(at [^)]*\)", "", message)
    return f"{file}:{line}: {key[1] + ': ' if key else ''}{reason}"


_SETTING = re.compile(r"\s*([a-z][a-z_.]{0,60})\s*=(?!\s*=)")
"""What may be shown of a line that is wrong: the name of a setting, never what could be a value.

A line of a private key ends in "=" too.
"""


_HEADER = re.compile(r"^\s*(\[\[?)([A-Za-z0-9_.\-\"' \t]+)\]\]?\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"^\s*([A-Za-z0-9_.\-\"']+)\s*=")


def key_lines(text: str) -> dict[str, int]:
    """Return the line (from 1) of every table and key of a TOML text, by dotted key.

    Lists count from 0.
    """
    lines: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.split("\n"), 1):  # as tomllib counts them
        if header := _HEADER.match(line):
            table = _dotted(header[2])
            if header[1] == "[[":
                index = counts[table] = counts.get(table, -1) + 1
                table = f"{table}.{index}"
            lines.setdefault(table, number)
        elif key := _ASSIGNMENT.match(line):
            lines.setdefault(f"{table}.{_dotted(key[1])}".lstrip("."), number)
    return lines


def _dotted(name: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in name.split("."))
