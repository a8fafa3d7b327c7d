"""Whatever a snapshot or an export holds, reading it says so and never falls over."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from gcp_estate import (
    CRM,
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
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.collecting import Memory
from auditor.providers.gcp import PROVIDER

SA = f"//iam.googleapis.com/projects/web-prod-site/serviceAccounts/{email('boss')}"
DOCUMENTS: dict[str, Any] = {
    "gcp/policies/x": {
        "results": [
            ORG_OWNER,
            bound("roles/owner", member("ci"), "group:g@x.example", when="resource.name == 'x'"),
            bound("roles/iam.serviceAccountTokenCreator", member("ci"), resource=SA),
        ]
    },
    "gcp/assets/x": {
        "assets": [
            {
                "name": f"{CRM}projects/web-prod-site",
                "assetType": "cloudresourcemanager.googleapis.com/Project",
                "ancestors": ["projects/111", "folders/2", "organizations/1"],
                "resource": {"data": {"projectId": "web-prod-site", "projectNumber": "111"}},
            },
            {"assetType": "iam.googleapis.com/ServiceAccount", "resource": {"data": account("ci")}},
            {
                "assetType": "iam.googleapis.com/WorkloadIdentityPoolProvider",
                "resource": {
                    "data": {
                        "name": "projects/1/locations/global/workloadIdentityPools/p/providers/x",
                        "oidc": {"issuerUri": "https://oidc.circleci.com/org/abc"},
                    }
                },
            },
        ]
    },
    "gcp/audit-configs/x": {
        "assets": [
            {
                "name": f"{CRM}projects/web-prod-site",
                "iamPolicy": {
                    "auditConfigs": [
                        {
                            "service": "allServices",
                            "auditLogConfigs": [{"logType": "DATA_READ", "exemptedMembers": ["x"]}],
                        }
                    ]
                },
            }
        ]
    },
    "gcp/roles/x": {"roles": [role("roles/owner", "iam.serviceAccountKeys.create")]},
    f"gcp/keys/{email('ci')}": {"email": email("ci"), "keys": [key("ci")]},
    "gcp/groups/x": {"memberships": [{"groupKey": {"id": "g@x.example"}}]},
    "gcp/members/g@x.example": {"memberships": [{"preferredMemberKey": {"id": email("ci")}}]},
    "gcp/deny/folders%2F2": {
        "resource": f"{CRM}folders/2",
        "policies": [
            {
                "name": "p",
                "rules": [
                    {
                        "denyRule": {
                            "deniedPrincipals": ["principalSet://goog/public:all"],
                            "deniedPermissions": ["iam.googleapis.com/*"],
                            "denialCondition": {"expression": "true"},
                        }
                    }
                ],
            }
        ],
    },
    "gcp/boundaries/organizations%2F1": {
        "policies": [{"name": "b", "details": {"rules": [{"resources": [f"{CRM}folders/9"]}]}}],
        "bindings": [{"policy": "b", "target": {"principalSet": f"{CRM}organizations/1"}}],
    },
    "gcp/logs/projects%2Fweb-prod-site": {
        "resource": "projects/web-prod-site",
        "buckets": [{"name": "x/buckets/_Default", "retentionDays": 30}],
        "sinks": [{"destination": "d", "includeChildren": True}],
    },
    "gcp/activity/web-prod-site": {
        "activities": [
            {
                "fullResourceName": f"//iam.googleapis.com/{key('ci')['name']}",
                "activityType": "serviceAccountKeyLastAuthentication",
                "observationPeriod": {"startTime": "2026-01-01T00:00:00Z"},
                "activity": {"lastAuthenticatedTime": "2026-02-01T00:00:00Z"},
            }
        ]
    },
    "gcp/insights/web-prod-site": {
        "insights": [
            {
                "observationPeriod": "777s",
                "lastRefreshTime": "2026-02-01T00:00:00Z",
                "content": {
                    "member": member("ci"),
                    "role": "roles/owner",
                    "exercisedPermissions": [{"permission": "a.b.c"}],
                    "currentTotalPermissionsCount": "50",
                },
            }
        ]
    },
    "gcp/uses/web-prod-site": {
        "entries": [
            {
                "timestamp": "2026-02-01T00:00:00Z",
                "protoPayload": {
                    "authenticationInfo": {"serviceAccountKeyName": key("ci")["name"]},
                    "requestMetadata": {"callerIp": "1.1.1.1", "callerSuppliedUserAgent": "x"},
                },
            }
        ]
    },
    "gcp/tails": {"projects": {"web-prod-site": None}, "endings": [None]},
    "gcp/export/files": {"Files": ["a"], "Problems": [{"File": "b", "why": "c"}]},
    "gcp/collected": {"time": "2026-11-20T00:00:00+00:00"},
    "gcp/entry/default": {"scopes": ["organizations/1"]},
}
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1.5,
    "",
    "x",
    "\ud800",
    [],
    [None],
    {},
    {"a": 1},
    "9" * 5000,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Return every slot of a document as (container, key)."""
    found: list[tuple[Any, Any]] = []
    keys: Any = value if isinstance(value, dict) else range(len(value))
    for slot in keys:
        found.append((value, slot))
        if isinstance(value[slot], dict | list):
            found += places(value[slot])
    return found


def look(documents: dict[str, Any]) -> None:
    told = PROVIDER.read(PROVIDER.settings(), Memory(documents))
    for identity in told.identities:
        told.resolve(identity)
    assert told.gaps


def test_as_it_is_it_is_read() -> None:
    look(copy.deepcopy(DOCUMENTS))


@settings(deadline=None, max_examples=60)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_no_odd_value_stops_the_reading(chance: random.Random, count: int) -> None:
    documents = copy.deepcopy(DOCUMENTS)
    for _ in range(count):
        container, slot = chance.choice(places(documents))
        container[slot] = copy.deepcopy(chance.choice(ODD))
    look(documents)


def test_every_slot_may_be_odd() -> None:
    for number in range(len(places(DOCUMENTS))):
        documents = copy.deepcopy(DOCUMENTS)
        container, slot = places(documents)[number]
        container[slot] = copy.deepcopy(ODD[number % len(ODD)])
        look(documents)


@pytest.mark.parametrize("odd", [[1, "x", None], {"name": 5}, {"policy": 5, "resource": 7}, []])
def test_odd_exports_are_told(tmp_path: Path, odd: Any) -> None:
    told = directory(export(tmp_path, odd=odd))
    assert told.gaps


def test_a_huge_policy_is_read(tmp_path: Path) -> None:
    """1,500 members are the most that a policy can have."""
    crowd = [member(f"sa-{n}") for n in range(1_500)]
    told = directory(export(tmp_path, policies=[ORG_OWNER, bound("roles/owner", *crowd)]))
    assert len(told.identities) == 1_501
    line = json.dumps([c.path for c in told.resolve(email("sa-7")).capabilities])
    assert len(line) < 20_000
