"""The Azure half of the invented organisation: what Graph and ARM list of it."""

from __future__ import annotations

import base64
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from importlib import resources
from typing import Any

from auditor.demo import azure_logs, azure_resources, invent
from auditor.demo.estate import Tenant
from auditor.models import Json

MICROSOFT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
GRAPH = "Microsoft Graph"
_AUTHORIZATION = "providers/Microsoft.Authorization"
_GROUPS = "/providers/Microsoft.Management/managementGroups"
_CI_ORGANIZATION = "acme-rockets"
_ONLY = (
    "((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/write'}})) OR "
    "(@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] "
    "ForAnyOfAnyValues:GuidEquals {{{0}}}))"
)


@dataclass(frozen=True, slots=True)
class Login:
    """What a client of the tenant logs in with."""

    tenant: str
    client: str
    secret: str
    subscription: str


def load() -> Tenant:
    """Return the tenant of the packaged file."""
    return made_of(_table())


def made_of(table: Mapping[str, Any]) -> Tenant:
    """Return the tenant of a table such as the packaged file's."""
    return _Builder(table).tenant()


def login(name: str) -> Login:
    """Return what an application logs in with; what is stored in CI."""
    subscription = invent.identifier("azure-subscription", _table()["subscriptions"][0])
    return Login(_tenant_id(), _app_id(name), _secret(name), subscription)


def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files("auditor.demo").joinpath("azure.toml").read_text("utf-8"))


def _tenant_id() -> str:
    return invent.identifier("azure-tenant")


def _app_id(name: str) -> str:
    return invent.identifier("azure-app", name)


def _object_id(name: str) -> str:
    return invent.identifier("azure-principal", name)


def _secret(name: str) -> str:
    return invent.secret("azure", name).replace("+", "~").replace("/", ".")


def _time(day: date) -> str:
    return datetime(day.year, day.month, day.day, 9).strftime("%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ001


class _Builder:
    """Makes the replies of one tenant from its table."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._table = table
        self._principals: Mapping[str, Any] = table["principals"]
        self._roles: Mapping[str, Any] = table["definitions"]
        self._scopes = {
            name: f"/subscriptions/{invent.identifier('azure-subscription', name)}"
            for name in table["subscriptions"]
        } | {name: f"{_GROUPS}/{name}" for name in table["groups"]}

    def tenant(self) -> Tenant:
        """Return the tenant."""
        return Tenant(
            _tenant_id(),
            {**self._graph(), **self._of_principals(), **self._arm()},
            {**self._definitions(), **self._above()},
            frozenset(self._path(place) for place in self._table["denied"]),
            self._table,
        )

    # --- Graph ---------------------------------------------------------------------------------

    def _graph(self) -> dict[str, list[Json]]:
        own = [name for name, one in self._principals.items() if _is_own(one)]
        return {
            "/v1.0/organization": [{"id": _tenant_id(), "displayName": self._table["name"]}],
            "/v1.0/servicePrincipals": [self._principal(name) for name in self._principals],
            "/v1.0/applications": [self._application(name) for name in own],
            "/v1.0/oauth2PermissionGrants": [],
            "/v1.0/roleManagement/directory/roleAssignments": [],
            "/v1.0/roleManagement/directory/roleDefinitions": [],
            "/v1.0/roleManagement/directory/roleEligibilityScheduleInstances": [],
            **azure_logs.of_tenant(self._table["uses"]),
        }

    def _principal(self, name: str) -> Json:
        given = self._principals[name]
        owner = invent.identifier("stranger") if given.get("foreign") else _tenant_id()
        roles = self._table["app_roles"] if name == GRAPH else {}
        return {
            "id": _object_id(name),
            "appId": _app_id(name),
            "displayName": name,
            "accountEnabled": given.get("enabled", True),
            "servicePrincipalType": "Application",
            "appOwnerOrganizationId": MICROSOFT if given.get("microsoft") else owner,
            "appRoles": [{"id": id_, "value": value} for value, id_ in roles.items()],
            "passwordCredentials": [],
            "keyCredentials": [],
        }

    def _application(self, name: str) -> Json:
        given = self._principals[name]
        listed: dict[str, list[Json]] = {"passwordCredentials": [], "keyCredentials": []}
        for number, one in enumerate(given.get("secrets", ())):
            if one.get("gone"):
                continue
            kind = "keyCredentials" if "kind" in one else "passwordCredentials"
            listed[kind].append(_credential(name, number, one))
        return {
            "id": invent.identifier("azure-application", name),
            "appId": _app_id(name),
            "displayName": name,
            "createdDateTime": _time(given["created"]),
            "signInAudience": "AzureADMyOrg",
            **listed,
        }

    def _of_principals(self) -> dict[str, list[Json]]:
        found: dict[str, list[Json]] = {}
        for name, given in self._principals.items():
            path = f"/v1.0/servicePrincipals/{_object_id(name)}"
            found[f"{path}/appRoleAssignments"] = list(self._granted(name))
            found[f"{path}/transitiveMemberOf"] = [_group(one) for one in self._groups_of(name)]
            found[f"{path}/owners"] = []
            if _is_own(given):
                path = f"/v1.0/applications/{invent.identifier('azure-application', name)}"
                found[f"{path}/owners"] = [self._owner(one) for one in given.get("owners", ())]
                found[f"{path}/federatedIdentityCredentials"] = list(_federated(name, given))
        return found

    def _granted(self, name: str) -> Iterator[Json]:
        for permission in self._principals[name].get("permissions", ()):
            yield {
                "id": invent.short(invent.identifier("azure-grant", name, permission)),
                "appRoleId": self._table["app_roles"][permission],
                "principalId": _object_id(name),
                "principalType": "ServicePrincipal",
                "resourceId": _object_id(GRAPH),
                "resourceDisplayName": GRAPH,
            }

    def _owner(self, name: str) -> Json:
        kind = "#microsoft.graph.servicePrincipal"
        return {"@odata.type": kind, "id": _object_id(name), "displayName": name}

    def _groups_of(self, name: str) -> Iterator[str]:
        for group, members in self._table["members"].items():
            if name in members:
                yield group
                yield from self._groups_of(group)

    # --- ARM -----------------------------------------------------------------------------------

    def _arm(self) -> dict[str, list[Json]]:
        found: dict[str, list[Json]] = {"/subscriptions": []}
        assignments = list(self._assignments())
        for name, scope in self._scopes.items():
            above = [
                self._scopes[one] for one, below in self._table["groups"].items() if name in below
            ]
            listed = [
                one
                for one in assignments
                if one["properties"]["scope"].startswith(scope)
                or one["properties"]["scope"] in above
            ]
            found[f"{scope}/{_AUTHORIZATION}/roleAssignments"] = listed
            if name not in self._table["groups"]:
                found["/subscriptions"].append(self._subscription(name, scope))
                found |= azure_resources.of_subscription(scope, name, self._table)
                found[f"{scope}/{azure_logs.ACTIVITIES}"] = list(
                    azure_logs.activities(self._table["uses"], name)
                )
        found[f"{_GROUPS}/{_tenant_id()}/{_AUTHORIZATION}/roleAssignments"] = []
        sent = self._table["logs"].get("entra", ())
        return found | azure_resources.exported("", "microsoft.aadiam", sent)

    def _subscription(self, name: str, scope: str) -> Json:
        id_ = scope.rpartition("/")[2]
        told = {"subscriptionId": id_, "displayName": name, "state": "Enabled"}
        return {"id": scope, "tenantId": _tenant_id(), **told}

    def _assignments(self) -> Iterator[Json]:
        for name, given in self._principals.items():
            only = self._role_id(given["only"]) if "only" in given else ""
            yield from self._given(_object_id(name), "ServicePrincipal", given, only)
        for name, roles in self._table["groups_roles"].items():
            yield from self._given(_group(name)["id"], "Group", {"roles": roles}, "")

    def _given(
        self, principal: str, kind: str, given: Mapping[str, Any], only: str
    ) -> Iterator[Json]:
        for role, places in given.get("roles", {}).items():
            for place in places:
                scope = self._path(place)
                id_ = invent.identifier("azure-assignment", principal, role, place)
                properties = {
                    "scope": scope,
                    "principalId": principal,
                    "principalType": kind,
                    "roleDefinitionId": self._role_path(role),
                }
                if only:
                    properties |= {"condition": _ONLY.format(only), "conditionVersion": "2.0"}
                yield {
                    "id": f"{scope}/{_AUTHORIZATION}/roleAssignments/{id_}",
                    "name": id_,
                    "type": "Microsoft.Authorization/roleAssignments",
                    "properties": properties,
                }

    def _path(self, place: str) -> str:
        """Return the path of a place such as "production/resourceGroups/images"."""
        name, _, rest = place.partition("/")
        return self._scopes[name] + (f"/{rest}" if rest else "")

    def _role_id(self, role: str) -> str:
        return str(self._roles.get(role, {}).get("id") or invent.identifier("azure-role", role))

    def _role_path(self, role: str) -> str:
        scope = next(iter(self._scopes.values()))
        return f"{scope}/{_AUTHORIZATION}/roleDefinitions/{self._role_id(role)}"

    def _definitions(self) -> dict[str, Json]:
        return {self._role_path(role): self._definition(role) for role in self._roles}

    def _definition(self, role: str) -> Json:
        given = self._roles[role]
        block = {"actions": given["actions"], "notActions": given.get("not", [])}
        return {
            "id": self._role_path(role),
            "name": self._role_id(role),
            "type": "Microsoft.Authorization/roleDefinitions",
            "properties": {
                "roleName": role,
                "type": "CustomRole" if given.get("custom") else "BuiltInRole",
                "description": "",
                "assignableScopes": ["/"],
                "permissions": [block | {"dataActions": [], "notDataActions": []}],
            },
        }

    def _above(self) -> dict[str, Json]:
        kind = "Microsoft.Management/managementGroups"
        groups = [
            {
                "id": self._scopes[name],
                "name": name,
                "type": kind,
                "children": list(self._below(all_)),
            }
            for name, all_ in self._table["groups"].items()
        ]
        root = f"{_GROUPS}/{_tenant_id()}"
        inner = {"tenantId": _tenant_id(), "displayName": "Tenant Root Group", "children": groups}
        return {root: {"id": root, "name": _tenant_id(), "type": kind, "properties": inner}}

    def _below(self, names: list[str]) -> Iterator[Json]:
        for name in names:
            scope = self._scopes[name]
            yield {"id": scope, "name": scope.rpartition("/")[2], "type": "/subscriptions"}


def _is_own(given: Mapping[str, Any]) -> bool:
    return not given.get("foreign") and not given.get("microsoft")


def _group(name: str) -> Json:
    id_ = invent.identifier("azure-group", name)
    return {"@odata.type": "#microsoft.graph.group", "id": id_, "displayName": name}


def _credential(name: str, number: int, given: Mapping[str, Any]) -> Json:
    told = {
        "keyId": invent.identifier("azure-key", name, str(number)),
        "displayName": "circleci",
        "startDateTime": _time(given["created"]),
        "endDateTime": _time(given["expires"]),
    }
    if "kind" in given:
        thumbprint = base64.b64encode(name.encode()).decode()
        return told | {
            "type": "AsymmetricX509Cert",
            "usage": "Verify",
            "customKeyIdentifier": thumbprint,
        }
    return told | {"hint": _secret(name)[:3], "secretText": None}


def _federated(name: str, given: Mapping[str, Any]) -> Iterator[Json]:
    if "expression" in given:
        organization = invent.identifier("organization", _CI_ORGANIZATION)
        yield {
            "id": invent.identifier("azure-trust", name),
            "name": "circleci",
            "issuer": f"https://oidc.circleci.com/org/{organization}",
            "subject": None,
            "audiences": [organization],
            "claimsMatchingExpression": {
                "value": given["expression"].format(organization=organization),
                "languageVersion": 1,
            },
        }
