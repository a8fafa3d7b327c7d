"""Says before anything is read what the audit's credential cannot see, and the least it needs.

What can be known differs by plan and by kind of credential: classic tokens are listed only with
SAML single sign-on of Enterprise Cloud, fine-grained ones only to apps.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from auditor.models import Json
from auditor.providers.github.documents import text
from auditor.providers.github.parts import PARTS
from auditor.providers.github.table import table

_APPS = "GitHub Apps"


def foreseen(credential: Json) -> Iterator[str]:
    """Yield what a credential of this kind cannot read, in words."""
    kind = text(credential, "Kind")
    scopes = credential.get("Scopes") if isinstance(credential, dict) else None
    if kind in ("classic", "fine-grained"):
        hidden = [part.what for part in PARTS if part.only == _APPS]
        yield f"{', '.join(hidden)}: only {_APPS} can list them, and this is the token of a person"
    if kind == "classic" and isinstance(scopes, list):
        held = {right.name for right in table().of_scopes(map(str, scopes))}
        wanted = dict.fromkeys(part.scope for part in PARTS if part.scope)
        for scope in wanted:
            if scope not in held:
                what = dict.fromkeys(part.what for part in PARTS if part.scope == scope)
                yield f"{', '.join(what)}: the token lacks the scope {scope}"


def least_permissions() -> str:
    """Return the least rights with which an organisation is read, as a JSON text.

    `classic_token` for an owner's personal token, `github_app` in the form of an app's manifest:
    https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
    """
    scopes = sorted({part.scope for part in PARTS if part.scope})
    granted = dict(part.permission.split(":") for part in PARTS if part.permission)
    wanted = {
        "classic_token": {"owner": True, "scopes": scopes},
        "github_app": {"public": False, "default_permissions": dict(sorted(granted.items()))},
    }
    return json.dumps(wanted, indent=2) + "\n"
