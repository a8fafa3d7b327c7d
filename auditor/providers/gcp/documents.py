"""The documents that both ways of collecting write: names, shapes, and what must not be in them.

gcp/entry/<scope>         the configured scope, and the refusal where nothing of it could be read
gcp/policies/<scope>      {"results"}: SearchAllIamPolicies
gcp/assets/<scope>        {"assets"}: projects, folders, service accounts, identity pool providers
gcp/audit-configs/<scope> {"assets"}: IAM policies of projects, folders, organisation, with audit
gcp/accounts/<project>    {"accounts"}: service accounts as the IAM API lists them
gcp/keys/<e-mail>         {"email", "keys"}: keys of one service account, ids masked, tails sealed
gcp/roles/<what>          {"roles"}: roles with their permissions
gcp/deny/<place>          {"resource", "policies"}: deny policies attached to one place
gcp/boundaries/<org>      {"policies", "bindings"}: principal access boundaries
gcp/logs/<place>          {"resource", "buckets", "sinks"}: log configuration
gcp/activity/<project>    {"project", "activities"}: last authentication of accounts and keys
gcp/insights/<project>    {"project", "insights"}: which granted permissions were used
gcp/uses/<project>        {"project", "entries"}: log entries in which a key was used from CI
gcp/groups/<e-mail>       {"email", "memberships"}: groups of one service account, nested ones too
gcp/members/<group>       {"memberships"}: direct members of one group
gcp/collected             {"time"}: as of when, which tells what has expired
gcp/tails                 sealed tails of project ids, and of what a JSON key can end in
gcp/export/files          the exported files that were found, and what was wrong with them

Each is the vendor's own JSON; a refused call leaves {"error": code, "message": text} beside what
was read before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from auditor.models import Json, Tail
from auditor.tails import Sealer, tail_from_json, tail_to_json

EXPORT_FILES = "gcp/export/files"
COLLECTED = "gcp/collected"
TAILS = "gcp/tails"
JSON_KEY_ENDINGS = ("Cg==", "fQo=", "Cn0K", "fQ==", "Igp9", "Cn0=", '"\n}\n', 'm"\n}')
"""How the JSON key of every service account ends, in base64 and plain: a sign of its type only."""
_KEY_ID = re.compile(r"\b([0-9a-f]{36})[0-9a-f]{4}\b")
_KEY_ID_LENGTH = 40
_SECRET = re.compile(r"[A-Za-z0-9_+=-]{64,}")
_NEVER_KEPT = ("privateKeyData", "privateKeyType", "publicKeyData", "etag")
_LONGEST_MESSAGE = 300
_LAST_YEAR = 9999
"""Keys that do not expire are said to do so at the end of it."""


def document_key(part: str, name: str = "") -> str:
    """Return the name of a document, such as gcp/keys/ci@p.iam.gserviceaccount.com."""
    safe = masked(name).replace("%", "%25").replace("/", "%2F")
    return f"gcp/{part}/{safe}" if name else f"gcp/{part}"


@lru_cache(maxsize=50_000)
def masked(text: str) -> str:
    """Return a text with the last four characters of every key id hidden: CI may show those."""
    return _KEY_ID.sub(r"\1****", text)


def clean(value: Any) -> Any:
    """Return JSON as the snapshot may keep it: key ids masked, key material left out.

    A lone surrogate, which JSON allows and nothing can write, becomes visible text.
    """
    if isinstance(value, str):
        # Most texts are too short for a key id, and there are many.
        plain = len(value) < _KEY_ID_LENGTH and value.isascii()
        return value if plain else _cleaned(value)
    if isinstance(value, Mapping):
        return {
            clean(str(key)): clean(item) for key, item in value.items() if key not in _NEVER_KEPT
        }
    if isinstance(value, (list, tuple)):
        return [clean(item) for item in value]
    return value


@lru_cache(maxsize=50_000)
def _cleaned(text: str) -> str:
    return masked(text if text.isascii() else text.encode("utf-8", "backslashreplace").decode())


def sealed_key(key: Mapping[str, Any], sealer: Sealer) -> dict[str, Any]:
    """Return one listed key with its id masked and its tail sealed beside it."""
    id_ = text(key, "name").rpartition("/")[2]
    return {**clean(key), "Tail": tail_to_json(sealer.seal(id_)) if id_ else None}


def sealed_tails(projects: Iterable[str], pools: Iterable[str], sealer: Sealer) -> dict[str, Any]:
    """Return the tails that masked variables are compared with.

    `pools`: names of workload identity pools and of their providers.
    """
    return {
        "pools": {pool: tail_to_json(sealer.seal(pool)) for pool in pools},
        "projects": {project: tail_to_json(sealer.seal(project)) for project in projects},
        "endings": [tail_to_json(sealer.seal(ending)) for ending in JSON_KEY_ENDINGS],
    }


def sealed(raw: Json) -> Tail | None:
    """Return a sealed tail as a document keeps it, None where it keeps none."""
    try:
        return tail_from_json(raw)
    except (KeyError, TypeError, ValueError):
        return None


def entries(document: Json, name: str) -> list[dict[str, Any]]:
    """Return the objects of a listing of a document, none where it is not a list of objects."""
    listing = document.get(name) if isinstance(document, dict) else None
    found = listing if isinstance(listing, list) else ()
    return [entry for entry in found if isinstance(entry, dict)]


def text(document: Json, name: str) -> str:
    """Return a text of a document, "" where it is none."""
    value = document.get(name) if isinstance(document, dict) else None
    return value if isinstance(value, str) else ""


def texts(document: Json, name: str) -> tuple[str, ...]:
    """Return the texts of a list of a document."""
    value = document.get(name) if isinstance(document, dict) else None
    found = value if isinstance(value, list) else ()
    return tuple(item for item in found if isinstance(item, str))


def parse_time(value: str) -> datetime | None:
    """Return a time as Google prints it; None for everything else, and for the year 9999: never.

    Fractions of a second may have nine digits, of which Python keeps six.
    """
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    if found.year >= _LAST_YEAR:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def is_complete(document: Json | None) -> bool:
    """Return whether a document is there and nothing of it was refused."""
    return isinstance(document, dict) and "error" not in document


def refusal(code: str, message: str) -> dict[str, str]:
    """Return what a failed call leaves in the snapshot: a code and one line without secrets."""
    first = next(iter(message.splitlines()), "")
    return {"error": code, "message": _SECRET.sub("****", masked(first))[:_LONGEST_MESSAGE]}
