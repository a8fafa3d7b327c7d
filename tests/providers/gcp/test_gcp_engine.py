"""Single questions and their answers, by the documentation of each layer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from auditor.providers.gcp import PROVIDER
from auditor.providers.gcp.engine import BadRequest

NOW = datetime(2026, 11, 20, tzinfo=UTC)
CRM = "//cloudresourcemanager.googleapis.com/"
PROJECT, FOLDER, ORG = f"{CRM}projects/p", f"{CRM}folders/1", f"{CRM}organizations/9"
BUCKET = "//storage.googleapis.com/builds"
ACCOUNT = "ci@p.iam.gserviceaccount.com"
SELF = f"serviceAccount:{ACCOUNT}"
V2 = f"principal://iam.googleapis.com/projects/-/serviceAccounts/{ACCOUNT}"
READ = "storage.objects.get"
ROLES = {"roles/storage.objectViewer": [READ], "roles/owner": ["resourcemanager.projects.get"]}


def bind(
    member: str = SELF, at: str = PROJECT, role: str = "roles/storage.objectViewer", when: str = ""
) -> dict[str, Any]:
    told: dict[str, Any] = {"resource": at, "role": role, "members": [member]}
    return told | ({"condition": {"expression": when}} if when else {})


def deny(at: str = ORG, when: str = "", **rule: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "deniedPrincipals": ["principalSet://goog/public:all"],
        "deniedPermissions": ["storage.googleapis.com/objects.get"],
    }
    told |= rule | ({"denialCondition": {"expression": when}} if when else {})
    return {"resource": at, "name": "no-reading", "rules": [{"denyRule": told}]}


def boundary(*resources: str, **more: Any) -> dict[str, Any]:
    return {"name": "fence", "rules": [{"resources": list(resources), "effect": "ALLOW"}], **more}


def ask(**fields: Any) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "principal": SELF,
        "permission": READ,
        "resource": BUCKET,
        "ancestors": [PROJECT, FOLDER, ORG],
        "bindings": [bind()],
        "roles": ROLES,
        "groups": [],
    }
    return PROVIDER.simulate(asked | fields, NOW)


@pytest.mark.parametrize(
    ("fields", "verdict"),
    [
        ({}, "Allowed"),
        ({"bindings": []}, "Denied bindings"),
        ({"bindings": [bind(at=ORG)]}, "Allowed"),
        ({"bindings": [bind(at=f"{CRM}projects/other")]}, "Denied bindings"),
        ({"bindings": [bind(role="roles/owner")]}, "Denied bindings"),  # Owner reads no objects
        ({"bindings": [bind(role="roles/unknown")]}, "AllowedIf"),
        ({"roles": {"roles/storage.objectViewer": None}}, "AllowedIf"),
        ({"bindings": [bind("allUsers")]}, "Allowed"),
        ({"bindings": [bind("allAuthenticatedUsers")], "principal": "allUsers"}, "Denied bindings"),
        ({"bindings": [bind("allUsers")], "principal": "allUsers"}, "Allowed"),
        ({"bindings": [bind(SELF.upper().replace("SERVICEACCOUNT", "serviceAccount"))]}, "Allowed"),
        ({"bindings": [bind(f"deleted:{SELF}?uid=1")]}, "Denied bindings"),
        ({"bindings": [bind("group:ops@x.example")]}, "Denied bindings"),
        ({"bindings": [bind("group:ops@x.example")], "groups": None}, "AllowedIf"),
        ({"bindings": [bind("group:ops@x.example")], "groups": ["group:Ops@x.example"]}, "Allowed"),
        ({"bindings": [bind("domain:x.example")], "groups": None}, "Denied bindings"),
        (
            {"bindings": [bind("domain:x.example")], "principal": "user:a@x.example"},
            "Allowed",
        ),
        (
            {"bindings": [bind("projectOwner:p", BUCKET), bind(role="roles/owner")]},
            "Allowed",
        ),
        (
            {"bindings": [bind("projectOwner:p", BUCKET), bind(role="roles/owner", at=FOLDER)]},
            "Allowed",
        ),
        ({"bindings": [bind("projectOwner:p", BUCKET)]}, "Denied bindings"),
        (
            {
                "bindings": [
                    bind("projectOwner:p", BUCKET),
                    bind("group:a@x.example", role="roles/owner"),
                ],
                "groups": None,
            },
            "AllowedIf",
        ),
        (
            {"bindings": [{"resource": ORG, "policy": {"bindings": [bind()]}}]},
            "Allowed",
        ),
    ],
)
def test_allow_bindings(fields: dict[str, Any], verdict: str) -> None:
    told = ask(**fields)
    assert " ".join((told["verdict"], *told["blocked_by"])) == verdict


POOL = "iam.googleapis.com/projects/7/locations/global/workloadIdentityPools/ci"
SUBJECT = f"principal://{POOL}/subject/org/1/project/2/user/3"


@pytest.mark.parametrize(
    ("member", "groups", "verdict"),
    [
        (SUBJECT, [], "Allowed"),
        (f"principalSet://{POOL}/*", [], "Allowed"),
        (f"principalSet://{POOL}2/*", [], "Denied"),
        (f"principalSet://{POOL}/attribute.project/2", None, "AllowedIf"),
        (f"principalSet://{POOL}/attribute.project/2", [], "Denied"),
        (
            f"principalSet://{POOL}/attribute.project/2",
            [f"principalSet://{POOL}/attribute.project/2"],
            "Allowed",
        ),
        (SUBJECT.upper(), [], "Denied"),
    ],
)
def test_federated_identities(member: str, groups: list[str] | None, verdict: str) -> None:
    told = ask(principal=SUBJECT, bindings=[bind(member)], groups=groups)
    assert told["verdict"] == verdict


@pytest.mark.parametrize(
    ("when", "verdict"),
    [
        ('request.time < timestamp("2027-01-01T00:00:00Z")', "Allowed"),
        ('request.time < timestamp("2026-01-01T00:00:00Z")', "Denied"),
        ('request.time < timestamp("2026-11-20T00:00:00Z") + duration("3600s")', "Allowed"),
        ('request.time.getHours("Europe/Berlin") >= 9', "AllowedIf"),
        ('resource.name.startsWith("projects/_/buckets/builds")', "Allowed"),
        ('resource.name.startsWith("projects/_/buckets/other")', "Denied"),
        ('!resource.name.startsWith("projects/_/buckets/other")', "Allowed"),
        ('resource.type == "storage.googleapis.com/Bucket"', "AllowedIf"),
        ('resource.service == "storage.googleapis.com"', "Allowed"),
        ('resource.matchTag("9/env", "prod")', "AllowedIf"),
        ('resource.service == "a" || resource.matchTag("9/env", "prod")', "AllowedIf"),
        ('resource.service == "a" && resource.matchTag("9/env", "prod")', "Denied"),
        ('"accessPolicies/1/accessLevels/a" in request.auth.access_levels', "AllowedIf"),
        ('api.getAttribute("x", []).hasOnly(["y"])', "AllowedIf"),
        ("true", "Allowed"),
        ("1 == 2 ? true : false", "Denied"),
        ("resource.name ==", "AllowedIf"),
        ("(" * 200, "AllowedIf"),
        ("true && " * 5000 + "true", "AllowedIf"),
        ("1", "AllowedIf"),
    ],
)
def test_conditions_hold_or_do_not_or_stay_open(when: str, verdict: str) -> None:
    assert ask(bindings=[bind(when=when)])["verdict"] == verdict


def test_a_project_by_number_is_not_taken_for_another() -> None:
    """Secret Manager's resource.name has the number where ours has the id: no false "denied"."""
    when = 'resource.name.startsWith("projects/123/secrets/db")'
    secret = "//secretmanager.googleapis.com/projects/p/secrets/db"
    assert ask(bindings=[bind(when=when)], resource=secret)["verdict"] == "AllowedIf"
    named = {"resource.name": "projects/123/secrets/db/versions/1"}
    told = ask(bindings=[bind(when=when)], resource=secret, attributes=named)
    assert told["verdict"] == "Allowed"


def test_tags_that_are_given_decide() -> None:
    when = 'resource.matchTag("9/env", "prod") && resource.hasTagKey("9/team")'
    for tags, verdict in (({"9/env": "prod", "9/team": "a"}, "Allowed"), ({}, "Denied")):
        assert ask(bindings=[bind(when=when)], tags=tags)["verdict"] == verdict


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [
        (deny(), "Denied deny"),
        (deny(at=f"{CRM}folders/2"), "Allowed"),
        (deny(deniedPrincipals=[V2]), "Denied deny"),
        (deny(deniedPrincipals=["principal://goog/subject/a@x.example"]), "Allowed"),
        (deny(exceptionPrincipals=[V2]), "Allowed"),
        (deny(deniedPermissions=["storage.googleapis.com/*"]), "Denied deny"),
        (deny(deniedPermissions=["storage.googleapis.com/*.get"]), "Denied deny"),
        (deny(deniedPermissions=["storage.googleapis.com/buckets.*"]), "Allowed"),
        (deny(exceptionPermissions=["storage.googleapis.com/objects.*"]), "Allowed"),
        (deny(when='resource.matchTag("9/env", "prod")'), "AllowedIf"),
        (deny(when="false"), "Allowed"),
        ({"resource": ORG, "name": "empty"}, "Allowed"),
    ],
)
def test_deny_policies(policy: dict[str, Any], verdict: str) -> None:
    told = ask(deny=[policy])
    assert " ".join((told["verdict"], *told["blocked_by"])) == verdict


def test_deny_knows_services_by_their_api() -> None:
    rule: dict[str, Any] = {
        "deniedPermissions": ["cloudresourcemanager.googleapis.com/projects.get"]
    }
    told = ask(
        permission="resourcemanager.projects.get",
        bindings=[bind(role="roles/owner")],
        resource=PROJECT,
        ancestors=[FOLDER, ORG],
        deny=[deny(**rule)],
    )
    assert told["blocked_by"] == ["deny"]
    assert told["rules"] == [{"resource": ORG, "name": "no-reading"}]
    assert told["binding"]["name"] == "roles/owner"


def test_a_permission_with_a_slash_is_a_permission() -> None:
    create = "iam.googleapis.com/workloadIdentityPoolProviders.create"
    asked: dict[str, Any] = {
        "permission": create,
        "roles": {"roles/storage.objectViewer": [create]},
    }
    assert ask(**asked)["verdict"] == "Allowed"
    told = ask(**asked, deny=[deny(deniedPermissions=["iam.googleapis.com/*.create"])])
    assert told["verdict"] == "Denied"


@pytest.mark.parametrize(
    ("boundaries", "verdict"),
    [
        ([], "Allowed"),
        ([boundary(ORG)], "Allowed"),
        ([boundary(f"{CRM}organizations/8")], "Denied boundaries"),
        ([boundary(f"{CRM}organizations/8"), boundary(PROJECT)], "Allowed"),  # they add up
        ([boundary(f"{CRM}organizations/8", blocks=None)], "AllowedIf"),
        ([boundary(f"{CRM}organizations/8", blocks=["compute.*"])], "Allowed"),
        (
            [boundary(f"{CRM}organizations/8", blocks=["storage.googleapis.com/*"])],
            "Denied boundaries",
        ),
        (
            [boundary(f"{CRM}organizations/8", condition={"expression": "principal.type == 'x'"})],
            "AllowedIf",
        ),
        (None, "AllowedIf"),
    ],
)
def test_boundaries(boundaries: Any, verdict: str) -> None:
    told = ask(boundaries=boundaries)
    assert " ".join((told["verdict"], *told["blocked_by"])) == verdict


def test_what_nobody_read_is_open_and_told() -> None:
    told = ask(deny=None, bindings=[bind(), bind("group:a@x.example", ORG)])
    assert told["verdict"] == "AllowedIf"
    assert told["conditions"] == ["no deny policy refuses it: they were not read"]
    assert told["binding"] == {
        "resource": PROJECT,
        "name": "roles/storage.objectViewer",
        "member": SELF,
    }


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"principal": None}, "principal: it is missing"),
        ({"principal": "ci"}, "principal: it begins with none of"),
        ({"permission": 5}, "permission: it is no text"),
        ({"ancestors": "x"}, "ancestors: "),
        ({"bindings": {}}, "bindings: "),
        ({"bindings": [{"role": "x"}]}, "bindings: each needs"),
        ({"bindings": [bind() | {"members": "all"}]}, "bindings: each needs"),
        ({"roles": []}, "roles: "),
        ({"roles": {"roles/x": "y"}}, "roles: "),
        ({"deny": [{}]}, "deny: each needs resource"),
        ({"deny": [{"resource": ORG, "rules": {}}]}, "deny: rules"),
        ({"deny": [deny(deniedPrincipals="all")]}, "deniedPrincipals: "),
        ({"boundaries": [{"rules": 5}]}, "boundaries: "),
        ({"groups": "x"}, "groups: "),
        ({"attributes": []}, "attributes: "),
    ],
)
def test_a_field_that_cannot_be_used_is_named(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequest) as refused:
        ask(**fields)
    assert str(refused.value).startswith(words)
    json.dumps(str(refused.value))
