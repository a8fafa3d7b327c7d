"""Writes what `gh api --paginate` prints of an invented organisation, at the paths of its calls."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from auditor.collecting import Collecting, Memory, Silent
from auditor.providers.github import PROVIDER
from auditor.providers.github.directory import GitHubDirectory
from auditor.providers.github.settings import Settings
from auditor.tails import Sealer

ORG = "acme"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def public_key(seed: str) -> str:
    """Return an OpenSSH public key that is the same for the same seed."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
    return private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def sha256_of(seed: str) -> str:
    """Return the SHA256 fingerprint of that key, by the definition: of the key's own bytes."""
    raw = base64.b64decode(public_key(seed).split()[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(raw).digest()).decode().rstrip("=")


def md5_of(seed: str) -> str:
    """Return the MD5 fingerprint of that key."""
    raw = base64.b64decode(public_key(seed).split()[1])
    return ":".join(f"{byte:02x}" for byte in hashlib.md5(raw, usedforsecurity=False).digest())


def repository(name: str, **more: Any) -> dict[str, Any]:
    return {
        "id": len(name),
        "name": name,
        "full_name": f"{ORG}/{name}",
        "owner": {"login": ORG, "id": 1},
        "private": True,
        "archived": False,
        "default_branch": "main",
    } | more


def deploy_key(number: int, seed: str, **more: Any) -> dict[str, Any]:
    return {
        "id": number,
        "key": public_key(seed),
        "url": "",
        "title": "CircleCI",
        "verified": True,
        "created_at": "2021-03-01T00:00:00Z",
        "read_only": True,
        "last_used": "2023-01-01T00:00:00Z",
        "enabled": True,
    } | more


def authorization(number: int, login: str, last_eight: str, *scopes: str, **more: Any) -> Any:
    return {
        "login": login,
        "credential_id": number,
        "credential_type": "personal access token",
        "token_last_eight": last_eight,
        "credential_authorized_at": "2022-01-01T00:00:00Z",
        "credential_accessed_at": "2023-01-10T00:00:00Z",
        "authorized_credential_id": number + 1000,
        "authorized_credential_note": "circleci",
        "authorized_credential_expires_at": None,
        "scopes": list(scopes),
    } | more


def people(*logins: str) -> list[dict[str, Any]]:
    return [{"login": login, "id": at} for at, login in enumerate(logins, 1)]


REPOSITORIES = [
    repository("shop"),
    repository("site", private=False),
    repository("tools"),
    repository("old", archived=True),
]


def replies() -> dict[str, Any]:
    """Return an organisation of four repositories: what every call prints, by file."""
    made: dict[str, Any] = {
        "orgs/acme": {
            "login": ORG,
            "id": 1,
            "default_repository_permission": "none",
            "plan": {"name": "enterprise"},
        },
        "orgs/acme/repos": REPOSITORIES,
        "orgs/acme/members-admin": people("olive"),
        "orgs/acme/members": people("olive", "mia", "ci-bot"),
        "orgs/acme/outside_collaborators": people("xavier"),
        "orgs/acme/teams": [{"id": 1, "name": "Core", "slug": "core", "permission": "push"}],
        "orgs/acme/teams/core/members": people("mia"),
        "orgs/acme/teams/core/repos": [
            {"name": "shop", "permissions": {"pull": True, "push": True}, "role_name": "write"},
            {"name": "tools", "permissions": {"pull": True}, "role_name": "read"},
        ],
        "orgs/acme/credential-authorizations": [
            authorization(1, "olive", "0000AAAA", "repo", "admin:org"),
            authorization(2, "mia", "0000BBBB", "repo"),
            authorization(3, "ci-bot", "0000CCCC", "public_repo", "read:org"),
            authorization(4, "mia", "0000DDDD", "read:org"),
            authorization(
                5,
                "mia",
                "",
                credential_type="SSH key",
                scopes=None,
                fingerprint=sha256_of("mia").removeprefix("SHA256:"),
            ),
        ],
        "orgs/acme/personal-access-tokens": [
            {
                "id": 50,
                "owner": {"login": "mia"},
                "repository_selection": "subset",
                "permissions": {"repository": {"contents": "write", "metadata": "read"}},
                "access_granted_at": "2022-06-01T00:00:00Z",
                "token_id": 500,
                "token_name": "circleci deploy",
                "token_expired": False,
                "token_expires_at": "2030-01-01T00:00:00Z",
                "token_last_used_at": None,
            }
        ],
        "orgs/acme/personal-access-tokens/50/repositories": [repository("shop")],
        "orgs/acme/installations": {
            "total_count": 1,
            "installations": [
                {
                    "id": 777001,
                    "account": {"login": ORG},
                    "app_id": 18001,
                    "client_id": "Iv1.abcd1234",
                    "app_slug": "circleci-app",
                    "repository_selection": "all",
                    "permissions": {"contents": "write", "quantum_flux": "write"},
                    "events": [],
                    "created_at": "2021-01-01T00:00:00Z",
                    "updated_at": "2021-01-01T00:00:00Z",
                    "suspended_at": None,
                }
            ],
        },
        "orgs/acme/audit-log": [
            {"@timestamp": 1, "action": "git.clone", "actor": "mia"},
        ],
        "repos/acme/shop/keys": [
            deploy_key(11, "shop-read"),
            deploy_key(12, "shop-write", title="deploy", read_only=False),
        ],
        "repos/acme/site/keys": [],
        "repos/acme/tools/keys": [],
        "repos/acme/old/keys": [],
        "repos/acme/shop/branches/main": {"name": "main", "protected": False},
        "repos/acme/shop/rules/branches/main": [],
        "repos/acme/shop/collaborators": [],
        "repos/acme/site/collaborators": [
            {"login": "ci-bot", "permissions": {"pull": True, "push": True, "admin": True}},
            {"login": "xavier", "permissions": {"pull": True}},
        ],
        "repos/acme/tools/collaborators": [],
        "repos/acme/old/collaborators": [],
    }
    made |= {f"users/{login}/keys": [] for login in ("olive", "ci-bot", "xavier")}
    made["users/mia/keys"] = [{"id": 9, "key": public_key("mia")}]
    return made


def write(folder: Path, told: dict[str, Any]) -> Path:
    """Write the replies as files; bytes as they are."""
    for name, reply in told.items():
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(reply if isinstance(reply, bytes) else json.dumps(reply).encode())
    return folder


def read(folder: Path, snapshot: Memory | None = None) -> GitHubDirectory:
    """Return what is read of an export, through a snapshot of JSON."""
    held = snapshot or Memory()
    settings = Settings(export=str(folder))
    PROVIDER.collect(settings, Collecting(held, Sealer(b"k" * 32), Silent(), NOW))
    return PROVIDER.read(settings, Memory(json.loads(json.dumps(held.documents))))


def told_of(folder: Path, **changes: Any) -> GitHubDirectory:
    """Return what is read of the organisation with some replies changed, None taken away."""
    files = replies() | {name.replace("__", "/"): reply for name, reply in changes.items()}
    return read(write(folder, {name: one for name, one in files.items() if one is not None}))
