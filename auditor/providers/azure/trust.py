"""Federated credentials that let CircleCI log in without any secret: whom they really let in.

https://circleci.com/docs/openid-connect-tokens/
https://learn.microsoft.com/entra/workload-id/workload-identity-federation
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditor.models import Evidence, Grant, Severity, Weakness, weakness_id
from auditor.providers.azure.documents import text
from auditor.providers.azure.estate import Estate, Item, app_key
from auditor.providers.azure.gaps import SOURCE

_ROOT = "https://oidc.circleci.com"
_ISSUER = re.compile(r"https://(?:oidc\.circleci\.com|[\w.-]*circleci[\w.-]*)(?:/org/[\w-]+)?/?")
_ORGANIZATION = re.compile(r"org/[0-9a-f-]{36}")
_PROJECT = re.compile(r"project/[0-9a-f-]{36}")
_CALL = "GET /applications/{id}/federatedIdentityCredentials"


@dataclass(frozen=True, slots=True)
class Trust:
    """One federated credential for CircleCI, and what is loose about it ("" where nothing is)."""

    application: Item
    principal: str
    """Object id of the service principal that logs in, "" where it is not known."""
    item: Item
    loose: str

    @property
    def told(self) -> str:
        """Return whom it lets in, in the vendor's words."""
        return _whom(self.item) or "anyone"


def trusts(estate: Estate) -> Iterator[Trust]:
    """Yield every federated credential whose issuer is CircleCI."""
    acting = {app_key(item): id_ for id_, item in estate.principals.items()}
    for holder, item in estate.items("federated"):
        application = estate.applications.get(holder) or estate.principals.get(holder)
        if application and _ISSUER.fullmatch(text(item, "issuer").lower()):
            yield Trust(application, acting.get(app_key(application), ""), item, _loose(item))


def _loose(item: Item) -> str:
    """Return what is loose: a subject is compared as a whole, an expression may hold wildcards."""
    issuer = text(item, "issuer").lower().rstrip("/")
    fixed = _whom(item).lower().partition("*")[0]
    if issuer == _ROOT and not _ORGANIZATION.search(fixed):
        return "it lets in every organisation of CircleCI: its issuer is the root, its subject open"
    if not _PROJECT.search(fixed):
        return "it lets in every project of the CircleCI organisation"
    return ""


def _whom(item: Item) -> str:
    """Return whom a federated credential lets in: one subject, or those an expression matches."""
    expression = item.get("claimsMatchingExpression")
    matched = expression if isinstance(expression, str) else text(expression, "value")
    return text(item, "subject") or matched


def weaknesses(estate: Estate) -> Iterator[Weakness]:
    """Yield a weakness for each that lets in more than one project."""
    for trust in trusts(estate):
        if trust.loose:
            yield _weakness(trust)


def _weakness(trust: Trust) -> Weakness:
    name = text(trust.application, "displayName")
    label = text(trust.item, "name")
    everybody = "every organisation" in trust.loose
    return Weakness(
        id=weakness_id("azure", "circleci-federated", text(trust.application, "id"), label),
        severity=Severity.CRITICAL if everybody else Severity.HIGH,
        what=f"federated credential {label} of the application {name}: {trust.loose}",
        why="whoever can run a build there can log in as the application",
        fix="name one project in the subject: org/ORG-ID/project/PROJECT-ID/user/USER-ID, or an "
        "expression whose wildcard stands behind the project",
        source=SOURCE,
        identity_id=trust.principal or None,
        evidence=(
            Evidence(f"issuer {text(trust.item, 'issuer')}", _CALL),
            Evidence(f"subject {trust.told}", _CALL),
        ),
    )


def grants(identity_id: str, found: Iterable[Trust]) -> Iterator[Grant]:
    """Yield who may log in as an identity without any secret."""
    for trust in found:
        yield Grant(
            identity_id=identity_id,
            actions=("log in without a secret",),
            resources=(text(trust.item, "issuer"),),
            effect="Trust",
            via=f"federated credential {text(trust.item, 'name')}",
            condition=trust.told,
        )
