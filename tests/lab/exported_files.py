"""Writes an export of each provider into a folder, as people make them; named as the providers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import azure_export
import github_files

_AWS = Path(__file__).parents[1] / "data/aws/export"


def aws(folder: Path) -> None:
    """Copy replies of the AWS CLI."""
    shutil.copytree(_AWS, folder, dirs_exist_ok=True)


def azure(folder: Path) -> None:
    """Write an invented tenant."""
    azure_export.write(folder)


def github(folder: Path) -> None:
    """Write an invented organisation."""
    github_files.write(folder, github_files.replies())


def gcp(folder: Path) -> None:
    """Write an object of each kind that the CLI prints."""
    email = "ci@p-1.iam.gserviceaccount.com"
    member: dict[str, object] = {"preferredMemberKey": {"id": email}}
    binding = {"role": "roles/owner", "members": ["user:a@b.example"], "condition": {"title": "t"}}
    kind = "storage.googleapis.com/Bucket"
    deny = {"name": "policies/cloudresourcemanager.googleapis.com%2Fprojects%2Fp-1/denypolicies/d"}
    files: dict[str, dict[str, object]] = {
        "policies": {"policy": {"bindings": [binding]}, "resource": "//x/projects/p-1"},
        "roles": {"name": "roles/owner", "includedPermissions": ["a.b.c"]},
        "accounts": {"email": email, "uniqueId": "1", "projectId": "p-1"},
        "assets": {"assetType": kind, "name": "//s/b", "resource": {"data": {"name": "b"}}},
        "projects": {"projectId": "p-1", "projectNumber": "7"},
        "deny": {**deny, "rules": [{"denyRule": {}}]},
        "group@acme.example": member,
        f"{email}": {"name": f"projects/p-1/serviceAccounts/{email}/keys/0a1b"},
    }
    for name, one in files.items():
        (folder / f"{name}.json").write_text(json.dumps([one, one]))


ALL = (aws, azure, gcp, github)
