"""A loopback CircleCI whose every answer a test writes down, with a small organisation to start."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeAlias
from urllib.parse import parse_qsl

from auditor.collecting import Collecting, Progress, Silent, Snapshot
from auditor.inventory import Inventory
from auditor.inventory.circleci import CircleCI
from auditor.inventory.circleci.settings import Settings
from auditor.tails import Sealer

TOKEN = "CCIPAT_planted_token_Zq7"
NOW = datetime(2023, 1, 10, tzinfo=UTC)
ORG = "11111111-aaaa-4aaa-8aaa-000000000001"
WEB = "22222222-bbbb-4bbb-8bbb-000000000001"
API = "22222222-bbbb-4bbb-8bbb-000000000002"
DEPLOY = "33333333-cccc-4ccc-8ccc-000000000001"
OPEN = "33333333-cccc-4ccc-8ccc-000000000002"


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived: the raw path, the query, the headers."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Said:
    """One answer; `drop` closes the connection instead, after `body` if there is one."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


Answer: TypeAlias = Said | list[Said] | Callable[[Asked], Said]
"""What a route says: always the same, one after the other (the last for ever), or as decided."""
Routes: TypeAlias = dict[str, Answer]

NOT_FOUND = Said({"message": "Not found."}, 404)
FORBIDDEN = Said({"message": "Permission denied."}, 403)


def items(*entries: Any, token: str | None = None) -> Said:
    return Said({"items": list(entries), "next_page_token": token})


class Scripted(ThreadingHTTPServer):
    """Serves routes by raw path and remembers what was asked; anything else is 404."""

    def __init__(self, routes: Routes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.routes = routes
        self.asked: list[Asked] = []
        self._said: dict[str, int] = {}
        self._lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def answer(self, asked: Asked) -> Said:
        with self._lock:
            self.asked.append(asked)
            count = self._said[asked.path] = self._said.get(asked.path, 0) + 1
        route = self.routes.get(asked.path, NOT_FOUND)
        if isinstance(route, list):
            return route[min(count, len(route)) - 1]
        return route if isinstance(route, Said) else route(asked)


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.0: every connection ends with its answer, so that nothing is left open."""

    server: Scripted

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        said = self.server.answer(
            Asked(path, dict(parse_qsl(query, keep_blank_values=True)), dict(self.headers))
        )
        body = said.body if isinstance(said.body, bytes) else json.dumps(said.body).encode()
        if said.drop and said.body is None:
            return
        self.send_response(said.status)
        missing = 100 if said.drop else 0
        headers = {"Content-Length": str(len(body) + missing), **said.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@contextmanager
def serving(routes: Routes) -> Iterator[Scripted]:
    """Yield a running server."""
    server = Scripted(routes)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Memory:
    """A snapshot in memory whose documents go through JSON like those on disk."""

    def __init__(self) -> None:
        self.documents: dict[str, str] = {}

    def load(self, key: str) -> Any:
        return json.loads(self.documents[key]) if key in self.documents else None

    def save(self, key: str, document: Any) -> None:
        self.documents[key] = json.dumps(document)

    def keys(self, prefix: str) -> Iterator[str]:
        yield from sorted(key for key in self.documents if key.startswith(prefix))


def audit(
    at: Scripted,
    /,
    snapshot: Snapshot | None = None,
    *,
    progress: Progress | None = None,
    sleep: Callable[[float], object] = lambda _: None,
    usage_budget: int = 0,
    **told: Any,
) -> Inventory:
    """Return the inventory of a collection over the server, nothing slept."""
    settings = Settings(url=at.url, **told)
    kept = snapshot or Memory()
    system = CircleCI({"CIRCLE_TOKEN": TOKEN}, sleep)
    sealer = Sealer(b"k" * 32)
    system.collect(
        settings, Collecting(kept, sealer, progress or Silent(), NOW, usage_budget=usage_budget)
    )
    return system.read(settings, kept)


# --- a small organisation ---------------------------------------------------------------------


def variable(name: str, tail: str = "wxyz", updated: Any = "2022-05-05T05:05:05.555Z") -> Any:
    return {
        "variable": name,
        "context_id": DEPLOY,
        "created_at": "2021-01-01T00:00:00Z",
        "updated_at": updated,
        "truncated_value": tail,
    }


def restriction(kind: str, value: str, name: str | None = None) -> Any:
    return {
        "id": f"r-{kind}-{value}",
        "context_id": DEPLOY,
        "restriction_type": kind,
        "restriction_value": value,
        "name": name,
    }


def switches(forks: Any = False, secrets: Any = True, **others: Any) -> Said:
    told = {"build_fork_prs": forks, "forks_receive_secret_env_vars": secrets, "disable_ssh": True}
    return Said({"advanced": told | others})


def v3(*projects: tuple[str, str], cursor: str | None = None) -> Said:
    data = [
        {"id": id_, "attributes": {"name": name}, "references": {"org": {"id": ORG}}}
        for id_, name in projects
    ]
    return Said({"data": data, "page": {"next": cursor, "prev": None}})


def legacy(key: str | None = None, secret: str | None = None) -> Said:
    pair = {"access_key_id": key, "secret_access_key": secret} if key else None
    return Said({"aws": {"keypair": pair}, "ssh_keys": [], "feature_flags": {"planted": "QQQQ"}})


def acme() -> Routes:
    """Return the routes of acme: two contexts, two projects, everything allowed."""
    listed = [
        {"id": WEB, "slug": "gh/acme/web", "name": "web"},
        {"id": API, "slug": "gh/acme/api", "name": "api"},
    ]
    made: Routes = {
        "/api/v2/me": Said({"id": "u-1", "login": "olga", "name": "Olga", "avatar_url": None}),
        "/api/v2/me/collaborations": Said(
            [{"id": ORG, "vcs-type": "github", "name": "acme", "slug": "gh/acme"}]
        ),
        "/api/v2/context": items(
            {"id": DEPLOY, "name": "deploy", "created_at": "2020-02-02T02:02:02Z"},
            {"id": OPEN, "name": "open", "created_at": None},
        ),
        f"/api/v2/context/{DEPLOY}/environment-variable": items(
            variable("AWS_ACCESS_KEY_ID", "MPLE"), variable("AWS_SECRET_ACCESS_KEY", "EKEY")
        ),
        f"/api/v2/context/{DEPLOY}/restrictions": items(restriction("project", WEB)),
        f"/api/v2/context/{OPEN}/environment-variable": items(variable("NPM_TOKEN")),
        f"/api/v2/context/{OPEN}/restrictions": items(restriction("group", ORG, "All members")),
        "/api/v3/projects": v3((WEB, "web"), (API, "api")),
        "/api/private/project": items(*listed),
        "/api/v1.1/projects": Said(
            [{"vcs_type": "github", "username": "acme", "reponame": "web", "branches": {"b": 1}}]
        ),
        "/api/v2/pipeline": items({"id": "p1", "project_slug": "gh/acme/web"}),
        "/api/v2/insights/gh/acme/summary": Said({"all_projects": ["web"]}),
        "/api/v2/webhook": items(),
        "/api/v2/otel/exporters": Said([]),
        f"/api/v2/org/{ORG}/oidc-custom-claims": Said({"org_id": ORG}),
        f"/api/v2/organization/{ORG}/url-orb-allow-list": items(),
        f"/api/v2/owner/{ORG}/context/config/policy-bundle": Said({}),
        f"/api/v2/owner/{ORG}/context/config/decision/settings": Said({"enabled": False}),
        f"/api/v2/organizations/{ORG}/audit-log/access": Said({"has_access": True}),
        f"/api/v2/organizations/{ORG}/audit-log/configs": items(),
        "/api/v3/signing/certificates": v3(),
        "/api/v3/notification/integrations": v3(),
        "/api/v3/provider/connections": v3(),
        f"/api/v3/orgs/{ORG}/settings": Said(
            {"data": {"attributes": {"enable_unversioned_config": False}}}
        ),
        "/api/v3/runner/resource": items(),
        f"/api/v2/projects/{WEB}/pipeline-definitions": items(),
        f"/api/v2/projects/{API}/pipeline-definitions": items(),
        f"/api/v2/org/{ORG}/project/{WEB}/oidc-custom-claims": Said({"org_id": ORG}),
        f"/api/v2/org/{ORG}/project/{API}/oidc-custom-claims": Said({"org_id": ORG}),
    }
    for name, tail in (("web", "wwww"), ("api", "aaaa")):
        slug = f"gh/acme/{name}"
        made[f"/api/v2/project/{slug}/envvar"] = items(
            {"name": "TOKEN", "value": f"xxxx{tail}", "created_at": None}
        )
        made[f"/api/v2/project/{slug}/settings"] = switches()
        made[f"/api/v2/project/{slug}/checkout-key"] = items()
        made[f"/api/v2/project/{slug}/schedule"] = items()
        made[f"/api/v1.1/project/{slug}/token"] = Said([])
        made[f"/api/v1.1/project/{slug}/settings"] = legacy()
    return made
