"""What exported files tell of an identity: what it may do, whom it can become, what is unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from gcp_estate import (
    CRM,
    FOLDER,
    ORG,
    ORG_OWNER,
    account,
    bound,
    directory,
    email,
    export,
    key,
    member,
    role,
)
from typer.testing import CliRunner

from auditor.cli import app
from auditor.models import Capability, CapabilityName, Resolution
from auditor.providers.gcp.directory import GcpDirectory

SECRETS, KEYS = "secretmanager.versions.access", "iam.serviceAccountKeys.create"
TOKEN, ACT_AS = "iam.serviceAccounts.getAccessToken", "iam.serviceAccounts.actAs"
DEPLOY, OWN = "run.services.create", "resourcemanager.projects.setIamPolicy"
ROLES = [
    role("roles/owner", OWN, KEYS, ACT_AS, DEPLOY),
    role("roles/editor", KEYS, ACT_AS, DEPLOY),
    role("roles/viewer", "resourcemanager.projects.get"),
    role("roles/iam.serviceAccountTokenCreator", TOKEN),
    role("roles/iam.serviceAccountUser", ACT_AS),
    role("roles/run.developer", DEPLOY),
    role("roles/secretmanager.secretAccessor", SECRETS),
    role("roles/storage.objectViewer", "storage.objects.get"),
    role("roles/browser"),
    role("projects/web-prod-site/roles/old", OWN, stage="DISABLED"),
    role("projects/web-prod-site/roles/ci", SECRETS, stage="GA"),
]


def read(folder: Path, *results: dict[str, Any], **files: Any) -> GcpDirectory:
    told: dict[str, Any] = {"policies": [ORG_OWNER, *results], "roles": ROLES, **files}
    return directory(export(folder, **told))


def forms(found: Resolution) -> set[str]:
    return {
        " ".join(
            filter(
                None,
                (c.name, "limited" if c.limited else "", "conditional" if c.conditional else ""),
            )
        )
        for c in found.capabilities
    }


def resolved(
    folder: Path, *results: dict[str, Any], who: str = email("ci"), **files: Any
) -> Resolution:
    return read(folder, *results, **files).resolve(who)


def of_kind(found: Resolution, name: CapabilityName) -> Capability:
    return next(one for one in found.capabilities if one.name is name)


SECRET = "roles/secretmanager.secretAccessor"
ONE_SECRET = "//secretmanager.googleapis.com/projects/111/secrets/db"
EXPIRED = 'request.time < timestamp("2023-01-01T00:00:00Z")'
SA_NAME = f"//iam.googleapis.com/projects/web-prod-site/serviceAccounts/{email('boss')}"
CASES: list[tuple[list[dict[str, Any]], set[str]]] = [
    ([bound("roles/viewer", member("ci"))], {"read-config"}),
    ([bound("roles/browser", member("ci"))], set()),
    ([bound("roles/owner", member("ci"))], {"admin", "impersonate", "deploy"}),
    ([bound("projects/web-prod-site/roles/old", member("ci"))], set()),
    ([bound("projects/web-prod-site/roles/ci", member("ci"))], {"read-secrets"}),
    (
        [bound(SECRET, member("ci"), resource=ONE_SECRET)],
        {"read-secrets limited"},
    ),
    (
        [bound("roles/owner", member("ci"), when=EXPIRED)],
        set(),
    ),
    (
        [bound(SECRET, member("ci"), when='resource.matchTag("1/env", "test")')],
        {"read-secrets limited conditional"},
    ),
    (
        [bound("roles/secretmanager.secretAccessor", member("ci"), resource=f"{CRM}{FOLDER}")],
        {"read-secrets", "org-reach"},
    ),
    (
        [bound("roles/secretmanager.secretAccessor", member("ci"), project="data-lake-main")],
        {"read-secrets", "org-reach"},
    ),
    # A deploy right alone runs code; only with the right to act as an account it becomes one.
    ([bound("roles/run.developer", member("ci"))], {"deploy"}),
    (
        [
            bound("roles/run.developer", member("ci")),
            bound("roles/iam.serviceAccountUser", member("ci")),
        ],
        {"deploy", "impersonate"},
    ),
    (
        [
            bound("roles/run.developer", member("ci")),
            bound("roles/iam.serviceAccountUser", member("ci"), project="data-lake-main"),
        ],
        {"deploy"},
    ),
    # Basic roles read objects through the convenience members of buckets only.
    (
        [
            bound("roles/editor", member("ci")),
            bound(
                "roles/storage.objectViewer",
                "projectEditor:web-prod-site",
                resource="//storage.googleapis.com/builds",
            ),
        ],
        {"deploy", "impersonate", "read-data limited"},
    ),
]


@pytest.mark.parametrize(("results", "expected"), CASES, ids=map(str, range(len(CASES))))
def test_capabilities(tmp_path: Path, results: list[dict[str, Any]], expected: set[str]) -> None:
    told = forms(resolved(tmp_path, *results))
    assert {form for form in told if not form.startswith("org-reach")} == {
        form for form in expected if form != "org-reach"
    }
    assert ("org-reach" in expected) == any(form.startswith("org-reach") for form in told)


def test_a_chain_of_impersonation_is_followed_and_ends(tmp_path: Path) -> None:
    creator = "roles/iam.serviceAccountTokenCreator"
    boss = bound(creator, member("ci"), resource=SA_NAME)
    back = bound(creator, member("boss"), resource=SA_NAME.replace("boss@", "ci@"))
    lake = SA_NAME.replace("web-prod-site", "data-lake-main").replace("boss@", "root@")
    on = bound(creator, member("boss"), resource=lake, project="data-lake-main")
    owner = bound("roles/owner", member("root", "data-lake-main"), project="data-lake-main")
    found = resolved(tmp_path, boss, back, on, owner)
    assert forms(found) == {"impersonate limited", "impersonate", "escalate", "deploy"}
    path = of_kind(found, CapabilityName.ESCALATE).path[0]
    steps = [email("ci"), "becomes " + email("boss"), "becomes " + email("root", "data-lake-main")]
    assert [path.index(step) for step in steps] == sorted(path.index(step) for step in steps)
    assert path.endswith("which has admin")


def test_a_delegation_leads_on_only_by_tokens(tmp_path: Path) -> None:
    delegate = role("roles/delegate", "iam.serviceAccounts.implicitDelegation")
    step = bound("roles/delegate", member("ci"), resource=SA_NAME)
    owner = bound("roles/owner", member("boss"))
    roles = [*ROLES, delegate]
    assert forms(resolved(tmp_path / "a", step, owner, roles=roles)) == {
        "impersonate limited conditional"
    }
    last = SA_NAME.replace("boss@", "last@")
    token = bound("roles/iam.serviceAccountTokenCreator", member("boss"), resource=last)
    admin = bound("roles/owner", member("last"))
    found = resolved(tmp_path / "b", step, token, admin, roles=roles)
    assert "escalate" in forms(found)


def test_a_service_account_named_by_its_unique_id_is_found(tmp_path: Path) -> None:
    boss = account("boss")
    named = SA_NAME.replace(email("boss"), boss["uniqueId"])
    creator = bound("roles/iam.serviceAccountTokenCreator", member("ci"), resource=named)
    owner = bound("roles/owner", member("boss"))
    assert "escalate" in forms(resolved(tmp_path, creator, owner, accounts=[boss]))


def test_the_pair_reports_both_halves_with_their_scopes(tmp_path: Path) -> None:
    deploy = bound("roles/run.developer", member("ci"))
    act = bound("roles/iam.serviceAccountUser", member("ci"), resource=SA_NAME)
    found = resolved(tmp_path, deploy, act, bound("roles/owner", member("boss")))
    path = of_kind(found, CapabilityName.ESCALATE).path[0]
    assert "run.services.create on project web-prod-site (roles/run.developer)" in path
    assert f"with {ACT_AS} on iam/projects/web-prod-site/serviceAccounts/{email('boss')}" in path


def test_groups_count_when_their_members_are_known(tmp_path: Path) -> None:
    admins = bound("roles/owner", "group:admins@acme.example")
    unread = resolved(tmp_path / "a", admins, bound("roles/viewer", member("ci")))
    assert [gap.what for gap in unread.gaps] == [
        "groups that hold service accounts of group:admins@acme.example"
    ]
    nested = [{"preferredMemberKey": {"id": "crew@acme.example"}}]
    inner = [{"preferredMemberKey": {"id": email("ci")}}]
    files: dict[str, Any] = {"admins@acme.example": nested, "crew@acme.example": inner}
    crew = bound("roles/browser", "group:crew@acme.example")
    known = resolved(tmp_path / "b", admins, crew, **files)
    assert "admin" in forms(known)
    assert not known.gaps
    assert "group:admins@acme.example" in of_kind(known, CapabilityName.ADMIN).path[0]


def test_a_deny_policy_takes_away_and_is_told(tmp_path: Path) -> None:
    policy = {
        "name": "policies/cloudresourcemanager.googleapis.com%2Ffolders%2F2/denypolicies/no-keys",
        "kind": "DenyPolicy",
        "rules": [
            {
                "denyRule": {
                    "deniedPrincipals": ["principalSet://goog/public:all"],
                    "deniedPermissions": [
                        "iam.googleapis.com/serviceAccountKeys.*",
                        "iam.googleapis.com/serviceAccounts.actAs",
                    ],
                }
            }
        ],
    }
    found = resolved(tmp_path, bound("roles/editor", member("ci")), deny=policy)
    assert forms(found) == {"deploy"}
    assert "refuses iam.serviceAccountKeys.create" in " ".join(found.capabilities[0].path)
    above = resolved(
        tmp_path, bound("roles/editor", member("ci"), resource=f"{CRM}{ORG}"), deny=policy
    )
    assert "impersonate" in forms(above)
    assert "may refuse a part" in " ".join(above.capabilities[0].path)


@pytest.mark.parametrize(
    ("results", "what"),
    [
        ([bound("roles/nobody.described", member("ci"))], "permissions of roles roles/nobody"),
        ([bound("projects/x/roles/gone", member("ci"))], "permissions of roles projects/x/roles"),
    ],
)
def test_a_role_nobody_described_is_a_gap(
    tmp_path: Path, results: list[dict[str, Any]], what: str
) -> None:
    found = resolved(tmp_path, *results)
    assert [gap.what.startswith(what) for gap in found.gaps] == [True]
    assert "gcloud iam roles describe" in found.gaps[0].fix


def test_of_a_role_that_everybody_knows_the_worst_is_known(tmp_path: Path) -> None:
    found = resolved(tmp_path, bound("roles/owner", member("ci")), roles=[])
    assert "admin" in forms(found)
    assert found.gaps


def test_without_the_organisations_policy_what_is_inherited_is_a_gap(tmp_path: Path) -> None:
    told = directory(export(tmp_path, policies=[bound("roles/browser", member("ci"))], roles=ROLES))
    assert [gap.what for gap in told.resolve(email("ci")).gaps] == [
        "grants inherited from above what was read"
    ]


def test_identities_are_accounts_people_groups_and_pools(tmp_path: Path) -> None:
    pool = (
        "principalSet://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/ci/*"
    )
    gone = "deleted:" + member("gone") + "?uid=5"
    told = read(
        tmp_path,
        bound("roles/owner", member("ci"), "user:a@x.example", "group:g@x.example", pool, gone),
        bound("roles/editor", "serviceAccount:111-compute@developer.gserviceaccount.com"),
        accounts=[account("idle"), account("off", disabled=True)],
        keys=[key("idle")],
    )
    kinds = {one.name.partition("@")[0]: one.kind for one in told.identities.values()}
    assert kinds["ci"] == kinds["idle"] == kinds["111-compute"] == "service account"
    assert (kinds["a"], kinds["g"]) == ("user", "group")
    assert "set of federated identities" in kinds.values()
    assert "gone" not in kinds
    assert told.identities[email("off")].status == "disabled"
    compute = told.identities["111-compute@developer.gserviceaccount.com"]
    assert compute.account == "web-prod-site"
    for id_ in told.identities:
        told.resolve(id_)


def test_over_privilege_is_told_in_words(tmp_path: Path) -> None:
    reader = bound("roles/secretmanager.secretAccessor", member("ci"), resource=f"{CRM}{FOLDER}")
    told = resolved(tmp_path, bound("roles/editor", member("ci")), reader)
    assert told.over_privileged == (
        "it holds the basic role Editor: thousands of permissions on project web-prod-site",
        "roles/secretmanager.secretAccessor is granted on the whole folder 2",
    )


def test_what_cannot_be_used_of_an_export_is_told(tmp_path: Path) -> None:
    export(tmp_path, policies=[ORG_OWNER], listed=[{"name": "roles/a", "title": "A"}])
    (tmp_path / "broken.json").write_text("[{")
    (tmp_path / "odd.json").write_text('{"a": 1}')
    (tmp_path / "binary.json").write_bytes(b"\x00\xff\x13")
    bindings = [{"name": f"policyBindings/{n}", "policyKind": "ACCESS"} for n in range(2)]
    (tmp_path / "bindings.json").write_text(json.dumps(bindings))
    told = {gap.what: gap.why for gap in directory(tmp_path).gaps}
    assert "broken JSON" in told["exported file broken.json"]
    assert "nothing that the audit reads" in told["exported file odd.json"]
    assert "without permissions" in told["exported file listed.json"]
    assert "exported file binary.json" in told
    assert told["exported file bindings.json"] == (
        "it binds access policies, which are not evaluated: rights may be other than shown "
        "(2 entries, the first is entry 1)"
    )


def test_the_command_answers_from_an_export(tmp_path: Path) -> None:
    read(tmp_path, bound("roles/owner", member("ci")), keys=[key("ci")])
    result = CliRunner().invoke(app, ["resolve", "gcp", "--export", str(tmp_path)])
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    told = {line.get("principal"): line for line in lines}
    assert result.exit_code == 0
    assert told[email("ci")]["capabilities"][0]["name"] == "admin"
    assert told[email("ci")]["over_privileged"]
    assert lines[-1]["gaps"]
