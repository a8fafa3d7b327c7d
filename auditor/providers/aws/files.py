"""Finds and parses the exported files: what each one is, or why it cannot be used.

An export is a folder of replies of the AWS CLI in any arrangement: files are known by their
content. A file may hold several replies after one another, as a shell loop writes them, or a list.
"""

from __future__ import annotations

import base64
import codecs
import gzip
import io
import json
import os
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST_FILE = 128 * 2**20
LARGEST_EXPORT = 512 * 2**20
MOST_FILES = 50_000

_KINDS = {
    "UserDetailList": "get-account-authorization-details",
    "AccessKeyMetadata": "list-access-keys",
    "AccessKeyLastUsed": "get-access-key-last-used",
    "Content": "get-credential-report",
    "AccountAliases": "list-account-aliases",
    "Organization": "describe-organization",
    "trailList": "describe-trails",
    "DetectorIds": "list-detectors",
    "OpenIDConnectProviderList": "list-open-id-connect-providers",
    "ClientIDList": "get-open-id-connect-provider",
    "ServicesLastAccessed": "get-service-last-accessed-details",
    "ServiceControlPolicies": "guardrails",
    "ResourceControlPolicies": "guardrails",
    "ResourcePolicy": "get-policy",
}
_REPORT_HEADER = b"user,arn,"
_NOT_TEXT = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
"""Byte order marks, the other halves of UTF-16 letters, and space."""
_GZIP, _GZIP_HEAD = ".gz", b"\x1f\x8b"
_SUFFIXES = (".json", ".csv")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of the CLI. `kind` is the command's name, `file` the path inside the export."""

    kind: str
    document: dict[str, Any]
    file: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that cannot be used, or can only in part, and why."""

    file: str
    why: str
    strange: bool = False
    """Whether it is sound, but no reply of a call that the audit reads."""


class _Unusable(Exception):
    """Says why a file cannot be used."""


def read_export(export: Path) -> Iterator[Reply | Problem]:
    """Yield the replies found in a file or below a folder, and what is wrong with other files."""
    if export.is_file():
        paths, folder = iter((export.resolve(),)), export.resolve().parent
    elif export.is_dir():
        paths, folder = _paths(export), export
    else:
        yield Problem(str(export), "the export folder does not exist")
        return
    left = LARGEST_EXPORT
    for number, path in enumerate(paths):
        name = path.relative_to(folder).as_posix()
        if number >= MOST_FILES or left <= 0:
            yield Problem(name, "the export is too large: this file and the rest were not read")
            return
        try:
            data = _data(path, folder)
            left -= len(data)
            yield from _replies(name.removesuffix(_GZIP), data)
        except (_Unusable, ValueError, RecursionError, OSError) as error:
            yield Problem(name, _reason(error))


def _paths(folder: Path) -> Iterator[Path]:
    """Yield every file below the folder, sorted; links to folders are not followed but yielded."""
    for where, folders, names in os.walk(folder):
        folders.sort()
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        yield from (Path(where) / name for name in sorted([*names, *links]))


def _data(path: Path, folder: Path) -> bytes:
    """Return the bytes of a plain file; nothing outside the folder is opened, and no pipe."""
    if path.is_symlink() and not path.resolve().is_relative_to(folder.resolve()):
        raise _Unusable("it is a link out of the export folder")
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise _Unusable("it is not a plain file")
    if found.st_size > LARGEST_FILE:
        raise _Unusable(f"it is larger than {LARGEST_FILE // 2**20} MiB")
    data = path.read_bytes()
    return _unpacked(data) if data.startswith(_GZIP_HEAD) else data


def _unpacked(data: bytes) -> bytes:
    """Return what a gzip file holds, of which no more is unpacked than a plain file may have."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            found = packed.read(LARGEST_FILE + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise _Unusable("it is broken gzip") from error
    if len(found) > LARGEST_FILE:
        raise _Unusable(f"it is larger than {LARGEST_FILE // 2**20} MiB")
    return found


def _replies(name: str, data: bytes) -> Iterator[Reply | Problem]:
    head = data[:64].translate(None, _NOT_TEXT)
    if head.startswith((b"{", b"[")):
        yield from _json_replies(name, _decoded(data))
    elif head.startswith(_REPORT_HEADER):
        content = base64.b64encode(_decoded(data).encode()).decode("ascii")
        report = {"Content": content, "ReportFormat": "text/csv"}
        yield Reply("get-credential-report", report, name)
    elif name.lower().endswith(_SUFFIXES):
        raise _Unusable("it is empty" if not data.strip() else "it is neither JSON nor a report")


def _json_replies(name: str, content: str) -> Iterator[Reply | Problem]:
    strange = 0
    for document in _documents(content):
        kind = _kind(document)
        strange += not kind
        if kind:
            yield Reply(kind, document, name)
    if strange:
        yield Problem(name, "it is no reply of a call that the audit reads", strange=True)


def _kind(document: dict[str, Any]) -> str:
    """Return which call a reply is of, "" for none that the audit reads."""
    policy, attributes = document.get("Policy"), document.get("Attributes")
    if isinstance(policy, str):  # iam get-policy has an object there
        return "get-policy"
    if isinstance(attributes, dict) and not attributes.keys().isdisjoint(("QueueArn", "TopicArn")):
        return "get-attributes"
    return next((_KINDS[key] for key in document if key in _KINDS), "")


def _documents(content: str) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects written one after the other, lists taken apart."""
    decoder, at = json.JSONDecoder(), 0
    while (at := _past_space(content, at)) < len(content):
        value, at = decoder.raw_decode(content, at)
        items = value if isinstance(value, list) else [value]
        yield from (item if isinstance(item, dict) else {} for item in items)


def _past_space(content: str, at: int) -> int:
    while at < len(content) and content[at].isspace():
        at += 1
    return at


def _decoded(data: bytes) -> str:
    """Return the text: UTF-8, or the UTF-16 that PowerShell's > writes."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16")
    return data.decode("utf-8-sig")


def _reason(error: Exception) -> str:
    """Return why a file cannot be used, without any of its text."""
    if isinstance(error, json.JSONDecodeError):
        return f"it is broken JSON: {error.msg}, line {error.lineno}"
    if isinstance(error, UnicodeDecodeError):
        return "it is neither UTF-8 nor UTF-16 text"
    if isinstance(error, OSError):
        return f"it cannot be read: {error.strerror or type(error).__name__}"
    return str(error) if isinstance(error, _Unusable) else "it is nested too deeply or broken"
