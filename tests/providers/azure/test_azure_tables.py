"""The reviewed tables, and how roles are rated by them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from azure_roles import block, role
from hypothesis import given as for_all
from hypothesis import strategies as st
from typer.testing import CliRunner

from auditor.cli import app
from auditor.models import CapabilityName, Json
from auditor.providers.azure.engine.documents import read_definition
from auditor.providers.azure.held import held
from auditor.providers.azure.rate import rated
from auditor.providers.azure.sensitive import (
    actions,
    directory_roles,
    permissions,
    rate_directory_role,
    rate_permission,
)

ROLES = Path(__file__).parents[2] / "data" / "azure" / "role-definitions.json"
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
WRITE = "Microsoft.Authorization/roleAssignments/write"


def resolve(path: Path | str) -> tuple[int, list[dict[str, Any]], str]:
    result = CliRunner().invoke(app, ["resolve", "azure", "--role-definitions", str(path)])
    return (
        result.exit_code,
        [json.loads(line) for line in result.stdout.splitlines()],
        (result.stderr),
    )


# --- the tables ------------------------------------------------------------------------------


def test_the_tables_are_as_long_as_they_must_be() -> None:
    assert len(actions()) >= 80
    assert len(permissions()) >= 120
    assert len(directory_roles()) >= 40


def test_every_action_has_a_tier_a_reason_and_a_source() -> None:
    named = Counter((action.name.lower(), action.data) for action in actions())
    assert max(named.values()) == 1
    for action in actions():
        assert action.tier in (0, 1, 2)
        assert action.reason.startswith(("can ", "is "))
        assert action.source.startswith("https://learn.microsoft.com/azure/role-based-access")
        assert re.fullmatch(r"\*|Microsoft\.\w+", action.name.partition("/")[0])
        assert not action.part or action.general


@pytest.mark.parametrize("table", [permissions(), directory_roles()], ids=["graph", "entra"])
def test_every_permission_and_role_has_a_guid_a_tier_and_a_reason(table: Any) -> None:
    assert all(GUID.fullmatch(id_) for id_ in table)
    assert len({danger.name for danger in table.values()}) == len(table)
    assert all(danger.tier in (0, 1, 2) and danger.reason for danger in table.values())


@pytest.mark.parametrize(
    ("id_", "name", "tier"),
    [
        ("9E3F62CF-ca93-4989-b6ce-bf83c28f9fe8", "", 0),
        ("", "Application.ReadWrite.All", 0),
        ("06b708a9-e830-4db3-a914-8e69da51d44f", "whatever", 0),
        ("7ab1d382-f21e-4acd-a863-ba3e13f7da61", "Directory.Read.All", 2),
        ("", "Brand.New.ReadWrite.All", 1),
        ("", "Brand.New.Read.All", 2),
        ("", "UserAuthMethod-Passkey.ReadWrite.All", 0),
        ("", "UserAuthMethod-Passkey.Read.All", 2),
        ("", "Policy.ReadWrite.CrossTenantAccess", 1),
        ("", "RoleManagement.ReadWrite.Defender", 1),
        ("", "Brand.New.ReadWrite.Selected", 2),
        ("", "Brand.New.FullControl.All", 1),
        ("00000000-0000-0000-0000-00000000dead", "", 2),
    ],
)
def test_permissions_are_rated_by_guid_then_name_then_how_that_is_made(
    id_: str, name: str, tier: int
) -> None:
    assert rate_permission(id_, name).tier == tier


def test_an_unknown_write_to_everything_is_high() -> None:
    assert rate_permission("", "New.ReadWrite.All").capability is CapabilityName.DESTROY


def test_directory_roles_are_rated_by_template() -> None:
    global_administrator = rate_directory_role("62e90394-69f5-4237-9190-012177145e10", "x")
    assert global_administrator.capability is CapabilityName.ADMIN
    assert rate_directory_role("0" * 8, "Brand New Administrator").tier == 1


# --- roles -----------------------------------------------------------------------------------

EXPECTED = {
    "Owner": (0, "admin"),
    "Contributor": (0, "escalate"),
    "User Access Administrator": (0, "admin"),
    "Role Based Access Control Administrator": (0, "admin"),
    "Reader": (2, "read-data"),
    "Reader and Data Access": (1, "read-secrets"),
    "Log Analytics Contributor": (0, "escalate"),
    "Virtual Machine Contributor": (0, "escalate"),
    "Virtual Machine Administrator Login": (0, "escalate"),
    "Managed Identity Operator": (0, "impersonate"),
    "Azure Kubernetes Service Cluster Admin Role": (0, "escalate"),
    "Azure Kubernetes Service RBAC Writer": (0, "impersonate"),
    "Key Vault Data Access Administrator": (1, "impersonate"),
    "Key Vault Contributor": (1, "read-secrets"),
    "Key Vault Secrets User": (1, "read-secrets"),
    "Key Vault Reader": (2, "read-data"),
    "Storage Blob Data Reader": (1, "read-data"),
    "AcrPush": (1, "supply-chain"),
    "AcrPull": (2, "read-data"),
    "Monitoring Contributor": (1, "impersonate"),
    "Support Request Contributor": (2, "read-config"),
    "Billing Reader": (2, "read-config"),
    "Resource Policy Contributor": (0, "escalate"),
    "Logic App Contributor": (0, "impersonate"),
    "Website Contributor": (0, "impersonate"),
    "DNS Zone Contributor": (1, "supply-chain"),
    "CI deployer": (0, "admin"),
    "Everyone but owners": (0, "escalate"),
    "Unreadable condition": (0, "escalate"),
}


@pytest.fixture(scope="module")
def ratings() -> dict[str, dict[str, Any]]:
    code, lines, _ = resolve(ROLES)
    assert code == 0
    return {line["name"]: line for line in lines}


@pytest.mark.parametrize("name", EXPECTED)
def test_roles_are_rated_by_their_actions(name: str, ratings: dict[str, Any]) -> None:
    found = ratings[name]
    assert (found["tier"], found["capabilities"][0]) == EXPECTED[name]
    assert found["reasons"]


def test_a_list_of_roles_is_told_and_limits(ratings: dict[str, Any]) -> None:
    found = ratings["Key Vault Data Access Administrator"]
    assert (
        "can give only these roles: 00482a5a-887f-4fb3-b363-3b7fe8e74483"
        in (found["reasons"][0]["reason"])
    )
    assert found["conditional"]


def test_a_list_of_forbidden_roles_and_an_unreadable_condition_limit_little(
    ratings: dict[str, Any],
) -> None:
    assert f"every role but {OWNER}" in ratings["Everyone but owners"]["reasons"][0]["reason"]
    assert "review" in ratings["Unreadable condition"]["reasons"][0]["reason"]


REQUEST = "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]"


@pytest.mark.parametrize(
    ("condition", "tier"),
    [
        (f"{REQUEST} ForAnyOfAnyValues:GuidEquals {{{OWNER}}}", 1),
        (f"NOT ({REQUEST} ForAnyOfAnyValues:GuidNotEquals {{{OWNER}}})", 1),
        (f"{REQUEST} ForAnyOfAllValues:GuidNotEquals {{{OWNER}}}", 0),
        (f"NOT ({REQUEST} ForAnyOfAnyValues:GuidEquals {{{OWNER}}})", 0),
        (f"{REQUEST} ForAnyOfAnyValues:GuidEquals {{{OWNER}}} OR Exists @Principal[a:b]", 0),
        (f"{REQUEST} ForAnyOfAnyValues:GuidEquals {{{OWNER}}} AND Exists @Principal[a:b]", 1),
        (f"!(ActionMatches{{'{WRITE}'}}) OR {REQUEST} ForAnyOfAnyValues:GuidEquals {{x}}", 1),
        (f"ActionMatches{{'{WRITE}'}} OR {REQUEST} ForAnyOfAnyValues:GuidEquals {{x}}", 0),
        (f"ActionMatches{{'{WRITE}'}} AND {REQUEST} ForAnyOfAnyValues:GuidEquals {{x}}", 1),
        ("@Request[x:PrincipalType] ForAnyOfAnyValues:StringEqualsIgnoreCase {'User'}", 0),
    ],
)
def test_what_a_condition_leaves_of_giving_roles(condition: str, tier: int) -> None:
    found = rated(read_definition(role("r", block(WRITE, condition=condition))))
    assert found["tier"] == tier


@pytest.mark.parametrize(
    ("given", "taken", "expected"),
    [
        (["Microsoft.ManagedIdentity/*"], [], 0),
        (["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"], [], 0),
        (["Microsoft.ManagedIdentity/*"], ["*/assign/action", "*/write"], 2),
        (["Microsoft.Brand.New/things/listKeys/action"], [], 1),
        (["Microsoft.Brand.New/things/listAdminKeys/action"], [], 1),
        (["Microsoft.Brand.New/things/listApiKeys/action"], [], 1),
        (["Microsoft.Brand.New/things/listCredentials/action"], [], 1),
        (["Microsoft.Brand.New/things/listConnectionStrings/action"], [], 1),
        (["Microsoft.Brand.New/things/access/createApiKey/action"], [], 1),
        (["Microsoft.Brand.New/things/generateAccessToken/action"], [], 1),
        (["Microsoft.Brand.New/things/regeneratePrimaryKey/action"], [], 1),
        (["Microsoft.Brand.New/things/list/action"], [], 2),
        # what only opens a way to a cluster, in which its own roles decide
        (["Microsoft.ContainerService/fleets/listCredentials/action"], [], 2),
        (["Microsoft.Kubernetes/connectedClusters/listClusterUserCredential/action"], [], 2),
        (["Microsoft.ContainerService/managedClusters/listClusterUserCredential/action"], [], 0),
        (["Microsoft.Brand/new/*"], [], 2),
        (["Microsoft.Support/*"], [], 3),
        (["*"], ["*"], 3),
        ([], [], 3),
        (["MICROSOFT.COMPUTE/virtualmachines/RUNCOMMAND/action"], [], 0),
        (["Microsoft.Compute/*/action"], ["*/runCommand/action"], 1),
    ],
)
def test_wildcards_meet_wildcards(given: list[str], taken: list[str], expected: int) -> None:
    found = rated(read_definition(role("r", block(*given, notActions=taken))))
    assert found["tier"] == expected


SPELLINGS: Sequence[tuple[str, Json]] = (
    ("of the API", {"name": "r", "properties": {"permissions": [{"actions": ["*"]}]}}),
    ("of the command line", {"name": "r", "permissions": [{"actions": ["*"]}]}),
    ("in capitals, as some of Azure's own", {"name": "r", "permissions": [{"Actions": ["*"]}]}),
    ("of PowerShell", {"Name": "r", "Id": "i", "IsCustom": True, "Actions": ["*"]}),
)


@pytest.mark.parametrize("document", [one for _, one in SPELLINGS], ids=[n for n, _ in SPELLINGS])
def test_no_spelling_of_a_role_makes_it_harmless(document: Json) -> None:
    assert rated(read_definition(document))["capabilities"][0] == "admin"


def test_a_condition_in_capitals_counts_too() -> None:
    only = f"{REQUEST} ForAnyOfAnyValues:GuidEquals {{{OWNER}}}"
    found = read_definition({"name": "r", "permissions": [{"Actions": [WRITE], "Condition": only}]})
    assert (rated(found)["tier"], rated(found)["conditional"]) == (1, True)


def test_a_role_that_is_listed_by_its_title_is_known_by_its_guid() -> None:
    path = f"/providers/Microsoft.Authorization/RoleDefinitions/{OWNER}"
    found = read_definition({"id": path, "name": "Owner", "permissions": []})
    assert (found.id, found.name) == (OWNER, "Owner")


NAMES = st.sampled_from(sorted({action.name for action in actions() if not action.part}))


@for_all(st.lists(NAMES, max_size=4), st.lists(NAMES, max_size=4), NAMES)
def test_more_actions_never_lower_a_rating_and_more_not_actions_never_raise_it(
    given: list[str], taken: list[str], more: str
) -> None:
    def tier(given: list[str], taken: list[str]) -> int:
        found: int = rated(read_definition(role("r", block(*given, notActions=taken))))["tier"]
        return found

    assert tier([*given, more], taken) <= tier(given, taken) <= tier(given, [*taken, more])


def test_what_is_held_names_the_block_and_the_pattern() -> None:
    found = held(read_definition(role("r", block("a/read"), block("Microsoft.Authorization/*"))))
    assert (found[0].block, found[0].pattern) == (2, "Microsoft.Authorization/*")


# --- files -----------------------------------------------------------------------------------


def test_a_malformed_role_is_told_and_the_rest_go_on(tmp_path: Path) -> None:
    file = tmp_path / "roles.json"
    good = role("r", block("*"))
    file.write_text(json.dumps({"value": [good, {"roleName": "bad"}, 5, good]}), "utf-16")
    code, lines, _ = resolve(file)
    assert code == 0
    assert [("error" in line, line["name"]) for line in lines] == [
        (False, "r"),
        (True, "bad"),
        (True, None),
        (False, "r"),
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[", "broken JSON"),
        (b"[]", "no role definitions"),
        (b"\xff\xff", "not JSON"),
        (b"[" * 100_000, "levels deep, line 1"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "roles.json"
    file.write_bytes(content)
    code, lines, stderr = resolve(file)
    assert (code, lines) == (2, [])
    assert words in stderr


def test_a_folder_of_files_is_rated_too(tmp_path: Path) -> None:
    (tmp_path / "roles.json").write_text(json.dumps([role("r", block("*"))]))
    assert [line["name"] for line in resolve(tmp_path)[1]] == ["r"]
