"""Every store on the wire: what its rows say, what is never kept, and what a failure leaves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted import API, ORG, WEB, Asked, Memory, Routes, Said, acme, audit, items, serving

from auditor.classify.catalogue import kinds
from auditor.inventory import Inventory
from auditor.inventory.circleci import unlisted
from auditor.inventory.circleci.exposure import NOT_IN_BUILDS
from auditor.inventory.circleci.fields import origin
from auditor.inventory.circleci.stores import STORES, Store
from auditor.inventory.circleci.stores.parameters import looks_secret
from auditor.models import Known, ScopeKind, Secret

SLUG = "gh/acme/web"
PLANTED = "Pl4ntedSecretOfTheWireXyz0123456789abcd"
DEFINITIONS = f"/api/v2/projects/{WEB}/pipeline-definitions"
TRIGGERS = f"{DEFINITIONS}/d-1/triggers"


@dataclass(frozen=True, slots=True)
class Case:
    """A store, the route that tells it, an answer, and the rows it gives as (name, kind)."""

    store: str
    path: str
    body: Any
    rows: tuple[tuple[str, str], ...]
    beside: Mapping[str, Said]


def case(store: str, path: str, body: Any, *rows: tuple[str, str], **beside: Said) -> Case:
    return Case(store, path, body, rows, beside)


def listed(*entries: Any) -> Any:
    return {"items": list(entries), "next_page_token": None}


def data(*attributes: Any) -> Any:
    entries = [{"id": str(n), "attributes": one} for n, one in enumerate(attributes)]
    return {"data": entries, "page": {"next": None, "prev": None}}


RESOURCES, TOKENS, AGENTS = (f"/api/v3/runner{path}" for path in ("/resource", "/token", ""))
MAC = items({"id": "1", "resource_class": "acme/mac"})

UNVERSIONED = f"/api/v3/projects/{WEB}/settings"


def setting(on: bool) -> Said:
    return Said({"data": {"attributes": {"enable_unversioned_config": on, "other": PLANTED}}})


OPEN_SETTINGS = (
    "forks are built; builds are shown to everybody; jobs may be rerun with SSH; "
    "members who are no admins may change settings"
)

STANDALONE: dict[str, Said] = {
    "/api/v2/me/collaborations": Said(
        [{"id": ORG, "vcs-type": "circleci", "name": "acme", "slug": "circleci/Xy"}]
    ),
    "/api/v2/insights/circleci/Xy/summary": Said({"all_projects": ["web"]}),
    f"/api/v2/organizations/{ORG}/groups": items(),
    f"/private/ciam/orgs/{ORG}/role-grants": items(),
}

CASES = [
    case(
        "additional SSH key",
        f"/api/v1.1/project/{SLUG}/settings",
        {
            "ssh_keys": [
                {"hostname": "h.example", "fingerprint": "f1", "public_key": PLANTED},
                {"hostname": "", "fingerprint": "f2"},
                {"fingerprint": "f3", "private_key": PLANTED},
            ]
        },
        ("h.example (f1)", "circleci-ssh-key"),
        ("any host (f2)", "circleci-ssh-key"),
        ("any host (f3)", "circleci-ssh-key"),
    ),
    case(
        "checkout key",
        f"/api/v2/project/{SLUG}/checkout-key",
        listed(
            {"type": "deploy-key", "fingerprint": "a", "created_at": "2020-01-01T00:00:00Z"},
            {"type": "github-user-key", "fingerprint": "b", "created-at": "2020-01-01T00:00:00Z"},
            {"type": "bitbucket-user-key", "fingerprint": "c", "time": "2020-01-01T00:00:00Z"},
            {"fingerprint": "d", "created_at": None},
        ),
        ("deploy-key (a)", "circleci-deploy-key-github"),
        ("github-user-key (b)", "circleci-user-key-github"),
        ("bitbucket-user-key (c)", "circleci-user-key-github"),
        ("checkout-key (d)", "circleci-user-key-github"),
    ),
    case(
        "project API token",
        f"/api/v1.1/project/{SLUG}/token",
        [
            {"id": "1", "label": "ci", "scope": "all", "time": "2020-01-01T00:00:00Z"},
            {"id": "2", "label": "ci", "scope": "all", "token": PLANTED},
            {"id": "3", "label": "badge", "scope": "status"},
            {"id": "4", "label": "logs", "scope": "view-builds"},
            {"id": "5", "scope": ""},
        ],
        ("ci (all)", "circleci-project-token"),
        ("ci (all)", "circleci-project-token"),
        ("badge (status)", "circleci-status-token"),
        ("logs (view-builds)", "circleci-view-token"),
        ("token (scope not told)", "circleci-project-token"),
    ),
    case(
        "outbound webhook",
        "/api/v2/webhook",
        listed(
            {
                "id": "1",
                "name": "chat",
                "url": f"https://u:{PLANTED}@hooks.example:8443/{PLANTED}?t={PLANTED}#{PLANTED}",
                "signing_secret": "****",
                "verify_tls": True,
            },
            {"id": "2", "name": "old", "url": "http://h.example", "signing_secret": ""},
            {"id": "3", "signing-secret": "****", "verify-tls": False, "url": None},
        ),
        ("chat to https://hooks.example:8443 (signed)", "circleci-webhook"),
        ("old to http://h.example (not signed)", "circleci-webhook-unsigned"),
        (
            "webhook to an unknown address (signed, certificate not checked)",
            "circleci-webhook",
        ),
    ),
    case(
        "inbound webhook trigger",
        TRIGGERS,
        listed(
            {
                "id": "t-1",
                "event_name": "data",
                "event_source": {
                    "provider": "webhook",
                    "webhook": {"url": f"https://c.example/e?secret={PLANTED}", "sender": "dd"},
                },
            },
            {"id": "t-2", "event_source": {"provider": "webhook"}, "disabled": True},
            {"id": "t-3", "event_source": {"provider": "github_app"}},
        ),
        ("data (from dd)", "circleci-inbound-webhook"),
        ("t-2 (disabled)", "circleci-inbound-webhook"),
        **{DEFINITIONS: items({"id": "d-1"})},
    ),
    case(
        "trigger parameter",
        TRIGGERS,
        listed(
            {
                "id": "t-1",
                "event_name": "data",
                "parameters": {"harmless": PLANTED, "run": True, "n": 7, "branch": "main"},
            },
            {"id": "t-2", "parameters": None},
            {"id": "t-3", "parameters": [PLANTED]},
        ),
        ("harmless of data", "circleci-parameter"),
        **{DEFINITIONS: items({"id": "d-1"})},
    ),
    case(
        "schedule parameter",
        f"/api/v2/project/{SLUG}/schedule",
        listed(
            {
                "id": "s-1",
                "name": "nightly",
                "parameters": {"npm_token": PLANTED, "branch": "main", "password": "off"},
            }
        ),
        ("npm_token of nightly", "npm-token"),
    ),
    case(
        "OTel exporter",
        "/api/v2/otel/exporters",
        [
            {
                "id": "1",
                "endpoint": f"api.example:443/{PLANTED}",
                "headers": {"x-key": PLANTED, "x-team": "xxxx"},
            },
            {"id": "2", "endpoint": "h.example:4317", "insecure": True, "headers": None},
        ],
        ("x-key to api.example:443", "circleci-otel-header"),
        ("x-team to api.example:443", "circleci-otel-header"),
        ("h.example:4317 (without TLS), no header", "circleci-otel-exporter"),
    ),
    case(
        "runner resource",
        RESOURCES,
        listed({"id": "1", "resource_class": "acme/mac", "token": PLANTED}),
        ("acme/mac", "circleci-runner"),
        **{TOKENS: items(), AGENTS: items()},
    ),
    case(
        "runner token",
        TOKENS,
        listed(
            {"id": "1", "nickname": "old", "created_at": "2020-01-01T00:00:00Z", "token": PLANTED},
            {"id": "2", "nickname": "old"},
            {"id": "3"},
        ),
        ("old of acme/mac", "circleci-runner-token"),
        ("old of acme/mac", "circleci-runner-token"),
        ("token of acme/mac", "circleci-runner-token"),
        **{RESOURCES: MAC, AGENTS: items()},
    ),
    case(
        "runner agent",
        AGENTS,
        listed(
            {"name": "m1", "hostname": "m1", "last_used": None, "first_connected": None},
            {"name": "m1", "hostname": "m2"},
            {"name": "", "hostname": None, "ip": PLANTED},
        ),
        ("m1 of acme/mac", "circleci-runner"),
        ("m1 on m2 of acme/mac", "circleci-runner"),
        ("agent of acme/mac", "circleci-runner"),
        **{RESOURCES: MAC, TOKENS: items()},
    ),
    case(
        "signing certificate",
        "/api/v3/signing/certificates",
        data(
            {
                "file_name": "a.p12",
                "cert_type": "distribution",
                "expires_at": "2030-01-02T00:00:00Z",
                "cert_password": PLANTED,
            },
            {},
        ),
        ("a.p12 (distribution, until 2030-01-02)", "circleci-signing-certificate"),
        ("certificate", "circleci-signing-certificate"),
    ),
    case(
        "notification integration",
        "/api/v3/notification/integrations",
        data({"type": "slack", "workspace_name": "w", "status": "active", "token": PLANTED}, {}),
        ("slack: w (active)", "circleci-notification"),
        ("integration: workspace (status not told)", "circleci-notification"),
    ),
    case(
        "VCS connection",
        "/api/v3/provider/connections",
        data(
            {"provider": "github_app", "login": "acme", "repository_selection": "all"},
            {"external_id": 7, "token": PLANTED},
        ),
        ("github_app acme (all repositories)", "circleci-vcs-connection-github"),
        ("code host 7", "circleci-vcs-connection"),
    ),
    case(
        "OIDC claim",
        f"/api/v2/org/{ORG}/oidc-custom-claims",
        {"org_id": ORG, "audience": ["a", 7, "b"], "ttl": "1h0m0s", "other": PLANTED},
        ("audience a, b", "circleci-oidc"),
        ("lifetime 1h0m0s", "circleci-oidc"),
    ),
    case(
        "allowed orb URL",
        f"/api/v2/organization/{ORG}/url-orb-allow-list",
        listed(
            {"id": "1", "name": "ours", "prefix": f"https://h.example/{PLANTED}", "auth": "none"}
        ),
        ("ours: https://h.example (log-in: none)", "circleci-orb-url"),
    ),
    case(
        "config policy rule",
        f"/api/v2/owner/{ORG}/context/config/policy-bundle",
        {"a.rego": {"content": PLANTED, "created_at": "2020-01-01T00:00:00Z"}, "b.rego": PLANTED},
        ("a.rego (not enforced)", "circleci-config-policy"),
        ("b.rego (not enforced)", "circleci-config-policy"),
    ),
    case(
        "audit-log stream",
        f"/api/v2/organizations/{ORG}/audit-log/configs",
        listed(
            {
                "id": "1",
                "target_type": "S3",
                "connection_status": "CONNECTED",
                "config": {"bucket_name": "b", "bucket_prefix": "p", "region": "r"},
            },
            {
                "id": "2",
                "target_type": "S3_COMPATIBLE",
                "config": {"bucket_name": "b", "endpoint": f"https://u:{PLANTED}@m.example"},
            },
        ),
        ("S3 b/p at r (CONNECTED)", "circleci-audit-stream"),
        ("S3_COMPATIBLE b at https://m.example (status not told)", "circleci-audit-stream"),
    ),
    case(
        "organization setting",
        f"/api/v3/orgs/{ORG}/settings",
        {"data": {"attributes": {"enable_unversioned_config": True, "other": PLANTED}}},
        ("on: pipelines may be started with a configuration sent along", "circleci-setting"),
        **{UNVERSIONED: setting(False), UNVERSIONED.replace(WEB, API): setting(False)},
    ),
    case(
        "project setting",
        f"/api/v2/project/{SLUG}/settings",
        {
            "advanced": {
                "build_fork_prs": True,
                "forks_receive_secret_env_vars": False,
                "disable_ssh": False,
                "oss": True,
                "write_settings_requires_admin": False,
                "other": PLANTED,
            }
        },
        (
            OPEN_SETTINGS,
            "circleci-setting",
        ),
    ),
    case(
        "unversioned-config setting",
        UNVERSIONED,
        setting(True).body,
        ("pipelines may run a configuration sent along", "circleci-setting"),
        **{
            f"/api/v3/orgs/{ORG}/settings": setting(True),
            UNVERSIONED.replace(WEB, API): setting(False),
        },
    ),
    case(
        "project OIDC claim",
        f"/api/v2/org/{ORG}/project/{WEB}/oidc-custom-claims",
        {"org_id": ORG, "audience": ["a"], "ttl": "10m0s", "other": PLANTED},
        ("audience a", "circleci-oidc"),
        ("lifetime 10m0s", "circleci-oidc"),
    ),
    case(
        "role grant",
        f"/private/ciam/orgs/{ORG}/role-grants",
        listed(
            {"userId": "1", "username": "olga", "role": "org-admin", "email": PLANTED},
            {"user_id": "2", "username": "ben", "role": "org-viewer"},
            {"userId": "3", "role": "org-admin"},
        ),
        ("olga (org-admin)", "circleci-role-grant"),
        ("3 (org-admin)", "circleci-role-grant"),
        **STANDALONE,
    ),
]
IDS = [one.store for one in CASES]


def inventory(changes: Routes, snapshot: Memory | None = None, **told: Any) -> Inventory:
    with serving(acme() | changes) as server:
        return audit(server, snapshot, retries=0, **told)


def routes(of: Case, said: Said) -> Routes:
    """Return the routes of a case; a webhook is asked for by a query."""

    def by_query(asked: Asked) -> Said:
        return said if asked.query.get("scope-id") in (None, WEB) else items()

    return {**of.beside, of.path: by_query}


def store_of(of: Case) -> Store:
    return next(one for one in STORES if one.name == of.store)


def rows(found: Inventory, store: str) -> list[Secret]:
    return [one for one in found.secrets if one.store == store]


@pytest.mark.parametrize("of", CASES, ids=IDS)
def test_what_a_store_tells(of: Case) -> None:
    snapshot = Memory()
    found = inventory(routes(of, Said(of.body)), snapshot)
    told = rows(found, of.store)
    assert [(one.name, one.kind) for one in told] == list(of.rows)
    assert len({one.id for one in told}) == len(told)
    assert found.gaps == ()
    assert PLANTED not in repr(found) + "".join(snapshot.documents.values())


def test_every_store_with_rows_has_its_case() -> None:
    by_name = {"context variable", "project variable", "legacy AWS key"}  # in other files
    assert set(IDS) | by_name == {one.name for one in STORES if one.entries}


@pytest.mark.parametrize("of", CASES, ids=IDS)
def test_what_builds_do_not_receive_is_not_exposed_by_them(of: Case) -> None:
    store = store_of(of)
    exposures = {one.exposure for one in rows(inventory(routes(of, Said(of.body))), of.store)}
    assert (exposures == {NOT_IN_BUILDS}) is not store.in_builds


def of_role(role: str) -> Inventory:
    grants = f"/private/ciam/orgs/{ORG}/role-grants"
    mine = {"userId": "u-1", "username": "olga", "role": role}
    return inventory({**STANDALONE, grants: items(mine, {"userId": "2", "role": "org-viewer"})})


@pytest.mark.parametrize("role", ["org-contributor", "org-viewer"])
def test_a_user_who_is_known_to_be_no_admin_is_a_gap(role: str) -> None:
    found = of_role(role)
    (gap,) = found.gaps
    assert role in gap.why
    assert gap.affects == (ORG,)


def test_the_role_of_the_user_is_told() -> None:
    found = of_role("org-admin")
    assert found.gaps == ()
    (line,) = (one for one in found.coverage if one.what == "organization acme")
    assert line.note == "org-admin: 1, org-viewer: 1, read as org-admin"


# --- what no API lists ------------------------------------------------------------------------


def test_what_no_api_lists_is_a_row_and_no_gap() -> None:
    found = inventory({})
    rows = [one for one in found.secrets if one.store == unlisted.STORE]
    assert {one.scope.name for one in rows} == {"acme"}
    assert {kinds()[one.kind].impact for one in rows} == {"unlisted"}
    assert len({one.id for one in rows}) == len(rows) >= 5
    assert found.gaps == ()
    assert not [line for line in found.coverage if unlisted.STORE in line.what]


# --- Server -----------------------------------------------------------------------------------


def test_server_knows_what_it_lacks() -> None:
    known = Said({"id": WEB, "slug": SLUG, "name": "web"})
    with serving(acme() | {f"/api/v2/project/{SLUG}": known}) as server:
        found = audit(server, server=True)
        asked = server.paths()
    assert not [path for path in asked if "/pipeline-definitions" in path]
    what = {gap.what for gap in found.gaps}
    assert "additional SSH keys of acme" in what
    assert "trigger parameters of acme" not in what


# --- what a value looks like ------------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        "ghp_0123456789abcdefghijklmnopqrstuvwxyz",
        "AKIAIOSFODNN7EXAMPLE",
        "postgres://app:hunter2@db.example/x",
        "https://x.example/?access_token=abc",
        "https://hooks.slack.com/services/T0/B0/x",
        "eyJhbGciOiJIUzI1NiJ9.e30.x",
        "-----BEGIN RSA PRIVATE KEY-----",
        "0123456789abcdef0123456789abcdef",
        PLANTED,
        f"prefix {PLANTED} suffix",
    ],
)
def test_values_that_look_like_secrets(value: str) -> None:
    assert looks_secret(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "main",
        "https://example.com/path?page=2",
        "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
        "feature/a-long-branch-name-of-somebody",
        "2023-01-04T21:20:14Z",
        "ubuntu-2204:2023.07.2",
    ],
)
def test_values_that_do_not(value: str) -> None:
    assert not looks_secret(value)


@given(st.text(), st.text())
def test_an_origin_ends_before_the_path(host: str, path: str) -> None:
    assert PLANTED not in origin(f"https://h.example/{host}{PLANTED}?{path}")
    assert origin(f"https://u:{PLANTED}@h.example") == "https://h.example"


def test_projects_known_by_name_only_are_not_asked_by_id() -> None:
    found = inventory({"/api/v2/insights/gh/acme/summary": Said({"all_projects": ["web"]})})
    assert found.gaps == ()
    assert {one.scope.kind for one in found.places} == set(ScopeKind)
    assert all(isinstance(one.readable, Known) for one in found.places)
