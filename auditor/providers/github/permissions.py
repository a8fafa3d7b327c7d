"""The least rights of the audit's own credential, from the table of what is read."""

from __future__ import annotations

import json

from auditor.providers.github.parts import PARTS


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
