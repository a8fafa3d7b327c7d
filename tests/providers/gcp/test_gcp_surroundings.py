"""What stands around the accounts: logs, trust in CI tokens, use, and the audit's own role."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml
from gcp_estate import (
    CRM,
    FOLDER,
    NOW,
    ORG,
    ORG_OWNER,
    SEALER,
    account,
    bound,
    directory,
    email,
    export,
    key,
    member,
    role,
)

from auditor.collecting import Collecting, Memory, Silent
from auditor.models import CapabilityName, Known, LogCoverage, Unknown
from auditor.plan import missing_packages
from auditor.providers.gcp import PROVIDER
from auditor.providers.gcp.collect import budget
from auditor.providers.gcp.estate import read_estate
from auditor.providers.gcp.parts import PARTS, audit_role
from auditor.providers.gcp.sensitive import table

LIVE = PROVIDER.settings(scopes=("organizations/1",))
POOL = "projects/111/locations/global/workloadIdentityPools/ci"
ISSUER = "https://oidc.circleci.com/org/6b1c0d5e-3f0a-4b7e-9d55-0c0f6f7a8b21"


def provider(condition: str = "", issuer: str = ISSUER) -> dict[str, Any]:
    told: dict[str, Any] = {"name": f"{POOL}/providers/x", "oidc": {"issuerUri": issuer}}
    return told | ({"attributeCondition": condition} if condition else {})


@pytest.mark.parametrize(
    ("found", "severity"),
    [
        (provider(), "Medium"),
        (provider("assertion.aud == 'x'"), "Medium"),
        (provider("assertion['oidc.circleci.com/project-id'] == 'p'"), None),
        (provider("assertion.sub == 'org/1/project/2/user/3'"), None),
        (provider(issuer="https://token.actions.githubusercontent.com"), None),
        (provider() | {"disabled": True}, None),
    ],
)
def test_a_provider_that_lets_in_every_project_is_a_weakness(
    tmp_path: Path, found: dict[str, Any], severity: str | None
) -> None:
    told = directory(export(tmp_path, policies=[ORG_OWNER], provider=found))
    assert [one.severity.value for one in told.weaknesses] == ([severity] if severity else [])


def test_it_is_worse_where_the_whole_pool_is_bound(tmp_path: Path) -> None:
    grant = bound("roles/owner", f"principalSet://iam.googleapis.com/{POOL}/*")
    told = directory(export(tmp_path, policies=[ORG_OWNER, grant], provider=provider()))
    (found,) = told.weaknesses
    assert found.severity.value == "High"
    assert "every identity of the pool has roles/owner" in found.evidence[-1].fact
    assert "condition" in found.fix


# --- logs ------------------------------------------------------------------------------------


def config(place: str, *kinds: str, spared: tuple[str, ...] = ()) -> dict[str, Any]:
    told = [{"logType": kind, "exemptedMembers": list(spared)} for kind in kinds]
    policy = {"auditConfigs": [{"service": "allServices", "auditLogConfigs": told}]}
    return {"name": f"{CRM}{place}", "assetType": "x", "iamPolicy": policy}


def data_log(folder: Path, **files: Any) -> LogCoverage:
    buckets = [
        {"name": "projects/web-prod-site/locations/global/buckets/_Default", "retentionDays": 90},
        {"name": "projects/web-prod-site/locations/global/buckets/_Required", "retentionDays": 400},
    ]
    results = [ORG_OWNER, bound("roles/browser", member("ci"))]
    told = directory(export(folder, policies=results, buckets=buckets, **files))
    admin, data = told.logs
    assert admin.enabled == Known(value=True)
    assert admin.retention_days == Known(400)
    return data


def test_data_access_is_inherited_and_adds_up(tmp_path: Path) -> None:
    configs = [
        config(ORG, "DATA_READ", spared=(member("ci"),)),
        config(FOLDER, "DATA_WRITE"),
        config("folders/3", "ADMIN_READ"),
    ]
    found = data_log(tmp_path, configs=configs)
    assert found.enabled == Known(value=True)
    assert found.level == "DATA_READ, DATA_WRITE"
    assert found.retention_days == Known(90)
    assert found.never == (
        "ADMIN_READ of services without a configuration of their own; "
        f"what {member('ci')} did: exempted"
    )


def test_without_the_configuration_nobody_knows_whether_it_is_on(tmp_path: Path) -> None:
    assert isinstance(data_log(tmp_path).enabled, Unknown)


def test_with_a_configuration_of_others_only_it_is_off(tmp_path: Path) -> None:
    found = data_log(tmp_path, configs=[config("folders/3", "DATA_READ")])
    assert found.enabled == Known(value=False)


# --- the audit's own role, and the table of permissions ---------------------------------------


def test_the_shipped_role_is_what_the_calls_need() -> None:
    shipped = resources.files("auditor.data").joinpath("gcp-audit-role.yaml").read_text("utf-8")
    assert shipped == audit_role()
    told = yaml.safe_load(shipped)
    assert set(told) == {"title", "description", "stage", "includedPermissions"}
    verbs = {name.rpartition(".")[2] for name in told["includedPermissions"]}
    assert all(verb.startswith(("list", "get", "search", "query")) for verb in verbs)
    assert all(
        name in told["includedPermissions"] for p in PARTS.values() for name in p.permissions
    )


def test_every_permission_of_the_table_is_written_as_google_writes_them() -> None:
    for name in table().permissions:
        service, _, rest = name.partition("/") if "/" in name else name.partition(".")
        assert service.removesuffix(".googleapis.com").isalnum(), name
        assert rest.count(".") == 1, name
        assert all(part.isalnum() and part[0].islower() for part in rest.split(".")), name


def test_every_rule_has_a_reason_and_a_source() -> None:
    for rule in table().rules:
        assert rule.any
        assert rule.reason.startswith(("can ", "reaches "))
        assert rule.source.startswith("https://")
        assert (rule.becomes == "runtime") == (rule.also == ("iam.serviceAccounts.actAs",))
    assert {rule.axis for rule in table().rules} >= {
        "own the hierarchy",
        "become another",
        "read secrets and data",
        "supply chain",
        "blind the defender",
    }


def test_owner_and_editor_are_not_thought_to_read_objects() -> None:
    """https://cloud.google.com/iam/docs/roles-overview: data only through convenience members."""
    for basic in ("roles/owner", "roles/editor"):
        assert not table().known_roles[basic] & {
            "storage.objects.get",
            "secretmanager.versions.access",
            "iam.serviceAccounts.getAccessToken",
        }


def test_a_disabled_account_and_its_keys_are_told(tmp_path: Path) -> None:
    told = directory(
        export(
            tmp_path,
            policies=[ORG_OWNER, bound("roles/owner", member("off"))],
            roles=[role("roles/owner", "resourcemanager.projects.setIamPolicy")],
            accounts=[account("off", disabled=True)],
            keys=[key("off")],
        )
    )
    assert told.identities[email("off")].status == "disabled"
    (found,) = told.resolve(email("off")).capabilities  # what it had is still told
    assert found.name is CapabilityName.ADMIN


def test_a_package_whose_parent_is_missing_too_is_missing_and_no_defect() -> None:
    class Part:
        def packages(self, settings: Any) -> tuple[str, ...]:
            return ("nowhere.cloud.asset_v1", "json")

    assert missing_packages(Part(), None) == ("nowhere.cloud.asset_v1",)
    assert not missing_packages(PROVIDER, PROVIDER.settings())


# --- calls ---------------------------------------------------------------------------------------


def test_a_run_on_200_accounts_states_its_calls_before_it_makes_them(tmp_path: Path) -> None:
    accounts = [account(f"sa{number}") for number in range(200)]
    read = bound("roles/viewer", *(member(f"sa{number}") for number in range(200)))
    custom = bound("projects/web-prod-site/roles/ci", member("sa0"))
    memory = Memory()
    settings = PROVIDER.settings(
        export=str(export(tmp_path, policies=[ORG_OWNER, read, custom], accounts=accounts))
    )
    PROVIDER.collect(settings, Collecting(memory, SEALER, Silent(), NOW))
    told = budget(read_estate(memory), settings)
    assert "200 listings of keys (quota 6000 a minute)" in told
    assert "4 pages of roles" in told
    assert "at most 50 of deny policies and access boundaries, 5 a minute" in told
    assert "AnalyzeIamPolicy is not used" in told
    planned = {call.call.rpartition("/")[2]: call for call in PROVIDER.planned_calls(LIVE, 0)}
    assert planned["ListServiceAccountKeys"].each == "service account"
    assert planned["ListServiceAccountKeys"].quota == "6,000 a minute"
    assert planned["GetPolicy"].most == LIVE.guardrails_most
    assert "AnalyzeIamPolicy" not in planned
