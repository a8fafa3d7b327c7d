"""The documents that both ways of collecting write, and what must not be in them.

`github` + the path of the REST call (github/orgs/acme/repos, github/repos/acme/shop/keys), with
"-admin" behind the members that are owners. Each holds the reply, cut to the fields of its part:
"Items" for a list, "Body" for an object. A refused call leaves "error", "message" and, where
GitHub names one, "sso", the address at which to authorize the token, beside what came before.

github/credential      "User" or "App": whose credential the audit used, and its scopes
github/export/files    the exported files, and what was wrong with them

No token's characters are kept: the last of `token_last_eight` are sealed. Names and ids that a
variable may hold are sealed beside themselves, to be compared with what CI shows of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from auditor.models import Json
from auditor.providers.github.part import Part
from auditor.providers.github.parts import AUTHORIZATIONS, DEPLOY_KEYS, INSTALLATIONS, USER_KEYS
from auditor.providers.github.ssh import fingerprints
from auditor.tails import Sealer, tail_to_json

CREDENTIAL = "github/credential"
EXPORT_FILES = "github/export/files"
ORGANIZATIONS = "github/orgs/"

_TOKEN = re.compile(r"\b(gh[pousr]_|github_pat_)[A-Za-z0-9_]+")
_LONGEST_MESSAGE = 300


def listing(part: Part, items: Iterable[Json], sealer: Sealer) -> dict[str, Any]:
    """Return the document of a list; what is no entry of it is dropped and said."""
    found = [(item, is_one(part, item)) for item in items]
    document: dict[str, Any] = {"Items": [_kept(part, item, sealer) for item, is_ in found if is_]}
    wrong = [number for number, (_, is_) in enumerate(found, 1) if not is_]
    if wrong:
        told = f"{len(wrong):,} of {len(found):,}, the first is entry {wrong[0]}"
        message = f"the listing holds what is no entry of it ({told})"
        document |= {"error": "Strange", "message": message}
    return document


def single(part: Part, body: Json, sealer: Sealer) -> dict[str, Any]:
    """Return the document of one object."""
    if not is_one(part, body):
        return {"error": "Strange", "message": "the reply is not what GitHub answers"}
    return {"Body": _kept(part, body, sealer)}


def is_one(part: Part, item: Json) -> bool:
    """Return whether something is an entry of a listing, or the object, as GitHub has them."""
    return isinstance(item, dict) and item.get(part.must) not in (None, "")


def _kept(part: Part, item: Mapping[str, Json], sealer: Sealer) -> dict[str, Any]:
    kept: dict[str, Any] = {name: clean(item[name]) for name in part.keep if name in item}
    for name in ("owner", "account"):
        if isinstance(kept.get(name), dict):
            kept[name] = {"login": text(kept[name], "login")}
    if part is AUTHORIZATIONS:
        last = str(kept.pop("token_last_eight", None) or "")
        kept["Tail"] = tail_to_json(sealer.seal(last)) if last else None
    if part is INSTALLATIONS:
        ids = (item.get(name) for name in ("app_id", "id", "client_id"))
        kept["Tails"] = [tail_to_json(sealer.seal(str(one))) for one in ids if one]
    if "login" in kept:
        kept["LoginTail"] = tail_to_json(sealer.seal(str(kept["login"])))
    if part in (DEPLOY_KEYS, USER_KEYS):
        kept["Fingerprints"] = list(fingerprints(text(kept, "key")))
    return kept


def clean(value: Any) -> Any:
    """Return the same JSON without anything that looks like a token, or cannot be written."""
    if isinstance(value, str):
        if not value.isascii():
            value = value.encode("utf-8", "backslashreplace").decode()
        return _TOKEN.sub(r"\1****", value)
    if isinstance(value, Mapping):
        return {str(clean(key)): clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    return value


def refusal(error: str, message: str, sso: str = "") -> dict[str, str]:
    """Return what a failed call leaves in the snapshot."""
    told = str(clean(next(iter(message.splitlines()), "")))[:_LONGEST_MESSAGE]
    return {"error": error, "message": told} | ({"sso": sso} if sso else {})


def items(document: Json) -> list[dict[str, Any]]:
    """Return the objects of a list's document, none where it is none."""
    listed = document.get("Items") if isinstance(document, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def body(document: Json) -> dict[str, Any]:
    """Return the object of a document, empty where there is none."""
    held = document.get("Body") if isinstance(document, dict) else None
    return held if isinstance(held, dict) else {}


def text(value: Json, name: str) -> str:
    """Return a text of an object, "" where it is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def number(value: Json, name: str) -> int:
    """Return a number of an object, 0 where it is none."""
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def when(value: Json, name: str) -> datetime | None:
    """Return a time of an object, None where it is none."""
    try:
        found = datetime.fromisoformat(text(value, name))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def is_complete(document: Json | None) -> bool:
    """Return whether a document is there and nothing of it was refused."""
    return isinstance(document, dict) and "error" not in document
