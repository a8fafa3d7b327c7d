"""Every store of CircleCI that is read, one module each.

To add one: write a module with a `STORE`, name it in `STORES`. Collecting, resuming, coverage and
gaps follow from the table.
"""

from __future__ import annotations

from auditor.inventory.circleci.stores import (
    audit_streams,
    checkout_keys,
    config_policies,
    context_restrictions,
    context_variables,
    groups,
    legacy_aws_keys,
    notifications,
    oidc_claims,
    orb_urls,
    organization_settings,
    otel_exporters,
    project_settings,
    project_tokens,
    project_variables,
    role_grants,
    runners,
    schedules,
    signing_certificates,
    ssh_keys,
    triggers,
    unversioned_config,
    vcs_connections,
    webhooks,
)
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target

RESTRICTIONS = context_restrictions.STORE
PROJECT_SETTINGS = project_settings.STORE
UNVERSIONED_CONFIG = unversioned_config.STORE
ORGANIZATION_SETTINGS = organization_settings.STORE
GROUPS, MEMBERS, ROLES = groups.GROUPS, groups.MEMBERS, role_grants.STORE

STORES: tuple[Store, ...] = (
    context_variables.STORE,
    RESTRICTIONS,
    project_variables.STORE,
    PROJECT_SETTINGS,
    UNVERSIONED_CONFIG,
    legacy_aws_keys.STORE,
    ssh_keys.STORE,
    checkout_keys.STORE,
    project_tokens.STORE,
    webhooks.STORE,
    triggers.WEBHOOKS,
    triggers.PARAMETERS,
    schedules.STORE,
    oidc_claims.OF_PROJECT,
    runners.RESOURCES,
    runners.TOKENS,
    runners.AGENTS,
    signing_certificates.STORE,
    otel_exporters.STORE,
    notifications.STORE,
    vcs_connections.STORE,
    oidc_claims.STORE,
    orb_urls.STORE,
    config_policies.STORE,
    audit_streams.STORE,
    ORGANIZATION_SETTINGS,
    GROUPS,
    MEMBERS,
    ROLES,
)

__all__ = [
    "GROUPS",
    "MEMBERS",
    "ORGANIZATION_SETTINGS",
    "PROJECT_SETTINGS",
    "RESTRICTIONS",
    "ROLES",
    "STORES",
    "UNVERSIONED_CONFIG",
    "Entry",
    "OnServer",
    "Store",
    "Target",
]
