"""Times reading a large GitHub organisation against what latency alone takes, and matching tokens.

    python tests/bench/bench_github.py [--latency 0.1] [--repositories 3000] [--people 400] ...

The floor is requests x latency / calls at once. Wanted: at most 1.5 x the floor, 250 MB, and 10,000
tokens matched with 2,000 variables in a second. The server has a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import ssl
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from auditor.collecting import Collecting, Memory, Silent
from auditor.demo import scenario
from auditor.demo.faults import Faults
from auditor.demo.github import GitHub
from auditor.demo.github_app import PREFIX, Tokens
from auditor.demo.loopback import HOST, Loopback
from auditor.demo.wire import Recording
from auditor.models import Credential, Exposure, Known, Part, Scope, ScopeKind, Secret
from auditor.providers.github import PROVIDER, parts
from auditor.providers.github.documents import listing
from auditor.providers.github.settings import Settings
from auditor.tails import Sealer

ORG = "acme-rockets"
SIZES = {"repositories": 3_000, "people": 400, "keys": 2_000, "tokens": 10_000, "variables": 2_000}
TOKEN = "BENCH_GITHUB_TOKEN"
DAY = date(2022, 2, 2)
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def main() -> None:
    """Run both benchmarks; their figures are for reading, not for passing."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--latency", type=float, default=0.1, help="seconds the server takes")
    parser.add_argument("--parallel", type=int, default=8)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    for name, size in SIZES.items():
        parser.add_argument(f"--{name}", type=int, default=size)
    told = parser.parse_args()
    if told.serve:
        serve(told)
        return
    command = [sys.executable, __file__, "--serve", *sys.argv[1:]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as lab:
        if lab.stdin is None or lab.stdout is None:
            raise RuntimeError("the server has no pipes")
        reached = json.loads(lab.stdout.readline())
        seconds, cpu = read(reached, told.parallel)
        lab.stdin.close()
        requests = json.loads(lab.stdout.readline())["requests"]
    floor = requests * told.latency / told.parallel
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"requests       {requests}, {told.latency * 1000:.0f} ms each, {told.parallel} at once")
    print(f"floor          {floor:8.1f} s")
    print(f"reading        {seconds:8.1f} s   {seconds / floor:.2f} x floor, {cpu:.1f} s of CPU")
    print(f"peak memory    {peak:8.0f} MB")
    match(told.tokens, told.variables)


def serve(told: argparse.Namespace) -> None:
    """Serve the organisation until standard input ends; print how to reach it, then the count."""
    token = f"bench-{secrets.token_hex(16)}"
    served = replace(scenario.load(), github=table(told), organizations=())
    hub = GitHub(served, Tokens(token, {}))
    with tempfile.TemporaryDirectory() as folder:
        ca, tls = certificates(Path(folder))
        recording = Recording(keep=False)
        server = Loopback("github", hub, tls, Faults(latency=told.latency), recording)
        hub.url = server.url
        server.start()
        print(json.dumps({"url": server.url, "ca": str(ca), "token": token}), flush=True)
        sys.stdin.read()
        server.stop()
        print(json.dumps({"requests": len(recording)}), flush=True)


def certificates(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """Return the file of a throw-away CA and a context that it signed."""
    import trustme  # noqa: PLC0415

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(tls)
    return folder / "ca.pem", tls


def table(told: argparse.Namespace) -> dict[str, Any]:
    """Return the table `[github]` of an organisation of these sizes."""
    names = [f"service-{number}" for number in range(told.repositories)]
    people = [f"person-{number}" for number in range(told.people)]
    dated = {"created": DAY, "used": DAY}
    return {
        "organization": ORG,
        "plan": "enterprise",
        "default_permission": "read",
        "owners": people[:5],
        "members": people[5:],
        "outside": [],
        "repositories": names,
        "archived": [],
        "auditor": {"selection": "all"},
        "rulesets": [
            {
                "id": 501,
                "name": "reviewed",
                "repositories": names[::3],
                "rules": ["pull_request"],
                "passes": [],
            }
        ],
        "protected": names[::2],
        "teams": [
            {"slug": f"team-{at}", "members": people[at::20], "repositories": {names[at]: "push"}}
            for at in range(20)
        ],
        "collaborators": [],
        "tokens": [
            {"login": one, "scopes": ["repo"], "note": "", "authorized": DAY, "used": DAY}
            for one in people[:100]
        ],
        "fine_grained": [],
        "apps": [],
        "deploy_keys": [
            {
                "repository": names[at % len(names)],
                "title": f"key {at}",
                **dated,
                "read_only": at > 50,
            }
            for at in range(told.keys)
        ],
        "user_keys": [],
    }


def read(reached: dict[str, str], parallel: int) -> tuple[float, float]:
    """Return the seconds, and those of CPU, that reading the organisation and judging it took."""
    os.environ |= {TOKEN: reached["token"], "NO_PROXY": HOST}
    settings = Settings(
        organizations=(ORG,),
        base_url=f"{reached['url']}{PREFIX}",
        token_env=TOKEN,
        ca_bundle=reached["ca"],
        requests=100_000,
        per_minute=1_000_000,
        parallel=parallel,
    )
    snapshot = Memory()
    begun, cpu = time.perf_counter(), time.process_time()
    PROVIDER.collect(settings, Collecting(snapshot, Sealer(b"k" * 32), Silent(), NOW))
    directory = PROVIDER.read(settings, snapshot)
    for id_ in directory.identities:
        directory.resolve(id_)
    seconds, used = time.perf_counter() - begun, time.process_time() - cpu
    print(f"identities     {len(directory.identities):8}, {len(directory.gaps)} gaps")
    return seconds, used


def match(tokens: int, variables: int) -> None:
    """Print how long it takes to find the owners of so many variables among so many tokens."""
    sealer, snapshot = Sealer(b"k" * 32), Memory()
    values = [secrets.token_hex(20) for _ in range(tokens)]
    listed = [
        {"login": f"p{at}", "credential_id": at, "credential_type": "personal access token",
         "token_last_eight": value[-8:], "scopes": ["repo"]}
        for at, value in enumerate(values)
    ]  # fmt: skip
    document = listing(parts.AUTHORIZATIONS, listed, sealer)
    snapshot.save(parts.AUTHORIZATIONS.key(org=ORG), document)
    directory = PROVIDER.read(Settings(), snapshot)
    scope = Scope(ScopeKind.PROJECT, "p", "p", ORG)
    exposure = Exposure(Known(False), Known(1), Known(False))
    entries = {
        str(at): Secret(
            str(at),
            "ci",
            "v",
            scope,
            "GITHUB_TOKEN",
            None,
            None,
            sealer.seal(value),
            exposure,
            None,
        )
        for at, value in enumerate(values[:variables])
    }
    asked = [
        Credential(id_, "github-token", "GitHub", "github", scope, "", (Part("secret", id_),))
        for id_ in entries
    ]
    begun = time.process_time()
    found = sum(hasattr(directory.identify(one, entries), "best") for one in asked)
    seconds = time.process_time() - begun
    print(f"matching       {found} of {variables:,} variables among {tokens:,}: {seconds:.2f} s")


if __name__ == "__main__":
    main()
