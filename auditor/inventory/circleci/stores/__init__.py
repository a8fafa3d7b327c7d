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
    legacy_aws_keys,
    notifications,
    oidc_claims,
    orb_urls,
    organization_settings,
    otel_exporters,
    project_settings,
    project_tokens,
    project_variables,
    runners,
    schedules,
    signing_certificates,
    ssh_keys,
    triggers,
    vcs_connections,
    webhooks,
)
from auditor.inventory.circleci.stores.store import Entry, OnServer, Store, Target

RESTRICTIONS = context_restrictions.STORE
PROJECT_SETTINGS = project_settings.STORE

STORES: tuple[Store, ...] = (
    context_variables.STORE,
    RESTRICTIONS,
    project_variables.STORE,
    PROJECT_SETTINGS,
    legacy_aws_keys.STORE,
    ssh_keys.STORE,
    checkout_keys.STORE,
    project_tokens.STORE,
    webhooks.STORE,
    triggers.WEBHOOKS,
    triggers.PARAMETERS,
    schedules.STORE,
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
    organization_settings.STORE,
)

__all__ = ["PROJECT_SETTINGS", "RESTRICTIONS", "STORES", "Entry", "OnServer", "Store", "Target"]
