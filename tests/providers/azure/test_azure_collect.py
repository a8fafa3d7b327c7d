"""Reading a tenant live: the real SDKs against the demo's server, which goes wrong as told."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import trustme
from azure_judge import judge_azure
from judge import needs_specifications

from auditor import calls
from auditor.collecting import Collecting, Memory, Silent, Sought
from auditor.demo import azure_tenant, invent
from auditor.demo.azure import AzureCloud
from auditor.demo.estate import Tenant
from auditor.demo.faults import Faults, Garbage
from auditor.demo.loopback import Loopback
from auditor.demo.wire import Recording, Reply, Request
from auditor.models import Check, Health, Known, OldKey, Unknown
from auditor.providers.azure import PROVIDER, history
from auditor.providers.azure.client import ForeignLink, refuse_other_host
from auditor.providers.azure.directory import AzureDirectory
from auditor.providers.azure.engine import Allowed, Denied, evaluate
from auditor.providers.azure.engine.documents import read_definition
from auditor.providers.azure.permissions import ACTIONS, GRAPH, role
from auditor.providers.azure.rate import rated
from auditor.tails import KEY_LENGTH, Sealer

NOW = datetime(2026, 11, 25, tzinfo=UTC)
LOGIN = azure_tenant.login("auditor")


@dataclass
class Lab:
    """A running tenant, and audits of it."""

    server: Loopback
    cloud: AzureCloud
    folder: Path
    faults: Faults
    recording: Recording
    snapshot: Memory = field(default_factory=Memory)

    def settings(self, **changes: Any) -> Any:
        url = self.server.url
        ca = str(self.folder / "ca.pem")
        plain: Any = PROVIDER.settings(authority=url, arm=url, graph=url, retries=1, ca_bundle=ca)
        return replace(plain, **changes)

    def collect(self, watched: tuple[OldKey, ...] = (), **changes: Any) -> AzureDirectory:
        sealer = Sealer(b"k" * KEY_LENGTH)
        collecting = Collecting(self.snapshot, sealer, Silent(), NOW, watched=watched)
        PROVIDER.collect(self.settings(**changes), collecting)
        return PROVIDER.read(self.settings(**changes), self.snapshot)

    def errors(self) -> dict[str, str]:
        documents = self.snapshot.documents.items()
        return {key: document["error"] for key, document in documents if "error" in document}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("azure")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    cloud, faults, recording = AzureCloud(azure_tenant.load(), LOGIN.client), Faults(), Recording()
    server = Loopback("azure", cloud, context, faults, recording)
    cloud.url = server.url
    server.start()
    yield Lab(server, cloud, folder, faults, recording)
    server.stop()


@pytest.fixture
def lab(running: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    for name, value in (
        ("AZURE_CLIENT_ID", LOGIN.client),
        ("AZURE_CLIENT_SECRET", LOGIN.secret),
        ("AZURE_TENANT_ID", LOGIN.tenant),
        ("NO_PROXY", "127.0.0.1"),
    ):
        monkeypatch.setenv(name, value)
    running.snapshot = Memory()
    yield running
    running.faults.clear()


def named(directory: AzureDirectory, name: str) -> str:
    return next(one.id for one in directory.identities.values() if one.name == name)


def worst(directory: AzureDirectory, name: str) -> str:
    return directory.resolve(named(directory, name)).capabilities[0].name.value


# --- a healthy tenant ------------------------------------------------------------------------


def test_everybody_is_found_with_what_they_may_do(lab: Lab) -> None:
    directory = lab.collect()
    expected = {
        "ci-owner": "admin",
        "ci-deploy": "admin",
        "ci-roles": "impersonate",
        "ci-directory": "escalate",
        "ci-portal": "admin",
        "tenant-automation": "admin",
        "ci-images": "escalate",
        "ci-stage": "escalate",
        "vendor-scanner": "read-secrets",
    }
    assert {name: worst(directory, name) for name in expected} == expected
    assert not directory.resolve(named(directory, "ci-owner")).gaps
    assert "Microsoft Graph" not in {one.name for one in directory.identities.values()}
    owner = directory.identities[named(directory, "ci-owner")]
    assert (owner.keys_complete, len(owner.keys), owner.status) == (True, 1, "active")
    assert owner.created is not None


def test_what_was_refused_is_told_with_what_to_grant(lab: Lab) -> None:
    told = {gap.what: gap for gap in lab.collect().gaps}
    denied = told["deny assignments of the subscription staging"]
    assert denied.why.startswith("AuthorizationFailed: ")
    assert "Microsoft.Authorization/denyAssignments/read" in denied.fix
    assert told["last use of secrets and certificates"].fix.startswith(
        "it takes AuditLog.Read.All, and a licence of Entra ID P1: the tenant has no such licence"
    )


def test_a_deleted_role_is_a_gap_of_whoever_has_it(lab: Lab) -> None:
    directory = lab.collect()
    found = directory.resolve(named(directory, "ci-old"))
    assert "role definition" in found.gaps[0].what
    assert "does not exist" in found.gaps[0].why
    (roles,) = (one for one in directory.coverage if one.what.startswith("roles in use"))
    assert (roles.read, roles.note) == (roles.known, "1 of them were deleted")


def test_a_second_run_asks_for_nothing_that_is_complete(lab: Lab) -> None:
    lab.collect()
    before = len(lab.recording)
    lab.collect()
    again = [json.loads(line)["path"] for line in lab.recording.lines()[before:]]
    refused = ("denyAssignments", "appCredential", "roleDefinitions", "classic")
    assert all(any(one in path for one in (*refused, "oauth2/", "openid")) for path in again)


def test_within_a_running_event_loop_and_after_a_closed_one(lab: Lab) -> None:
    async def inside() -> AzureDirectory:
        return lab.collect()

    assert asyncio.run(inside()).identities
    lab.snapshot = Memory()
    assert asyncio.run(inside()).identities


def test_nothing_in_the_snapshot_is_a_secret_or_a_tail(lab: Lab) -> None:
    lab.collect()
    kept = json.dumps(lab.snapshot.documents)
    for name in ("ci-owner", "ci-deploy"):
        login = azure_tenant.login(name)
        assert login.client not in kept
        assert login.secret not in kept
    assert '"hint"' not in kept
    assert LOGIN.secret not in kept


def test_only_reads_were_asked_for(lab: Lab) -> None:
    lab.collect()
    asked = {(one["method"], one["path"].endswith("/token")) for one in lab.recording}
    assert asked <= {("GET", False), ("POST", True)}


@needs_specifications
def test_every_exchange_keeps_to_the_published_schemas(lab: Lab) -> None:
    before = len(lab.recording)
    lab.collect()
    judgement = judge_azure(lab.recording.lines()[before:])
    assert judgement.objections == ()
    assert judgement.judged >= 30


@needs_specifications
def test_the_judge_objects() -> None:
    def line(path: str, body: Any) -> str:
        told = {"provider": "azure", "method": "GET", "path": path, "status": 200, "body": body}
        return json.dumps(told)

    arm = "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments?api-version=1"
    assert judge_azure([line(arm, {"value": [{"properties": {"principalID": "x"}}]})]).objections
    assert judge_azure([line(arm, {"value": [{"properties": {"principalId": 7}}]})]).objections
    assert judge_azure([line("/v1.0/applications?$select=apppId", {"value": []})]).objections
    assert judge_azure([line("/v1.0/applications", {"value": [{"appId": 7}]})]).objections


def test_every_call_is_written_down_those_to_graph_too(lab: Lab, tmp_path: Path) -> None:
    before = len(lab.recording)
    lab.faults.drop("/v1.0/organization")
    with calls.written_to(tmp_path):
        lab.collect(retries=0)
    told = [json.loads(line) for line in (tmp_path / calls.NAME).read_text().splitlines()]
    asked = [json.loads(line)["path"].partition("?")[0] for line in lab.recording.lines()[before:]]
    written = [one["path"] for one in told if one["status"] is not None]
    assert sorted(written) == sorted(asked)
    unanswered = {one["path"] for one in told if one["status"] is None}
    assert unanswered == {"/v1.0/organization"}
    assert all("?" not in one["path"] and "Bearer" not in json.dumps(one) for one in told)


# --- classic administrators ------------------------------------------------------------------


def test_classic_administrators_are_rights_of_users(lab: Lab) -> None:
    directory = lab.collect()
    founder = directory.identities["founder@acme-rockets.example"]
    assert founder.kind == "user"
    found = directory.resolve(founder.id)
    assert {(one.name.value, one.conditional) for one in found.capabilities} >= {
        ("admin", True),
        ("escalate", True),
    }
    assert "is classic ServiceAdministrator of the subscription production" in (
        found.capabilities[0].path
    )
    assert {grant.actions for grant in found.grants} == {
        ("ServiceAdministrator",),
        ("AccountAdministrator",),
    }


def test_the_retired_api_of_classic_administrators_is_told_once(lab: Lab) -> None:
    lab.faults.deny("*/classicAdministrators", 410)
    (gap,) = [gap for gap in lab.collect().gaps if gap.what.startswith("classic")]
    assert gap.what == "classic administrators of 2 subscriptions"
    assert "nothing can be granted" in gap.fix


def test_refused_classic_administrators_are_told_with_what_to_grant(lab: Lab) -> None:
    lab.faults.deny("*/classicAdministrators", 403)
    gaps = [gap for gap in lab.collect().gaps if gap.what.startswith("classic")]
    assert len(gaps) == 2
    assert all("classicAdministrators/read" in gap.fix for gap in gaps)


# --- resources with keys of their own --------------------------------------------------------


def test_resources_are_found_with_what_their_keys_may_do(lab: Lab) -> None:
    directory = lab.collect()
    artifacts = directory.identities[named(directory, "acmeartifacts")]
    assert artifacts.kind == "storage account"
    assert [key.label for key in artifacts.keys] == ["key1", "key2 of 2022-02-14 09:00:00"]
    assert worst(directory, "acmeimages") == "supply-chain"
    assert directory.identities[named(directory, "acme-rockets")].kind == "DevOps organisation"
    (whole,) = [one for one in directory.coverage if one.what.endswith("of production")]
    assert (whole.read, whole.known) == (4, 4)


def test_no_call_that_hands_out_keys_is_made(lab: Lab) -> None:
    before = len(lab.recording)
    lab.collect()
    asked = [json.loads(line)["path"].lower() for line in lab.recording.lines()[before:]]
    assert not [path for path in asked if "listkeys" in path or "listcredentials" in path]
    assert any("storageaccounts" in path for path in asked)


@pytest.mark.parametrize(
    ("path", "what", "permission"),
    [
        ("*/storageAccounts", "storage accounts", "Microsoft.Storage/storageAccounts/read"),
        ("*/registries", "container registries", "Microsoft.ContainerRegistry/registries/read"),
        ("*/resources", "DevOps organisations", "subscriptions/resources/read"),
    ],
)
def test_refused_resources_are_told_with_what_to_grant(
    path: str, what: str, permission: str, lab: Lab
) -> None:
    lab.faults.deny(path, 403)
    directory = lab.collect()
    gaps = [gap for gap in directory.gaps if gap.what.startswith(what)]
    assert len(gaps) == 2
    assert all(permission in gap.fix for gap in gaps)
    (part,) = [one for one in directory.coverage if one.what.endswith("of production")]
    assert part.known is None


# --- replaced secrets ------------------------------------------------------------------------

PRINCIPAL = invent.identifier("azure-principal", "ci-deploy")
WATCHED = OldKey(PRINCIPAL, LOGIN.tenant, "azure", invent.identifier("azure-key", "ci-deploy", "9"))


def test_sign_ins_of_whoever_lost_a_secret_are_read(lab: Lab) -> None:
    before = len(lab.recording)
    lab.collect(watched=(WATCHED,))
    asked = [json.loads(line)["path"] for line in lab.recording.lines()[before:]]
    assert len([path for path in asked if "signIns" in path]) == 1
    kept = lab.snapshot.documents[f"azure/sign-ins/{PRINCIPAL}"]["value"]
    assert {one["ipAddress"] for one in kept} == {"34.194.94.201", "203.0.113.77"}


def test_refused_sign_ins_are_told_with_what_to_grant(lab: Lab) -> None:
    lab.faults.deny("/beta/auditLogs/signIns", 403)
    (gap,) = [gap for gap in lab.collect(watched=(WATCHED,)).gaps if "sign-ins" in gap.what]
    assert gap.what == "sign-ins of service principals of ci-deploy"
    assert "AuditLog.Read.All" in gap.fix


# --- what goes wrong -------------------------------------------------------------------------

SERVICE_PRINCIPALS = "/v1.0/servicePrincipals"
ASSIGNMENTS = "*/providers/Microsoft.Authorization/roleAssignments"


@pytest.mark.parametrize("path", [SERVICE_PRINCIPALS, ASSIGNMENTS, "/subscriptions", "/v1.0/appl*"])
@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refused_call_is_a_gap_and_never_clean(path: str, status: int, lab: Lab) -> None:
    lab.faults.deny(path, status)
    directory = lab.collect()
    assert lab.errors()
    assert directory.gaps
    people = [id_ for id_ in directory.identities if not id_.startswith("/subscriptions/")]
    for identity in people:  # what a key of a resource may do, no role decides
        found = directory.resolve(identity)
        assert found.gaps or path == "/v1.0/appl*" or not found.capabilities or (
            path == SERVICE_PRINCIPALS
        )  # fmt: skip


def test_an_unreadable_management_group_leaves_everybody_open(lab: Lab) -> None:
    lab.faults.deny("*/managementgroups/landing-zones/*", 403)
    directory = lab.collect()
    what = "role assignments of the management group landing-zones"
    assert what in {gap.what for gap in directory.gaps}
    found = directory.resolve(named(directory, "ci-owner"))
    assert [gap.what for gap in found.gaps] == [what]
    assert "Microsoft.Authorization/roleAssignments/read" in found.gaps[0].fix


def test_unreadable_management_groups_are_told_and_their_rights_found(lab: Lab) -> None:
    lab.faults.deny("/providers/Microsoft.Management/managementGroups/*", 403)
    directory = lab.collect()
    assert "management groups" in {gap.what for gap in directory.gaps}
    assert worst(directory, "ci-images") == "escalate"  # what subscriptions inherit they list


def test_a_principal_that_was_deleted_keeps_its_row(lab: Lab) -> None:
    tenant = azure_tenant.load()
    listed = "/v1.0/servicePrincipals"
    left = [one for one in tenant.listings[listed] if one["displayName"] != "ci-owner"]
    changed = replace(tenant, listings={**tenant.listings, listed: left})
    cloud = AzureCloud(changed, LOGIN.client)
    cloud.url = lab.server.url
    lab.server.app = cloud
    try:
        directory = lab.collect()
    finally:
        lab.server.app = lab.cloud
    owner = directory.identities[invent.identifier("azure-principal", "ci-owner")]
    assert owner.status == "not in the directory"
    assert directory.resolve(owner.id).capabilities[0].name.value == "admin"


def test_throttling_is_waited_for(lab: Lab) -> None:
    lab.faults.throttle(30)
    directory = lab.collect(retries=3)
    assert worst(directory, "ci-owner") == "admin"
    assert set(lab.errors().values()) <= {
        "AuthorizationFailed",
        "NotFound",
        "Authentication_RequestFromNonPremiumTenant",
    }


@pytest.mark.parametrize("garbage", Garbage)
@pytest.mark.parametrize("path", [SERVICE_PRINCIPALS, ASSIGNMENTS, "/subscriptions"])
def test_garbage_is_a_gap(path: str, garbage: Garbage, lab: Lab) -> None:
    lab.faults.garbage(path, garbage)
    lab.collect()
    assert len(lab.errors()) > 3 or "/" in path


@pytest.mark.parametrize("path", [SERVICE_PRINCIPALS, ASSIGNMENTS])
def test_endless_pages_end(path: str, lab: Lab) -> None:
    lab.faults.endless(path)
    assert lab.collect() is not None
    key = "azure/service-principals/all" if path == SERVICE_PRINCIPALS else "role-assignments"
    assert any(key in one for one in lab.errors())


def test_a_dropped_connection_is_a_gap(lab: Lab) -> None:
    lab.faults.drop(SERVICE_PRINCIPALS)
    directory = lab.collect(retries=0)
    assert "azure/service-principals/all" in lab.errors()
    assert any(gap.what == "service principals" for gap in directory.gaps)


def test_a_wrong_secret_is_told_in_words(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "00000000-0000-0000-0000-000000000000")
    directory = lab.collect()
    assert not directory.identities
    assert any("could not log in" in gap.why for gap in directory.gaps)
    assert all(LOGIN.secret not in gap.why for gap in directory.gaps)


# --- where tokens go -------------------------------------------------------------------------


class Elsewhere:
    """Points the next page of some listings to another host."""

    def __init__(self, cloud: AzureCloud, path: str, link: str) -> None:
        self.cloud, self.path, self.link = cloud, path, link

    def __call__(self, request: Request) -> Reply:
        reply = self.cloud(request)
        if self.path in request.path and isinstance(reply.body, dict) and "value" in reply.body:
            name = "@odata.nextLink" if "/v1.0" in request.path else "nextLink"
            return Reply(200, reply.body | {name: self.link + request.path})
        return reply


@pytest.mark.parametrize("path", ["/servicePrincipals", "roleAssignments", "/vaults"])
def test_a_next_page_on_another_host_is_refused(path: str, lab: Lab) -> None:
    thief: list[Request] = []

    def listen(request: Request) -> Reply:
        thief.append(request)
        return Reply(200, {"value": []})

    context = lab.server._tls
    other = Loopback("thief", listen, context, Faults(), Recording())
    other.start()
    lab.server.app = Elsewhere(lab.cloud, path, other.url)
    try:
        lab.collect()
    finally:
        lab.server.app = lab.cloud
        other.stop()
    assert not thief
    assert "ForeignLink" in lab.errors().values()


@pytest.mark.parametrize(
    "url",
    [
        "https://graph.microsoft.com.evil.example/x",
        "http://graph.microsoft.com/x",
        "https://graph.microsoft.com:444/x",
        "https://user@graph.microsoft.com/x",
    ],
)
def test_other_hosts_are_told_apart(url: str) -> None:
    with pytest.raises(ForeignLink):
        refuse_other_host(url, "https://graph.microsoft.com")


def test_odd_base64_in_a_certificate_loses_nothing(lab: Lab) -> None:
    tenant = azure_tenant.load()
    listings = dict(tenant.listings)
    odd = [one | {"keyCredentials": [{"keyId": "k", "key": "=odd=", "customKeyIdentifier": "="}]}
           for one in listings["/v1.0/applications"]]  # fmt: skip
    changed = Tenant(
        tenant.id, listings | {"/v1.0/applications": odd}, tenant.objects, frozenset(), {}
    )
    cloud = AzureCloud(changed, LOGIN.client)
    cloud.url = lab.server.url
    lab.server.app = cloud
    try:
        directory = lab.collect()
    finally:
        lab.server.app = lab.cloud
    kinds = {key.kind for key in directory.identities[named(directory, "ci-owner")].keys}
    assert kinds == {"certificate", "client secret"}


# --- logs and permissions --------------------------------------------------------------------


def test_logs_are_told_with_their_reach_and_what_they_never_show(lab: Lab) -> None:
    told = {one.log: one for one in lab.collect().logs}
    production = told["activity log of the subscription production"]
    assert (production.retention_days, production.central) == (Known(90), Known(value=True))
    assert "reads" in production.never
    assert told["activity log of the subscription staging"].central == Known(value=False)
    logins = told["logins of service principals (ServicePrincipalSignInLogs)"]
    assert (logins.retention_days, logins.central) == (Known(7), Known(value=False))
    assert told["audit log of the directory (AuditLogs)"].central == Known(value=True)
    graph = told["activity log of Microsoft Graph (MicrosoftGraphActivityLogs)"]
    assert graph.enabled == Known(value=False)


def test_a_log_whose_settings_were_refused_is_unknown(lab: Lab) -> None:
    lab.faults.deny("*/diagnosticSettings", 403)
    for one in lab.collect().logs:
        assert isinstance(one.central, Unknown)


GRAPH_KINDS = {
    "organization": "tenant",
    "appRoleAssignments": "app-roles",
    "owners": "owners",
    "transitiveMemberOf": "member-of",
    "federatedIdentityCredentials": "federated",
    "servicePrincipals": "service-principals",
    "applications": "applications",
    "oauth2PermissionGrants": "delegated-grants",
    "roleAssignments": "directory-assignments",
    "roleDefinitions": "directory-roles",
    "roleEligibilityScheduleInstances": "directory-eligible",
    "appCredentialSignInActivities": "credential-use",
    "signIns": "sign-ins",
    "directoryAudits": "audits",
}


def test_the_permissions_are_those_of_the_calls_that_are_made(lab: Lab) -> None:
    before = len(lab.recording)
    lab.collect()
    told = Collecting(lab.snapshot, Sealer(b"k" * KEY_LENGTH), Silent(), NOW)
    history.collect(lab.settings(), Sought([LOGIN.client], NOW, NOW), told, pause=0)
    asked = [json.loads(line) for line in lab.recording.lines()[before:]]
    paths = {one["path"].partition("?")[0] for one in asked if one["method"] == "GET"}
    graph = {path.rpartition("/")[2] for path in paths if path.startswith(("/v1.0/", "/beta/"))}
    assert {GRAPH_KINDS[name] for name in graph} == set(GRAPH)
    others = [
        path for path in paths if not path.startswith(("/v1.0/", "/beta/", f"/{LOGIN.tenant}"))
    ]
    verdicts = [
        evaluate({"me"}, _action(path), None, "/", [GIVEN], [ROLE])
        for path in others
        if "aadiam" not in path
    ]
    assert len({_action(path) for path in others if "aadiam" not in path}) == len(ACTIONS)
    assert all(isinstance(one, Allowed) for one in verdicts)


ROLE = {"name": "auditor", "permissions": [{"actions": role()["Actions"]}]}
GIVEN = {"principalId": "me", "roleDefinitionId": "auditor", "scope": "/"}


def _action(path: str) -> str:
    """Return the action that reads a path: its provider and types, without the names between."""
    if path.endswith("/resources"):
        return "Microsoft.Resources/subscriptions/resources/read"
    _, _, told = path.lower().rpartition("/providers/")
    provider, _, rest = told.partition("/")
    if path == "/subscriptions":
        return "Microsoft.Resources/subscriptions/read"
    types = rest.split("/")[::2]
    return f"{provider}/{'/'.join(types)}/read"


def test_the_role_reads_nothing_but_settings() -> None:
    found = rated(read_definition(ROLE))
    assert (found["tier"], found["capabilities"]) == (2, ["read-config"])
    for action in ("*/listKeys/action", "*/write", "Microsoft.KeyVault/vaults/secrets/read"):
        assert isinstance(evaluate({"me"}, action, None, "/", [GIVEN], [ROLE]), Denied)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("azure-audit-role.json", json.dumps(role(), indent=2) + "\n"),
        ("azure-audit-permissions.json", PROVIDER.permissions()),
    ],
)
def test_the_packaged_files_are_what_the_code_makes(file: str, text: str) -> None:
    found = resources.files("auditor.data").joinpath(file).read_text("utf-8")
    assert found == text


def test_every_permission_has_its_guid() -> None:
    told = json.loads(PROVIDER.permissions())
    assert {one["name"] for one in told["graph_permissions"]} == set(GRAPH.values())
    given = told["requiredResourceAccess"][0]["resourceAccess"]
    assert {one["id"] for one in given} == {one["id"] for one in told["graph_permissions"]}


# --- before an audit -------------------------------------------------------------------------


def warned(lab: Lab) -> list[Check]:
    return [one for one in PROVIDER.examine(lab.settings()) if one.health is Health.WARN]


def test_a_tenant_is_examined_before_an_audit(lab: Lab) -> None:
    before = len(lab.recording)
    checks = list(PROVIDER.examine(lab.settings()))
    assert checks[0].health is Health.OK
    assert "Acme Rockets" in checks[0].says
    said = [check.says for check in checks]
    assert any(line.startswith("2 of 2 subscriptions were asked") for line in said)
    assert any("auditor permissions azure" in line for line in said)
    asked = [json.loads(line) for line in lab.recording.lines()[before:]]
    assert all(one["method"] == "GET" or "/token" in one["path"] for one in asked)
    assert len(asked) < 80


def test_every_sort_of_reading_is_asked_for_before_an_audit(lab: Lab) -> None:
    before = len(lab.recording)
    list(PROVIDER.examine(lab.settings()))
    paths = {json.loads(line)["path"].partition("?")[0] for line in lab.recording.lines()[before:]}
    graph = {path.rpartition("/")[2] for path in paths if path.startswith(("/v1.0/", "/beta/"))}
    assert {GRAPH_KINDS[name] for name in graph} == set(GRAPH)
    others = {_action(path) for path in paths if not path.startswith(("/v1.0/", "/beta/"))}
    wanted = {one.lower() for one in ACTIONS.values()}
    assert wanted <= {one.lower() for one in others}


REFUSALS = (
    ("/subscriptions", "subscriptions", "the role Reader at the root management group"),
    ("*/storageAccounts", "storage accounts", "Microsoft.Storage/storageAccounts/read"),
    ("*/vaults", "access policies of key vaults", "Microsoft.KeyVault/vaults/read"),
    ("*/values", "activity log of subscriptions", "Microsoft.Insights/eventtypes/values/read"),
    ("*/managementGroups/*", "management groups", "Microsoft.Management/managementGroups/read"),
    ("*/diagnosticSettings", "diagnostic settings", "Microsoft.Insights/diagnosticSettings/read"),
    ("*/appRoleAssignments", "application permissions", "Application.Read.All"),
    ("*/transitiveMemberOf", "groups of service principals", "Directory.Read.All"),
    ("/beta/auditLogs/signIns", "sign-ins of service principals", "AuditLog.Read.All"),
)


@pytest.mark.parametrize(("path", "what", "permission"), REFUSALS)
def test_a_missing_permission_is_told_with_the_exact_grant(
    path: str, what: str, permission: str, lab: Lab
) -> None:
    lab.faults.deny(path, 403)
    (check,) = [one for one in warned(lab) if one.says.startswith(f"{what}: ")]
    assert check.fix is not None
    assert f"grant {permission}" in check.fix


def test_how_long_logs_are_kept_is_told_before_an_audit(lab: Lab) -> None:
    told = [check.says for check in PROVIDER.examine(lab.settings())]
    assert (
        "activity log of the subscription production: kept for 90 days and sent to a place of its "
        "own" in told
    )
    short = [check for check in warned(lab) if "ServicePrincipalSignInLogs" in check.says]
    assert "kept for 7 days and sent nowhere else" in short[0].says
    assert short[0].fix


def test_a_tenant_that_lets_nobody_in_fails(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_CLIENT_ID", "00000000-0000-0000-0000-000000000000")
    (check,) = PROVIDER.examine(lab.settings())
    assert check.health is Health.FAIL
    assert "could not log in" in check.says


def test_an_export_is_not_examined() -> None:
    assert not list(PROVIDER.examine(PROVIDER.settings(export=".")))
