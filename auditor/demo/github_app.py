"""How one logs in to the demo's GitHub: by tokens, or as an app that shows a proof of its key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.demo import github_bodies as bodies
from auditor.demo.wire import Reply, Request

PREFIX = "/api/v3"
"""As GitHub Enterprise Server has it."""
_DOTS = 2


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens that are good: an app's, and those of people with the scopes that they have."""

    app: str
    people: Mapping[str, tuple[str, tuple[str, ...]]]
    """By token: the login and the scopes."""
    public_key: str = ""
    """PEM of the public half of the key with which the audit's app signs its proofs."""


def is_proof(token: str) -> bool:
    """Return whether it is a JSON web token and not one of GitHub's own."""
    return token.count(".") == _DOTS


def answer_app(
    request: Request, proof: str, tokens: Tokens, organization: str, app: Mapping[str, Any]
) -> Reply:
    """Return the answer to an app, whose table is `app`: who it is, where installed, its token."""
    import jwt  # noqa: PLC0415 (comes with PyGithub)

    try:
        jwt.decode(proof, tokens.public_key, algorithms=["RS256"], issuer=str(app["id"]))
    except (jwt.InvalidTokenError, jwt.InvalidKeyError):
        return error(401, "A JSON web token could not be decoded")
    asked = (request.method, request.path.removeprefix(PREFIX))
    if asked == ("GET", "/app"):
        return Reply(200, bodies.app(organization, app))
    if asked == ("GET", f"/orgs/{organization}/installation"):
        return Reply(200, bodies.installation(organization, app))
    if asked == ("POST", f"/app/installations/{app['installation']}/access_tokens"):
        wanted = json.loads(request.body or "{}").get("permissions") or app["permissions"]
        if wanted.items() <= app["permissions"].items():
            return Reply(201, bodies.access_token(tokens.app, wanted))
        return error(422, "The permissions requested are not granted to this installation.")
    return error(404, "Not Found")


def error(status: int, message: str) -> Reply:
    """Return an error as GitHub words it."""
    link = "https://docs.github.com/rest"
    return Reply(status, {"message": message, "documentation_url": link, "status": str(status)})
