"""What the AWS tests share: a snapshot in memory, invented keys, and a small world of objects."""

from __future__ import annotations

import base64
import http.client
import json
import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aws_door import Door, environment

from auditor.collecting import Collecting, Silent
from auditor.models import (
    Credential,
    Exposure,
    Known,
    Part,
    Scope,
    ScopeKind,
    Secret,
    secret_id,
)
from auditor.providers.aws.accounts import Account, Principal, read_accounts
from auditor.providers.aws.directory import AwsDirectory
from auditor.providers.aws.documents import account_key, clean, document_key, sealed_key
from auditor.tails import Sealer

ACCOUNT = "111122223333"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


class MemorySnapshot:
    """A snapshot of JSON texts, so that nothing gets into it that JSON cannot hold."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.saved: list[str] = []

    def load(self, key: str) -> Any:
        return json.loads(self.texts[key]) if key in self.texts else None

    def save(self, key: str, document: Any) -> None:
        self.saved.append(key)
        self.texts[key] = json.dumps(document)

    def keys(self, prefix: str) -> Iterator[str]:
        yield from sorted(key for key in self.texts if key.startswith(prefix))


def invent_key_id(account: str, number: int, prefix: str = "AKIA") -> str:
    """Return an access key id that carries the account, as real ones are seen to."""
    body = ((int(account) << 7) | (1 << 47)).to_bytes(6, "big") + number.to_bytes(4, "big")
    return prefix + base64.b32encode(body).decode()


@dataclass
class World:
    """One invented account, written into a snapshot as the collector would have written it."""

    sealer: Sealer = field(default_factory=lambda: Sealer(b"k" * 32))
    snapshot: MemorySnapshot = field(default_factory=MemorySnapshot)
    account: str = ACCOUNT

    @property
    def collecting(self) -> Collecting:
        return Collecting(self.snapshot, self.sealer, Silent(), NOW)

    def key_id(self, number: int) -> str:
        return invent_key_id(self.account, number)

    def write(
        self,
        *,
        users: Mapping[str, Mapping[str, Any]] | None = None,
        keys: Mapping[str, list[dict[str, Any]] | dict[str, str]] | None = None,
        report: str | None = "",
        **details: Any,
    ) -> World:
        """Write an account: entries of users by name, access keys by user name, report rows."""
        found = [self.user(name, **entry) for name, entry in (users or {}).items()]
        document: dict[str, Any] = {
            "UserDetailList": found,
            "GroupDetailList": [],
            "RoleDetailList": [],
            "Policies": [],
        }
        self.save("authorization-details", document | details)
        self.save("organization", {"Organization": None})
        self.save("trails", {"trailList": []})
        self.save("detectors", {"Region": "us-east-1", "Detectors": []})
        self.save("oidc-providers", {"OpenIDConnectProviderList": []})
        self.snapshot.save(account_key("prod"), {"Name": "prod", "Account": self.account})
        if report is not None:
            text = base64.b64encode(f"user,arn,user_creation_time\n{report}".encode()).decode()
            self.save("credential-report", {"Content": text})
        for name, listed in (keys or {}).items():
            entries = listed if isinstance(listed, list) else []
            refused = listed if isinstance(listed, dict) else {}
            sealed = [sealed_key(entry, self.sealer) for entry in entries]
            body = {"UserName": name, "AccessKeyMetadata": sealed} | refused
            self.snapshot.save(document_key(self.account, "access-keys", name), body)
        return self

    def save(self, part: str, document: Mapping[str, Any]) -> None:
        self.snapshot.save(document_key(self.account, part), clean(document))

    def user(self, name: str, **entry: Any) -> dict[str, Any]:
        return {"UserName": name, "Arn": self.arn(name), **entry}

    def arn(self, name: str) -> str:
        return f"arn:aws:iam::{self.account}:user/{name}"

    def metadata(self, number: int, **entry: Any) -> dict[str, Any]:
        """Return an entry of AccessKeyMetadata for the invented key of that number."""
        known = {"AccessKeyId": self.key_id(number), "Status": "Active"}
        return known | {"CreateDate": "2021-01-01T00:00:00Z", "AccessKeyLastUsed": {}} | entry

    def secret(self, value: str | None, **changes: Any) -> Secret:
        """Return a CI variable that holds the value, of which CI shows the tail."""
        scope = Scope(ScopeKind.CONTEXT, "c0ffee", "deploy", "acme")
        told: dict[str, Any] = {
            "id": secret_id("circleci", "context variable", scope.id, "AWS_ACCESS_KEY_ID"),
            "source": "circleci",
            "store": "context variable",
            "scope": scope,
            "name": "AWS_ACCESS_KEY_ID",
            "created": None,
            "updated": datetime(2022, 6, 1, tzinfo=UTC),
            "tail": None if value is None else self.sealer.seal_masked(value[-4:]),
            "exposure": Exposure(Known(True), Known(1), Known(False)),
            "url": None,
        }
        return Secret(**told | changes)

    def credential(self, secret: Secret, part: str = "id") -> Credential:
        held = (Part(part, secret.id), Part("secret", "S-secret"))
        return Credential(
            "C-1", "aws-access-key", "AWS", "aws", secret.scope, "AWS", tuple(dict.fromkeys(held))
        )

    def directory(self, *labels: str) -> AwsDirectory:
        return AwsDirectory(read_accounts(labels or ("prod",), self.snapshot))

    def identify(self, value: str | None, owner: str | None = None, **changes: Any) -> Any:
        """Return what the directory says of a variable that holds the value."""
        secret = self.secret(value, **changes)
        return self.directory().identify(self.credential(secret), {secret.id: secret}, owner)

    def read_account(self) -> Account:
        return read_accounts(["prod"], self.snapshot).accounts[0]

    def principal(self, name: str) -> Principal:
        return self.read_account().principals[self.arn(name)]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def worlds() -> type[World]:
    """The class itself, for tests that need a fresh world for every example."""
    return World


# --- a live account --------------------------------------------------------------------------


@pytest.fixture(scope="session")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    moto_server = pytest.importorskip("moto.server", reason="the demo extra is not installed")
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    folder: Path = tmp_path_factory.mktemp("aws")
    (folder / "config").write_text("[profile night]\nregion = us-east-1\n")
    moto = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    front = Door(moto.get_host_and_port())
    thread = threading.Thread(target=front.serve_forever, daemon=True)
    thread.start()
    variables = {
        "AWS_ACCESS_KEY_ID": "AKIAINVENTED",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_CONFIG_FILE": str(folder / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(folder / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
    }
    with environment(variables):
        yield front
    front.shutdown()
    front.server_close()
    moto.stop()
    moto._server.server_close()  # moto leaves the listening socket open


@pytest.fixture
def door(front: Door) -> Door:
    """The door, with moto empty behind it."""
    connection = http.client.HTTPConnection(*front.behind, timeout=30)
    connection.request("POST", "/moto-api/reset")
    connection.getresponse().read()
    connection.close()
    front.open()
    return front
