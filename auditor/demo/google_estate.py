"""What the table `[gcp]` of the scenario says, as replies of Google's APIs in JSON. Pure.

`google` serves these over gRPC, where they are checked against the messages of the APIs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import quote

_MANAGER = "//cloudresourcemanager.googleapis.com/"
_DAYS_DEFAULT, _DAYS_REQUIRED = 30, 400


def key_id(account: str, number: int) -> str:
    """Return the id of a key: 40 hexadecimal digits, always the same for the same key."""
    return hashlib.sha1(f"key {account} {number}".encode(), usedforsecurity=False).hexdigest()


class Google:
    """The organisation of a scenario's table `[gcp]`."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        """Take the table as it stands in the file."""
        self._table = table
        self.organization = f"organizations/{table['organization']}"

    # --- names -------------------------------------------------------------------------------

    def email(self, name: str) -> str:
        """Return the e-mail of "name@project"."""
        return f"{name}.iam.gserviceaccount.com"

    def _member(self, text: str) -> str:
        return text if ":" in text else f"serviceAccount:{self.email(text)}"

    def _unique_id(self, name: str) -> str:
        return "1" + str(int(hashlib.sha256(name.encode()).hexdigest(), 16))[:20]

    def _resource(self, at: str) -> str:
        kind, _, name = at.partition(":")
        if kind == "organization":
            return f"{_MANAGER}{self.organization}"
        if kind == "folder":
            return f"{_MANAGER}folders/{self._table['folders'][name]}"
        if kind == "project":
            return f"{_MANAGER}projects/{name}"
        if kind == "account":
            project = name.partition("@")[2]
            return (
                f"//iam.googleapis.com/projects/{project}/serviceAccounts/{self._unique_id(name)}"
            )
        return at

    def place(self, at: str) -> str:
        """Return "folders/1" for "folder:labs"."""
        return self._resource(at).removeprefix(_MANAGER)

    def _project_of(self, entry: Mapping[str, Any]) -> str:
        kind, _, name = entry["at"].partition(":")
        return str(
            entry.get("project")
            or {"project": name, "account": name.partition("@")[2]}.get(kind, "")
        )

    def _folder(self, project: str) -> str:
        return f"folders/{self._table['folders'][self._table['projects'][project]['folder']]}"

    def _number(self, project: str) -> str:
        return f"projects/{self._table['projects'][project]['number']}"

    # --- asset inventory ---------------------------------------------------------------------

    def policies(self) -> list[dict[str, Any]]:
        """Return the results of SearchAllIamPolicies, one a binding."""
        return [self._policy(entry) for entry in self._table["bindings"]]

    def _policy(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        binding = {"role": entry["role"], "members": [self._member(m) for m in entry["members"]]}
        if "when" in entry:
            binding["condition"] = {"title": "condition", "expression": entry["when"]}
        project = self._project_of(entry)
        place: dict[str, Any] = {"organization": self.organization}
        if project:
            place |= {"project": self._number(project), "folders": [self._folder(project)]}
        return {
            "resource": self._resource(entry["at"]),
            "assetType": _asset_type(self._resource(entry["at"])),
            "policy": {"bindings": [binding]},
            **place,
        }

    def assets(self, types: list[str]) -> list[dict[str, Any]]:
        """Return the resources of ListAssets of these types."""
        found = (*self._projects(), *self._accounts(), *self._pools())
        return [asset for asset in found if not types or asset["assetType"] in types]

    def _projects(self) -> Iterator[dict[str, Any]]:
        for id_, entry in self._table["projects"].items():
            data = {"projectId": id_, "projectNumber": entry["number"], "name": id_}
            yield _asset(
                f"{_MANAGER}projects/{id_}",
                "cloudresourcemanager.googleapis.com/Project",
                data,
                [self._number(id_), self._folder(id_), self.organization],
            )

    def _accounts(self) -> Iterator[dict[str, Any]]:
        for entry in self._table["accounts"]:
            project = entry["name"].partition("@")[2]
            data = {
                "name": f"projects/{project}/serviceAccounts/{self.email(entry['name'])}",
                "projectId": project,
                "uniqueId": self._unique_id(entry["name"]),
                "email": self.email(entry["name"]),
                "displayName": entry.get("title", ""),
                "disabled": entry.get("disabled", False),
            }
            yield _asset(
                self._resource(f"account:{entry['name']}"),
                "iam.googleapis.com/ServiceAccount",
                data,
                [self._number(project), self._folder(project), self.organization],
            )

    def _pools(self) -> Iterator[dict[str, Any]]:
        for entry in self._table.get("pools", ()):
            where = f"{self._number(entry['project'])}/locations/global"
            name = f"{where}/workloadIdentityPools/{entry['pool']}/providers/{entry['provider']}"
            data = {"name": name, "state": "ACTIVE", "oidc": {"issuerUri": entry["issuer"]}}
            if "condition" in entry:
                data["attributeCondition"] = entry["condition"]
            kind = "iam.googleapis.com/WorkloadIdentityPoolProvider"
            yield _asset(f"//iam.googleapis.com/{name}", kind, data, [self.organization])

    def audit_configs(self) -> list[dict[str, Any]]:
        """Return the IAM policies of ListAssets, with what they say of audit logs."""
        return [
            {
                "name": self._resource(entry["at"]),
                "assetType": _asset_type(self._resource(entry["at"])),
                "iamPolicy": {"auditConfigs": [self._audit_config(entry)]},
            }
            for entry in self._table.get("logs", ())
            if "data_access" in entry
        ]

    def _audit_config(self, entry: Mapping[str, Any]) -> dict[str, Any]:
        spared = [self._member(name) for name in entry.get("exempted", ())]
        kinds = [{"logType": kind, "exemptedMembers": spared} for kind in entry["data_access"]]
        return {"service": "allServices", "auditLogConfigs": kinds}

    # --- IAM ---------------------------------------------------------------------------------

    def roles(self, parent: str) -> list[dict[str, Any]]:
        """Return the roles of a place, of Google itself for ""."""
        start = f"{parent}/roles/" if parent else "roles/"
        return [
            {"name": name, "title": name.rpartition("/")[2], "includedPermissions": permissions}
            for name, permissions in self._table["roles"].items()
            if name.startswith(start)
        ]

    def keys(self, email: str) -> list[dict[str, Any]] | None:
        """Return the keys of a service account, None for one that is not there."""
        for entry in self._table["accounts"]:
            if self.email(entry["name"]) == email:
                return [
                    self._key(entry["name"], number, key)
                    for number, key in enumerate(entry.get("keys", ()), 1)
                    if not key.get("gone")
                ]
        return None

    def _key(self, account: str, number: int, key: Mapping[str, Any]) -> dict[str, Any]:
        by_google = key.get("managed_by_google", False)
        expires = "2026-12-01T00:00:00Z" if by_google else "9999-12-31T23:59:59Z"
        return {
            "name": self._key_name(account, number),
            "keyAlgorithm": "KEY_ALG_RSA_2048",
            "keyOrigin": "GOOGLE_PROVIDED",
            "keyType": "SYSTEM_MANAGED" if by_google else "USER_MANAGED",
            "validAfterTime": _time(key["created"]),
            "validBeforeTime": expires,
            "disabled": key.get("disabled", False),
        }

    def _key_name(self, account: str, number: int) -> str:
        project = account.partition("@")[2]
        id_ = key_id(account, number)
        return f"projects/{project}/serviceAccounts/{self.email(account)}/keys/{id_}"

    def deny(self, place: str) -> list[dict[str, Any]]:
        """Return the deny policies that are attached to a place."""
        attached = quote(f"{_MANAGER}{place}".removeprefix("//"), safe="")
        return [
            {
                "name": f"policies/{attached}/denypolicies/{entry['name']}",
                "kind": "DenyPolicy",
                "rules": [
                    {
                        "denyRule": {
                            "deniedPrincipals": entry["denied"],
                            "deniedPermissions": entry["permissions"],
                        }
                    }
                ],
            }
            for entry in self._table.get("deny", ())
            if self.place(entry["at"]) == place
        ]

    def boundaries(self) -> list[dict[str, Any]]:
        """Return the access boundaries of the organisation."""
        return [
            {
                "name": self._boundary_name(entry),
                "displayName": entry["name"],
                "details": {
                    "enforcementVersion": "3",
                    "rules": [
                        {
                            "resources": [self._resource(r) for r in entry["resources"]],
                            "effect": "ALLOW",
                        }
                    ],
                },
            }
            for entry in self._table.get("boundaries", ())
        ]

    def _boundary_name(self, entry: Mapping[str, Any]) -> str:
        where = f"{self.organization}/locations/global"
        return f"{where}/principalAccessBoundaryPolicies/{entry['name']}"

    def bound(self, name: str) -> list[dict[str, Any]]:
        """Return the bindings of an access boundary."""
        return [
            {
                "name": f"{self.organization}/locations/global/policyBindings/{entry['name']}",
                "target": {"principalSet": self._resource(entry["bound"])},
                "policyKind": "PRINCIPAL_ACCESS_BOUNDARY",
                "policy": name,
            }
            for entry in self._table.get("boundaries", ())
            if self._boundary_name(entry) == name
        ]

    # --- logs and use ------------------------------------------------------------------------

    def buckets(self, place: str) -> list[dict[str, Any]]:
        """Return the log buckets that every place has."""
        days = {self.place(e["at"]): e["days"] for e in self._table.get("logs", ())}
        where = f"{place}/locations/global/buckets"
        return [
            {"name": f"{where}/_Default", "retentionDays": days.get(place, _DAYS_DEFAULT)},
            {"name": f"{where}/_Required", "retentionDays": _DAYS_REQUIRED, "locked": True},
        ]

    def sinks(self, place: str) -> list[dict[str, Any]]:
        """Return the sinks of a place."""
        audit = {"name": "audit", "filter": "logName:cloudaudit", "includeChildren": True}
        return [
            {**audit, "destination": entry["sink"]}
            for entry in self._table.get("logs", ())
            if "sink" in entry and self.place(entry["at"]) == place
        ]

    def activities(self, project: str, kind: str) -> list[dict[str, Any]]:
        """Return the last authentications of the keys, or the service accounts, of a project."""
        found = []
        for entry in self._table["accounts"]:
            if entry["name"].partition("@")[2] != project:
                continue
            for number, key in enumerate(entry.get("keys", ()), 1):
                if not (key.get("managed_by_google") or key.get("gone")):
                    found.append(self._activity(entry["name"], number, key, kind))
        return found

    def _activity(
        self, account: str, number: int, key: Mapping[str, Any], kind: str
    ) -> dict[str, Any]:
        name = f"//iam.googleapis.com/{self._key_name(account, number)}"
        if kind == "serviceAccountLastAuthentication":
            name = name.partition("/keys/")[0]
        used = {"lastAuthenticatedTime": _time(key["used"])} if "used" in key else {}
        return {
            "fullResourceName": name,
            "activityType": kind,
            "observationPeriod": {
                "startTime": "2026-08-15T00:00:00Z",
                "endTime": "2026-11-13T00:00:00Z",
            },
            "activity": used,
        }

    def uses(self, place: str) -> list[dict[str, Any]]:
        """Return the log entries of a project in which somebody used a key."""
        project = place.removeprefix("projects/")
        return [
            {
                "logName": f"{place}/logs/cloudaudit.googleapis.com%2Factivity",
                "timestamp": _time(entry["day"]),
                "insertId": f"demo{number}",
                "protoPayload": {
                    "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
                    "methodName": entry["method"],
                    "authenticationInfo": {
                        "principalEmail": self.email(entry["account"]),
                        "serviceAccountKeyName": "//iam.googleapis.com/"
                        + self._key_name(entry["account"], entry["key"]),
                    },
                    "requestMetadata": {
                        "callerIp": entry["address"],
                        "callerSuppliedUserAgent": entry["agent"],
                    },
                },
            }
            for number, entry in enumerate(self._table.get("uses", ()))
            if entry["account"].partition("@")[2] == project
        ]

    def insights(self, project: str) -> list[dict[str, Any]]:
        """Return what of granted roles was used."""
        where = f"projects/{project}/locations/global/insightTypes/google.iam.policy.Insight"
        return [
            {
                "name": f"{where}/insights/{number}",
                "lastRefreshTime": "2026-11-12T08:00:00Z",
                "observationPeriod": "7776000s",
                "content": {
                    "role": entry["role"],
                    "member": self._member(entry["account"]),
                    "exercisedPermissions": [{"permission": p} for p in entry["used"]],
                    "currentTotalPermissionsCount": str(entry["total"]),
                },
            }
            for number, entry in enumerate(self._table.get("insights", ()))
            if entry["account"].partition("@")[2] == project
        ]

    def groups(self, email: str) -> list[dict[str, Any]]:
        """Return the groups that hold a service account."""
        return [
            {"group": f"groups/{quote(group)}", "groupKey": {"id": group}, "relationType": "DIRECT"}
            for group, members in self._table.get("groups", {}).items()
            if email in map(self.email, members)
        ]


def _asset(name: str, kind: str, data: dict[str, Any], ancestors: list[str]) -> dict[str, Any]:
    resource = {"version": "v1", "data": data}
    return {"name": name, "assetType": kind, "resource": resource, "ancestors": ancestors}


def _asset_type(resource: str) -> str:
    for start, kind in (
        (f"{_MANAGER}projects/", "cloudresourcemanager.googleapis.com/Project"),
        (f"{_MANAGER}folders/", "cloudresourcemanager.googleapis.com/Folder"),
        (f"{_MANAGER}organizations/", "cloudresourcemanager.googleapis.com/Organization"),
        ("//iam.", "iam.googleapis.com/ServiceAccount"),
    ):
        if resource.startswith(start):
            return kind
    return "storage.googleapis.com/Bucket"


def _time(day: date) -> str:
    return f"{day.isoformat()}T07:30:00Z"
