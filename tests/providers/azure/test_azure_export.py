"""`auditor resolve azure --export`: who there is in an exported tenant, and what they may do."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import azure_export as lab
import pytest
from typer.testing import CliRunner

from auditor.cli import app
from auditor.collecting import Collecting, Memory, Silent
from auditor.exported import read
from auditor.models import CapabilityName, Known
from auditor.providers import Directory
from auditor.providers.azure import PROVIDER
from auditor.providers.azure.documents import clean
from auditor.tails import KEY_LENGTH, Sealer

NOW = datetime(2023, 1, 10, tzinfo=UTC)


def resolve(folder: Path) -> dict[str, dict[str, Any]]:
    result = CliRunner().invoke(app, ["resolve", "azure", "--export", str(folder)])
    assert result.exit_code == 0, result.output
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return {line.get("name", "gaps"): line for line in lines}


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    return resolve(lab.write(tmp_path_factory.mktemp("azure")))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Directory:
    return read(PROVIDER, lab.write(tmp_path_factory.mktemp("azure")), NOW)


def worst(line: dict[str, Any]) -> tuple[str, bool, bool]:
    first = line["capabilities"][0]
    return first["name"], first["limited"], first["conditional"]


EXPECTED = {
    "ci-deploy": ("admin", False, False),
    "ci-roles": ("impersonate", False, True),
    "ci-directory": ("escalate", False, False),
    "ci-owner": ("admin", False, False),
    "tenant-automation": ("admin", False, False),
    "ci-readonly": ("read-data", False, False),
    "vendor-scanner": ("read-secrets", True, False),
    "build-agent": ("read-data", False, False),
    "ci-vault": ("read-secrets", True, False),
    "ci-group": ("escalate", False, False),
    "ci-apps": ("escalate", False, False),
    "alice@acme.example": ("admin", False, False),
    "deployers": ("escalate", False, False),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_the_worst_of_what_everybody_may_do(name: str, tenant: dict[str, Any]) -> None:
    assert worst(tenant[name]) == EXPECTED[name]
    assert tenant[name]["complete"], tenant[name]["gaps"]


PATHS = {
    "ci-deploy": ["service principal ci-deploy", "has the custom role CI deployer at the subscrip"],
    "ci-owner": [
        "service principal ci-owner",
        "is owner of the application tenant-automation",
        "can add a secret to it and log in as it",
        "it has RoleManagement.ReadWrite.Directory",
        "can make itself Global Administrator",
    ],
    "ci-group": [
        "service principal ci-group",
        "is in the group deployers",
        "has the role Contributor at the management group landing-zones",
    ],
    "ci-apps": [
        "service principal ci-apps",
        "has the directory role Application Administrator",
        "can add a secret to the strongest applications: tenant-automation (RoleManagement",
    ],
    "ci-roles": ["service principal ci-roles", "has the role Role Based", "can give only these"],
    "ci-vault": ["service principal ci-vault", "is named by an access policy", "may get, list"],
}


@pytest.mark.parametrize("name", PATHS)
def test_paths_are_told_step_by_step(name: str, tenant: dict[str, Any]) -> None:
    path = tenant[name]["capabilities"][0]["path"]
    assert all(told.startswith(step) for told, step in zip(path, PATHS[name], strict=False))
    assert len(path) >= len(PATHS[name])


def test_a_management_group_reaches_beyond_a_subscription(tenant: dict[str, Any]) -> None:
    reach = [c for c in tenant["ci-group"]["capabilities"] if c["name"] == "org-reach"]
    assert lab.LANDING.lower() in reach[0]["resources"]


def test_what_is_more_than_needed_is_told(tenant: dict[str, Any]) -> None:
    assert tenant["ci-deploy"]["over_privileged"]
    assert "CI deployer" in tenant["ci-deploy"]["why"][0]
    assert not tenant["ci-readonly"]["over_privileged"]
    assert not tenant["ci-roles"]["over_privileged"]


def test_a_deny_assignment_takes_away_what_it_names(directory: Directory) -> None:
    def lists_storage_keys(name: str) -> bool:
        id_ = next(one.id for one in directory.identities.values() if one.name == name)
        found = directory.resolve(id_).capabilities
        wanted = "Microsoft.Storage/storageAccounts/listKeys/action"
        return any(wanted in one.actions for one in found)

    assert not lists_storage_keys("vendor-scanner")
    assert lists_storage_keys("alice@acme.example")


def test_a_deleted_role_is_a_gap_and_not_clean(tenant: dict[str, Any]) -> None:
    line = tenant["ci-retired"]
    assert not line["complete"]
    assert lab.DELETED in line["gaps"][0]["what"]
    assert line["status"] == "disabled"


def test_a_deleted_principal_is_told(tenant: dict[str, Any]) -> None:
    assert tenant[lab.object_id(lab.GONE)]["status"] == "not in the directory"


def test_eligible_roles_stand_apart(directory: Directory) -> None:
    found = directory.resolve(lab.object_id(6))
    assert [grant.effect for grant in found.grants if "Owner" in grant.via] == ["Eligible"]
    assert all(one.name is not CapabilityName.ADMIN for one in found.capabilities)


def test_delegated_permissions_need_somebody_who_logs_in(directory: Directory) -> None:
    found = [one for one in directory.resolve(lab.object_id(12)).capabilities if one.conditional]
    assert "Mail.Read" in found[0].actions


def test_a_role_for_an_administrative_unit_is_limited(directory: Directory) -> None:
    found = directory.resolve(lab.object_id(11)).capabilities
    assert any(one.limited and "User Administrator" in one.actions for one in found)


def test_inherited_assignments_that_are_listed_twice_count_once(directory: Directory) -> None:
    grants = directory.resolve(lab.object_id(11)).grants
    assert len([grant for grant in grants if "Contributor" in grant.via]) == 1


# --- keys ------------------------------------------------------------------------------------


def test_secrets_and_certificates_with_their_dates(directory: Directory) -> None:
    keys = {key.label[-1]: key for key in directory.identities[lab.object_id(1)].keys}
    assert keys["1"].kind == "client secret"
    assert keys["1"].status == "Active"
    assert keys["2"].status == "expired"
    assert keys["1"].created is not None
    assert not isinstance(keys["1"].last_used, Known)
    assert directory.identities[lab.object_id(2)].keys[0].kind == "certificate"


def test_keys_are_complete_only_where_the_application_is_seen(directory: Directory) -> None:
    complete = {one.name: one.keys_complete for one in directory.identities.values()}
    assert complete["ci-deploy"]
    assert complete["build-agent"]
    assert not complete["vendor-scanner"]


def test_kinds_of_principals(directory: Directory) -> None:
    kinds = {one.name: one.kind for one in directory.identities.values()}
    assert kinds["vendor-scanner"] == "foreign service principal"
    assert kinds["build-agent"] == "managed identity"
    assert kinds["alice@acme.example"] == "user"
    assert "Microsoft Graph" not in kinds


# --- what is not there -----------------------------------------------------------------------

MISSING = {
    "role-assignments.json": ("ci-deploy", "role assignments"),
    "directory/roles.json": ("ci-deploy", "directory roles"),
    "vaults.json": ("ci-deploy", "access policies of key vaults"),
    "grants.json": ("ci-deploy", "delegated permissions"),
    "app-roles/1.json": ("ci-deploy", "application permissions of ci-deploy"),
    "apps.json": ("ci-deploy", ""),
    f"groups/transitiveMemberOf-{lab.object_id(1)}.json": ("ci-deploy", "groups of service"),
    f"owners/owners-{lab.application_id(5)}.json": ("ci-owner", "owners of applications"),
}


@pytest.mark.parametrize("file", MISSING)
def test_what_is_not_exported_is_a_gap_and_never_clean(file: str, tmp_path: Path) -> None:
    name, what = MISSING[file]
    extra = {f"groups/members-{lab.DEPLOYERS}.json": None}
    found = resolve(lab.write(tmp_path, **{file: None}, **extra))
    gaps = [*found[name]["gaps"], *found.get("gaps", {}).get("gaps", [])]
    assert any(gap["what"].startswith(what) and gap["fix"] for gap in gaps)
    assert "apps" in file or not found[name]["complete"]


def test_a_subscription_without_any_exported_assignment_is_a_gap(tmp_path: Path) -> None:
    accounts = [
        *lab.files()["accounts.json"],
        {
            "id": "88888888-0000-0000-0000-000000000008",
            "name": "staging",
            "state": "Enabled",
            "tenantId": lab.TENANT,
        },
    ]
    found = resolve(lab.write(tmp_path, **{"accounts.json": accounts}))
    assert any("the subscription staging" in gap["what"] for gap in found["ci-deploy"]["gaps"])


def test_an_export_of_assignments_and_roles_alone_names_everybody(tmp_path: Path) -> None:
    kept = ("role-assignments.json", "role-definitions.json")
    left_out = {name: None for name in lab.files() if name not in kept}
    found = resolve(lab.write(tmp_path, **left_out))
    assert worst(found["alice@acme.example"])[0] == "admin"
    assert not found["alice@acme.example"]["complete"]
    assert {"service principals", "applications and their secrets"} <= {
        gap["what"] for gap in found["gaps"]["gaps"]
    }


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("broken.json", "{", "broken JSON"),
        ("strange.json", '{"a": 1}', "does not read"),
        ("half.json", '{"value": [], "@odata.nextLink": "x"}', "first page only"),
        ("bad.json", '[{"principalId": "p", "roleDefinitionId": "r", "scope": 5}]', "role-ass"),
        ("vault.json", '[{"type": "Microsoft.KeyVault/vaults", "accessPolicies": 7}]', ""),
        ("tenant.json", '[{"id": [], "appId": "1", "servicePrincipalType": 3}]', ""),
    ],
)
def test_odd_files_are_told_and_the_rest_goes_on(
    name: str, content: str, words: str, tmp_path: Path
) -> None:
    folder = lab.write(tmp_path)
    (folder / name).write_text(content)
    found = resolve(folder)
    assert worst(found["ci-deploy"])[0] == "admin"
    told = json.dumps(found.get("gaps", {}))
    assert words in told


def test_one_file_is_an_export_too(tmp_path: Path) -> None:
    lab.write(tmp_path)
    found = resolve(tmp_path / "role-assignments.json")
    assert not found["alice@acme.example"]["complete"]


# --- secrets ---------------------------------------------------------------------------------


def test_no_secret_hint_or_tail_is_kept(tmp_path: Path) -> None:
    snapshot = Memory()
    sealer = Sealer(b"k" * KEY_LENGTH)
    settings = PROVIDER.settings(export=str(lab.write(tmp_path)))
    PROVIDER.collect(settings, Collecting(snapshot, sealer, Silent(), NOW))
    kept = json.dumps(snapshot.documents)
    assert lab.SECRET_TEXT not in kept
    assert '"hint"' not in kept
    assert all(lab.app_id(number) not in kept for number in lab.NAMES)
    assert lab.app_id(1)[:-4] + "****" in kept


def test_an_item_is_cut_to_what_is_read() -> None:
    item = {
        "id": "1",
        "appId": "abcd1234",
        "notes": "secret",
        "servicePrincipalNames": ["abcd1234"],
    }
    kept = clean("service-principals", item, Sealer(b"k" * KEY_LENGTH))
    assert set(kept) == {"id", "appId", "appIdTail", "appIdTailUpper"}
