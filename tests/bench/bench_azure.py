"""Times what everybody of a large tenant may do, and the first answer of Graph.

    python tests/bench/bench_azure.py [--roles 928] [--principals 500] [--assignments 5000]

Wanted are 5 s and 300 MB for the permissions, from an export on disk to the last line, and 0.5 s
from the first call of Graph to its answer. Seconds are of processor time where nothing is waited
for. The roles are made up of the actions of the reviewed table and of wildcards over them.

The first answer is timed in a fresh process, after another one has left the SDK's byte code behind:
compiling half of it costs a second, once an installation.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import os
import random
import resource
import ssl
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import trustme
from azure.core.credentials import AccessToken

from auditor import exported
from auditor.demo import azure_tenant
from auditor.demo.azure import AzureCloud
from auditor.demo.faults import Faults
from auditor.demo.loopback import Loopback
from auditor.demo.wire import Recording
from auditor.providers.azure import graph
from auditor.providers.azure.client import Clients
from auditor.providers.azure.sensitive import actions
from auditor.providers.azure.settings import Settings

WANTED_SECONDS, WANTED_MB, WANTED_ANSWER = 5.0, 300, 0.5
SUBSCRIPTIONS = 20
SDK = (
    "msgraph.graph_service_client",
    "msgraph.graph_request_adapter",
    "kiota_authentication_azure.azure_identity_authentication_provider",
)
PATTERNS = 24
"""Of one role: 22,018 permissions in 897 built-in roles, by NetSPI's count of June 2026."""


def main() -> int:
    """Print the figures; 0 whatever they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("roles", 928), ("principals", 500), ("assignments", 5000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--answer-only", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.answer_only:
        _first_answer()
        return 0
    _permissions(told.roles, told.principals, told.assignments)
    surroundings = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    again = [sys.executable, __file__, "--answer-only"]
    subprocess.run(again, env=surroundings, stdout=subprocess.DEVNULL, check=True)
    subprocess.run(again, env=surroundings, check=True)
    return 0


def _permissions(roles: int, principals: int, assignments: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        dice = random.Random(7)  # noqa: S311
        made = [_role(number, dice) for number in range(roles)]
        given = [_assignment(number, principals, made, dice) for number in range(assignments)]
        (folder / "role-definitions.json").write_text(json.dumps(made))
        (folder / "role-assignments.json").write_text(json.dumps(given))
        begun, out = time.process_time(), io.StringIO()
        lines = exported.answer("azure", datetime(2026, 11, 25, tzinfo=UTC), folder, None)
        exported.show(lines, out, io.StringIO())
        seconds = time.process_time() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    megabytes = peak / (2**20 if sys.platform == "darwin" else 2**10)
    count = len(out.getvalue().splitlines())
    print(f"{roles} roles x {principals} principals x {assignments} assignments: {count} lines")
    print(f"{seconds:.2f} s of processor time, {seconds / WANTED_SECONDS:.2f} x what is wanted")
    print(f"{megabytes:.0f} MB at most, {megabytes / WANTED_MB:.2f} x what is wanted")


def _role(number: int, dice: random.Random) -> dict[str, Any]:
    known = dice.sample(actions(), 4)
    given = [_widened(one.name, dice) for one in known if not one.data]
    given += [f"Microsoft.Filler{number}/things{n}/*/read" for n in range(PATTERNS - len(given))]
    id_ = f"{number:08x}-0000-4000-8000-000000000000"
    block = {
        "actions": given,
        "notActions": ["Microsoft.Authorization/*/Delete"] if number % 9 == 0 else [],
        "dataActions": [one.name for one in known if one.data],
        "notDataActions": [],
    }
    return {"name": id_, "roleName": f"role {number}", "roleType": "BuiltInRole",
            "permissions": [block]}  # fmt: skip


def _widened(action: str, dice: random.Random) -> str:
    return f"{action.rpartition('/')[0]}/*" if dice.random() < 0.2 else action


def _assignment(
    number: int, principals: int, roles: list[dict[str, Any]], dice: random.Random
) -> dict[str, Any]:
    scope = f"/subscriptions/{number % SUBSCRIPTIONS:08x}-0000-4000-8000-000000000000"
    if number % 3 == 0:
        scope += f"/resourceGroups/group-{number % 50}"
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{number}",
        "principalId": f"{number % principals:08x}-1111-4000-8000-000000000000",
        "principalType": "ServicePrincipal",
        "roleDefinitionId": dice.choice(roles)["name"],
        "scope": scope,
    }


class _Static:
    """A credential that has its token already: the login is not what is timed."""

    def __init__(self, token: str) -> None:
        self._token = token

    def get_token(self, *scopes: str, **options: Any) -> Any:
        return AccessToken(self._token, int(time.time()) + 3600)


def _first_answer() -> None:
    authority, folder = trustme.CA(), tempfile.mkdtemp()
    authority.cert_pem.write_to_path(f"{folder}/ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    cloud = AzureCloud(azure_tenant.load(), "")
    server = Loopback("azure", cloud, context, Faults(), Recording())
    cloud.url = server.url
    server.start()
    settings = Settings(graph=server.url, arm=server.url, ca_bundle=f"{folder}/ca.pem")
    clients = Clients(_Static(cloud._token), settings)
    answered: list[tuple[float, float]] = []

    def take(*_: Any) -> None:
        answered.append((time.monotonic(), time.process_time()))

    begun, idle = time.monotonic(), time.process_time()
    for module in SDK:
        importlib.import_module(module)
    imported, loaded = time.monotonic() - begun, time.process_time() - idle
    asked, before = time.monotonic(), time.process_time()
    graph.read(clients, graph.of_tenant()[:2], take)
    seconds, worked = answered[0][0] - asked, answered[0][1] - before
    server.stop()
    print(f"the SDK of Graph is imported in {imported:.2f} s, {loaded:.2f} s of processor time")
    print(
        f"first answer of Graph {seconds:.2f} s after the first call, {worked:.2f} s of it of "
        f"processors, the server's included: {seconds / WANTED_ANSWER:.2f} x what is wanted"
    )
    both = loaded + worked
    print(f"both together {both:.2f} s of processor time, {both / WANTED_ANSWER:.2f} x of it")


if __name__ == "__main__":
    sys.exit(main())
