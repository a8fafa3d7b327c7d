"""Azure for the demo: the token endpoint, Graph and Resource Manager, all on one loopback server.

It is no judge of permissions: whoever logs in may read everything but what the tenant denies.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from auditor.demo.azure_logs import within
from auditor.demo.estate import Tenant
from auditor.demo.wire import Reply, Request
from auditor.models import Json

_PAGE = 5
"""Items of one page: few, so that every client has to follow links."""
_USES = "/beta/reports/appCredentialSignInActivities"


class AzureCloud:
    """Answers for one tenant. `url` is its own address, known once its server listens."""

    def __init__(self, tenant: Tenant, client: str) -> None:
        """Serve the tenant to one client."""
        self.url = ""
        self._tenant = tenant
        self._client = client
        self._token = f"demo-{secrets.token_hex(16)}"
        self._listings = {path.lower(): items for path, items in tenant.listings.items()}
        self._objects = {path.lower(): item for path, item in tenant.objects.items()}
        self._denied = frozenset(path.lower() for path in tenant.denied)

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        path = request.path.rstrip("/").lower()
        if path.startswith(f"/{self._tenant.id}/"):
            return self._login(request, path)
        if request.token != f"Bearer {self._token}":
            return _error(401, "InvalidAuthenticationToken", "Access token is empty or invalid.")
        if request.method != "GET":
            return _error(405, "MethodNotAllowed", "This audit only reads.")
        if not path.startswith(("/v1.0/", "/beta/")) and "api-version" not in request.query:
            return _error(400, "MissingApiVersionParameter", "The api-version is required.")
        return self._answer(request, path)

    def _login(self, request: Request, path: str) -> Reply:
        base = f"{self.url}/{self._tenant.id}"
        if path.endswith("/openid-configuration"):
            return Reply(
                200,
                {
                    "token_endpoint": f"{base}/oauth2/v2.0/token",
                    "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                    "issuer": f"{base}/v2.0",
                    "jwks_uri": f"{base}/discovery/v2.0/keys",
                },
            )
        if self._client not in request.body:
            return Reply(401, {"error": "invalid_client", "error_description": "AADSTS7000215"})
        return Reply(200, {"token_type": "Bearer", "expires_in": 3600, "access_token": self._token})

    def _answer(self, request: Request, path: str) -> Reply:
        if path in self._denied:
            return _error(403, "AuthorizationFailed", "The client does not have authorization.")
        if path == _USES.lower():
            return _error(403, "Authentication_RequestFromNonPremiumTenant", "No premium license.")
        if path in self._objects:
            return Reply(200, self._objects[path])
        if path in self._listings:
            return self._listed(request, self._listings[path])
        return _error(404, "NotFound", f"{path.rpartition('/')[2]} does not exist.")

    def _listed(self, request: Request, items: list[Json]) -> Reply:
        told = request.query.get("$skiptoken", "")
        items = within(items, request.query.get("$filter", ""))
        start = int(told) if told.isdigit() and not request.endless else 0
        page = [_selected(item, request.query) for item in items[start : start + _PAGE]]
        graph = request.path.startswith(("/v1.0", "/beta"))
        found: dict[str, Json] = {"value": page}
        rest = start + _PAGE
        if rest < len(items) or request.endless:
            token = f"{told}0" if request.endless else str(rest)
            kept = "".join(
                f"&{name}={value}" for name, value in request.query.items() if name != "$skiptoken"
            )
            link = f"{self.url}{request.path}?$skiptoken={token or 1}{kept}"
            found["@odata.nextLink" if graph else "nextLink"] = link
        return Reply(200, found)


def _selected(item: Json, query: Mapping[str, str]) -> Json:
    wanted = query.get("$select", "").split(",")
    if wanted == [""] or not isinstance(item, dict):
        return item
    return {name: value for name, value in item.items() if name in wanted or "@" in name}


def _error(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"error": {"code": code, "message": message}})
