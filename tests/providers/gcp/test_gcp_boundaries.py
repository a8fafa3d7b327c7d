"""What an access boundary stops, by its enforcement version, and what that leaves."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from gcp_estate import CRM, NOW, ORG, ORG_OWNER, SEALER, bound, email, export, member, role

from auditor.collecting import Collecting, Memory, Silent
from auditor.models import CapabilityName
from auditor.providers.gcp import PROVIDER
from auditor.providers.gcp.engine.boundaries import stops
from auditor.providers.gcp.sensitive import table

DATA = tomllib.loads(
    resources.files("auditor.data").joinpath("gcp-boundaries.toml").read_text("utf-8")
)
VERSIONS = sorted(map(int, DATA["versions"]))
BEYOND = str(VERSIONS[-1] + 1)


@pytest.mark.parametrize(
    ("permission", "since"),
    [
        ("storage.objects.get", 1),
        ("storage.objects.create", 2),
        ("resourcemanager.projects.setIamPolicy", 2),
        ("resourcemanager.projects.createPolicyBinding", None),  # an exception of the version
        ("iam.serviceAccounts.getAccessToken", 3),
        ("iam.serviceAccountKeys.create", 3),
        ("iam.serviceAccounts.listTagBindings", None),
        ("pubsub.topics.publish", 1),
        ("pubsub.topics.setIamPolicy", 3),  # an exception of the first version, and of no later one
        ("secretmanager.versions.access", 4),
        ("iam.googleapis.com/workloadIdentityPoolProviders.create", 4),
        ("compute.instances.create", None),
        ("nobody.knows.this", None),
    ],
)
def test_each_version_stops_what_google_says(permission: str, since: int | None) -> None:
    for version in VERSIONS:
        assert stops(str(version), permission) is (since is not None and version >= since)
    # Of a version that nobody here knows, only what older ones stop is sure.
    assert stops(BEYOND, permission) is (True if since else None)
    latest = since is not None and since <= DATA["latest_at_least"]
    assert stops("latest", permission) is (True if latest else None)


@pytest.mark.parametrize("version", ["", "0", "-1", "v3", "9" * 5000, "٣ "])
def test_a_version_that_is_none_leaves_it_open(version: str) -> None:
    assert stops(version, "storage.objects.get") is None


def test_a_newer_version_never_stops_less() -> None:
    for permission in table().permissions:
        found = [stops(str(version), permission) for version in VERSIONS]
        assert found == sorted(found, key=bool)


def test_every_line_of_the_table_is_of_use() -> None:
    for services in DATA["versions"].values():
        for service, patterns in services.items():
            assert service.isalnum()
            assert len(set(patterns)) == len(patterns)
            assert any(not one.startswith("!") for one in patterns)
            assert not any("/" in one for one in patterns)


def held(folder: Path, version: str) -> set[CapabilityName]:
    """Return what an identity may do that a boundary keeps from the whole organisation."""
    results = [
        ORG_OWNER,
        bound("roles/storage.objectViewer", member("ci")),
        bound("roles/secretmanager.secretAccessor", member("ci")),
    ]
    roles = [
        role("roles/owner", "resourcemanager.projects.setIamPolicy"),
        role("roles/storage.objectViewer", "storage.objects.get"),
        role("roles/secretmanager.secretAccessor", "secretmanager.versions.access"),
    ]
    snapshot = Memory()
    settings = PROVIDER.settings(export=str(export(folder, policies=results, roles=roles)))
    PROVIDER.collect(settings, Collecting(snapshot, SEALER, Silent(), NOW))
    details: dict[str, Any] = {"rules": [{"resources": [f"{CRM}organizations/9"]}]}
    details["enforcementVersion"] = version
    snapshot.save(
        "gcp/boundaries/organizations%2F1",
        {
            "policies": [{"name": "b", "details": details}],
            "bindings": [{"policy": "b", "target": {"principalSet": f"{CRM}{ORG}"}}],
        },
    )
    told = PROVIDER.read(settings, snapshot).resolve(email("ci"))
    return {one.name for one in told.capabilities}


def test_only_what_the_version_stops_is_taken_away(tmp_path: Path) -> None:
    both = {CapabilityName.READ_SECRETS, CapabilityName.READ_DATA}
    assert held(tmp_path / "3", "3") == {CapabilityName.READ_SECRETS}
    assert held(tmp_path / "4", "4") == set()
    assert held(tmp_path / "none", "") == both
    assert held(tmp_path / "latest", "latest") == {CapabilityName.READ_SECRETS}
