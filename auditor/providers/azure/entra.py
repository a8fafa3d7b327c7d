"""What application permissions, directory roles and ownership give in the tenant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

from auditor.models import CapabilityName, Grant
from auditor.providers.azure.documents import entries, text
from auditor.providers.azure.estate import Estate, Item, app_key
from auditor.providers.azure.rights import Right
from auditor.providers.azure.sensitive import Danger, rate_directory_role, rate_permission

TENANT = "/"
_ADDS_SECRETS = frozenset(
    ("Application.ReadWrite.All", "Application Administrator", "Cloud Application Administrator")
)
_NAMES_SHOWN = 3


class Entra:
    """Answers what identities may do in the tenant itself."""

    def __init__(self, estate: Estate) -> None:
        """Index what was given."""
        self._estate = estate

    def rights(self, title: str, principal: str, ids: frozenset[str]) -> Iterator[Right]:
        """Yield what the tenant gives a principal, `ids` being the principal and its groups."""
        for resource, danger in self.permissions(principal):
            given = f"has the application permission {danger.name} of {resource}"
            yield self._right(danger, (title, given, *self._further(danger, principal)), TENANT)
        for id_ in sorted(ids):
            for scope, danger in self.roles(id_):
                through, role = self._through(title, principal, id_), self._role(danger, scope)
                steps = (*through, role, *self._further(danger, principal))
                yield self._right(danger, steps, scope, limited=scope != TENANT)
        yield from self._delegated(title, principal)
        yield from self._owned(title, principal)

    def permissions(self, principal: str) -> Iterator[tuple[str, Danger]]:
        """Yield the application permissions of a service principal, and of which API each is.

        https://learn.microsoft.com/graph/api/resources/approleassignment
        """
        for assigned in self._app_roles.get(principal, ()):
            resource = self._estate.principals.get(text(assigned, "resourceId").lower())
            id_ = text(assigned, "appRoleId").lower()
            told = text(resource, "displayName") or text(assigned, "resourceDisplayName")
            yield told or "an unknown API", rate_permission(id_, _value_of(id_, resource))

    def roles(self, principal: str) -> Iterator[tuple[str, Danger]]:
        """Yield the directory roles of one principal, each with its scope."""
        for assigned in self._directory_assignments.get(principal, ()):
            role = text(assigned, "roleDefinitionId").lower()
            definition = self._definitions.get(role)
            template = text(definition, "templateId") or role
            danger = rate_directory_role(template, text(definition, "displayName"))
            yield text(assigned, "directoryScopeId") or TENANT, danger

    def grants(self, identity_id: str, ids: frozenset[str]) -> Iterator[Grant]:
        """Yield what is given as it is worded, eligible roles apart."""
        for resource, danger in self.permissions(identity_id):
            via = f"application permission of {resource}"
            yield Grant(identity_id, (danger.name,), (TENANT,), "Allow", via)
        for id_ in sorted(ids):
            for scope, danger in self.roles(id_):
                yield Grant(identity_id, (danger.name,), (scope,), "Allow", "directory role")
        for item in self._grants.get(identity_id, ()):
            names = tuple(text(item, "scope").split())
            whose = "for every user" if _for_all(item) else "for one user"
            yield Grant(identity_id, names, (TENANT,), "Allow", f"delegated permission {whose}")
        for _, item in self._estate.items("directory-eligible"):
            if text(item, "principalId").lower() in ids:
                role = text(item, "roleDefinitionId").lower()
                name = rate_directory_role(role, text(self._definitions.get(role), "displayName"))
                scope = text(item, "directoryScopeId") or TENANT
                yield Grant(identity_id, (name.name,), (scope,), "Eligible", "directory role")

    def owned(self, principal: str) -> Iterator[tuple[str, Item]]:
        """Yield the service principals whose credentials a principal can change as an owner."""
        for id_ in self._owned_by.get(principal, ()):
            application = self._estate.applications.get(id_)
            if application:
                acted = self._principal_of.get(app_key(application))
                yield f"application {text(application, 'displayName')}", acted or application
            elif id_ in self._estate.principals:
                item = self._estate.principals[id_]
                yield f"service principal {text(item, 'displayName')}", item

    # --- rights --------------------------------------------------------------------------------

    def _delegated(self, title: str, principal: str) -> Iterator[Right]:
        """Yield what an application may do for users: only together with one who logged in."""
        for item in self._grants.get(principal, ()):
            whose = "every user" if _for_all(item) else "one user"
            for scope in text(item, "scope").split():
                steps = (title, f"has the delegated permission {scope} for {whose}")
                step = "acts only for a user whose login or token it holds"
                danger = rate_permission("", scope)
                yield self._right(
                    danger, (*steps, step), TENANT, limited=not _for_all(item), conditional=True
                )

    def _owned(self, title: str, principal: str) -> Iterator[Right]:
        for what, item in self.owned(principal):
            danger = Danger(
                f"owner of {what}",
                1,
                CapabilityName.IMPERSONATE,
                "can add a secret to it and log in as it",
            )
            id_ = text(item, "id").lower()
            held_ = self._worst(id_)
            steps = (title, f"is owner of the {what}")
            yield self._right(danger, steps, id_, limited=True)
            if held_:
                step = "can add a secret to it and log in as it"
                yield self._right(held_, (*steps, step, f"it has {held_.name}"), TENANT)

    def _right(
        self,
        danger: Danger,
        steps: tuple[str, ...],
        resource: str,
        *,
        limited: bool = False,
        conditional: bool = False,
    ) -> Right:
        return Right(
            capability=danger.capability,
            tier=danger.tier,
            steps=steps,
            reasons=(danger.reason,),
            actions=(danger.name,),
            resource=resource,
            limited=limited,
            conditional=conditional,
        )

    def _through(self, title: str, principal: str, id_: str) -> tuple[str, ...]:
        group = f"is in the group {self._estate.name_of(id_)}"
        return (title,) if id_ == principal else (title, group)

    def _role(self, danger: Danger, scope: str) -> str:
        return f"has the directory role {danger.name}{'' if scope == TENANT else f' at {scope}'}"

    def _further(self, danger: Danger, principal: str) -> tuple[str, ...]:
        """Return the next step of a path that leads through other applications."""
        others = [one for one in self._strongest if one[0] != principal]
        if danger.name not in _ADDS_SECRETS or not others:
            return ()
        shown = ", ".join(f"{name} ({what})" for _, name, what in others[:_NAMES_SHOWN])
        return (f"can add a secret to the strongest applications: {shown}",)

    def _worst(self, principal: str) -> Danger | None:
        found = [danger for _, danger in self.permissions(principal)]
        found += [danger for scope, danger in self.roles(principal) if scope == TENANT]
        serious = [danger for danger in found if danger.tier <= 1]
        return min(serious, key=lambda danger: danger.tier, default=None)

    # --- indexes -------------------------------------------------------------------------------

    @cached_property
    def _strongest(self) -> list[tuple[str, str, str]]:
        """Return who is an administrator by itself: id, name and by what."""
        found = []
        for id_, item in self._estate.principals.items():
            worst = self._worst(id_)
            if worst and worst.capability is CapabilityName.ADMIN:
                found.append((id_, text(item, "displayName"), worst.name))
        return sorted(found)

    @cached_property
    def _app_roles(self) -> dict[str, list[Item]]:
        found: dict[str, dict[tuple[str, str], Item]] = defaultdict(dict)
        for _, item in self._estate.items("app-roles"):
            key = (text(item, "resourceId").lower(), text(item, "appRoleId").lower())
            found[text(item, "principalId").lower()][key] = item
        return {id_: list(items.values()) for id_, items in found.items()}

    @cached_property
    def _grants(self) -> dict[str, list[Item]]:
        return self._by("delegated-grants", "clientId")

    @cached_property
    def _directory_assignments(self) -> dict[str, list[Item]]:
        return self._by("directory-assignments", "principalId")

    @cached_property
    def _definitions(self) -> dict[str, Item]:
        return {text(item, "id").lower(): item for _, item in self._estate.items("directory-roles")}

    @cached_property
    def _owned_by(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = defaultdict(list)
        for owned, item in self._estate.items("owners"):
            found[text(item, "id").lower()].append(owned)
        return found

    @cached_property
    def _principal_of(self) -> dict[tuple[str, str], Item]:
        return {app_key(item): item for item in self._estate.principals.values()}

    def _by(self, kind: str, name: str) -> dict[str, list[Item]]:
        found: dict[str, list[Item]] = defaultdict(list)
        for _, item in self._estate.items(kind):
            found[text(item, name).lower()].append(item)
        return found


def _for_all(item: Item) -> bool:
    return text(item, "consentType") == "AllPrincipals"


def _value_of(app_role: str, resource: Item | None) -> str:
    """Return the name of an app role by the API's own list of them, "" where it is not on it."""
    roles = entries(dict(resource), "appRoles") if resource else []
    return next((text(one, "value") for one in roles if text(one, "id").lower() == app_role), "")
