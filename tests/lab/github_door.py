"""GitHub on loopback for the tests: the demo's own application, or whatever a test answers."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from auditor.collecting import Collecting, Memory, Silent
from auditor.demo import scenario
from auditor.demo.estate import Scenario
from auditor.demo.faults import Faults
from auditor.demo.github import GitHub
from auditor.demo.github_app import PREFIX, Tokens
from auditor.demo.loopback import HOST, Loopback
from auditor.demo.wire import Recording, Reply, Request
from auditor.providers.github import PROVIDER
from auditor.providers.github.directory import GitHubDirectory
from auditor.providers.github.settings import Settings
from auditor.tails import Sealer

VARIABLE = "GITHUB_TOKEN_OF_THE_TEST"
APP, OWNER, BARE = "ghs_app-of-the-test", "ghp_owner-of-the-test", "ghp_bare-of-the-test"
KEY = "GITHUB_APP_KEY_OF_THE_TEST"
APP_ID = "40404"


@cache
def private_key(number: int = 0) -> RSAPrivateKey:
    """Return an app's private key; each number has its own."""
    assert number >= 0
    return rsa.generate_private_key(65537, 2048)


def pem(key: RSAPrivateKey) -> str:
    """Return a private key as GitHub gives it."""
    return key.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    ).decode()


def tokens() -> Tokens:
    """Return everything that the door lets in."""
    public = (
        private_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    people = {OWNER: ("otto-lift", ("repo", "read:org")), BARE: ("otto-lift", ())}
    return Tokens(APP, people, public.decode())


NOW = datetime(2026, 11, 22, tzinfo=UTC)
Answer = Callable[[Request, Callable[[Request], Reply]], Reply]
"""From a request, and what the demo would answer, the reply."""


class Notes(Silent):
    """Keeps what a person is told."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def note(self, message: str) -> None:
        self.lines.append(message)


@dataclass
class Door:
    """A running GitHub and how to read it."""

    server: Loopback
    ca: Path
    snapshot: Memory = field(default_factory=Memory)
    notes: Notes = field(default_factory=Notes)

    @property
    def faults(self) -> Faults:
        return self.server.faults

    @property
    def asked(self) -> int:
        return len(self.server.recording)

    def settings(self, **changes: Any) -> Settings:
        told: dict[str, Any] = {
            "base_url": f"{self.server.url}{PREFIX}",
            "token_env": VARIABLE,
            "ca_bundle": str(self.ca),
            "organizations": ("acme-rockets",),
            "per_minute": 1_000_000,
            "retries": 1,
            "max_wait": 1,
            "timeout": 5,
        }
        return Settings(**(told | changes))

    def read(self, **changes: Any) -> GitHubDirectory:
        """Collect live into the snapshot and return what is read of it."""
        settings = self.settings(**changes)
        collecting = Collecting(self.snapshot, Sealer(b"k" * 32), self.notes, NOW)
        PROVIDER.collect(settings, collecting)
        kept = Memory(json.loads(json.dumps(self.snapshot.documents)))
        return PROVIDER.read(settings, kept)


def _small(served: Scenario) -> Scenario:
    """Return the scenario with the projects alone that its table of GitHub names."""
    named = {str(table["repository"]) for table in (served.github or {})["deploy_keys"]}
    named |= {"orbit-api", "partner-portal"}
    first, *rest = served.organizations
    projects = tuple(one for one in first.projects if one.name in named)
    return replace(served, organizations=(replace(first, projects=projects), *rest))


@contextmanager
def door(folder: Path, answer: Answer | None = None, **table: Any) -> Iterator[Door]:
    """Serve the demo's GitHub, keys of its table changed; `answer` may answer in its place."""
    served = _small(scenario.load())
    hub = GitHub(replace(served, github={**(served.github or {}), **table}), tokens())
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST).configure_cert(tls)

    def app(request: Request) -> Reply:
        return hub(request) if answer is None else answer(request, hub)

    server = Loopback("github", app, tls, Faults(), Recording())
    hub.url = server.url
    server.start()
    try:
        yield Door(server, folder / "ca.pem")
    finally:
        server.stop()
